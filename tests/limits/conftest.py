"""Places to count tries in: the memory, and the servers and files that several tests share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import redis
from support.redis_server import RedisServer
from support.tallies import Place
from support.world import Beginning, World

from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.tallies import DatabaseTallies
from stormpath_wsgi.limits import MemoryTallies
from stormpath_wsgi.limits.redis import RedisTallies

if TYPE_CHECKING:
    from conftest import PostgreSQLServer


@pytest.fixture(scope="session")
def sqlite_beginning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beginning]:
    yield from _opened(f"sqlite:///{tmp_path_factory.mktemp('limits')}/accounts.db")


@pytest.fixture(scope="session")
def postgresql_beginning(postgresql_server: PostgreSQLServer) -> Iterator[Beginning]:
    postgresql_server.command("CREATE DATABASE limits TEMPLATE migrated")
    yield from _opened(postgresql_server.url("limits").render_as_string())


@pytest.fixture
def memory_place() -> Place:
    return Place(MemoryTallies(), ("ada", "bob"))


@pytest.fixture
def sqlite_place(sqlite_beginning: Beginning) -> Place:
    return _in_database(sqlite_beginning)


@pytest.fixture
def postgresql_place(postgresql_beginning: Beginning) -> Place:
    return _in_database(postgresql_beginning)


@pytest.fixture
def redis_place(redis_server: RedisServer, raw: Any) -> Iterator[Place]:
    with closing(RedisTallies(redis_server.url)) as tallies:
        yield Place(tallies, ("ada", "bob"))


@pytest.fixture
def raw(redis_server: RedisServer) -> Iterator[Any]:
    """What else may ask the Redis server. It is empty."""
    with redis.Redis(unix_socket_path=redis_server.path, decode_responses=True) as connection:
        connection.flushall()
        yield connection


@pytest.fixture(params=["memory", "sqlite", "postgresql", "redis"])
def place(request: pytest.FixtureRequest) -> Place:
    """Every place where tries may be counted."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
def sqlite_world(sqlite_beginning: Beginning) -> World:
    return sqlite_beginning.world()


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest) -> World:
    """A directory with two accounts, on each engine that several processes can share."""
    beginning: Beginning = request.getfixturevalue(f"{request.param}_beginning")
    return beginning.world()


def _opened(url: str) -> Iterator[Beginning]:
    with closing(Database(url)) as database:
        migrate.upgrade(database)
        yield Beginning(database, url, _two_accounts)


def _two_accounts(world: World) -> None:
    for name in ("ada", "bob"):
        world.account(f"{name}@example.org")


def _in_database(beginning: Beginning) -> Place:
    world = beginning.world()
    first, second = (each["href"].split("/")[-1] for each in world.items(f"{world.directory}/accounts"))
    return Place(DatabaseTallies(world.database), (first, second))
