"""A directory to test the rules on. The databases are shared by all tests.

Each test finds them as bootstrapping has left them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support.world import Beginning, World

from stormpath_wsgi.directory.storage import migrate
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
def sqlite_beginning(shared_sqlite_url: str) -> Iterator[Beginning]:
    yield from _opened(shared_sqlite_url)


@pytest.fixture(scope="session")
def postgresql_beginning(shared_postgresql_url: str) -> Iterator[Beginning]:
    yield from _opened(shared_postgresql_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest) -> World:
    """A bootstrapped directory, fresh, on each engine that several processes can share."""
    beginning: Beginning = request.getfixturevalue(f"{request.param}_beginning")
    return beginning.world()


@pytest.fixture
def sqlite_world(sqlite_beginning: Beginning) -> World:
    return sqlite_beginning.world()


def _opened(url: str) -> Iterator[Beginning]:
    with closing(Database(url)) as database:
        migrate.upgrade(database)
        yield Beginning(database, url)
