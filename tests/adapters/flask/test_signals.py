"""Signals: sent once, whatever the way, by the app."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import flask_login
import pytest
from blinker import NamedSignal
from flask import Flask
from flask.testing import FlaskClient
from flask_login import user_logged_in, user_logged_out

from flask_stormpath import User, login_user, logout_user
from flask_stormpath.models import stormpath_signals, user_created, user_deleted, user_updated

Received = list[tuple[object, Any]]


@pytest.fixture
def listen() -> Iterator[Callable[[NamedSignal], Received]]:
    """Collects (sender, user) of what a signal says during the test."""
    connected = []

    def to(signal: NamedSignal) -> Received:
        received: Received = []

        def receive(sender: object, user: Any) -> None:
            received.append((sender, user))

        signal.connect(receive, weak=False)
        connected.append((signal, receive))
        return received

    yield to
    for signal, receive in connected:
        signal.disconnect(receive)


def test_the_signals_have_documented_names() -> None:
    assert stormpath_signals.keys() == {"user-created", "user-updated", "user-deleted"}


def test_making_a_user_is_told(app: Flask, register: Any, listen: Any) -> None:
    received = listen(user_created)
    register(app)
    [(sender, attributes)] = received
    assert sender is app
    assert type(attributes) is dict
    assert (attributes["email"], attributes["given_name"]) == ("ada@example.com", "Ada")


def test_changing_a_user_is_told(app: Flask, ada: User, listen: Any) -> None:
    received = listen(user_updated)
    with app.app_context():
        ada.middle_name = "King"
        ada.save()
    [(sender, attributes)] = received
    assert sender is app
    assert attributes["middle_name"] == "King"


def test_deleting_a_user_is_told_with_what_it_was(app: Flask, ada: User, listen: Any) -> None:
    received = listen(user_deleted)
    with app.app_context():
        ada.delete()
        ada.delete()  # it is gone: nothing happens, and nothing is told
    [(sender, attributes)] = received
    assert sender is app
    assert attributes["email"] == "ada@example.com"


def test_what_the_directory_refuses_is_not_told(app: Flask, ada: User, listen: Any, register: Any) -> None:
    received = [*listen(user_created), *listen(user_updated)]
    with app.app_context():
        ada.email = ""
        with pytest.raises(Exception, match="email"):
            ada.save()
        with pytest.raises(Exception, match="email"):
            register(app)
    assert received == []


def test_registering_on_the_page_is_told(app: Flask, visitor: FlaskClient, listen: Any) -> None:
    created, entered = listen(user_created), listen(user_logged_in)
    form = {"givenName": "Ada", "surname": "Lovelace", "email": "ada@example.com", "password": "Analytical Engine 1843"}
    assert visitor.post("/register", json=form).status_code == 200
    [(sender, attributes)] = created
    assert sender is app
    assert attributes["email"] == "ada@example.com"
    [(sender, who)] = entered
    assert sender is app
    assert isinstance(who, User)
    assert who.surname == "Lovelace"


def test_signing_in_and_out_on_the_pages_is_told(
    app: Flask, ada: User, visitor: FlaskClient, sign_in: Any, listen: Any
) -> None:
    entered, left = listen(user_logged_in), listen(user_logged_out)
    sign_in(visitor)
    [(sender, who)] = entered
    assert sender is app
    assert isinstance(who, User)
    assert who == ada
    visitor.post("/logout")
    [(sender, who)] = left
    assert sender is app
    assert who == ada


def test_handlers_of_the_settings_are_called_beside_signals(
    make_app: Callable[..., Flask], register: Any, sign_in: Any, listen: Any
) -> None:
    handled: list[str] = []
    app = make_app(STORMPATH_WEB_POST_LOGIN_HANDLER=lambda account, environ: handled.append(account.email))
    register(app)
    entered = listen(user_logged_in)
    assert sign_in(app.test_client()) == 200
    assert (len(entered), handled) == (1, ["ada@example.com"])


def test_a_refused_sign_in_is_not_told(app: Flask, ada: User, visitor: FlaskClient, sign_in: Any, listen: Any) -> None:
    entered = listen(user_logged_in)
    assert sign_in(visitor, password="wrong") == 400
    assert entered == []


@pytest.mark.parametrize(
    ("enter", "leave"), [(login_user, logout_user), (flask_login.login_user, flask_login.logout_user)]
)
def test_signing_in_and_out_in_a_view_is_told(app: Flask, ada: User, listen: Any, enter: Any, leave: Any) -> None:
    entered, left = listen(user_logged_in), listen(user_logged_out)
    with app.test_request_context():
        enter(ada)
        leave()
    assert entered == [(app, ada)]
    assert left == [(app, ada)]


def test_signing_in_on_the_page_begins_one_session_whatever_flasks_own_says(
    app: Flask, ada: User, visitor: FlaskClient, sign_in: Any
) -> None:
    with visitor.session_transaction() as flask_session:
        flask_session["_user_id"] = ada.href
    tokens = app.extensions["stormpath"].client.data_store
    before = tokens.generation()
    assert sign_in(visitor) == 200
    assert tokens.generation() == before  # it moves when a session ends, and not when one begins
