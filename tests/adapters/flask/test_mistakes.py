"""Mistakes of whoever builds a Flask app: each is told in a sentence that says what to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, url_for
from flask_login import LoginManager

from flask_stormpath import StormpathManager, User, groups_required, login_required, user
from flask_stormpath.errors import ConfigurationError
from stormpath_wsgi import StormpathMiddleware


@pytest.mark.parametrize(
    "view", [login_required(lambda: "x"), groups_required(["x"])(lambda: "x"), lambda: user.email, lambda: User.at("x")]
)
def test_an_app_without_a_manager_is_told_what_is_missing(view: Any) -> None:
    app = Flask("shop")
    app.testing = True
    app.add_url_rule("/", view_func=view, endpoint="view")
    with pytest.raises(RuntimeError, match=r"'shop' has no StormpathManager: write StormpathManager\(app\)"):
        app.test_client().get("/")


def test_outside_of_a_request_there_is_no_user(app: Flask) -> None:
    for context in (app.app_context(), None):
        if context is not None:
            context.push()
        with pytest.raises(RuntimeError, match="No request is being served here, so there is no user"):
            user.email  # noqa: B018
        assert not user
        assert "unbound" in repr(user)
        if context is not None:
            context.pop()


@pytest.mark.parametrize("thing", ["shop", Blueprint("shop", "shop"), lambda environ, start_response: []])
def test_a_manager_takes_a_flask_app(thing: Any) -> None:
    with pytest.raises(ConfigurationError, match="is no Flask app"):
        StormpathManager(thing)


@pytest.mark.parametrize("view", [None, "view"])
def test_a_decorator_goes_above_a_function(view: Any) -> None:
    for decorator in (login_required, groups_required(["admins"])):
        with pytest.raises(TypeError, match="goes above a view function"):
            decorator(view)


@pytest.mark.parametrize("groups", ["admins", lambda: "x"])
def test_groups_are_a_list(groups: Any) -> None:
    with pytest.raises(TypeError, match=r"write groups_required\(\[…\]\)"):
        groups_required(groups)


@pytest.mark.parametrize("inside", [lambda app: app, lambda app: app.wsgi_app])
def test_a_middleware_around_an_app_with_a_manager_is_refused(bare_app: Any, inside: Any) -> None:
    app = bare_app(STORMPATH_DIRECTORY="sqlite://")
    StormpathManager(app)
    with pytest.raises(ConfigurationError, match="around this application already"):
        StormpathMiddleware(inside(app), directory="sqlite://")
    app.extensions["stormpath"].client.close()


def test_a_manager_of_an_app_with_a_middleware_is_refused(bare_app: Any) -> None:
    app = bare_app(STORMPATH_DIRECTORY="sqlite://")
    app.wsgi_app = StormpathMiddleware(app.wsgi_app, directory="sqlite://")
    with pytest.raises(ConfigurationError, match="around this application already"):
        StormpathManager(app)
    app.wsgi_app.client.close()


@pytest.mark.parametrize("name", ["stormpath", "flask_stormpath"])
def test_a_blueprint_with_the_name_of_ours_is_refused(bare_app: Any, name: str) -> None:
    app = bare_app(STORMPATH_DIRECTORY="sqlite://")
    app.register_blueprint(Blueprint(name, __name__))
    with pytest.raises(ConfigurationError, match=f"'shop' has a blueprint '{name}'.*give the app's another name"):
        StormpathManager(app)


def test_a_second_manager_is_told_what_to_write(app: Flask) -> None:
    with pytest.raises(ConfigurationError, match=r"has a StormpathManager already: write .* and not both"):
        StormpathManager(app)


def test_a_login_manager_of_before_is_replaced_and_told_of(bare_app: Any, caplog: pytest.LogCaptureFixture) -> None:
    app = bare_app(STORMPATH_DIRECTORY="sqlite://")
    LoginManager(app)
    StormpathManager(app)
    assert "has a LoginManager already, and ours takes its place" in caplog.text
    assert app.login_manager.login_view == "stormpath.login"
    app.extensions["stormpath"].client.close()


def test_a_login_manager_in_the_place_of_ours_is_refused_at_the_first_request(app: Flask) -> None:
    LoginManager(app)
    with pytest.raises(ConfigurationError, match=r"take LoginManager\(app\), or its init_app\(app\), out"):
        app.test_client().get("/")


@pytest.mark.parametrize("path", ["/account", "/me", "/verify", "/oauth/token"])
def test_a_page_that_flask_stormpath_had_not_makes_room_for_a_view_of_the_app(app: Flask, path: str) -> None:
    app.add_url_rule(path, "mine", lambda: "mine")
    assert app.test_client().get(path, headers={"Accept": "text/html"}).text == "mine"


def test_a_view_that_is_older_than_the_manager_stays(bare_app: Any) -> None:
    """As with Flask-Stormpath, whose views were asked in the order in which they were made."""
    app = bare_app(STORMPATH_DIRECTORY="sqlite://", STORMPATH_PROTECT={"/login": "login"})
    app.add_url_rule("/login", "mine", lambda: "mine")
    app.add_url_rule("/<name>", "any", lambda name: name)
    StormpathManager(app)
    app.add_url_rule("/register", "late", lambda: "late")
    visitor = app.test_client()
    assert visitor.get("/login").status_code == 401, "and whatever guards its path holds"
    assert "<form" in visitor.get("/register").text
    with app.test_request_context():
        assert url_for("stormpath.login") == "/login"
    app.extensions["stormpath"].client.close()


@pytest.mark.parametrize("host_matching", [False, True])
def test_a_view_where_proxies_ask_who_may_pass_is_refused(tmp_path: Path, *, host_matching: bool) -> None:
    static = "static.example.com" if host_matching else None
    app = Flask("shop", instance_path=str(tmp_path), host_matching=host_matching, static_host=static)
    app.config.update(SECRET_KEY="a secret of the tests that is long enough", STORMPATH_DIRECTORY="sqlite://")
    app.config["STORMPATH_WEB_FORWARDAUTH_ENABLED"] = True
    app.testing = True
    StormpathManager(app)
    app.add_url_rule("/auth/check", "mine", lambda: "mine", host="desk.example.com" if host_matching else None)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="'mine' at /auth/check, where proxies ask who may pass: move"):
            app.test_client().get("/auth/check", base_url="http://desk.example.com")
    app.extensions["stormpath"].client.close()


def test_a_view_for_one_host_is_not_reached_past_a_policy(tmp_path: Path) -> None:
    app = Flask("shop", instance_path=str(tmp_path), host_matching=True, static_host="static.example.com")
    app.config.update(SECRET_KEY="a secret of the tests that is long enough", STORMPATH_DIRECTORY="sqlite://")
    app.config["STORMPATH_PROTECT"] = {"/": "login"}
    StormpathManager(app)
    app.add_url_rule("/login", "mine", lambda: "mine", host="desk.example.com")
    visitor = app.test_client()
    for host in ("desk", "shop"):
        page = visitor.get("/login", base_url=f"http://{host}.example.com", headers={"Accept": "text/html"})
        assert (page.status_code, "<form" in page.text) == (200, True)
    app.extensions["stormpath"].client.close()


def test_a_user_of_the_apps_own_is_told_of(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    app.jinja_env.globals["user"] = "mine"
    app.test_client().get("/")
    assert "give that another name" in caplog.text
