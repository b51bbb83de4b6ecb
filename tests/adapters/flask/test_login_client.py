"""Flask-Login's test client, which signs a user in before the first request."""

from __future__ import annotations

from typing import Any

import flask_login
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_login import FlaskLoginClient

from flask_stormpath import User, logout_user


class Client(FlaskLoginClient):  # type: ignore[misc]  # Flask-Login has no types
    """Reads each answer to its end."""

    def open(self, *args: Any, **rest: Any) -> Any:
        return super().open(*args, **{"buffered": True, **rest})


@pytest.fixture
def app(app: Flask) -> Flask:
    app.test_client_class = Client
    app.add_url_rule("/leave", "leave", lambda: str(logout_user()))
    app.add_url_rule("/fresh", "fresh", lambda: str(flask_login.login_fresh()))
    app.add_url_rule("/theirs", "theirs", flask_login.login_required(lambda: flask_login.current_user.email))
    return app


@pytest.mark.parametrize("path", ["/secret", "/theirs"])
def test_its_user_is_signed_in(app: Flask, ada: User, path: str) -> None:
    assert "ada@example.com" in app.test_client(user=ada).get(path).text
    assert app.test_client().get("/secret").status_code == 302


def test_hooks_of_the_app_see_him_too(app: Flask, ada: User) -> None:
    seen: list[str] = []
    app.before_request(lambda: seen.append(flask_login.current_user.email))
    app.test_client(user=ada).get("/")
    assert seen == ["ada@example.com"]


def test_it_is_a_session_like_any_other(app: Flask, ada: User) -> None:
    visitor = app.test_client(user=ada)
    for path in ("/", "/secret"):
        visitor.get(path)
    with app.app_context():
        assert len(User.at(ada.href).refresh_tokens) == 1
    assert visitor.get("/me", headers={"Accept": "application/json"}).status_code == 200
    visitor.get("/leave")
    assert visitor.get("/secret").status_code == 302


@pytest.mark.parametrize("fresh", [True, False])
def test_its_sign_in_is_as_fresh_as_the_test_says(app: Flask, ada: User, fresh: bool) -> None:
    assert app.test_client(user=ada, fresh_login=fresh).get("/fresh").text == str(fresh)


def test_whoever_is_not_active_is_not_signed_in(app: Flask, ada: User) -> None:
    with app.app_context():
        ada.status = "DISABLED"
        ada.save()
    assert app.test_client(user=ada).get("/secret").status_code == 302


def test_outside_of_tests_it_signs_nobody_in_and_says_why(
    app: Flask, ada: User, caplog: pytest.LogCaptureFixture
) -> None:
    app.testing = False
    assert app.test_client(user=ada).get("/secret").status_code == 302
    assert "set TESTING in app.config" in caplog.text


@pytest.mark.parametrize("other", [None, FlaskClient])
def test_an_app_that_does_not_name_it_believes_no_flask_session(app: Flask, ada: User, other: Any) -> None:
    """TESTING alone opens nothing (fault 61 of the old family)."""
    visitor = app.test_client(user=ada)
    app.test_client_class = other
    assert visitor.get("/secret").status_code == 302
