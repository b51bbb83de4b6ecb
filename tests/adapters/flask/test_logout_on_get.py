"""Links that sign out, which Flask-Stormpath's apps have: ours lead to a button, unless an app asks for the old way."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient


def test_a_link_leads_to_a_button_and_signs_nobody_out(member: FlaskClient) -> None:
    """Any image on any site could do it (fault 3 of the old family)."""
    page = member.get("/logout")
    assert (page.status_code, "Sign out" in page.text) == (200, True)
    assert member.get("/").text == "Hello ada@example.com"
    token = re.search('name="csrfToken" value="([^"]+)"', page.text)
    assert token
    assert member.post("/logout", data={"csrfToken": token[1]}).location == "/"
    assert member.get("/").text == "Hello stranger"


def test_get_may_be_left_to_the_app(make_app: Any) -> None:
    app = make_app(STORMPATH_WEB_LOGOUT_PAGE=False)
    app.add_url_rule("/logout", "mine", lambda: "mine")
    assert app.test_client().get("/logout").text == "mine"
    assert app.test_client().post("/logout").location == "/"


def test_an_old_app_may_ask_for_it(make_app: Any, register: Any, sign_in: Any) -> None:
    app = make_app(STORMPATH_LOGOUT_ON_GET=True, STORMPATH_WEB_LOGOUT_NEXTURI="/bye")
    register(app)
    visitor = app.test_client()
    sign_in(visitor)
    answer = visitor.get("/logout", environ_overrides={"SCRIPT_NAME": "/shop"})
    assert (answer.status_code, answer.location) == (302, "/shop/bye")
    assert answer.headers["Cache-Control"] == "no-store"
    assert visitor.get("/").text == "Hello stranger"


def test_then_a_stranger_may_sign_out_too(make_app: Any) -> None:
    visitor = make_app(STORMPATH_LOGOUT_ON_GET=True).test_client()
    assert visitor.get("/logout").location == "/"
    assert visitor.post("/logout").status_code in (200, 302)


def test_one_that_cannot_be_written_says_that_the_session_may_live_on(
    make_app: Any, register: Any, sign_in: Any
) -> None:
    """The cookie is gone, so to try again would not help."""
    app = make_app(STORMPATH_LOGOUT_ON_GET=True)
    register(app)
    visitor = app.test_client()
    sign_in(visitor)
    with closing(sqlite3.connect(Path(app.instance_path, "accounts.db"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = visitor.get("/logout")
    assert answer.status_code == 503
    assert "may live on" in answer.text
    assert "Retry-After" not in answer.headers
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
