"""A site whose directory is in the same program, and one whose directory is behind the REST API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.browsing import make_site
from support.questions import site as questions
from support.servers import served_api

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.client import Client
from stormpath_wsgi.events import AfterEvent, Event


@pytest.fixture(scope="session")
def remote_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The settings of sites whose directory is served over HTTP."""
    with served_api(f"sqlite:///{tmp_path_factory.mktemp('flows')}/accounts.db") as opening:
        key = {"id": opening["id"], "secret": opening["secret"]}
        yield {"directory": opening["url"], "application": {"name": "My Application"}, "client": {"apiKey": key}}


@pytest.fixture
def embedded_directory() -> dict[str, Any]:
    """The settings of a site with a directory of its own."""
    return {"directory": "sqlite://"}


@pytest.fixture(params=["embedded", "remote"])
def directory(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """The settings of a site over either end of the data store. It has no accounts, and leaves none behind."""
    settings: dict[str, Any] = request.getfixturevalue(f"{request.param}_directory")
    owner: Client | None = request.getfixturevalue("remote_owner") if request.param == "remote" else None
    yield settings
    if owner is not None:
        _remove_accounts(owner)


@pytest.fixture(scope="session")
def remote_owner(remote_directory: dict[str, Any]) -> Iterator[Client]:
    """A client of whoever runs the remote directory, for all tests."""
    with closing(make_site(**remote_directory).client) as client:
        yield client


def _remove_accounts(client: Client) -> None:
    for account in list(client.tenant.accounts):
        if account.email.endswith(".example") or account.email.endswith("@example.org"):
            account.delete()


@pytest.fixture
def site(directory: dict[str, Any]) -> Iterator[StormpathMiddleware]:
    """A site with a page for questions."""
    made = make_site(questions, **directory)
    with closing(made.client):
        yield made


@pytest.fixture(params=["embedded", "remote"])
def two_workers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[StormpathMiddleware]]:
    """The same site twice, as two processes have it."""
    file = {"directory": f"sqlite:///{tmp_path}/accounts.db"}
    settings = file if request.param == "embedded" else request.getfixturevalue("remote_directory")
    owner: Client | None = request.getfixturevalue("remote_owner") if request.param == "remote" else None
    sites = [make_site(questions, **settings) for _ in range(2)]
    yield sites
    for made in sites:
        made.client.close()
    if owner is not None:
        _remove_accounts(owner)


@pytest.fixture
def told(site: StormpathMiddleware) -> list[Event]:
    """What is told to listeners."""
    events: list[Event] = []
    site.events.listen(AfterEvent, events.append)
    return events
