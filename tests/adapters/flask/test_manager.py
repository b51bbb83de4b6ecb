"""The extension object: one for several apps, its client, its login view, and how it loads a user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, url_for

from flask_stormpath import Client, StormpathManager, User
from flask_stormpath.errors import ConfigurationError
from stormpath_wsgi.errors import Unavailable


def test_it_takes_an_app_at_once(bare_app: Callable[..., Flask]) -> None:
    app = bare_app()
    manager = StormpathManager(app)
    assert manager.app is app
    assert app.stormpath_manager is manager  # type: ignore[attr-defined]
    app.extensions["stormpath"].client.close()


def test_it_takes_an_app_later(make_app: Any) -> None:
    manager = StormpathManager()
    assert manager.app is None
    app = make_app(manager=manager)
    assert manager.app is app


def test_an_app_has_one_manager(app: Flask) -> None:
    with pytest.raises(ConfigurationError, match="already"):
        StormpathManager(app)


def test_one_manager_serves_several_apps_each_with_its_own_accounts(make_app: Any, register: Any, sign_in: Any) -> None:
    """It read the configuration of the last one (fault 42 of the old family)."""
    manager = StormpathManager()
    shop, blog = make_app("shop", manager=manager), make_app("blog", manager=manager, STORMPATH_LOGIN_URL="/sign-in")
    register(shop)
    with shop.app_context():
        assert [account.email for account in manager.application.accounts] == ["ada@example.com"]
        shops = manager.client
    with blog.app_context():
        assert len(manager.application.accounts) == 0
        assert manager.client is not shops
    assert sign_in(shop.test_client()) == 200
    assert shop.test_client().get("/secret").location.startswith("/login?")
    assert blog.test_client().get("/secret").location.startswith("/sign-in?")


def test_a_session_of_one_app_is_nothing_to_another(make_app: Any, register: Any, sign_in: Any) -> None:
    shop, blog = make_app("shop"), make_app("blog")
    register(shop)
    register(blog)
    visitor = shop.test_client()
    sign_in(visitor)
    cookie = visitor.get_cookie("stormpath_session")
    assert cookie is not None
    thief = blog.test_client()
    thief.set_cookie("stormpath_session", cookie.value)
    assert thief.get("/").text == "Hello stranger"


def test_the_client_is_made_once_and_belongs_to_the_app(app: Flask) -> None:
    manager = app.stormpath_manager  # type: ignore[attr-defined]
    with app.app_context():
        assert isinstance(manager.client, Client)
        assert manager.client is manager.client
        assert manager.application.name == "My Application"
    with pytest.raises(RuntimeError):
        manager.client  # noqa: B018


def test_an_empty_directory_gets_the_application_that_the_settings_name(bare_app: Callable[..., Flask]) -> None:
    app = bare_app(STORMPATH_APPLICATION="Shop")
    manager = StormpathManager(app)
    with app.app_context():
        assert manager.application.name == "Shop"
        manager.client.close()


def test_the_endpoints_of_the_pages_have_addresses(app: Flask) -> None:
    with app.test_request_context():
        assert url_for("stormpath.login") == "/login"
        assert url_for("stormpath.register") == "/register"
        assert url_for("stormpath.logout") == "/logout"


def test_the_addresses_of_the_pages_follow_the_mount_point(app: Flask) -> None:
    answer = app.test_client().get("/secret", environ_overrides={"SCRIPT_NAME": "/shop"})
    assert answer.location == "/shop/login?next=%2Fshop%2Fsecret"


def test_the_login_view_is_flask_logins(app: Flask) -> None:
    manager = app.stormpath_manager  # type: ignore[attr-defined]
    assert manager.login_view == app.login_manager.login_view == "stormpath.login"  # type: ignore[attr-defined]
    manager.login_view = "/elsewhere"
    assert app.test_client().get("/secret").location == "/elsewhere?next=%2Fsecret"


def test_the_login_view_may_be_a_function(app: Flask) -> None:
    manager = app.stormpath_manager  # type: ignore[attr-defined]

    @app.route("/my-login", endpoint="mine")
    def my_login() -> str:
        return "mine"

    manager.login_view = my_login
    assert app.test_client().get("/secret").location == "/my-login?next=%2Fsecret"


def test_the_login_view_may_be_a_function_that_is_registered_later(app: Flask) -> None:
    def my_login() -> str:
        return "mine"

    with app.app_context():
        app.stormpath_manager.login_view = my_login  # type: ignore[attr-defined]
    app.add_url_rule("/my-login", view_func=my_login)
    assert app.test_client().get("/secret").location == "/my-login?next=%2Fsecret"


def test_the_login_view_belongs_to_the_current_app(make_app: Any) -> None:
    manager = StormpathManager()
    shop, blog = make_app("shop", manager=manager), make_app("blog", manager=manager)
    with shop.app_context():
        manager.login_view = "/elsewhere"
    assert blog.test_client().get("/secret").location.startswith("/login?")
    assert shop.test_client().get("/secret").location.startswith("/elsewhere?")


def test_a_manager_without_an_app_says_so() -> None:
    with pytest.raises(RuntimeError, match="init_app"):
        StormpathManager().login_view  # noqa: B018


def test_load_user_finds_an_account_by_its_href(app: Flask, ada: User) -> None:
    with app.app_context():
        found = StormpathManager.load_user(ada.href)
        assert isinstance(found, User)
        assert found.email == "ada@example.com"


@pytest.mark.parametrize(
    "href", ["https://localhost/v1/accounts/none", "https://elsewhere.example/accounts/x", "none", "", None, 5]
)
def test_load_user_finds_nobody_elsewhere(app: Flask, href: Any) -> None:
    with app.app_context():
        assert StormpathManager.load_user(href) is None


def test_load_user_finds_no_account_in_a_group(app: Flask) -> None:
    group = app.extensions["stormpath"].application.groups.create({"name": "admins"})
    with app.app_context():
        assert StormpathManager.load_user(group.href) is None


@pytest.mark.parametrize("status", ["DISABLED", "UNVERIFIED"])
def test_load_user_does_not_load_who_may_not_sign_in(app: Flask, ada: User, status: str) -> None:
    """Fault 9 of the old family."""
    with app.app_context():
        ada.status = status
        ada.save()
        assert StormpathManager.load_user(ada.href) is None


def test_load_user_says_that_the_directory_is_down(app: Flask, ada: User, break_directory: Any) -> None:
    with app.app_context():
        break_directory(app)
        with pytest.raises(Unavailable):
            StormpathManager.load_user(ada.href)
