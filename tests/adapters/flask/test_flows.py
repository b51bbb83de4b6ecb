"""A Flask app's own sign-in goes the way of our pages: listeners are asked and told, and steps may ask for more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from support.questions import Asks

from flask_stormpath import StormpathError, User, login_user, logout_user
from stormpath_wsgi.events import AfterEvent, Declined, Event, SignedIn, SignedOut, SignInFailed, SignInStarts

PASSWORD = "Analytical Engine 1843"


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    """A visitor of an app with views of its own to sign in and out."""
    app.add_url_rule("/enter/<password>", view_func=enter)
    app.add_url_rule("/leave", view_func=lambda: str(logout_user()))
    return app.test_client()


def enter(password: str) -> str:
    try:
        return str(login_user(User.from_login("ada@example.com", password)))
    except StormpathError as error:
        return f"{error.status} {error.user_message}"


@pytest.fixture
def told(app: Flask) -> list[Event]:
    events: list[Event] = []
    app.extensions["stormpath"].events.listen(AfterEvent, events.append)
    return events


def test_each_event_comes_once(ada: User, visitor: FlaskClient, told: list[Event]) -> None:
    visitor.get("/enter/wrong")
    visitor.get(f"/enter/{PASSWORD}")
    visitor.get("/leave")
    assert [(type(event), event.account, event.credential) for event in told] == [
        (SignInFailed, ada.href, "password"),
        (SignedIn, ada.href, "application"),
        (SignedOut, ada.href, "session"),
    ]


def test_a_listener_that_refuses_is_an_error_of_the_directory_to_the_app(
    app: Flask, ada: User, visitor: FlaskClient
) -> None:
    def refuse(event: SignInStarts) -> None:
        raise Declined("We are closed on Sundays.")

    app.extensions["stormpath"].events.listen(SignInStarts, refuse)
    assert visitor.get(f"/enter/{PASSWORD}").text == "403 We are closed on Sundays."
    assert visitor.get("/").text == "Hello stranger"


def test_who_is_asked_for_more_is_not_signed_in(app: Flask, ada: User, visitor: FlaskClient) -> None:
    app.extensions["stormpath"].flows.sign_in.add_step(Asks())
    assert visitor.get(f"/enter/{PASSWORD}").text == "False"
    assert visitor.get("/").text == "Hello stranger"


def test_to_sign_in_as_somebody_who_is_asked_for_more_leaves_the_one_of_before(
    app: Flask, ada: User, visitor: FlaskClient, register: Callable[..., User]
) -> None:
    bob = register(app, "bob@example.com")
    app.add_url_rule("/become", "become", view_func=lambda: str(login_user(User.at(bob.href))))
    visitor.get(f"/enter/{PASSWORD}")
    app.extensions["stormpath"].flows.sign_in.add_step(Asks())
    assert visitor.get("/become").text == "False"
    assert visitor.get("/").text == "Hello ada@example.com"
