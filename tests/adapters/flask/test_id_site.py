"""A Flask app whose people sign in on the pages of an ID Site."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest


@pytest.mark.parametrize("path", ["/login", "/register"])
def test_its_pages_lead_there(make_app: Any, path: str) -> None:
    visitor = make_app(STORMPATH_WEB_IDSITE_ENABLED=True).test_client()
    answer = visitor.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, urlsplit(answer.location).path) == (302, "/sso")
    assert "stormpath_id_site" in answer.headers["Set-Cookie"]
    assert visitor.post(path, data={"login": "ada", "password": "x"}).status_code == 404


@pytest.mark.parametrize("on_get", [False, True])
def test_a_sign_out_leads_there(make_app: Any, on_get: bool) -> None:
    app = make_app(STORMPATH_WEB_IDSITE_ENABLED=True, STORMPATH_LOGOUT_ON_GET=on_get)
    send = app.test_client().get if on_get else app.test_client().post
    answer = send("/logout", headers={"Accept": "text/html"})
    assert (answer.status_code, urlsplit(answer.location).path) == (302, "/sso/logout")


def test_what_comes_back_and_is_no_good_is_a_page(make_app: Any) -> None:
    visitor = make_app(STORMPATH_WEB_IDSITE_ENABLED=True).test_client()
    answer = visitor.get("/stormpathCallback?jwtResponse=a.b.c")
    assert (answer.status_code, answer.mimetype) == (401, "text/html")
