"""What a signed-in request of a Flask app costs, and what still works while the database is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from support.world import is_mail_thread

import stormpath_wsgi
from flask_stormpath import User, groups_required, user

VIEWS: dict[str, Callable[[], Any]] = {
    "href": lambda: user.get_id(),
    "e-mail": lambda: f"{user.email} {user.given_name} {user.is_active} {user.username} {user.full_name}",
    "repr": lambda: repr(user),
    "groups": lambda: " ".join(group.name for group in user.groups),
    "number of groups": lambda: str(len(user.groups)),
    "membership": lambda: f"{user.has_group('admins')} {user.in_groups(['pilots', 'admins'], all=False)}",
    "decorator": groups_required(["admins"])(lambda: "for admins"),
}


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Everything that any database was asked, but for the look for old mail, which a thread of its own takes."""
    ran: list[str] = []

    def record(*arguments: Any) -> None:
        if not is_mail_thread():
            ran.append(arguments[2])

    event.listen(Engine, "before_cursor_execute", record)
    yield ran
    event.remove(Engine, "before_cursor_execute", record)


@pytest.fixture
def admin(app: Flask, ada: User, member: FlaskClient) -> FlaskClient:
    """A visitor who is signed in and one of the admins."""
    ada.add_group(app.extensions["stormpath"].application.groups.create({"name": "admins"}))
    for name, view in VIEWS.items():
        app.add_url_rule(f"/{name}", name, view)
    return member


@pytest.mark.parametrize("name", VIEWS)
def test_a_signed_in_request_asks_the_database_nothing(admin: FlaskClient, name: str, statements: list[str]) -> None:
    """As in bare WSGI. It asked once for every request."""
    first = admin.get(f"/{name}")
    assert first.status_code == 200
    assert len(statements) > 0, "the generation has moved, so the first one does ask"
    statements.clear()
    assert admin.get(f"/{name}").text == first.text
    assert statements == []


def test_bare_wsgi_asks_nothing_either(admin: FlaskClient, app: Flask, statements: list[str]) -> None:
    def bare(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        who = stormpath_wsgi.user
        return [f"{who.href} {who.email} {[group.name for group in who.groups]}".encode()]

    middleware = stormpath_wsgi.StormpathMiddleware(
        bare, **{name: getattr(app.extensions["stormpath"].settings, name) for name in ("directory", "secret_keys")}
    )
    app.wsgi_app = middleware  # type: ignore[method-assign]
    assert "['admins']" in admin.get("/").text
    statements.clear()
    assert "ada@example.com" in admin.get("/").text
    assert statements == []
    middleware.client.close()


@pytest.mark.parametrize("name", VIEWS)
def test_a_site_serves_who_is_signed_in_while_the_database_is_away(admin: FlaskClient, name: str) -> None:
    expected = admin.get(f"/{name}").text

    def refuse(*arguments: Any) -> None:
        raise ConnectionError("the database is away")

    event.listen(Engine, "before_cursor_execute", refuse)
    try:
        answer = admin.get(f"/{name}")
    finally:
        event.remove(Engine, "before_cursor_execute", refuse)
    assert (answer.status_code, answer.text) == (200, expected)


def test_a_change_in_the_same_request_counts_at_once(admin: FlaskClient, app: Flask) -> None:
    groups = app.extensions["stormpath"].application.groups
    groups.create({"name": "pilots"})

    def join() -> str:
        before = user.has_group("pilots"), len(user.groups)
        user.add_group("pilots")
        return f"{before} {user.has_group('pilots')} {len(user.groups)} {sorted(group.name for group in user.groups)}"

    app.add_url_rule("/join", "join", join)
    assert admin.get("/join").text == "(False, 1) True 2 ['admins', 'pilots']"


@pytest.mark.parametrize("fresh", [True, False])
def test_a_disabled_group_is_one_that_nobody_is_in(admin: FlaskClient, app: Flask, ada: User, fresh: bool) -> None:
    """Whether the answer is remembered or not, and in whatever way the group is named."""
    [group] = ada.groups
    group.status = "DISABLED"
    group.save()

    def view() -> str:
        found = User.at(user.href) if fresh else user
        if fresh:
            app.extensions["stormpath"].client.groups.get(group.href).save()
            user.custom_data["seen"] = True
            user.save()  # moves the generation: nothing is remembered any more
        named: list[Any] = [group, group.href, "admins", {"name": "admins"}]
        return str([found.has_group(each) for each in named])

    app.add_url_rule("/named", "named", view)
    assert admin.get("/named").text == str([False] * 4)


def test_more_than_is_remembered_is_still_fetched(admin: FlaskClient, app: Flask, ada: User) -> None:
    with app.app_context():
        ada.custom_data["colour"] = "blue"
        ada.save()
    app.add_url_rule("/more", "more", lambda: f"{user.custom_data['colour']} {user.directory.name} {user.tenant.name}")
    assert admin.get("/more").text.startswith("blue My Application Directory")


def test_what_a_view_writes_is_no_other_requests_business(admin: FlaskClient, app: Flask) -> None:
    def write() -> str:
        user.given_name = "Augusta"  # and does not save it
        return str(user.given_name)

    app.add_url_rule("/write", "write", write)
    app.add_url_rule("/read", "read", lambda: user.given_name)
    assert admin.get("/write").text == "Augusta"
    assert admin.get("/read").text == "Ada"


def test_a_user_with_more_groups_than_a_page_is_in_each_of_them(app: Flask, ada: User, member: FlaskClient) -> None:
    groups = app.extensions["stormpath"].application.groups
    for number in range(101):
        ada.add_group(groups.create({"name": f"group {number}"}))
    app.add_url_rule("/last", "last", lambda: f"{user.has_groups(f'group {n}' for n in range(101))} {len(user.groups)}")
    assert member.get("/last").text == "True 101"
