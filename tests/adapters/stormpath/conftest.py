"""A directory in this process, opened as programs did that were written for the SDK."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import cheap

from stormpath.client import Client
from stormpath.resources import Account, Directory
from stormpath.resources.application import Application

PASSWORD = "Analytical Engine 1843"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a directory without accounts. A copy of it is made faster than a new one."""
    path = tmp_path_factory.mktemp("prepared") / "accounts.db"
    Client(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def client(prepared: Path, tmp_path: Path) -> Iterator[Client]:
    path = shutil.copy(prepared, tmp_path / "accounts.db")
    with Client(base_url=f"sqlite:///{path}", options=cheap.options()) as client:
        yield client


@pytest.fixture
def application(client: Client) -> Application:
    (found,) = client.applications
    return found


@pytest.fixture
def directory(application: Application) -> Directory:
    found = application.default_account_store_mapping
    assert found is not None and isinstance(found.account_store, Directory)
    return found.account_store


@pytest.fixture
def ada(application: Application) -> Account:
    return application.accounts.create(
        {"email": "ada@example.org", "password": PASSWORD, "given_name": "Ada", "surname": "Lovelace"}
    )
