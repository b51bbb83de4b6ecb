"""Migrations: they make what the schema says, once, and only where they may."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import delete, inspect, text, update
from support.warm import Start
from support.world import World

from stormpath_wsgi.directory.storage import migrate, schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.errors import ConfigurationError, Unavailable

if TYPE_CHECKING:
    from conftest import PostgreSQLServer

pytestmark = pytest.mark.usefixtures("empty_databases")


@contextmanager
def opened(url: str, timeout: float = 5) -> Iterator[Database]:
    database = Database(url, timeout=timeout)
    try:
        yield database
    finally:
        database.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database without tables."""
    names = {"sqlite": "sqlite_url", "postgresql": "empty_postgresql_url"}
    with opened(request.getfixturevalue(names[request.param]) if request.param in names else "sqlite://") as database:
        yield database


def run(database: Database, statement: str) -> None:
    with database.write(moves_generation=False) as transaction:
        transaction.connection.exec_driver_sql(statement)


def tables(database: Database) -> set[str]:
    with database.read() as connection:
        return set(inspect(connection).get_table_names())


def test_the_steps_make_what_the_schema_says(empty: Database) -> None:
    migrate.upgrade(empty)
    with empty.read() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_name": _is_ours}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata) == []


#: What is made by migrations only: the version, and the index of trigrams, which each engine has in a way of its own.
NOT_DECLARED = re.compile(r"stormpath_wsgi_version|account_(numbers|grams)|ix_accounts_grams")


def _is_ours(name: str | None, kind: str, _: object) -> bool:
    return not NOT_DECLARED.match(name or "")


def test_on_sqlite_down_to_every_name_and_check(sqlite_url: str) -> None:
    """Alembic compares neither the names of all constraints nor what a check says."""

    def definitions(database: Database) -> dict[str, list[str]]:
        with database.read() as connection:
            rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
        return {
            name: sorted(re.sub(r"\s+", " ", item).strip(" )") for item in sql.split(","))
            for name, sql in rows
            if not NOT_DECLARED.match(name)
        }

    with opened(sqlite_url) as migrated, opened("sqlite://") as declared:
        migrate.upgrade(migrated)
        with declared.write() as transaction:
            schema.metadata.create_all(transaction.connection)
        assert definitions(migrated) == definitions(declared)


def test_a_new_database_has_steps_to_take_once(empty: Database) -> None:
    assert migrate.pending(empty)
    migrate.upgrade(empty)
    assert not migrate.pending(empty)
    before = tables(empty)
    migrate.upgrade(empty)
    assert tables(empty) == before


def test_the_head_is_the_last_step() -> None:
    config = Config()
    config.set_main_option("script_location", migrate.STEPS)
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD


def test_opening_an_embedded_database_prepares_it(sqlite_url: str) -> None:
    with opened(sqlite_url) as database:
        migrate.prepare(database)
        assert not migrate.pending(database)


def test_a_server_is_left_to_the_command(empty_postgresql_url: str) -> None:
    with opened(empty_postgresql_url) as database:
        with pytest.raises(ConfigurationError, match="run: stormpath-wsgi init"):
            migrate.prepare(database)
        assert tables(database) == set()
        migrate.upgrade(database)
        migrate.prepare(database)


def test_several_processes_may_open_one_new_database_at_once(sqlite_url: str, program: Start) -> None:
    assert _exit_codes(program, sqlite_url) == [0] * 4
    with opened(sqlite_url) as database:
        assert not migrate.pending(database)


def test_several_machines_may_upgrade_one_server_at_once(empty_postgresql_url: str, program: Start) -> None:
    assert _exit_codes(program, empty_postgresql_url) == [0] * 4
    with opened(empty_postgresql_url) as database:
        assert not migrate.pending(database)


@pytest.mark.parametrize("place", ["sqlite_url", "empty_postgresql_url"])
def test_who_comes_meanwhile_waits_longer_than_for_another_write(place: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(place)
    with opened(url) as first, opened(url, 1) as second, ThreadPoolExecutor(1) as pool:
        with first.write(moves_generation=False):
            upgraded = pool.submit(migrate.upgrade, second)
            for _ in range(3):
                with opened(url, 1) as third, pytest.raises(Unavailable):
                    run(third, "SELECT 1")
        upgraded.result()
        assert not migrate.pending(second)


def _exit_codes(program: Start, url: str) -> list[int]:
    openers = [
        program(
            """
            import sys
            from stormpath_wsgi.directory.storage import migrate
            from stormpath_wsgi.directory.storage.engine import Database
            print("ready", flush=True)
            sys.stdin.readline()
            database = Database(sys.argv[1])
            migrate.upgrade(database)
            database.close()
            """,
            url,
        )
        for _ in range(4)
    ]
    for opener in openers:
        assert opener.stdout and opener.stdout.readline() == "ready\n"
    for opener in openers:
        assert opener.stdin
        print(file=opener.stdin, flush=True)
    return [opener.wait() for opener in openers]


def test_a_database_of_a_newer_version_is_refused(empty: Database) -> None:
    migrate.upgrade(empty)
    run(empty, "UPDATE stormpath_wsgi_version SET version_num = '9999'")
    for use in (migrate.prepare, migrate.pending, migrate.upgrade):
        with pytest.raises(ConfigurationError, match=r"newer stormpath-wsgi .*; install that one here"):
            use(empty)


def test_tables_of_another_program_are_left_alone(empty: Database) -> None:
    run(empty, "CREATE TABLE accounts (iban TEXT)")
    with pytest.raises(ConfigurationError, match=r"tables of another program \(accounts\)"):
        migrate.upgrade(empty)
    assert tables(empty) == {"accounts"}


def test_an_application_with_its_own_alembic_may_share_the_database(empty: Database) -> None:
    run(empty, "CREATE TABLE alembic_version (version_num TEXT)")
    run(empty, "INSERT INTO alembic_version VALUES ('theirs')")
    migrate.upgrade(empty)
    with empty.read() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == ["theirs"]


def test_a_schema_of_its_own_keeps_us_apart_on_postgresql(empty_postgresql_url: str) -> None:
    with opened(empty_postgresql_url) as theirs:
        run(theirs, "CREATE TABLE accounts (iban TEXT)")
        run(theirs, "CREATE SCHEMA stormpath")
    with opened(empty_postgresql_url + "&options=-csearch_path%3Dstormpath") as ours:
        migrate.upgrade(ours)
        migrate.prepare(ours)
        assert "directories" in tables(ours)
    with opened(empty_postgresql_url) as theirs:
        assert tables(theirs) == {"accounts"}


def test_steps_are_taken_all_or_none(empty: Database) -> None:
    """The last thing to be made is in the way; what was made before it goes again."""
    run(empty, "CREATE TABLE theirs (number INTEGER)")
    run(empty, "CREATE INDEX ix_refresh_tokens_expires_at ON theirs (number)")
    with pytest.raises((Unavailable, ConfigurationError)):
        migrate.upgrade(empty)
    assert tables(empty) == {"theirs"}
    run(empty, "DROP TABLE theirs")
    migrate.upgrade(empty)
    assert not migrate.pending(empty)


def test_a_user_who_may_not_make_tables_is_told_so(
    postgresql_server: PostgreSQLServer, empty_postgresql_url: str
) -> None:
    """PostgreSQL 15 and later give a new user no right to make any."""
    with opened(empty_postgresql_url) as database:
        run(database, "CREATE ROLE weak LOGIN")
    try:
        url = empty_postgresql_url.replace("postgres@", "weak@")
        with opened(url) as database, pytest.raises(ConfigurationError, match="permission denied"):
            migrate.upgrade(database)
    finally:
        postgresql_server.command("DROP ROLE weak")


def test_accounts_of_before_are_found_by_age(sqlite_url: str) -> None:
    """Those of step 0019 have numbers that tell nothing."""
    accounts = schema.accounts
    by_number = text(
        "SELECT email FROM account_grams JOIN account_numbers ON number = account_grams.rowid JOIN accounts"
        " ON id = account_id WHERE account_grams MATCH '\"son\"' ORDER BY number"
    )
    with opened(sqlite_url) as database:
        migrate.upgrade(database)
        world = World(database, sqlite_url)
        names = [f"person{number}@example.org" for number in range(5)]
        for name in names:
            world.account(name)
        with database.write() as transaction:
            connection = transaction.connection
            for age, name in zip((7 * 10**9, 3, -(2**50), 2**50, 4 * 10**9), names, strict=True):
                connection.execute(update(accounts).where(accounts.c.email == name).values(created_at=age))
            connection.execute(text("INSERT INTO account_grams (account_grams) VALUES ('delete-all')"))
            connection.execute(text("DELETE FROM account_numbers"))
            connection.execute(text("INSERT INTO account_numbers (account_id) SELECT id FROM accounts ORDER BY id"))
            for owner, name in itertools.product(("directory_id", "tenant_id"), ("created_at", "modified_at")):
                connection.execute(text(f"DROP INDEX ix_accounts_{owner}_{name}_id"))
                connection.execute(text(f"CREATE INDEX ix_accounts_{owner}_{name} ON accounts ({owner}, {name})"))
            connection.execute(text("UPDATE stormpath_wsgi_version SET version_num = '0019'"))
        migrate.upgrade(database)
        with database.write() as transaction:
            context = MigrationContext.configure(transaction.connection, opts={"include_name": _is_ours})
            assert compare_metadata(context, schema.metadata) == []
            found = transaction.connection.execute(by_number).scalars().all()
            assert found == [names[place] for place in (2, 1, 4, 0, 3)]
            transaction.connection.execute(delete(accounts).where(accounts.c.email == names[1]))
            found = transaction.connection.execute(by_number).scalars().all()  # the triggers know the new numbers
            assert found == [names[place] for place in (2, 4, 0, 3)]
