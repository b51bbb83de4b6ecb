"""The user: an account with Flask-Login's manners."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from flask_login import AnonymousUserMixin
from support.silent import look, silent_client

from flask_stormpath import StormpathError, User, current_user, login_user, user, user_context_processor
from stormpath_wsgi.client import Account

pytestmark = pytest.mark.parametrize("place", ["embedded", "another machine"])


def test_a_user_is_an_account(app: Flask, ada: User) -> None:
    with app.app_context():
        assert isinstance(ada, User)
        assert isinstance(ada, Account)
        assert (ada.given_name, ada.surname, ada.middle_name) == ("Ada", "Lovelace", None)
        assert ada.username == ada.email == "ada@example.com"
        assert dict(ada.custom_data).keys() == {"created_at", "modified_at"}


def test_everything_about_a_user_may_be_given(app: Flask) -> None:
    friends = {"friends": ["Charles"], "place": {"city": "London", "likes": 9.5}}
    with app.app_context():
        ada = User.create(
            "ada@example.com", "Analytical Engine 1843", "Ada", "Lovelace", "ada", "King", friends, User.STATUS_DISABLED
        )
        found = User.at(ada.href)
        assert (found.username, found.middle_name, found.status) == ("ada", "King", "DISABLED")
        moments = {name: found.custom_data[name] for name in ("created_at", "modified_at")}
        assert dict(found.custom_data) == {**friends, **moments}


def test_a_user_that_cannot_be_made_is_an_error(app: Flask, ada: User) -> None:
    with app.app_context(), pytest.raises(StormpathError) as refused:
        User.create("ada@example.com", "Analytical Engine 1843", "Ada", "Lovelace")
    assert refused.value.status == 409


@pytest.mark.parametrize("login", ["ada", "ada@example.com"])
def test_a_user_is_found_by_login_and_password(app: Flask, register: object, login: str) -> None:
    with app.app_context():
        ada = User.create("ada@example.com", "Analytical Engine 1843", "Ada", "Lovelace", "ada")
        found = User.from_login(login, "Analytical Engine 1843")
        assert isinstance(found, User)
        assert found == ada
        with pytest.raises(StormpathError):
            User.from_login(login, "Analytical Engine 1844")


def test_a_user_by_login_stays_tied_to_the_password_that_was_proved(app: Flask, ada: User) -> None:
    with app.app_context():
        ada.password = "Analytical Engine 1843"
        ada.save()
        found = User.from_login("ada@example.com", "Analytical Engine 1843")
        ada.password = "Difference Engine 1822"
        ada.save()
        assert found.password_modified_at != ada.password_modified_at, "or a session could be had with the old one"


def test_a_user_has_what_flask_login_asks_for(app: Flask, ada: User) -> None:
    with app.app_context():
        assert ada.get_id() == ada.href
        assert ada.is_active
        assert ada.is_authenticated
        assert not ada.is_anonymous


@pytest.mark.parametrize("status", [User.STATUS_DISABLED, User.STATUS_UNVERIFIED])
def test_a_status_counts_before_it_is_saved(app: Flask, ada: User, status: str) -> None:
    with app.app_context():
        ada.status = status
        assert not ada.is_active


def test_a_user_shows_its_name_and_href(app: Flask, ada: User) -> None:
    with app.app_context():
        assert repr(ada) == f'User <"ada@example.com" ("{ada.href}")>'


def test_to_look_at_a_user_asks_for_nothing(place: str) -> None:
    href = "https://id.example/v1/accounts/7q"
    lazy = User(silent_client(), href)
    look(lazy, User(silent_client(), f"{href}x"))
    assert repr(lazy) == f'User <("{href}")>'
    assert lazy == Account(silent_client(), href)


def test_changes_are_saved_custom_data_too(app: Flask, ada: User) -> None:
    with app.app_context():
        ada.given_name = "Augusta"
        ada.custom_data["colour"] = "blue"
        ada.save()
        found = User.at(ada.href)
        assert (found.given_name, found.custom_data["colour"]) == ("Augusta", "blue")


def test_a_deleted_user_is_gone(app: Flask, ada: User) -> None:
    with app.app_context():
        ada.delete()
        with pytest.raises(StormpathError):
            User.from_login("ada@example.com", "Analytical Engine 1843")


def test_the_user_of_a_view_is_the_same_under_all_its_names(app: Flask, member: FlaskClient) -> None:
    with member:
        member.get("/")
        assert isinstance(user._get_current_object(), User)
        assert user == current_user
        assert user.groups.size == 0


def test_a_stranger_is_flask_logins_anonymous_user(app: Flask, visitor: FlaskClient) -> None:
    with visitor:
        visitor.get("/")
        assert isinstance(user._get_current_object(), AnonymousUserMixin)
        assert not user.is_authenticated


def test_a_template_sees_the_user(app: Flask, member: FlaskClient) -> None:
    app.add_url_rule(
        "/page", view_func=lambda: render_template_string("{{ user.email }}, {{ current_user.given_name }}")
    )
    assert member.get("/page").text == "ada@example.com, Ada"


def test_the_context_processor_says_user_and_nothing_else(app: Flask) -> None:
    with app.test_request_context():
        assert user_context_processor().keys() == {"user"}


def test_a_template_may_be_rendered_outside_of_a_request(app: Flask) -> None:
    with app.app_context():
        assert render_template_string("{{ 'in' if user.is_authenticated else 'out' }}") == "out"


def test_what_were_methods_once_may_still_be_called(app: Flask, ada: User) -> None:
    """Until Flask-Login 0.3 they were; apps of that time write is_authenticated()."""
    stranger: Any = app.login_manager.anonymous_user  # type: ignore[attr-defined]
    with app.test_request_context():
        for who, expected in ((ada, [True, True, False]), (stranger(), [False, False, True])):
            flags: list[Any] = [getattr(who, name) for name in ("is_authenticated", "is_active", "is_anonymous")]
            assert flags == expected
            assert f"{flags}" == f"{expected}"
            with pytest.warns(DeprecationWarning, match="leave the brackets out"):
                assert [flag() for flag in flags] == expected


def test_an_account_becomes_a_user_by_its_class(app: Flask, ada: User) -> None:
    with app.app_context():
        account: Account = app.extensions["stormpath"].client.accounts.get(ada.href)
        account.__class__ = User
        assert isinstance(account, User)
        assert account.get_id() == ada.href
        assert account.is_active
    with app.test_request_context():
        login_user(ada)
        assert user.__class__ is User


def test_a_user_names_what_can_be_changed(app: Flask, ada: User) -> None:
    with app.app_context():
        assert {"given_name", "custom_data", "password"} <= set(ada.writable_attrs)
        for name in ("given_name", "middle_name", "surname", "username"):
            assert name in ada.writable_attrs
            setattr(ada, name, "Augusta")
        ada.save()


@pytest.mark.parametrize("make", [User.from_google, User.from_facebook])
def test_users_of_other_sites_are_an_error_of_the_directory(app: Flask, make: Any) -> None:
    with app.app_context(), pytest.raises(StormpathError) as refused:
        make("code")
    assert (refused.value.status, refused.value.code) == (400, 5201)


@pytest.mark.parametrize("token", [None, "", "no-such-token"])
def test_a_token_that_is_none_is_one_that_is_not_found(app: Flask, token: Any) -> None:
    """Views pass on what the query has, and that may be nothing."""
    middleware = app.extensions["stormpath"]
    application, accounts = middleware.application, middleware.client.accounts
    for use in (
        application.verify_password_reset_token,
        lambda token: application.reset_account_password(token, "Difference Engine 1822"),
        accounts.verify_email_token,
    ):
        with pytest.raises(StormpathError) as refused:
            use(token)
        assert refused.value.status == 404
