"""Requests to an ID Site that are wrong: nobody is sent anywhere by them, and nothing fails."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from id_site.conftest import BACK, Hosted, Visitor
from webtest import TestApp  # type: ignore[import-untyped]

from stormpath_wsgi import jwt
from stormpath_wsgi.id_site.asked import NotAsked, Requests
from stormpath_wsgi.id_site.kept import LONGEST

NOW = time.time()

WRONG: dict[str, dict[str, Any]] = {
    "an address that is not listed": {"cb_uri": "https://evil.example/back"},
    "an address that begins with one": {"cb_uri": f"{BACK}/more"},
    "an address with a query that is not listed": {"cb_uri": f"{BACK}?x=1"},
    "no address": {"cb_uri": None},
    "an address that is none": {"cb_uri": ["https://shop.example.com/back"]},
    "a very long address": {"cb_uri": "https://shop.example.com/" + "a" * 3000},
    "an application of nobody": {"sub": "https://id.example.org/v1/applications/nobody"},
    "an application elsewhere": {"sub": "https://evil.example/v1/applications/1"},
    "a directory": {"sub": "https://id.example.org/v1/directories/1"},
    "no application": {"sub": None},
    "another API key": {"iss": "nobody"},
    "no API key": {"iss": None},
    "an API key that is no text": {"iss": 7},
    "no id": {"jti": None},
    "an id that is no text": {"jti": 7},
    "no time": {"iat": None},
    "a time long ago": {"iat": NOW - 700},
    "a time in the future": {"iat": NOW + 3600},
    "a time that is none": {"iat": "now"},
    "an endless time": {"iat": float("inf")},
    "no time at all": {"iat": float("nan")},
    "another secret": {"secret": "x" * 43},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG)
def test_a_wrong_request_is_a_page_and_leads_nowhere(hosted: Hosted, visitor: Visitor, claims: dict[str, Any]) -> None:
    for logout in (False, True):
        refused = visitor.get(hosted.asking(logout=logout, **claims), status=400)
        assert "cannot be used" in refused or "too old" in refused
        assert "Location" not in refused.headers and "evil" not in refused


def test_an_application_that_is_disabled_has_no_pages(hosted: Hosted, visitor: Visitor) -> None:
    application = hosted.new_application("Closed")
    page = visitor.ask(sub=application.href)
    application.status = "DISABLED"
    application.save()
    assert visitor.ask(sub=application.href).status_int == 400
    assert page.status_int == 200  # while it was not


def test_an_application_without_addresses_has_no_pages(hosted: Hosted, visitor: Visitor) -> None:
    application = hosted.client.applications.create({"name": "Without"})
    id = application.href.rpartition("/")[2]
    assert visitor.ask(sub=application.href).status_int == 400
    assert visitor.get(f"/sso/{id}/login", status="*").status_int == 404


def test_a_request_counts_once_and_in_one_browser(hosted: Hosted, visitor: Visitor) -> None:
    address = hosted.asking()
    assert visitor.follow(address).status_int == 200
    assert visitor.follow(address).request.path.endswith("/login")  # the same browser may load it again
    other = hosted.visitor().follow(address)
    assert other.status_int == 400 and "used before" in other


def test_an_answer_is_given_once(hosted: Hosted, visitor: Visitor) -> None:
    page = visitor.ask()
    hosted.told(visitor.sign_in(page, hosted.account()))
    assert "You are signed in" in visitor.follow(page.request.url)


def test_what_the_browser_keeps_is_good_there_only(hosted: Hosted, visitor: Visitor) -> None:
    first, second = visitor.get(hosted.asking()), visitor.get(hosted.asking())
    path = second.headers["Location"]
    for cookie in (
        first.headers["Set-Cookie"].partition(";")[0],
        "stormpath_question=e30.x",
        "stormpath_question=" + "a" * 9999,
    ):
        answer = hosted.visitor().get(path, headers={"Cookie": cookie}, status="*")
        assert answer.status_int == 400, cookie


def test_a_state_that_no_cookie_holds_is_refused(hosted: Hosted, visitor: Visitor) -> None:
    assert visitor.ask(state="s" * 2000).status_int == 200
    assert visitor.ask(state="s" * LONGEST).status_int == 400


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "RS256"}, {"alg": "HS512"}, {"alg": "HS256", "crit": ["exp"]}, {}]
)
def test_another_algorithm_is_refused(hosted: Hosted, visitor: Visitor, header: dict[str, Any]) -> None:
    said = {"iat": time.time(), "jti": "a", "iss": hosted.key[0], "sub": hosted.application.href, "cb_uri": BACK}
    parts = [_part(header), _part(said), jwt.write({}, said, hosted.key[1]).rpartition(".")[2]]
    for token in (".".join(parts), ".".join(parts[:2]) + "."):
        assert visitor.get(f"/sso?jwtRequest={token}", status="*").status_int == 400


def test_a_foreign_kid_is_refused(hosted: Hosted, visitor: Visitor) -> None:
    said = {"iat": time.time(), "jti": "a", "iss": hosted.key[0], "sub": hosted.application.href, "cb_uri": BACK}
    token = jwt.write({"kid": hosted.service.issue_api_key()[0]}, said, hosted.key[1])
    assert visitor.get(f"/sso?jwtRequest={token}", status="*").status_int == 400


@pytest.mark.parametrize(
    "query",
    ["", "jwtRequest=", "jwtRequest=a.b.c", "jwtRequest=a&jwtRequest=b", "jwtRequest=%ff%00", "x" * 9000,
     "jwtRequest=" + "a" * 1_000_000, "jwtRequest=" + "e30." * 2000, "&" * 5000],
)  # fmt: skip
def test_what_is_no_request_is_refused(visitor: Visitor, query: str) -> None:
    assert visitor.get(f"/sso?{query}", status="*").status_int in (400, 414)


@pytest.mark.parametrize(
    "path",
    [
        "/sso/",
        "/sso//",
        "/sso/../v1",
        "/sso/nobody",
        "/sso/nobody/login",
        "/sso/a b",
        "/sso/%00",
        "/sso/x/~short/",
        "/sso/logout/",
    ],
)
def test_there_are_no_other_pages(visitor: Visitor, path: str) -> None:
    assert visitor.get(path, status="*").status_int == 404


def test_a_request_is_used_up_by_nothing_but_opening_it(hosted: Hosted, visitor: Visitor) -> None:
    address = hosted.asking()
    assert visitor.post(address, status="*").status_int == 405
    assert TestApp(hosted.app).head(address, status="*").status_int == 405  # the checker knows no body that is left out
    assert visitor.follow(address).status_int == 200


def test_the_rest_of_the_host_is_that_of_the_rest_api(hosted: Hosted, visitor: Visitor) -> None:
    assert visitor.get("/v1/tenants/current", status="*").status_int == 401
    assert visitor.get("/ssoo", status="*").status_int == 404
    assert "json" in visitor.get("/ssoo", status="*").headers["Content-Type"]


def test_an_api_key_that_was_removed_answers_nothing(hosted: Hosted, visitor: Visitor) -> None:
    ada, key = hosted.account(), hosted.service.issue_api_key()
    page = visitor.ask(iss=key[0], secret=key[1])
    hosted.client.api_keys.get(key[0]).delete()
    assert visitor.sign_in(page, ada).status_int == 400


def test_an_address_that_was_taken_off_the_list_is_not_gone_to(hosted: Hosted, visitor: Visitor) -> None:
    application = hosted.new_application("Moves")
    ada, page = hosted.account(application), visitor.ask(sub=application.href)
    application.authorized_callback_uris = ["https://elsewhere.example.com/back"]
    application.save()
    assert visitor.sign_in(page, ada).status_int == 400


@given(st.text(max_size=200), st.binary(max_size=200))
@settings(max_examples=10)
def test_no_text_fails(hosted: Hosted, text: str, raw: bytes) -> None:
    token = f"{_part({'alg': 'HS256'})}.{_part({'iss': text})}.{base64.urlsafe_b64encode(raw).decode()}"
    for each in (token, text, raw.decode("latin-1")):
        with pytest.raises(NotAsked):
            Requests(hosted.service, time.time).read(each, ends=False)


def _part(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")
