"""Form tokens hold for one browser and one set of keys."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from webob import Request, Response

from stormpath_wsgi.pages.csrf import FormTokens
from stormpath_wsgi.web.origin import FROM_ELSEWHERE, LOST_PORT, comes_from_here, elsewhere, same_origin

OLD, NEW = SecretStr(secrets.token_hex()), SecretStr(secrets.token_hex())


def request(cookie: str | None = None, url: str = "https://site.example/login", **headers: str) -> Request:
    made = Request.blank(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    if cookie is not None:
        made.environ["HTTP_COOKIE"] = cookie
    return made


def visit(tokens: FormTokens, url: str = "https://site.example/login") -> tuple[str, str]:
    """A token, and the cookie that a browser keeps with it."""
    response = Response()
    token = tokens.issue(request(url=url), response)
    return token, response.headers["Set-Cookie"].partition(";")[0]


def test_a_token_holds_for_the_browser_it_was_made_for() -> None:
    tokens = FormTokens([NEW])
    token, cookie = visit(tokens)
    assert tokens.accepts(request(cookie), token)


def test_a_token_is_worth_nothing_in_another_browser() -> None:
    tokens = FormTokens([NEW])
    token, _ = visit(tokens)
    _, cookie = visit(tokens)
    assert not tokens.accepts(request(cookie), token)


def test_a_token_is_worth_nothing_without_a_cookie() -> None:
    tokens = FormTokens([NEW])
    token, _ = visit(tokens)
    assert not tokens.accepts(request(), token)


def test_the_cookie_alone_tells_nobody_the_token() -> None:
    _, cookie = visit(FormTokens([NEW]))
    nonce = cookie.partition("=")[2]
    assert not FormTokens([NEW]).accepts(request(cookie), nonce)


def test_tokens_differ_from_page_to_page_and_hold_together() -> None:
    tokens = FormTokens([NEW])
    first, cookie = visit(tokens)
    second = tokens.issue(request(cookie), Response())
    assert first != second
    assert tokens.accepts(request(cookie), first)
    assert tokens.accepts(request(cookie), second)


def test_a_browser_that_has_the_cookie_gets_no_other() -> None:
    tokens = FormTokens([NEW])
    _, cookie = visit(tokens)
    response = Response()
    tokens.issue(request(cookie), response)
    assert "Set-Cookie" not in response.headers


def test_keys_rotate() -> None:
    token, cookie = visit(FormTokens([OLD]))
    assert FormTokens([NEW, OLD]).accepts(request(cookie), token)
    assert not FormTokens([NEW]).accepts(request(cookie), token)


def test_the_first_key_signs() -> None:
    token, cookie = visit(FormTokens([NEW, OLD]))
    assert FormTokens([NEW]).accepts(request(cookie), token)


def test_a_token_that_was_forgotten_is_worth_nothing() -> None:
    tokens = FormTokens([NEW])
    token, cookie = visit(tokens)
    response = Response()
    tokens.forget(request(cookie), response)
    removal, _, attributes = response.headers["Set-Cookie"].partition(";")
    assert "Max-Age=0" in attributes
    assert not tokens.accepts(request(removal), token)


def test_over_https_the_cookie_is_tied_to_the_host_and_hidden_from_scripts() -> None:
    response = Response()
    FormTokens([NEW]).issue(request(), response)
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-stormpath_csrf=")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


def test_it_is_secure_behind_a_proxy_when_the_session_cookie_is() -> None:
    tokens, inner = FormTokens([NEW], secure=True), "http://site.example/login"
    response = Response()
    token = tokens.issue(request(url=inner), response)
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-stormpath_csrf=")
    assert "Secure" in cookie.split("; ")
    assert tokens.accepts(request(cookie.partition(";")[0], inner), token)


def test_of_several_cookies_the_first_that_verifies_counts() -> None:
    tokens = FormTokens([NEW])
    token, cookie = visit(tokens)
    _, other = visit(tokens)
    for before in (other, "__Host-stormpath_csrf=junk", f"{other}; {other}"):
        assert tokens.accepts(request(f"{before}; {cookie}"), token)
    assert not tokens.accepts(request("; ".join([other, other, other, cookie])), token)
    assert not tokens.accepts(request(f"{other}; {other}"), token)


@pytest.mark.parametrize("written", ["{} = {}", "a=b;\t{}={}\t", '{}="{}"'])
def test_the_cookie_is_found_in_every_way_to_write_it(written: str) -> None:
    tokens = FormTokens([NEW])
    token, cookie = visit(tokens)
    assert tokens.accepts(request(written.format(*cookie.split("="))), token)


def test_over_http_it_does_without_the_prefix() -> None:
    tokens = FormTokens([NEW])
    token, cookie = visit(tokens, "http://localhost:8000/login")
    assert cookie.startswith("stormpath_csrf=")
    assert tokens.accepts(request(cookie, "http://localhost:8000/login"), token)


@given(token=st.one_of(st.text(), st.none(), st.integers(), st.lists(st.text())), cookie=st.binary())
def test_nothing_made_up_is_accepted_or_fails(token: object, cookie: bytes) -> None:
    header = "__Host-stormpath_csrf=" + cookie.decode("latin-1")
    assert not FormTokens([NEW]).accepts(request(header), token)


@given(st.text(max_size=120))
def test_with_a_good_cookie_nothing_made_up_is_accepted_either(token: str) -> None:
    tokens = FormTokens([NEW])
    _, cookie = visit(tokens)
    assert not tokens.accepts(request(cookie), token)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({"Sec_Fetch_Site": "none"}, None),
        ({"Sec_Fetch_Site": "cross-site"}, False),
        ({"Sec_Fetch_Site": "same-site"}, False),
        ({"Origin": "https://site.example"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "https://site.example.evil.example"}, False),
        ({"Origin": "https://site.example:444"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "null", "Host": ""}, False),
        ({"Origin": ""}, False),
        ({"Origin": "", "Host": ""}, False),
        ({"Origin": "https://[site.example"}, False),
        ({"Origin": "chrome-extension://site.example"}, False),
        ({"Sec_Fetch_Site": "cross-site", "Origin": "https://site.example"}, False),
    ],
)
def test_browsers_tell_where_a_request_comes_from(headers: dict[str, str], expected: bool | None) -> None:
    assert same_origin(request(**headers)) is expected
    assert comes_from_here(request(**headers)) is (expected is not False)


@pytest.mark.parametrize("inner", ["http", "https"])
@pytest.mark.parametrize(
    ("origin", "host", "expected"),
    [
        ("https://site.example", "site.example", True),
        ("https://site.example", "site.example:443", True),
        ("https://site.example", "site.example:80", True),
        ("http://site.example", "site.example:80", True),
        ("http://site.example", "Site.Example:443", True),
        ("https://site.example:8443", "site.example:8443", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("https://site.example:80", "site.example", False),
        ("https://site.example:8443", "site.example", False),
        ("https://site.example", "site.example:8443", False),
    ],
)
def test_behind_a_proxy_the_default_ports_are_one(inner: str, origin: str, host: str, expected: bool) -> None:
    assert same_origin(request(url=f"{inner}://inner/logout", Origin=origin, Host=host)) is expected


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"Origin": "https://site.example:8443"}, LOST_PORT),
        ({"Origin": "https://evil.example:8443"}, FROM_ELSEWHERE),
        ({"Origin": "https://evil.example"}, FROM_ELSEWHERE),
        ({"Origin": "null"}, FROM_ELSEWHERE),
        ({"Origin": "https://site.example:8443", "Sec_Fetch_Site": "same-site"}, FROM_ELSEWHERE),
    ],
)
def test_what_a_proxy_does_to_the_port_is_said_with_the_remedy(headers: dict[str, str], says: str) -> None:
    assert elsewhere(request(**headers)) == says
