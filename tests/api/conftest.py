"""The REST API over a real directory, checked against PEP 3333, and somebody who calls it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from wsgiref.validate import validator

import pytest
from support.callers import Caller
from support.world import Beginning, World
from werkzeug.test import Client

from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database


@pytest.fixture(scope="session")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beginning]:
    url = f"sqlite:///{tmp_path_factory.mktemp('api')}/accounts.db"
    with closing(Database(url)) as database:
        migrate.upgrade(database)
        yield Beginning(database, url)


@pytest.fixture
def world(beginning: Beginning) -> World:
    """A bootstrapped directory, fresh."""
    return beginning.world()


@pytest.fixture
def api(world: World) -> RestAPI:
    return RestAPI(world.service, clock=lambda: world.now, max_body=1_000_000)


@pytest.fixture
def caller(world: World, api: RestAPI) -> Caller:
    return Caller(Client(validator(api)), *world.service.issue_api_key())
