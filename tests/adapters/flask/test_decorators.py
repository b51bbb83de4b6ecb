"""Who reaches a view."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from flask_login import current_user
from support.second_factors import Phone

from flask_stormpath import User, groups_required, login_required, second_factor_required
from stormpath_wsgi.adapting import REFUSED_BY

pytestmark = [
    pytest.mark.usefixtures("place"),
    pytest.mark.parametrize("place", ["embedded", "another machine"]),
]


def add_view(app: Flask, *groups: Any, all: bool = True, path: str = "/view") -> None:
    @app.route(path, endpoint=path)
    @groups_required(groups, all=all)
    def view() -> str:
        return "in"


def make_group(app: Flask, name: str) -> Any:
    return app.extensions["stormpath"].application.groups.create({"name": name})


@pytest.mark.parametrize("path", ["/secret", "/admin"])
def test_a_stranger_is_sent_to_the_login_page_and_back(visitor: FlaskClient, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 302
    assert answer.location == f"/login?next=%2F{path[1:]}"


def test_who_is_signed_in_reaches_a_view_that_asks_for_login(member: FlaskClient) -> None:
    assert member.get("/secret").text == "for ada@example.com"


def test_who_is_not_in_the_group_is_sent_to_the_login_page(app: Flask, member: FlaskClient) -> None:
    make_group(app, "admins")
    assert member.get("/admin").location == "/login?next=%2Fadmin&status=forbidden"


def test_who_looks_for_the_reason_finds_the_policy(app: Flask, member: FlaskClient) -> None:
    make_group(app, "admins")
    policies, inner = [], app.wsgi_app

    def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = inner(environ, start_response)
        policies.append(environ.get(REFUSED_BY))
        return answer

    app.wsgi_app = outer  # type: ignore[method-assign]
    member.get("/admin")
    member.get("/secret")
    assert [None if policy is None else policy.groups for policy in policies] == [("admins",), None]


@pytest.mark.parametrize("send_on", [False, True])
def test_the_login_page_then_says_that_this_account_may_not_see_the_page(
    make_app: Any, register: Any, sign_in: Any, send_on: bool
) -> None:
    """It showed a bare form. Nor does it send back whom a view has sent there (fault 28 of the old family)."""
    app = make_app(STORMPATH_WEB_LOGIN_SENDON=send_on, STORMPATH_LOGIN_URL="/käse")
    register(app)
    visitor = app.test_client()
    login = {"login": "ada@example.com", "password": "Analytical Engine 1843"}
    assert visitor.post("/käse", json=login).status_code == 200
    answer = visitor.get("/admin", follow_redirects=True, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert answer.request.path == "/käse"
    assert '<bdi dir="ltr">ada@example.com</bdi>' in answer.text
    assert "That account has no access to the page you asked for." in answer.text


def test_below_a_mount_point_it_says_so_too(app: Flask, member: FlaskClient) -> None:
    answer = member.get("/admin", environ_overrides={"SCRIPT_NAME": "/shop"})
    assert answer.location == "/shop/login?next=%2Fshop%2Fadmin&status=forbidden"


def test_a_login_view_of_the_apps_own_is_told_nothing(app: Flask, member: FlaskClient) -> None:
    app.stormpath_manager.login_view = "/my-login"  # type: ignore[attr-defined]
    assert member.get("/admin").location == "/my-login?next=%2Fadmin"


def test_a_stranger_is_not_told_that_he_may_not(app: Flask, visitor: FlaskClient) -> None:
    assert visitor.get("/admin").location == "/login?next=%2Fadmin"


def test_an_app_may_say_403_to_who_is_not_in_the_group(make_app: Any, register: Any, sign_in: Any) -> None:
    app = make_app(STORMPATH_GROUPS_REDIRECT=False)
    app.register_error_handler(403, lambda error: ("not for you", 403))
    register(app)
    visitor = app.test_client()
    assert visitor.get("/admin").status_code == 302
    sign_in(visitor)
    assert visitor.get("/admin").text == "not for you"


def test_a_membership_counts_from_the_next_request_on(app: Flask, ada: User, member: FlaskClient) -> None:
    admins = make_group(app, "admins")
    assert member.get("/admin").status_code == 302
    membership = ada.add_group(admins)
    assert member.get("/admin").text == "for admins"
    membership.delete()
    assert member.get("/admin").status_code == 302


@pytest.mark.parametrize("named", [lambda group: group, lambda group: group.name, lambda group: group.href])
def test_a_group_may_be_an_object_a_name_or_an_href(
    app: Flask, ada: User, member: FlaskClient, named: Callable[[Any], Any]
) -> None:
    pilots = make_group(app, "pilots")
    ada.add_group(pilots)
    add_view(app, named(pilots))
    assert member.get("/view").text == "in"


def test_all_groups_are_needed_unless_any_is_enough(app: Flask, ada: User, member: FlaskClient) -> None:
    ada.add_group(make_group(app, "pilots"))
    make_group(app, "poets")
    add_view(app, "pilots", "poets")
    add_view(app, "pilots", "poets", all=False, path="/any")
    assert member.get("/view").status_code == 302
    assert member.get("/any").status_code == 200


@pytest.mark.parametrize("all", [True, False])
@pytest.mark.parametrize("groups", [[], ["no such group"], ["https://localhost/v1/groups/none"]])
def test_nobody_is_in_no_group(app: Flask, member: FlaskClient, groups: list[str], all: bool) -> None:
    add_view(app, *groups, all=all)
    assert member.get("/view").status_code == 302


def test_a_group_of_another_directory_is_another_group_whatever_its_name(
    app: Flask, ada: User, member: FlaskClient
) -> None:
    client = app.extensions["stormpath"].client
    theirs = client.directories.create({"name": "Theirs"}).groups.create({"name": "admins"})
    ada.add_group(make_group(app, "admins"))
    add_view(app, theirs)
    assert member.get("/admin").status_code == 200
    assert member.get("/view").status_code == 302


def test_one_group_is_still_a_list() -> None:
    with pytest.raises(TypeError, match="list of groups"):
        groups_required("admins")


def test_an_app_decides_what_who_may_not_pass_gets(app: Flask, member: FlaskClient) -> None:
    app.login_manager.unauthorized_handler(lambda: abort(418))  # type: ignore[attr-defined]
    assert member.get("/admin").status_code == 418
    assert app.test_client().get("/secret").status_code == 418


def test_without_a_login_view_a_stranger_gets_401(make_app: Any) -> None:
    app = make_app(STORMPATH_ENABLE_LOGIN=False)
    assert app.test_client().get("/secret").status_code == 401


@pytest.mark.parametrize("mode", [{}, {"TESTING": True}, {"DEBUG": True}])
def test_login_disabled_opens_views_whenever_it_is_true(make_app: Any, mode: dict[str, bool]) -> None:
    app = make_app(**{"TESTING": False, **mode, "LOGIN_DISABLED": True})
    visitor = app.test_client()
    assert visitor.get("/admin").text == "for admins"
    app.config["LOGIN_DISABLED"] = False
    assert visitor.get("/admin").status_code == 302


@pytest.mark.parametrize("value", [False, None, "false", "True", 0])
def test_login_disabled_opens_nothing_unless_it_is_true(app: Flask, visitor: FlaskClient, value: object) -> None:
    app.config["LOGIN_DISABLED"] = value
    assert visitor.get("/admin").status_code == 302


@pytest.mark.parametrize("when", ["at the start", "later"])
def test_that_a_site_is_open_is_said_once(make_app: Any, caplog: pytest.LogCaptureFixture, when: str) -> None:
    app = make_app(TESTING=False, LOGIN_DISABLED=when == "at the start")
    app.config["LOGIN_DISABLED"] = True
    for _ in range(2):
        assert app.test_client().get("/admin").status_code == 200
    assert [record.levelname for record in caplog.records if "open to the world" in record.message] == ["WARNING"]


@pytest.mark.parametrize("mode", ["TESTING", "DEBUG"])
def test_in_a_test_nobody_is_told_that_the_site_is_open(
    make_app: Any, caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    app = make_app(**{"TESTING": False, mode: True, "LOGIN_DISABLED": True})
    assert app.test_client().get("/admin").status_code == 200
    assert "open to the world" not in caplog.text


def test_testing_alone_opens_nothing(visitor: FlaskClient) -> None:
    """It did in Flask-Login 0.3 (fault 61 of the old family)."""
    assert visitor.application.testing
    assert visitor.get("/secret").status_code == 302


def test_a_view_keeps_its_name_and_its_arguments(app: Flask, member: FlaskClient) -> None:
    @app.route("/hello/<name>")
    @login_required
    def greet(name: str) -> str:
        """Says hello."""
        return f"{current_user.given_name} meets {name}"

    assert (greet.__name__, greet.__doc__) == ("greet", "Says hello.")
    assert member.get("/hello/Charles").text == "Ada meets Charles"


def test_a_second_factor_is_asked_for_in_the_session(app: Flask, member: FlaskClient) -> None:
    @app.route("/vault")
    @second_factor_required
    def vault() -> str:
        return "in"

    assert app.test_client().get("/vault").location == "/login?next=%2Fvault"
    page = {"Accept": "text/html"}
    assert member.get("/vault?a=1", headers=page).location == "/factor?next=%2Fvault%3Fa%3D1"
    assert member.get("/vault", headers={"Accept": "application/json"}).status_code == 403
    (account,) = app.extensions["stormpath"].application.accounts
    Phone(account)
    asked = member.get("/factor?next=%2Fvault", headers=page)
    assert "Enter your code" in asked.text
    with pytest.raises(TypeError, match="goes above a view function"):
        second_factor_required("vault")  # type: ignore[arg-type]
