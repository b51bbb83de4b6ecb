"""The example: an app that knows the documented names only, and its own tests, which do not know more."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from webtest import TestApp  # type: ignore[import-untyped]

from flask_stormpath import StormpathManager, User, login_required

EXAMPLE = Path(__file__).parents[3] / "examples" / "flask_app.py"
EMAIL, PASSWORD = "ada@example.com", "Analytical Engine 1843"


@pytest.fixture(params=["embedded", "another machine"])
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, find_accounts: Any) -> Iterator[Flask]:
    monkeypatch.chdir(tmp_path)
    spec = importlib.util.spec_from_file_location("flask_app", EXAMPLE)
    assert spec
    assert spec.loader
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    settings = find_accounts("example", tmp_path / "accounts.db")
    app: Flask = example.create_app(SECRET_KEY="a secret of the tests that is long enough", TESTING=True, **settings)
    yield app
    with app.app_context():
        manager_of(app).client.close()


@pytest.fixture
def browser(app: Flask) -> TestApp:
    return TestApp(app, extra_environ={"HTTP_ACCEPT": "text/html"})


@pytest.fixture
def ada(app: Flask) -> User:
    with app.app_context():
        return User.create(EMAIL, PASSWORD, "Ada", "Lovelace")


def manager_of(app: Flask) -> StormpathManager:
    manager = app.stormpath_manager  # type: ignore[attr-defined]
    assert isinstance(manager, StormpathManager)
    return manager


def fill_in(page: Any, **fields: str) -> Any:
    """Fill in the form on *page*, and go where it leads."""
    for name, value in fields.items():
        page.form[name] = value
    return page.form.submit().maybe_follow()


def test_the_example_imports_the_documented_names_only() -> None:
    nodes = list(ast.walk(ast.parse(EXAMPLE.read_text())))
    modules = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert modules == {"pathlib", "flask", "flask_stormpath"}


def test_a_stranger_registers_and_gets_as_far_as_his_groups_allow(app: Flask, browser: TestApp) -> None:
    """The story of the whole project, in Flask."""
    assert "Log in" in browser.get("/")
    assert browser.get("/members").location == "/login?next=%2Fmembers"

    home = fill_in(browser.get("/register"), givenName="Ada", surname="Lovelace", email=EMAIL, password=PASSWORD)
    assert home.request.path == "/"
    assert "Log out ada@example.com" in home
    assert "Hello Ada" in browser.get("/members")

    assert browser.get("/admin").location == "/login?next=%2Fadmin&status=forbidden"
    assert "ada@example.com" in browser.get("/admin").follow().html.select_one("div.alert").get_text()
    with app.app_context():
        admins = manager_of(app).application.groups.create({"name": "admins"})
        User.from_login(EMAIL, PASSWORD).add_group(admins)
    assert "You are one of the admins." in browser.get("/admin")

    cookie = browser.cookies["stormpath_session"]
    assert "Log in" in fill_in(browser.get("/"))
    assert browser.get("/members").status_code == 302
    browser.set_cookie("stormpath_session", cookie)
    assert browser.get("/members").status_code == 302


def test_after_signing_in_one_is_where_one_wanted_to_be(browser: TestApp, ada: User) -> None:
    page = fill_in(browser.get("/members").follow(), login=EMAIL, password=PASSWORD)
    assert page.request.path == "/members"
    assert "Hello Ada" in page


@pytest.mark.parametrize("login", [EMAIL, "nobody@example.com"])
def test_a_wrong_password_is_not_told_from_an_unknown_account(browser: TestApp, ada: User, login: str) -> None:
    page = fill_in(browser.get("/login"), login=login, password="Difference Engine 1822")
    assert page.status_code == 200
    assert "That email and password do not match." in page


def test_a_path_in_any_script_is_found_again_after_signing_in(app: Flask, browser: TestApp, ada: User) -> None:
    @app.route("/café/<name>")
    @login_required
    def coffee(name: str) -> str:
        return name

    page = fill_in(browser.get("/caf%C3%A9/%C3%BC?q=%C3%A9").follow(), login=EMAIL, password=PASSWORD)
    assert page.request.path_qs == "/caf%C3%A9/%C3%BC?q=%C3%A9"
    assert page.text == "ü"
