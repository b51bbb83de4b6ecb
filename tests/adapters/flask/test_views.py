"""The pages that Flask-Stormpath had are views of the app: its hooks run, and what receivers write is kept."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import flask_login
import pytest
from flask import Flask, flash, get_flashed_messages, request, session
from flask.testing import FlaskClient
from flask_login import user_logged_in
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf

import flask_stormpath
from flask_stormpath import StormpathManager, User, user
from flask_stormpath.models import user_created
from stormpath_wsgi.events import SignedIn

PASSWORD = "Analytical Engine 1843"
ADA = {
    "given_name": "Ada",
    "middle_name": "King",
    "surname": "Lovelace",
    "email": "ada@example.com",
    "password": PASSWORD,
}


@pytest.fixture
def app(make_app: Any) -> Flask:
    app: Flask = make_app(WTF_CSRF_ENABLED=False)
    return app


def test_an_old_test_posts_forms_as_it_always_did(app: Flask, visitor: FlaskClient) -> None:
    """Without an Accept header, with the old names of the fields, and with Flask-WTF's tokens switched off."""
    assert "<form" in visitor.get("/register").text
    answer = visitor.post("/register", data=ADA)
    assert (answer.status_code, answer.location) == (302, "/")
    [account] = app.extensions["stormpath"].application.accounts
    assert (account.given_name, account.middle_name, account.surname) == ("Ada", "King", "Lovelace")
    assert visitor.get("/").text == "Hello ada@example.com"
    assert visitor.post("/login", data={"login": "ada@example.com", "password": "wrong"}).status_code == 200


def test_old_names_hold_in_json_too_and_ours_come_first(app: Flask, visitor: FlaskClient) -> None:
    assert visitor.post("/register", json={**ADA, "givenName": "Augusta"}).status_code == 200
    [account] = app.extensions["stormpath"].application.accounts
    assert (account.given_name, account.middle_name) == ("Augusta", "King")


def test_a_form_may_hold_what_is_not_about_the_account(visitor: FlaskClient) -> None:
    assert visitor.post("/register", data={**ADA, "username": "", "submit": "Register"}).status_code == 302


def test_a_field_that_is_switched_off_is_still_refused(visitor: FlaskClient) -> None:
    answer = visitor.post("/register", data={**ADA, "username": "ada"})
    assert (answer.status_code, "username is not a configured registration field." in answer.text) == (200, True)


@pytest.mark.parametrize("config", [{"TESTING": False, "WTF_CSRF_ENABLED": False}, {"TESTING": True}])
def test_outside_of_such_a_test_a_form_needs_a_token(make_app: Any, config: dict[str, Any]) -> None:
    assert make_app(**config).test_client().post("/register", data=ADA).status_code == 403


def test_a_token_of_flask_wtf_is_as_good_as_ours(make_app: Any) -> None:
    app: Flask = make_app()
    app.add_url_rule("/token", "token", lambda: str(generate_csrf()))
    visitor = app.test_client()
    token = visitor.get("/token").text
    assert app.test_client().post("/register", data={**ADA, "csrf_token": token}).status_code == 403
    assert visitor.post("/register", data={**ADA, "csrf_token": token}).status_code == 302


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_a_flask_wtf_that_guards_all_views_lets_our_forms_pass(make_app: Any, bare_app: Any, first: str) -> None:
    """Our pages have tokens of their own, and check them."""
    app: Flask = make_app() if first == "ours" else bare_app()
    CSRFProtect(app)
    if first == "theirs":
        StormpathManager(app)
    visitor = app.test_client()
    page = visitor.get("/register").text
    token = re.search('name="csrfToken" value="([^"]+)"', page)
    assert token
    assert visitor.post("/register", data=ADA).status_code == 403
    assert visitor.post("/register", data={**ADA, "csrfToken": token[1]}).status_code == 302
    app.extensions["stormpath"].client.close()


def test_hooks_of_the_app_run_and_see_which_page_it_is(app: Flask, visitor: FlaskClient) -> None:
    seen: list[Any] = []
    app.before_request(lambda: seen.append((request.endpoint, request.form.get("email"), user.is_authenticated)))

    @app.after_request
    def note(response: Any) -> Any:
        seen.append(user.is_authenticated)
        response.headers["X-Shop"] = "1"
        return response

    answer = visitor.post("/register", data=ADA)
    assert (answer.status_code, answer.headers["X-Shop"]) == (302, "1")
    assert seen == [("stormpath.register", "ada@example.com", False), True]


def test_a_body_beyond_the_limit_is_refused(visitor: FlaskClient) -> None:
    form = "email=" + "x" * 300_000
    kind = "application/x-www-form-urlencoded"
    assert visitor.post("/register", data=form, content_type=kind).status_code == 413
    chunked = {"wsgi.input_terminated": True}
    answer = visitor.post(
        "/register", input_stream=io.BytesIO(form.encode()), content_type=kind, environ_overrides=chunked
    )
    assert answer.status_code == 413


@pytest.fixture
def receivers() -> Iterator[list[Any]]:
    """What receivers have seen that flash a message and write into the session."""
    seen: list[Any] = []

    def welcome(sender: object, user: Any) -> None:
        flash(f"Welcome {user['email']}")
        seen.append(request.form.get("company"))

    def note(sender: object, user: User) -> None:
        session["last"] = user.email
        seen.append(flask_login.current_user.email)

    user_created.connect(welcome)
    user_logged_in.connect(note)
    yield seen
    user_created.disconnect(welcome)
    user_logged_in.disconnect(note)


def test_what_receivers_write_into_the_session_is_kept(app: Flask, visitor: FlaskClient, receivers: list[Any]) -> None:
    app.add_url_rule("/told", "told", lambda: f"{get_flashed_messages()} {session['last']}")
    assert visitor.post("/register", data={**ADA, "company": "Analytical Engines"}).status_code == 302
    assert receivers == ["Analytical Engines", "ada@example.com"]
    assert visitor.get("/told").text == "['Welcome ada@example.com'] ada@example.com"


def test_a_test_may_look_at_the_request_afterwards(app: Flask, visitor: FlaskClient) -> None:
    with visitor:
        visitor.post("/register", data=ADA)
        assert user.email == "ada@example.com"
        assert User.from_login("ada@example.com", PASSWORD).surname == "Lovelace"
        visitor.get("/logout")
        visitor.post("/logout")
        assert not user.is_authenticated


def test_pages_are_reached_where_a_policy_guards_everything(make_app: Any) -> None:
    app: Flask = make_app(STORMPATH_PROTECT={"/": "login"}, WTF_CSRF_ENABLED=False)
    visitor = app.test_client()
    assert visitor.get("/", headers={"Accept": "text/html"}).location == "/login?next=%2F"
    assert visitor.get("/login").status_code == 200
    assert visitor.post("/register", data=ADA).status_code == 302
    assert visitor.get("/").text == "Hello ada@example.com"


def test_a_view_may_stand_at_another_address_as_well(app: Flask, visitor: FlaskClient, register: Any) -> None:
    app.add_url_rule("/sign-in", view_func=flask_stormpath.login, methods=["GET", "POST"])
    register(app)
    assert "<form" in visitor.get("/sign-in").text
    form = {"login": "ada@example.com", "password": PASSWORD}
    assert visitor.post("/sign-in", data=form).location == "/"
    assert visitor.get("/").text == "Hello ada@example.com"


def test_events_come_once_and_say_that_a_page_was_asked(app: Flask, visitor: FlaskClient) -> None:
    told: list[SignedIn] = []
    app.extensions["stormpath"].events.listen(SignedIn, told.append)
    visitor.post("/register", data=ADA)
    assert [event.account for event in told] == [
        account.href for account in app.extensions["stormpath"].application.accounts
    ]


def test_a_directory_that_is_away_is_told_on_our_page(
    app: Flask, ada: User, visitor: FlaskClient, break_directory: Any
) -> None:
    break_directory(app)
    answer = visitor.post("/login", data={"login": "ada@example.com", "password": PASSWORD})
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert "<h1" in answer.text


def test_what_is_switched_off_has_no_view(make_app: Any) -> None:
    app: Flask = make_app(STORMPATH_ENABLE_REGISTRATION=False)
    assert app.test_client().get("/register").status_code == 404
