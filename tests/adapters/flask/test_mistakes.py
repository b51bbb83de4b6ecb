"""Mistakes of whoever builds a Flask app: each is told in a sentence that says what to write."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, Flask

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
