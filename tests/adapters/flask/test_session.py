"""Signing in and out: on our pages, in a view, and what cannot sign anybody in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import flask_login
import pytest
from flask import Flask, Response, request, session, stream_with_context
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask.testing import FlaskClient
from flask_login.utils import encode_cookie
from werkzeug.wrappers import Response as BaseResponse

from flask_stormpath import StormpathError, StormpathManager, User, current_user, login_user, logout_user, user
from flask_stormpath.freshness import MOST_REMEMBERED

pytestmark = pytest.mark.parametrize("place", ["embedded", "another machine"])

COOKIE = "stormpath_session"


@contextmanager
def everything_by_hand(app: Flask) -> Iterator[FlaskClient]:
    """A visitor of an app that signs in and out in views of its own."""

    @app.post("/enter")
    def enter() -> str:
        before = current_user.is_authenticated
        done = login_user(User.from_login(request.form["email"], request.form["password"]), remember=True)
        return f"{before} {done} {current_user.is_authenticated and current_user.email}"

    @app.post("/leave")
    def leave() -> str:
        logout_user()
        return str(current_user.is_authenticated)

    yield app.test_client()


def enter(visitor: FlaskClient) -> str:
    return visitor.post("/enter", data={"email": "ada@example.com", "password": "Analytical Engine 1843"}).text


def test_the_pages_sign_in_and_out(member: FlaskClient) -> None:
    assert member.get("/").text == "Hello ada@example.com"
    assert member.post("/logout").status_code in (200, 302)
    assert member.get("/").text == "Hello stranger"


def test_a_view_signs_in_and_out(app: Flask, ada: User) -> None:
    with everything_by_hand(app) as visitor:
        assert enter(visitor) == "False True ada@example.com"
        assert visitor.get("/").text == "Hello ada@example.com"
        assert visitor.post("/leave").text == "False"
        assert visitor.get("/").text == "Hello stranger"


def test_a_copy_of_the_cookie_is_worthless_after_signing_out(app: Flask, ada: User) -> None:
    with everything_by_hand(app) as visitor:
        enter(visitor)
        copy = visitor.get_cookie(COOKIE)
        visitor.post("/leave")
    assert copy is not None
    thief = app.test_client()
    thief.set_cookie(COOKIE, copy.value)
    assert thief.get("/").text == "Hello stranger"


def test_each_sign_in_has_a_new_session_and_ends_the_previous_one(app: Flask, ada: User) -> None:
    with everything_by_hand(app) as visitor:
        enter(visitor)
        first = visitor.get_cookie(COOKIE)
        enter(visitor)
        second = visitor.get_cookie(COOKIE)
    assert first is not None
    assert second is not None
    assert first.value != second.value
    with app.app_context():
        assert len(User.at(ada.href).refresh_tokens) == 1


def test_signing_out_ends_the_session_of_who_signed_in_on_the_page(app: Flask, ada: User, member: FlaskClient) -> None:
    app.add_url_rule("/leave", view_func=lambda: str(logout_user()))
    assert member.get("/leave").text == "True"
    with app.app_context():
        assert len(User.at(ada.href).refresh_tokens) == 0


def test_an_account_that_the_client_found_can_be_signed_in(app: Flask, ada: User) -> None:
    account = app.extensions["stormpath"].client.accounts.get(ada.href)
    with app.test_request_context():
        assert login_user(account)
        assert isinstance(user._get_current_object(), User)


def test_who_is_signed_in_can_be_signed_in_again(app: Flask, ada: User) -> None:
    with app.test_request_context():
        login_user(ada)
        assert login_user(user)
        assert user.email == "ada@example.com"


@pytest.mark.parametrize("status", ["DISABLED", "UNVERIFIED"])
def test_whoever_is_not_active_is_not_signed_in(app: Flask, ada: User, status: str) -> None:
    with app.test_request_context():
        ada.status = status
        ada.save()
        assert login_user(ada) is False
        assert not current_user.is_authenticated


@pytest.mark.parametrize("change", [{"status": "DISABLED"}, {"password": "Difference Engine 1822"}])
def test_disabling_or_a_new_password_signs_out_everywhere(
    app: Flask, ada: User, member: FlaskClient, change: dict[str, str]
) -> None:
    """Faults 7 and 9 of the old family."""
    with app.app_context():
        for name, value in change.items():
            setattr(ada, name, value)
        ada.save()
    assert member.get("/").text == "Hello stranger"


def test_deleting_the_account_signs_out(app: Flask, ada: User, member: FlaskClient) -> None:
    with app.app_context():
        ada.delete()
    assert member.get("/").text == "Hello stranger"


@pytest.mark.parametrize("loaded", [False, True])
def test_flask_logins_own_session_and_remember_cookie_sign_nobody_in(
    app: Flask, ada: User, visitor: FlaskClient, loaded: bool
) -> None:
    if loaded:
        assert app.login_manager.user_loader(StormpathManager.load_user) is StormpathManager.load_user  # type: ignore[attr-defined]
    with visitor.session_transaction() as flask_session:
        flask_session.update({"_user_id": ada.href, "_fresh": True})
    assert visitor.get("/").text == "Hello stranger"
    with app.app_context():
        visitor.set_cookie("remember_token", encode_cookie(ada.href))
    assert visitor.get("/").text == "Hello stranger"


class TestFlaskLoginsOwnFunctions:
    """``flask_login.login_user`` and ``logout_user``, which many apps import from there."""

    @pytest.fixture
    def app(self, app: Flask, ada: User) -> Flask:
        app.add_url_rule("/enter", "enter", lambda: str(flask_login.login_user(ada, remember=True)))
        app.add_url_rule("/leave", "leave", lambda: f"{flask_login.logout_user()} {user.is_authenticated}")
        app.login_manager.user_loader(StormpathManager.load_user)  # type: ignore[attr-defined]
        return app

    def test_signing_in_begins_one_session(self, app: Flask, ada: User, visitor: FlaskClient) -> None:
        assert visitor.get("/enter").text == "True"
        assert visitor.get("/").text == "Hello ada@example.com"
        with app.app_context():
            assert len(ada.refresh_tokens) == 1

    def test_signing_in_leaves_nothing_that_outlives_the_session(
        self, app: Flask, ada: User, visitor: FlaskClient
    ) -> None:
        visitor.get("/enter")
        assert visitor.get_cookie("remember_token") is None
        with visitor.session_transaction() as flask_session:
            assert not flask_session.keys() & {"_user_id", "_remember", "_remember_seconds"}
        with app.app_context():
            for token in ada.refresh_tokens:
                token.delete()
        assert visitor.get("/").text == "Hello stranger"

    def test_signing_out_ends_the_session(self, app: Flask, ada: User, member: FlaskClient) -> None:
        assert member.get("/leave").text == "True False"
        assert member.get("/").text == "Hello stranger"
        with app.app_context():
            assert len(ada.refresh_tokens) == 0

    def test_signing_out_twice_does_no_harm(self, app: Flask, member: FlaskClient) -> None:
        assert [member.get("/leave").text for _ in range(2)] == ["True False"] * 2

    def test_whom_the_directory_refuses_is_not_signed_in(self, app: Flask, ada: User) -> None:
        with app.test_request_context():
            ada.status = "DISABLED"
            ada.save()
            assert flask_login.login_user(ada) is False
            with pytest.raises(StormpathError):
                flask_login.login_user(ada, force=True)
            assert not user.is_authenticated
            assert not flask_login.login_fresh()

    def test_who_has_no_account_is_not_signed_in(self, app: Flask) -> None:
        class Stranger(flask_login.UserMixin):  # type: ignore[misc]
            id = "7"

        with app.test_request_context():
            with pytest.raises(TypeError, match="is not an account"):
                flask_login.login_user(Stranger())
            assert not user.is_authenticated


class TestFreshness:
    @pytest.fixture
    def app(self, app: Flask, ada: User) -> Flask:
        app.add_url_rule("/enter", "enter", lambda: str(login_user(ada)))
        app.add_url_rule("/come-back", "come-back", lambda: str(login_user(ada, fresh=False)))
        app.add_url_rule("/confirm", "confirm", lambda: str(flask_login.confirm_login()))
        app.add_url_rule("/fresh", "fresh", flask_login.fresh_login_required(lambda: str(flask_login.login_fresh())))
        app.add_url_rule("/only", "only", lambda: str(flask_login.login_fresh()))
        app.add_url_rule("/plain", "plain", lambda: "plain")
        app.add_url_rule("/asked", "asked", lambda: f"{user.is_authenticated} {flask_login.login_fresh()}")
        return app

    def test_a_sign_in_in_a_view_is_fresh(self, app: Flask, visitor: FlaskClient) -> None:
        visitor.get("/enter")
        assert visitor.get("/fresh").text == "True"

    def test_a_sign_in_on_our_page_is_fresh(self, app: Flask, member: FlaskClient) -> None:
        assert member.get("/fresh").text == "True"

    def test_a_sign_in_that_was_confirmed_is_fresh(self, app: Flask, visitor: FlaskClient) -> None:
        visitor.get("/come-back")
        assert visitor.get("/fresh").status_code == 401
        visitor.get("/confirm")
        assert visitor.get("/fresh").text == "True"

    def test_it_needs_no_flask_session(self, app: Flask, visitor: FlaskClient) -> None:
        """Flask takes longer to read one than we do to say who somebody is."""
        visitor.get("/enter")
        assert visitor.get_cookie("session") is None
        assert visitor.get("/fresh").text == "True"
        assert visitor.get_cookie("session") is None

    def test_it_is_not_kept_in_a_flask_session_that_the_app_has(self, app: Flask, visitor: FlaskClient) -> None:
        @app.route("/note")
        def note() -> str:
            session["seen"] = user.email
            return str(flask_login.login_fresh())

        visitor.get("/enter")
        assert visitor.get("/note").text == "True"
        with visitor.session_transaction() as kept:
            assert dict(kept) == {"seen": "ada@example.com"}

    def test_it_ends_with_the_browser(self, app: Flask, visitor: FlaskClient) -> None:
        visitor.get("/enter")
        marker, kept = visitor.get_cookie("stormpath_fresh"), visitor.get_cookie("stormpath_session")
        assert marker is not None and marker.max_age is None and marker.http_only
        assert kept is not None and kept.max_age is not None
        visitor.delete_cookie("stormpath_fresh")
        assert visitor.get("/asked").text == "True False"

    def test_the_word_of_another_session_does_not_count(self, app: Flask, ada: User) -> None:
        one, other = app.test_client(), app.test_client()
        one.get("/enter")
        other.get("/come-back")
        marker = one.get_cookie("stormpath_fresh")
        assert marker is not None
        other.set_cookie("stormpath_fresh", marker.value)
        assert other.get("/asked").text == "True False"

    def test_what_a_version_of_before_has_kept_in_the_flask_session_does_not_count(
        self, app: Flask, visitor: FlaskClient
    ) -> None:
        visitor.get("/come-back")
        for path, answer in (("/asked", "True False"), ("/only", "False")):
            with visitor.session_transaction() as kept:
                kept.update({"_fresh": True, "_stormpath_fresh_of": "x"})
            assert visitor.get(path).text == answer

    def test_a_forged_word_does_not_count_however_often_it_comes(self, app: Flask, ada: User) -> None:
        one, other = app.test_client(), app.test_client()
        one.get("/enter")
        other.get("/come-back")
        kept = other.get_cookie("stormpath_session")
        marker = one.get_cookie("stormpath_fresh")
        assert kept is not None and marker is not None
        signature = marker.value.rpartition(".")[2]
        other.set_cookie("stormpath_fresh", f"{kept.value.partition('.')[0]}.{signature}")
        assert [other.get("/asked").text for _ in range(3)] == ["True False"] * 3
        other.set_cookie("stormpath_fresh", marker.value)
        assert other.get("/asked").text == "True False"

    def test_the_words_that_are_known_again_are_bounded(self, app: Flask, visitor: FlaskClient) -> None:
        middleware = app.extensions["stormpath"]
        visitor.get("/enter")
        for number in range(MOST_REMEMBERED + 10):
            header = f"stormpath_fresh={number}.{number}; stormpath_fresh={'x' * 200}{number}"
            assert list(middleware.fresh.values({"HTTP_COOKIE": header})) == []
        assert middleware.fresh._read.cache_info().currsize == MOST_REMEMBERED
        assert visitor.get("/fresh").text == "True"

    def test_to_read_it_is_a_look_at_the_flask_session_and_to_be_asked_for_the_user_is_none(
        self, app: Flask, visitor: FlaskClient
    ) -> None:
        looks = []

        class Watched(SecureCookieSessionInterface):
            def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
                looks.append(session.accessed)
                super().save_session(app, session, response)

        app.session_interface = Watched()
        app.add_url_rule("/user", "user", lambda: str(user.email))
        visitor.get("/enter")
        assert visitor.get("/user").vary.as_set(preserve_casing=True) == {"Cookie"}
        assert visitor.get("/asked").text == "True True"
        assert looks[-2:] == [False, True]

    def test_a_page_that_asks_nothing_does_not_vary(self, app: Flask, visitor: FlaskClient) -> None:
        visitor.get("/enter")
        assert "Cookie" not in visitor.get("/plain").vary

    def test_it_ends_with_the_session(self, app: Flask, visitor: FlaskClient) -> None:
        visitor.get("/enter")
        visitor.post("/logout", json={})
        assert visitor.get("/asked").text == "False False"

    def test_it_is_not_the_next_ones(self, app: Flask, visitor: FlaskClient) -> None:
        visitor.get("/enter")
        visitor.get("/come-back")
        assert visitor.get("/asked").text == "True False"
        assert visitor.get("/fresh").status_code == 401


@pytest.mark.parametrize("cookie", ["remember_token", "stormpath_token"])
def test_a_left_over_remember_cookie_does_not_keep_anybody_out(member: FlaskClient, cookie: str) -> None:
    member.set_cookie(cookie, "https://api.stormpath.com/v1/accounts/x|0123")
    assert member.get("/").text == "Hello ada@example.com"


def test_a_left_over_remember_cookie_goes_at_the_sign_out(app: Flask, member: FlaskClient) -> None:
    app.add_url_rule("/leave", "leave", lambda: str(logout_user()))
    member.set_cookie("remember_token", "https://api.stormpath.com/v1/accounts/x|0123")
    member.get("/leave")
    assert member.get_cookie("remember_token") is None
    with member.session_transaction() as kept:
        assert "_remember" not in kept


@pytest.mark.parametrize("protection", ["basic", "strong", None])
def test_a_flask_session_does_not_keep_anybody_out(app: Flask, member: FlaskClient, protection: str | None) -> None:
    app.config["SESSION_PROTECTION"] = protection

    @app.route("/count")
    def count() -> str:
        session.permanent = True
        session["seen"] = session.get("seen", 0) + 1
        return f"{session['seen']} {user.is_authenticated}"

    assert member.get("/count").text == "1 True"
    assert member.get("/count", headers={"User-Agent": "another one"}).text == "2 True"


def test_the_settings_of_the_host_app_stay_as_they_are(app: Flask) -> None:
    """Fault 27 of the old family."""
    assert app.config["PERMANENT_SESSION_LIFETIME"] == dt.timedelta(days=31)
    assert not [name for name in app.config if name.startswith("REMEMBER")]


def test_without_a_middleware_the_visitor_is_a_stranger(app: Flask, ada: User) -> None:
    with app.test_request_context():
        assert not user.is_authenticated
        assert isinstance(app.view_functions["secret"](), BaseResponse)


def test_without_a_middleware_people_can_be_signed_in_for_one_request(app: Flask, ada: User) -> None:
    with app.test_request_context():
        assert login_user(ada)
        assert app.view_functions["secret"]() == "for ada@example.com"
        logout_user()
        assert isinstance(app.view_functions["secret"](), BaseResponse)


def test_the_answer_varies_by_cookie_when_the_user_was_looked_at(app: Flask, visitor: FlaskClient) -> None:
    assert "Cookie" in visitor.get("/").vary


def test_a_streamed_body_knows_its_user(app: Flask, member: FlaskClient) -> None:
    @app.route("/stream")
    def stream() -> Response:
        def lines() -> Iterator[str]:
            for _ in range(2):
                yield f"{user.email}\n"

        return Response(stream_with_context(lines()))

    assert member.get("/stream").text == "ada@example.com\n" * 2


def test_a_directory_that_is_down_makes_nobody_a_stranger(
    app: Flask, ada: User, member: FlaskClient, break_directory: Any
) -> None:
    break_directory(app)
    answer = app.test_client().post("/login", json={"login": "ada@example.com", "password": "x"})
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_a_view_that_cannot_reach_the_directory_answers_503(app: Flask, break_directory: Any) -> None:
    app.add_url_rule("/find", view_func=lambda: User.from_login("ada", "x").email)
    break_directory(app)
    answer = app.test_client().get("/find")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_an_app_may_have_its_own_page_for_503(app: Flask, break_directory: Any) -> None:
    app.add_url_rule("/find", view_func=lambda: User.from_login("ada", "x").email)
    app.register_error_handler(503, lambda error: ("back soon", 503))
    break_directory(app)
    assert app.test_client().get("/find").text == "back soon"


def test_cookies_with_tokens_sign_in_too(
    make_app: Callable[..., Flask], register: Callable[..., User], sign_in: Callable[..., int]
) -> None:
    app = make_app(STORMPATH_COOKIES="tokens")
    register(app)
    first, second = app.test_client(), app.test_client()
    sign_in(first)
    refresh = first.get_cookie("refresh_token")
    assert refresh is not None
    second.set_cookie("refresh_token", refresh.value)
    assert second.get("/secret").text == "for ada@example.com"
    assert second.get_cookie("stormpath_session")
    second.post("/logout")
    assert first.get("/").text == "Hello stranger"
