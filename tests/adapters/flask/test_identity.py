"""A Flask app that programs call: with an access token of the REST API, and with an API key of an account."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from support import cheap
from support.callers import Caller, basic
from werkzeug.test import Client as Browser

from flask_stormpath import User, current_user, user
from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.directory import open_directory

PASSWORD = "Analytical Engine 1843"

MakeHeader = Callable[[str], dict[str, str]]

IN_HEADER = pytest.mark.parametrize("kind", ["bearer", "basic"])


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """An app whose whole is open, and takes API keys everywhere."""
    app = make_app(STORMPATH_PROTECT={"/": {"policy": lambda app: app, "challenge": "basic"}})
    app.add_url_rule("/who", view_func=who)
    return app


def who() -> str:
    assert user == current_user
    return f"{user.email} {current_user.get_id()} {user.is_authenticated} {user.has_group('admins')}"


@pytest.fixture
def header(app: Flask, ada: User) -> Iterator[MakeHeader]:
    """Makes what a program of Ada's sends."""
    application = app.extensions["stormpath"].application
    with closing(open_directory(app.extensions["stormpath"].settings.directory, cheap.options())) as service:
        api = Caller(Browser(RestAPI(service)), *service.issue_api_key())

        def make(kind: str) -> dict[str, str]:
            if kind == "basic":
                key = application.accounts.search({"email": ada.email})[0].api_keys.create()
                return {"Authorization": basic(key.id, key.secret)}
            path = application.href.partition("/v1/")[2]
            form = {"grant_type": "password", "username": ada.email, "password": PASSWORD}
            told: Any = api.call("POST", f"{path}/oauth/token", data=form).json
            return {"Authorization": f"Bearer {told['access_token']}"}

        yield make


def spoilt(header: dict[str, str]) -> dict[str, str]:
    """The same, and wrong."""
    scheme, _, text = header["Authorization"].partition(" ")
    if scheme == "Basic":
        return {"Authorization": f"Basic {base64.b64encode(base64.b64decode(text) + b'x').decode()}"}
    return {"Authorization": f"Bearer {text}x"}


@IN_HEADER
def test_the_user_is_who_brings_it(visitor: FlaskClient, app: Flask, ada: User, header: MakeHeader, kind: str) -> None:
    href, good = ada.href, header(kind)
    assert visitor.get("/who", headers=good).text == f"ada@example.com {href} True False"
    assert visitor.get("/secret", headers=good).text == "for ada@example.com"
    assert visitor.get("/admin", headers=good).status_code == 403
    admins = app.extensions["stormpath"].application.groups.create({"name": "admins"})
    with app.app_context():
        User.at(href).add_group(admins)
    assert visitor.get("/admin", headers=good).text == "for admins"


@IN_HEADER
def test_a_wrong_one_makes_nobody_signed_in(visitor: FlaskClient, header: MakeHeader, kind: str) -> None:
    bad = spoilt(header(kind))
    assert visitor.get("/", headers=bad).text == "Hello stranger"
    for path in ("/secret", "/admin"):
        answer = visitor.get(path, headers=bad)
        assert answer.status_code == 401
        assert {each.partition(" ")[0].lower() for each in answer.headers.getlist("WWW-Authenticate")} >= {kind}


@IN_HEADER
def test_a_wrong_one_is_not_replaced_by_the_session(member: FlaskClient, header: MakeHeader, kind: str) -> None:
    bad = spoilt(header(kind))
    assert member.get("/secret", headers=bad).status_code == 401
    assert member.get("/", headers=bad).text == "Hello stranger"
    assert member.get("/secret").text == "for ada@example.com"


def test_an_unauthorized_handler_decides_for_itself(app: Flask, visitor: FlaskClient, header: MakeHeader) -> None:
    app.login_manager.unauthorized_handler(lambda: ("no", 418))  # type: ignore[attr-defined]
    assert visitor.get("/secret", headers=spoilt(header("bearer"))).status_code == 418


def test_it_counts_in_a_request_that_no_middleware_has_seen(app: Flask, ada: User, header: MakeHeader) -> None:
    email, good = "ada@example.com", header("bearer")
    with app.test_request_context("/", headers=good):
        assert current_user.email == email


def test_a_stranger_is_sent_to_the_login_page_where_nothing_is_offered(make_app: Callable[..., Flask]) -> None:
    assert make_app("plain").test_client().get("/secret").status_code == 302
