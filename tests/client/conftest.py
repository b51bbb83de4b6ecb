"""Fixtures: a client of a real directory, in which every test has an application and a directory of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
from support import cheap
from support.servers import served_api

from stormpath_wsgi.client import Account, Application, Client, DataStore, Directory
from stormpath_wsgi.directory import open_directory

NewAccount = Callable[..., Account]
#: Keywords of a Client.
Opening = dict[str, Any]

#: For the secrets in the directories of the tests.
ENCRYPTION_KEY = "5a" * 32

#: Of a public test vector: nobody's.
BCRYPT_HASH = "$2a$08$VbNS17zvQNYtMyfRiYXxWuec2F2y3SuLB/e7hU8RWdcCxxluUB3m."


class Recorder:
    """A data store that writes down what is asked of another: ``get accounts/<id>``."""

    def __init__(self, store: DataStore) -> None:
        self._store = store
        self.base_url, self.generation, self.close = store.base_url, store.generation, store.close
        self.requests: list[str] = []

    def get(self, href: str, expand: str | None = None) -> dict[str, Any]:
        self._record("get", href)
        return self._store.get(href, expand)

    def recall(self, href: str, expand: str | None = None) -> dict[str, Any]:
        self._record("get", href)
        return self._store.recall(href, expand)

    def list(self, href: str, query: Mapping[str, str] | None = None, expand: str | None = None) -> dict[str, Any]:
        self._record("list", href)
        return self._store.list(href, query, expand)

    def create(
        self, href: str, properties: Mapping[str, Any], params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        self._record("create", href)
        return self._store.create(href, properties, params)

    def update(self, href: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        self._record("update", href)
        return self._store.update(href, properties)

    def delete(self, href: str, about: str | None = None) -> None:
        self._record("delete", href)
        self._store.delete(href, about)

    def _record(self, verb: str, href: str) -> None:
        self.requests.append(f"{verb} {href.removeprefix(self.base_url + '/')}")


@pytest.fixture
def recorder(store: DataStore) -> Recorder:
    return Recorder(store)


@pytest.fixture
def client(recorder: Recorder) -> Client:
    return Client(data_store=recorder)


@pytest.fixture
def requests(recorder: Recorder, account: Account) -> list[str]:
    """The requests made since the other fixtures were ready; a test may clear them again."""
    recorder.requests.clear()
    return recorder.requests


@pytest.fixture
def application(client: Client) -> Application:
    return client.applications.create({"name": f"Shop {secrets.token_hex(8)}"}, create_directory=True)


@pytest.fixture
def directory(application: Application) -> Directory:
    """The directory of the application, its default account store and group store."""
    mapping = application.default_account_store_mapping
    assert mapping
    store = mapping.account_store
    assert isinstance(store, Directory)
    return store


@pytest.fixture
def new_account() -> NewAccount:
    """Makes an account in a directory or application. Its password is an imported hash, which costs no time."""

    def make(container: Directory | Application, email: str, **properties: Any) -> Account:
        return container.accounts.create({"email": email, "password": BCRYPT_HASH, **properties}, password_format="mcf")

    return make


@pytest.fixture
def account(directory: Directory, new_account: NewAccount) -> Account:
    return new_account(directory, "ada@example.org", username="ada", given_name="Ada", surname="Lovelace")


@pytest.fixture
def people(directory: Directory, new_account: NewAccount) -> Callable[[int], list[Account]]:
    """Makes so many accounts, with e-mail addresses in the order they were made."""

    def make(number: int) -> list[Account]:
        return [new_account(directory, f"p{index:03}@example.org") for index in range(number)]

    return make


@pytest.fixture(scope="session")
def sqlite_opening(tmp_path_factory: pytest.TempPathFactory) -> Opening:
    return _prepared(f"sqlite:///{tmp_path_factory.mktemp('client')}/accounts.db")


@pytest.fixture(scope="session")
def postgresql_opening(postgresql_server: Any) -> Opening:
    postgresql_server.command("CREATE DATABASE client TEMPLATE migrated")
    return _prepared(str(postgresql_server.url("client").render_as_string()))


@pytest.fixture(scope="session")
def http_opening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opening]:
    """The REST API, over a real socket."""
    with served_api(f"sqlite:///{tmp_path_factory.mktemp('http')}/accounts.db") as opening:
        # So long that the time to ask again does not come during a test.
        yield {**opening, "cache_options": {"ttl": 3600, "tti": 3600}}


def _prepared(url: str) -> Opening:
    options = cheap.options(encryption_keys=(ENCRYPTION_KEY,))
    with closing(open_directory(url, options)) as service:
        service.bootstrap()
    return {"url": url, "options": options}


@pytest.fixture(scope="session", params=["sqlite", "http"])
def opening(request: pytest.FixtureRequest) -> Opening:
    """What opens a client of a directory that is set up. Another end of the port is another parameter here.

    Which engine has the rows matters to the directory, whose rules tests/directory tests on both. Here PostgreSQL is
    asked only by test_data_store.py, what every data store has to do, and test_collection.py, where the SQL differs.
    """
    found: Opening = request.getfixturevalue(f"{request.param}_opening")
    return found


@pytest.fixture(scope="session")
def store(opening: Opening) -> Iterator[DataStore]:
    with Client(**opening) as client:
        yield client.data_store


@pytest.fixture
def other_store(opening: Opening) -> Iterator[DataStore]:
    """The same directory, as another process would open it, and in a hurry to see what others change."""
    with Client(**{**opening, "cache_options": {"ttl": 0.5}}) as client:
        yield client.data_store


@pytest.fixture(scope="module")
def module_directory(store: DataStore) -> Directory:
    """For tests that only read."""
    return Client(data_store=store).directories.create({"name": f"People {secrets.token_hex(8)}"})
