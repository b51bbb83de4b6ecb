"""A directory to test the rules on. The databases are shared by all tests; each test finds them emptied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete
from support.world import World

from stormpath_wsgi.directory.storage import migrate, schema
from stormpath_wsgi.directory.storage.engine import Database

if TYPE_CHECKING:
    from conftest import PostgreSQLServer


@pytest.fixture(scope="session")
def shared_sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('rules')}/accounts.db"


@pytest.fixture(scope="session")
def shared_postgresql_url(postgresql_server: PostgreSQLServer) -> str:
    postgresql_server.command("CREATE DATABASE rules TEMPLATE migrated")
    return postgresql_server.url("rules").render_as_string()


@pytest.fixture(scope="session")
def shared_sqlite(shared_sqlite_url: str) -> Iterator[Database]:
    yield from _opened(shared_sqlite_url)


@pytest.fixture(scope="session")
def shared_postgresql(shared_postgresql_url: str) -> Iterator[Database]:
    yield from _opened(shared_postgresql_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest) -> World:
    """A bootstrapped directory, fresh, on each engine that several processes can share."""
    return _emptied(
        request.getfixturevalue(f"shared_{request.param}"), request.getfixturevalue(f"shared_{request.param}_url")
    )


@pytest.fixture
def sqlite_world(shared_sqlite: Database, shared_sqlite_url: str) -> World:
    return _emptied(shared_sqlite, shared_sqlite_url)


def _emptied(database: Database, url: str) -> World:
    with database.write() as transaction:
        transaction.connection.execute(delete(schema.tenants))  # everything goes with its tenant
    return World(database, url)


def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    migrate.upgrade(database)
    yield database
    database.close()
