"""The steps of migrations that change what is stored: from databases as an earlier version has left them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, inspect, select

from stormpath_wsgi.directory.storage import migrate, schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.wire.canonical import canonical_email
from stormpath_wsgi.slots import EVERYBODY

pytestmark = pytest.mark.usefixtures("empty_databases")


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The first tables, empty."""
    names = {"sqlite": "sqlite_url", "postgresql": "empty_postgresql_url"}
    database = Database(request.getfixturevalue(names[request.param]))
    upgrade(database, "0001")
    yield database
    database.close()


def upgrade(database: Database, step: str) -> None:
    config = Config()
    config.set_main_option("script_location", migrate.STEPS)
    with database.write(moves_generation=False) as transaction:  # there is no table for it yet
        config.attributes.update(connection=transaction.connection, version_table="stormpath_wsgi_version")
        command.upgrade(config, step)


class TestTheHomeDirectories:
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


class TestTheKeysOfDomains:
    """An address has one key, whether its domain is spelled in letters or in ASCII."""

    def test_let_people_sign_in_under_either_spelling(self, before: Database) -> None:
        addresses = ["a@b\u00fccher.example", "b@XN--bcher-kva.example", "c@xn--a.example", "d@example.org"]
        assert keys(before, {address: address for address in addresses}) == {
            address: {canonical_email(address)} for address in addresses
        }

    def test_change_usernames_that_are_addresses_as_well(self, before: Database) -> None:
        found = keys(before, {"a@xn--bcher-kva.example": "xn--a", "b@example.org": "b@xn--bcher-kva.example"})
        assert found == {
            "a@xn--bcher-kva.example": {"a@b\u00fccher.example", "xn--a"},
            "b@example.org": {"b@example.org", "b@b\u00fccher.example"},
        }

    def test_leave_an_address_that_two_had_to_the_older_one(self, before: Database) -> None:
        older, younger = "a@b\u00fccher.example", "a@xn--bcher-kva.example"
        assert keys(before, {older: "one", younger: "two"}) == {older: {older, "one"}, younger: {younger, "two"}}


class TestTheCountsOfWrongCodes:
    def test_leave_the_factors_as_they_are(self, before: Database) -> None:
        with filled(before) as add:
            add("directories", id="D")
            add("accounts", id="A", directory_id="D")
            add("factors", id="F", account_id="A", wrong_codes=7, wrong_at=1, last_step=55)
        migrate.upgrade(before)
        with before.read() as connection:
            found = connection.execute(select(schema.factors.c.id, schema.factors.c.last_step)).all()
        assert found == [("F", 55)]


def keys(database: Database, accounts: dict[str, str]) -> dict[str, set[str]]:
    """The login names that accounts of before have now, by their addresses. *accounts*: address and username."""
    with filled(database) as add:
        add("directories", id="D")
        for number, (email, username) in enumerate(accounts.items()):
            folded = {"email_folded": email.lower(), "username_folded": username.lower()}
            add("accounts", id=email, directory_id="D", created_at=number, email=email, username=username, **folded)
            for key in set(folded.values()):
                add("login_names", directory_id="D", key=key, account_id=email)
    migrate.upgrade(database)
    found: dict[str, set[str]] = {email: set() for email in accounts}
    with database.read() as connection:
        for row in connection.execute(select(schema.login_names)):
            found[row.account_id].add(row.key)
    return found


class TestThePeopleOfProviders:
    def test_are_those_whose_id_was_imported(self, before: Database) -> None:
        told = {
            **{"known": {"id": "1"}, "newer": {"sub": "2", "id": "x"}, "nothing": {"name": "x"}, "odd": {"id": 5}},
            **{"twin": {"id": "3"}, "other twin": {"id": "3"}, "long": {"id": "x" * 256}, "ours": {"id": "4"}},
        }
        with filled(before) as add:
            for directory, provider in (("G", "google"), ("S", "stormpath")):
                add("directories", id=directory, name_folded=directory)
                add("providers", id=directory, provider_id=provider)
            for name, info in told.items():
                add("accounts", id=name, directory_id="S" if name == "ours" else "G")
                add("provider_data", id=name, user_info=info)
        migrate.upgrade(before)
        data = schema.provider_data.c
        with before.read() as connection:
            found = connection.execute(
                select(data.id, data.directory_id, data.subject).where(data.subject.is_not(None))
            )
            assert {tuple(row) for row in found} == {("known", "G", "1"), ("newer", "G", "2")}


def test_no_number_of_the_generation_comes_back_after_it_was_parted(before: Database) -> None:
    """What an older version has used it for must not be asked any more: it would not tell of each change."""
    upgrade(before, "0017")
    with filled(before) as add:
        add("epoch", id=1, number=9 * 10**15)  # later than any clock has it
    migrate.upgrade(before)
    with before.read() as connection:
        found = connection.execute(select(schema.generation)).one()
        assert not inspect(connection).has_table("epoch")
    assert found.slot == EVERYBODY
    assert found.number >= 9 * 10**15


@contextmanager
def filled(database: Database) -> Iterator[Any]:
    """Adds rows to tables as they are; what is not given is nothing, or what says nothing."""
    known = MetaData()
    with database.write(moves_generation=False) as transaction:
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
