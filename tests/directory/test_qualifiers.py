"""Home directories and qualifiers: written once, for databases that are there already, and by many at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, select
from world import World, link

from stormpath_wsgi.directory import migrate, schema
from stormpath_wsgi.directory.engine import Database


def naming(world: World, directory: str, application: str) -> dict[str, Any]:
    """How an account in *directory* is named at *application*."""
    account = world.account(at=directory)
    token = world.service.get(f"refreshTokens/{world.session(account, application)}")
    found: dict[str, Any] = token["naming"]
    return found


def test_of_many_that_are_mapped_at_once_one_is_the_home(world: World) -> None:
    application = world.new_application()
    stores = [world.new_directory() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda store: world.map(store, application), stores))
    found = [naming(world, store, application) for store in stores]
    assert [each["isHome"] for each in found].count(True) == 1
    assert len({each["qualifier"] for each in found}) == 4


def test_of_many_with_one_name_each_has_a_qualifier_of_its_own(world: World) -> None:
    """Names differ in nothing but what a qualifier must not hold, and are mapped at once, each twice."""
    stores = [world.new_directory(f"a{character}b") for character in ":_"] + [world.new_directory("A_B (2)")]
    applications = [world.new_application() for _ in stores]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(world.map, stores * 2, applications + applications[1:] + applications[:1]))
    found = [
        naming(world, store, application)["qualifier"] for store, application in zip(stores, applications, strict=True)
    ]
    assert len({each.casefold() for each in found}) == 3


def test_a_directory_is_named_when_an_organization_maps_it(world: World) -> None:
    directory = world.new_directory("acme")
    organization = world.new_organization("acme", directory)
    world.update(directory, name="renamed")
    world.map(organization)
    assert naming(world, directory, world.application) == {"isHome": False, "qualifier": "acme"}


def test_an_application_that_began_with_an_organization_has_no_home(world: World) -> None:
    application = world.new_application()
    directory = world.new_directory("acme")
    world.map(world.new_organization("acme", directory), application)
    assert naming(world, directory, application) == {"isHome": False, "qualifier": "acme"}
    world.map(directory, application)  # its people are known there already
    assert naming(world, directory, application) == {"isHome": False, "qualifier": "acme"}


def test_a_name_that_was_used_often_costs_no_more_and_more(world: World) -> None:
    """Test suites of clients make and remove the same directory a thousand times."""
    for _ in range(12):
        directory = world.new_directory("acme")
        with world.statements() as ran:
            world.map(directory)
        assert len(ran) < 40
        found = naming(world, directory, world.application)["qualifier"]
        world.service.delete(directory)
    assert found == f"acme ({directory.partition('/')[2]})"


def test_a_name_that_may_not_stand_in_a_header_is_made_harmless(world: World) -> None:
    directory = world.new_directory("a:b")
    world.map(directory)
    assert naming(world, directory, world.application)["qualifier"] == "a_b"


def test_an_access_token_says_it_as_well(world: World) -> None:
    token = world.service.create(f"{world.account()}/accessTokens", {"application": link(world.application)})
    assert token["naming"] == {"isHome": True, "qualifier": "My Application Directory"}


class TestTheStep:
    """From the tables of before, in which nothing of it was written."""

    @pytest.fixture(params=["sqlite", "postgresql"])
    def before(self, request: pytest.FixtureRequest) -> Iterator[Database]:
        names = {"sqlite": "sqlite_url", "postgresql": "empty_postgresql_url"}
        database = Database(request.getfixturevalue(names[request.param]))
        config = Config()
        config.set_main_option("script_location", migrate.STEPS)
        with database.write() as transaction:
            config.attributes.update(connection=transaction.connection, version_table="stormpath_wsgi_version")
            command.upgrade(config, "0001")
        yield database
        database.close()

    def test_makes_the_default_stores_directory_the_home(self, before: Database) -> None:
        with filled(before) as add:
            for id in "ABCD":
                add("directories", id=id, name=id, name_folded=id.lower())
            add("groups", id="G", directory_id="C", name="G", name_folded="g")
            add("organizations", id="O", name="O", name_folded="o", name_key="o", name_key_folded="o")
            for id in ("default", "first", "group", "organization", "none"):
                add("applications", id=id, name=id, name_folded=id)
            mapped = {
                "default": [("directory", "A", False), ("directory", "B", True)],
                "first": [("directory", "D", False), ("directory", "A", False)],
                "group": [("organization", "O", True), ("group", "G", False), ("directory", "A", False)],
                "organization": [("organization", "O", True)],
            }
            for application, stores in mapped.items():
                for place, (kind, id, is_default) in enumerate(stores):
                    add(
                        "account_store_mappings",
                        id=f"{application}{place}",
                        application_id=application,
                        list_index=place,
                        is_default_account_store=is_default,
                        **{f"account_store_{kind}_id": id},
                    )
        migrate.upgrade(before)
        with before.read() as connection:
            homes = schema.home_directories.c
            found = connection.execute(select(homes.application_id, homes.directory_id)).all()
        assert dict(map(tuple, found)) == {"default": "B", "first": "D", "group": "C", "organization": None}

    def test_gives_every_directory_a_qualifier_that_no_other_has(self, before: Database) -> None:
        names = ["acme", "a:b", "a_b", "\u202eevil\n", "x" * 255, "\ufdfa" * 255]
        with filled(before) as add:
            for number, name in enumerate(names):
                add("directories", id=str(number), created_at=number, name=name, name_folded=str(number))
        migrate.upgrade(before)
        with before.read() as connection:
            table = schema.qualifiers.c
            found = connection.execute(select(table.qualifier).order_by(table.directory_id)).scalars().all()
        assert found == ["acme", "a_b", "a_b (2)", "_evil_", "x" * 255, "\ufdfa" * 255]


@contextmanager
def filled(database: Database) -> Iterator[Any]:
    """Adds rows to tables as they are; what is not given is nothing, or what says nothing."""
    known = MetaData()
    with database.write() as transaction:
        known.reflect(transaction.connection)

        def add(table: str, **values: Any) -> None:
            blank = {column.name: _blank(column) for column in known.tables[table].c if not column.nullable}
            transaction.connection.execute(known.tables[table].insert(), {**blank, **values})

        add("tenants", id="T")
        yield add


def _blank(column: Any) -> Any:
    if column.name == "tenant_id":
        return "T"
    match str(column.type):
        case "BOOLEAN":
            return False
        case "JSON":
            return []
        case "BIGINT" | "INTEGER":
            return 0
    return "ENABLED" if column.name == "status" else ""
