"""The app among other WSGI middleware, and its own blueprints and hooks."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client as Visitor

from flask_stormpath import StormpathManager, login_required, user

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/shop"}


def test_a_proxy_outside_of_us_makes_the_cookie_secure(app: Flask, ada: object, sign_in: Any) -> None:
    app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1, x_prefix=1)  # type: ignore[method-assign]
    visitor = app.test_client()
    login = {"login": "ada@example.com", "password": "Analytical Engine 1843"}
    answer = visitor.post("/login", json=login, headers=FORWARDED)
    assert any(each.startswith("__Host-stormpath_session=") for each in answer.headers.getlist("Set-Cookie"))
    assert visitor.get("/secret", headers=FORWARDED, base_url="https://localhost").text == "for ada@example.com"
    assert app.test_client().get("/secret", headers=FORWARDED).location == "/shop/login?next=%2Fshop%2Fsecret"


def test_a_proxy_inside_of_us_signs_in_as_well_and_is_told(
    bare_app: Any, register: Any, sign_in: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app = bare_app()
    app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1)
    StormpathManager(app)
    assert "below StormpathManager(app)" in caplog.text
    app.add_url_rule("/", view_func=login_required(lambda: user.email))
    register(app)
    visitor = app.test_client()
    assert sign_in(visitor) == 200
    assert visitor.get("/", headers=FORWARDED).text == "ada@example.com"
    app.extensions["stormpath"].client.close()


def test_two_apps_behind_one_address_keep_their_users_apart(make_app: Any, register: Any, sign_in: Any) -> None:
    shop, blog = make_app("shop"), make_app("blog", STORMPATH_SESSION_COOKIE_PATH="/blog")
    register(shop)
    visitor = Visitor(DispatcherMiddleware(shop, {"/blog": blog}))
    login = {"login": "ada@example.com", "password": "Analytical Engine 1843"}
    assert visitor.post("/login", json=login, buffered=True).status_code == 200
    assert visitor.get("/", buffered=True).text == "Hello ada@example.com"
    assert visitor.get("/blog/", buffered=True).text == "Hello stranger"


def test_a_blueprint_may_have_its_own_login_view(app: Flask) -> None:
    desk = Blueprint("desk", __name__, url_prefix="/desk")

    @desk.route("/")
    @login_required
    def papers() -> str:
        return "papers"

    app.register_blueprint(desk)
    assert app.test_client().get("/desk/").location == "/login?next=%2Fdesk%2F"


def test_hooks_of_the_app_see_the_user(app: Flask, member: FlaskClient) -> None:
    seen = []
    app.before_request(lambda: seen.append(user.email))
    member.get("/")
    assert seen == ["ada@example.com"]
