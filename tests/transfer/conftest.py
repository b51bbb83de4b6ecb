"""A directory with something of every kind in it, its export, and an empty directory to import into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.full_directory import SECRETS, Full, filled
from support.world import BASE, World

from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.transfer.export import export


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    with closing(Database(f"sqlite:///{tmp_path_factory.mktemp('full')}/accounts.db")) as database:
        migrate.upgrade(database)
        yield filled(World(database, ""))


@pytest.fixture(scope="module")
def plain(full: Full, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its export, with secrets as they are."""
    file = tmp_path_factory.mktemp("exports") / "plain.jsonl"
    with file.open("wb") as output:
        export(full.database, SECRETS, output, base_url=BASE, plain=True)
    return file


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    """A database with tables and nothing in them."""
    with closing(Database(f"sqlite:///{tmp_path}/empty.db")) as database:
        migrate.upgrade(database)
        yield database
