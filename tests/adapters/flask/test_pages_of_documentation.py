"""The examples of the pages *Flask* and *Coming from Flask-Stormpath* run, and do what the pages say."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, get_flashed_messages
from flask.testing import FlaskClient
from jinja2 import ChoiceLoader, DictLoader

from flask_stormpath.settings import DOCUMENTED, check_settings, init_settings

ROOT = Path(__file__).parents[3]
GUIDE, UPGRADING = (ROOT / "docs" / name for name in ("flask.rst", "upgrading.rst"))
ADA = {"given_name": "Ada", "surname": "Lovelace", "email": "ada@example.com", "password": "Analytical Engine 1843"}


def examples(page: Path, language: str) -> Iterator[str]:
    for found in re.finditer(rf"^\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)", page.read_text(), re.MULTILINE):
        yield textwrap.dedent(found[1])


def settings_in(page: Path) -> set[str]:
    return set(re.findall(r"\bSTORMPATH_[A-Z_]*[A-Z]\b(?!…)", page.read_text()))


@pytest.fixture
def names(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the examples of the guide define, all of which run in one app. Settings come before the manager."""
    monkeypatch.setitem(sys.modules, "yoursite", type(sys)("yoursite"))
    all_examples = list(examples(GUIDE, "python"))
    first = Flask("yoursite")
    settings = [example for example in all_examples if example.startswith("app.config")]
    run(settings, {"app": first})
    told = {name: value for name, value in first.config.items() if name.startswith("STORMPATH_")}
    names: dict[str, Any] = {"app": make_app(WTF_CSRF_ENABLED=False, **told), "__name__": "yoursite"}
    run([example for example in all_examples if example not in settings], names)
    return names


def run(texts: list[str], names: dict[str, Any]) -> None:
    for text in texts:
        exec(compile(text, str(GUIDE), "exec"), names)  # noqa: S102 - our own documentation


@pytest.fixture
def visitor(names: dict[str, Any]) -> FlaskClient:
    app: Flask = names["app"]
    app.add_url_rule("/told", "told", lambda: str(get_flashed_messages()))
    return app.test_client()


def test_the_views_of_the_guide_do_what_it_says(names: dict[str, Any], visitor: FlaskClient) -> None:
    assert visitor.get("/desk").location == "/login?next=%2Fdesk"
    refused = visitor.post("/register", data={**ADA, "email": "ada@elsewhere.example"})
    assert "Only people of Example Ltd. may join." in refused.text
    assert visitor.post("/register", data=ADA).status_code == 302
    assert "Welcome, Ada!" in visitor.get("/told").text
    assert visitor.get("/desk").text == "Hello Ada, ada@example.com"
    assert visitor.get("/colour/blue").text == "You like blue."
    assert visitor.get("/staff").location == "/login?next=%2Fstaff&status=forbidden"
    [ada] = names["app"].extensions["stormpath"].application.accounts
    ada.add_group("editors")
    assert visitor.get("/staff").text == "for admins and editors"
    assert visitor.post("/leave").location == "/"
    assert visitor.post("/enter", data={"login": ADA["email"], "password": "wrong"}).status_code == 200
    assert visitor.post("/enter", data={"login": ADA["email"], "password": ADA["password"]}).location == "/desk"
    assert visitor.get("/desk").status_code == 200


def test_the_settings_of_the_guide_have_the_effect_that_it_says(names: dict[str, Any], visitor: FlaskClient) -> None:
    assert 'name="company"' in visitor.get("/register").text
    assert visitor.post("/register", json={**ADA, "company": "Engines"}).status_code == 200
    [ada] = names["app"].extensions["stormpath"].application.accounts
    assert ada.custom_data["company"] == "Engines"
    assert "<form" in visitor.get("/forgot").text
    challenged = names["app"].test_client().get("/dav")
    assert (challenged.status_code, "Basic" in challenged.headers["WWW-Authenticate"]) == (401, True)


def test_a_factory_makes_apps(names: dict[str, Any]) -> None:
    made = names["create_app"](SECRET_KEY="a secret of the tests that is long enough", STORMPATH_DIRECTORY="sqlite://")
    assert made.test_client().get("/login").status_code == 200
    made.extensions["stormpath"].client.close()


def test_flask_admin_is_for_the_members_of_a_group(names: dict[str, Any], visitor: FlaskClient) -> None:
    assert visitor.get("/back-office/").location == "/login?next=%2Fback-office%2F"
    visitor.post("/register", data=ADA)
    assert visitor.get("/back-office/").status_code == 403
    application = names["app"].extensions["stormpath"].application
    [ada] = application.accounts
    ada.add_group(application.groups.create({"name": "admins"}))
    page = visitor.get("/back-office/")
    assert (page.status_code, "Admin" in page.text) == (200, True)


def test_the_test_of_the_guide_passes(names: dict[str, Any]) -> None:
    names["test_members_are_greeted"]()


def test_the_template_of_the_guide_signs_in(make_app: Any, register: Any) -> None:
    app: Flask = make_app()
    [template] = examples(GUIDE, "jinja")
    app.jinja_loader = ChoiceLoader([DictLoader({"flask_stormpath/login.html": template})])
    register(app)
    visitor = app.test_client()
    page = visitor.get("/login").text
    assert "<title>Welcome back</title>" in page
    token = re.search('name="csrf_token" type="hidden" value="([^"]+)"', page)
    assert token
    form = {"login": "ada@example.com", "password": ADA["password"], "csrf_token": token[1]}
    assert visitor.post("/login", data={**form, "password": "wrong"}).text.count('<p class="alert">') == 1
    assert visitor.post("/login", data=form).location == "/"


@pytest.mark.parametrize("page", [GUIDE, UPGRADING], ids=lambda page: page.stem)
def test_every_setting_of_a_page_is_one(page: Path) -> None:
    config: dict[str, Any] = {}
    init_settings(config)
    known = settings_in(page) - {"STORMPATH_LOGIN_URI"}  # the typing error of an example
    check_settings({**config, **{name: config.get(name) for name in known}})
    assert known & DOCUMENTED.keys()


def test_every_setting_that_we_have_added_is_on_the_page_about_upgrading() -> None:
    ours = {"STORMPATH_LOGOUT_ON_GET", "STORMPATH_GROUPS_REDIRECT", "STORMPATH_ACCEPT_DISABLED_FIELDS"}
    assert (ours | {"STORMPATH_ANONYMOUS_NAME"}) - settings_in(UPGRADING) == set()
