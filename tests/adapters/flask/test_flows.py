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


class TestTooManyTries:
    @pytest.fixture
    def app(self, make_app: Callable[..., Flask]) -> Flask:
        return make_app(STORMPATH_LIMITS_ACCOUNT_AND_ADDRESS="2 tries, waits 1h to 1h, one back after 1h")

    @pytest.fixture
    def guesser(self, app: Flask, ada: User, visitor: FlaskClient) -> FlaskClient:
        """Somebody who has tried as often as he may."""
        for _ in range(3):
            assert visitor.get("/enter/wrong").text.startswith("400 ")
        return app.test_client()

    def test_the_app_learns_it_as_an_error_of_the_directory(self, guesser: FlaskClient) -> None:
        assert guesser.get(f"/enter/{PASSWORD}").text == "429 Too many tries. Please wait a moment and try again."
        assert guesser.get("/").text == "Hello stranger"

    def test_our_page_says_it_too(self, guesser: FlaskClient) -> None:
        answer = guesser.post("/login", json={"login": "ada@example.com", "password": PASSWORD})
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
        assert answer.get_json()["message"] == "Too many tries. Please wait 60 minutes and try again."

    def test_an_app_that_does_not_catch_it_answers_429(self, app: Flask, ada: User, visitor: FlaskClient) -> None:
        app.add_url_rule("/try", "try", lambda: str(User.from_login("ada@example.com", PASSWORD)))
        for _ in range(3):
            visitor.get("/enter/wrong")
        answer = visitor.get("/try")
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
        assert "Too many tries." in answer.text

    def test_an_app_may_have_its_own_page_for_429(self, app: Flask, ada: User, visitor: FlaskClient) -> None:
        app.add_url_rule("/try", "try", lambda: str(User.from_login("ada@example.com", PASSWORD)))
        app.register_error_handler(429, lambda error: (f"come back in {error.retry_after} s", 429))
        for _ in range(3):
            visitor.get("/enter/wrong")
        assert visitor.get("/try").text == "come back in 3600 s"

    def test_a_browser_in_which_somebody_signed_in_is_known_by_that(
        self, app: Flask, ada: User, visitor: FlaskClient
    ) -> None:
        """By the app's own sign-in, and to the app's own sign-in."""
        assert visitor.get(f"/enter/{PASSWORD}").text == "True"
        assert visitor.get_cookie("stormpath_browser")
        visitor.get("/leave")
        stranger = app.test_client()
        assert [stranger.get("/enter/wrong").text[:3] for _ in range(4)] == ["400", "400", "400", "429"]
        assert visitor.get(f"/enter/{PASSWORD}").text == "True"


def test_a_password_is_proved_without_a_request_too(app: Flask, ada: User) -> None:
    with app.app_context():
        assert User.from_login("ada@example.com", PASSWORD) == ada


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
