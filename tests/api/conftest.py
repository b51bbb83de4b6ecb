"""The REST API over a real directory, checked against PEP 3333, and somebody who calls it."""

from __future__ import annotations

from collections.abc import Iterator
from wsgiref.validate import validator

import pytest
from sqlalchemy import delete
from support.callers import Caller
from support.world import World
from werkzeug.test import Client

from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.directory.storage import migrate, schema
from stormpath_wsgi.directory.storage.engine import Database


@pytest.fixture(scope="session")
def api_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('api')}/accounts.db"


@pytest.fixture(scope="session")
def api_database(api_url: str) -> Iterator[Database]:
    database = Database(api_url)
    migrate.upgrade(database)
    yield database
    database.close()


@pytest.fixture
def world(api_database: Database, api_url: str) -> World:
    """A bootstrapped directory, fresh."""
    with api_database.write() as transaction:
        transaction.connection.execute(delete(schema.tenants))  # everything goes with its tenant
    return World(api_database, api_url)


@pytest.fixture
def api(world: World) -> RestAPI:
    return RestAPI(world.service, clock=lambda: world.now, max_body=1_000_000)


@pytest.fixture
def caller(world: World, api: RestAPI) -> Caller:
    return Caller(Client(validator(api)), *world.service.issue_api_key())
