"""Flask apps on directories of their own, and visitors who use them through Flask's test client."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from flask import Flask
from flask.testing import FlaskClient
from support.cheap import HASHER
from support.servers import served_api
from werkzeug.middleware.lint import LintMiddleware
from werkzeug.test import TestResponse

from flask_stormpath import Client, StormpathManager, User, groups_required, login_required, user

PASSWORD = "Analytical Engine 1843"


class Buffering(FlaskClient):
    """Reads each answer to its end and closes it, as servers do."""

    def open(self, *args: Any, buffered: bool = True, **rest: Any) -> TestResponse:
        return super().open(*args, buffered=buffered, **rest)


MakeApp: TypeAlias = Callable[..., Flask]
Register: TypeAlias = Callable[..., User]
SignIn: TypeAlias = Callable[..., int]
FindAccounts: TypeAlias = Callable[[str, Path], dict[str, Any]]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a directory without accounts. A copy of it is made faster than a new one."""
    path = tmp_path_factory.mktemp("prepared") / "accounts.db"
    Client(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def bare_app(tmp_path: Path) -> MakeApp:
    """Makes apps that no manager has seen yet, each with an instance folder of its own."""

    def make(name: str = "shop", **config: Any) -> Flask:
        app = Flask(name, instance_path=str(tmp_path / name))
        app.config.update({"SECRET_KEY": "a secret of the tests that is long enough", "TESTING": True})
        app.config.update({"STORMPATH_PASSWORD_HASHER": HASHER, **config})
        return app

    return make


@pytest.fixture
def place() -> str:
    """Where the accounts of the apps are, unless a module says that its tests hold for several places."""
    return "embedded"


@pytest.fixture
def machines() -> Iterator[dict[str, ExitStack]]:
    """What closes the servers that have the accounts of an app, by its name."""
    running: dict[str, ExitStack] = {}
    yield running
    for machine in running.values():
        machine.close()


@pytest.fixture
def find_accounts(place: str, machines: dict[str, ExitStack]) -> FindAccounts:
    """Answers the settings of the app *name* that say where its accounts are. Elsewhere they are in *file*."""

    def find(name: str, file: Path) -> dict[str, Any]:
        if place == "embedded":
            return {}  # nobody has to say so
        machine = machines[name] = ExitStack()
        opening = machine.enter_context(served_api(f"sqlite:///{file}"))
        return {
            "STORMPATH_DIRECTORY": opening["url"],
            "STORMPATH_API_KEY_ID": opening["id"],
            "STORMPATH_API_KEY_SECRET": opening["secret"],
        }

    return find


@pytest.fixture
def make_app(bare_app: MakeApp, prepared: Path, find_accounts: FindAccounts) -> Iterator[MakeApp]:
    """Makes apps with a manager and a few views, in a checker of PEP 3333."""
    made: list[Flask] = []

    def make(name: str = "shop", *, manager: StormpathManager | None = None, **config: Any) -> Flask:
        app = bare_app(name, **config)
        Path(app.instance_path).mkdir()
        accounts = shutil.copy(prepared, app.instance_path)
        app.config.update(find_accounts(name, Path(accounts)))
        (manager or StormpathManager()).init_app(app)
        app.wsgi_app = LintMiddleware(app.wsgi_app)  # type: ignore[method-assign]
        app.test_client_class = Buffering
        made.append(app)
        app.add_url_rule("/", view_func=home)
        app.add_url_rule("/secret", view_func=secret)
        app.add_url_rule("/admin", view_func=admin)
        return app

    yield make
    for app in made:
        app.extensions["stormpath"].client.close()


def home() -> str:
    return f"Hello {user.email}" if user.is_authenticated else "Hello stranger"


@login_required
def secret() -> str:
    return f"for {user.email}"


@groups_required(["admins"])
def admin() -> str:
    return "for admins"


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.fixture
def register() -> Register:
    """Makes an account in an app."""

    def make(app: Flask, email: str = "ada@example.com", **properties: Any) -> User:
        with app.app_context():
            return User.create(email, PASSWORD, "Ada", "Lovelace", **properties)

    return make


@pytest.fixture
def ada(app: Flask, register: Register) -> User:
    return register(app)


@pytest.fixture
def sign_in() -> SignIn:
    """Signs a visitor in on the login page, as a single-page app does; says the status of the answer."""

    def post(visitor: FlaskClient, login: str = "ada@example.com", password: str = PASSWORD) -> int:
        status = visitor.post("/login", json={"login": login, "password": password}).status_code
        visitor.application._got_first_request = False  # tests add the views that they are about only now
        return status

    return post


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def member(ada: User, visitor: FlaskClient, sign_in: SignIn) -> FlaskClient:
    """A visitor who has signed in as Ada."""
    assert sign_in(visitor) == 200
    return visitor


@pytest.fixture
def break_directory(machines: dict[str, ExitStack]) -> Callable[[Flask], None]:
    """Takes the database file of an app away, or the machine that it is on."""

    def take_away(app: Flask) -> None:
        app.extensions["stormpath"].client.close()
        if machine := machines.pop(app.name, None):
            machine.close()
        accounts = Path(app.instance_path, "accounts.db")
        accounts.rename(accounts.with_name("gone.db"))

    return take_away
