"""Whatever is sent, a page answers clearly: it neither fails nor signs anybody in."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.browsing import BROWSER, PASSWORD, Visit, make_site
from werkzeug.test import create_environ, run_wsgi_app

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.web.bodies import FORM, JSON

#: Each page of ours, by its path, with the fields that it takes. What is below a path is a query that opens it.
PAGES: Mapping[str, tuple[str, ...]] = {
    "/login": ("login", "password", "remember"),
    "/register": ("givenName", "surname", "email", "password", "customData"),
    "/logout": ("next",),
    "/me": (),
    "/forgot": ("email", "code", "again"),
    "/change?sptoken=wrong": ("password", "sptoken"),
    "/verify": ("login", "email", "sptoken", "code", "again"),
    "/invitation?sptoken=wrong": ("givenName", "surname", "password", "sptoken"),
    "/oauth/token": ("grant_type", "username", "password", "refresh_token", "scope"),
    "/account/fresh": ("password",),
    "/account": ("action",),
    "/account/email?sptoken=wrong": ("sptoken",),
    "/account/secure?sptoken=wrong": ("sptoken",),
    "/factor": ("pending", "way", "code"),
    "/callbacks": ("state", "code"),
    "/stormpathCallback?jwtResponse=wrong": ("jwtResponse",),
    "/auth/check": (),
    "/health": (),
    "/ready": (),
}

#: Sections of pages that are off, or may be.
SWITCHED_ON = ("invitation", "forwardAuth", "health", "ready")

#: The actions of the account page, with their fields.
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "name": ("givenName", "surname"),
    "email": ("email",),
    "email-again": (),
    "email-cancel": (),
    "language": ("language",),
    "password": ("present", "password"),
    "connect": ("row",),
    "disconnect": ("row",),
    "sign-out-device": ("row",),
    "sign-out-others": (),
    "make-key": ("name",),
    "revoke-key": ("row",),
    "download-data": (),
    "delete-account": ("password",),
    "no-such-action": ("x",),
}

HOSTILE: tuple[Any, ...] = ("\0", "x" * 1500, "<script>{{ 7 * 7 }}%s", "\ud800", {"a": [1]}, [], True, 2**63, None)

LATIN = st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=40)


@pytest.fixture(scope="module")
def site() -> StormpathMiddleware:
    made = make_site(
        max_body=2000,
        limits={"enabled": False},
        mail={"url": "null:"},
        web={"register": {"autoLogin": True}, **{name: {"enabled": True} for name in SWITCHED_ON}},
    )
    made.application.accounts.create({"email": "ada@example.org", "password": PASSWORD})
    [directory] = made.client.directories
    directory.account_creation_policy.verification_email_status = "ENABLED"
    directory.account_creation_policy.save()
    return made


@settings(max_examples=300)
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT"]),
    path=st.sampled_from([path.partition("?")[0] for path in PAGES]),
    query=st.one_of(LATIN, st.builds("next={}&status={}&sptoken={}".format, LATIN, LATIN, LATIN)),
    accept=st.one_of(st.sampled_from([BROWSER, JSON, "*/*", ""]), LATIN),
    cookie=st.one_of(LATIN, st.builds("stormpath_session={}; stormpath_csrf={}".format, LATIN, LATIN)),
    content_type=st.one_of(st.sampled_from([FORM, JSON, "text/plain", "multipart/form-data; boundary=x"]), LATIN),
    length=st.sampled_from(["", "0", "-1", "x", "7", "9" * 30, None]),
    body=st.one_of(
        st.binary(max_size=3000),
        st.builds("login={}&password={}&csrfToken={}".format, LATIN, LATIN, LATIN).map(str.encode),
        st.builds('{{"login": {}, "password": {}}}'.format, LATIN, LATIN).map(str.encode),
        st.builds('{{"sptoken": "{}", "email": "{}"}}'.format, LATIN, LATIN).map(str.encode),
    ),
)
def test_no_request_fails_or_signs_in(
    site: StormpathMiddleware,
    method: str,
    path: str,
    query: str,
    accept: str,
    cookie: str,
    content_type: str,
    length: str | None,
    body: bytes,
) -> None:
    environ = create_environ(path, method=method)
    environ.update(
        QUERY_STRING=query,
        HTTP_ACCEPT=accept,
        HTTP_COOKIE=cookie,
        CONTENT_TYPE=content_type,
        CONTENT_LENGTH=str(len(body)) if length is None else length,
    )
    environ["wsgi.input"] = io.BytesIO(body)
    chunks, status, headers = run_wsgi_app(site, environ, buffered=True)
    assert int(status.split()[0]) < 500
    assert "".join(headers.getlist("Location")).isprintable()
    assert not any("stormpath_session=1" in given for given in headers.getlist("Set-Cookie"))
    assert sum(map(len, chunks)) < 40_000


class Guest:
    """Sends anything to a site, in this process. *cookies*: those of a browser that is signed in."""

    def __init__(self, site: StormpathMiddleware, cookies: str, host: str = "localhost") -> None:
        self.site, self.cookies, self.host = site, cookies, host

    def ask(self, method: str, path: str, accept: str, type: str, body: bytes | None) -> tuple[int, Any, bytes]:
        """The status, the headers, and the body of the answer. *body*: None for none, not even its length."""
        path, _, query = path.partition("?")
        environ = create_environ(path, method=method)
        environ.update(QUERY_STRING=query, HTTP_ACCEPT=accept, HTTP_COOKIE=self.cookies, HTTP_HOST=self.host)
        if body is not None:
            environ.update({"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)})
        if type:
            environ["CONTENT_TYPE"] = type
        chunks, status, headers = run_wsgi_app(self.site, environ, buffered=True)
        return int(status.split()[0]), headers, b"".join(chunks)


TYPES = (
    (FORM, BROWSER),
    (JSON, JSON),
    ("text/plain", JSON),
    ("multipart/form-data; boundary=x", BROWSER),
    ("", BROWSER),
)
TARGETS = (*PAGES.items(), *((f"/account?{action}", (action, *fields)) for action, fields in ACTIONS.items()))


def bodies(type: str, fields: tuple[str, ...], always: Mapping[str, str]) -> Iterator[bytes | None]:
    """Nothing, nothing in it, values that are wrong, and hostile ones, where a form and a document can have them."""
    yield None
    yield b""
    for value in ("", "wrong", *HOSTILE):
        sent = {**dict.fromkeys(fields, value), **always}
        if type == JSON:
            yield json.dumps(sent).encode()
        elif isinstance(value, str):
            yield urlencode(sent, errors="surrogatepass").encode()
    yield b"\xff\x00%zz&&=&[{"


@pytest.mark.parametrize(("path", "fields"), TARGETS, ids=[path for path, _ in TARGETS])
def test_each_page_answers_whatever_is_missing_empty_wrong_or_hostile(
    signed_in: Guest, token: str, path: str, fields: tuple[str, ...]
) -> None:
    path, _, action = path.partition("?") if path.startswith("/account?") else (path, "", "")
    guest = (
        signed_in
        if path in ("/account", "/account/fresh")
        else Guest(signed_in.site, signed_in.cookies.partition(";")[0])
    )
    accounts = len(guest.site.application.accounts)
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        for accept in (BROWSER, JSON):
            assert guest.ask(method, path, accept, "", None)[0] in {200, 302, 400, 401, 403, 404, 405}
    for type, accept in TYPES:
        always = {**({"action": action} if action else {}), **({"csrfToken": token} if type == FORM else {})}
        for body in bodies(type, fields[1:] if action else fields, always):
            status, headers, answer = guest.ask("POST", path, accept, type, body)
            said = (type, body, status, answer[:200])
            assert status in {200, 302, 303, 400, 401, 403, 404, 405, 413, 415}, said
            assert not any(given.startswith("stormpath_session=1") for given in headers.getlist("Set-Cookie")), said
            if status >= 400 and accept == JSON and "json" in headers.get("Content-Type", ""):
                assert set(json.loads(answer)) in ({"status", "message"}, {"error", "message"}, {"error"}), said
    assert len(guest.site.application.accounts) == accounts


def test_each_page_that_is_declared_is_asked() -> None:
    sections = [getattr(section, "uri", None) for section in Settings().web.pages.values()]
    assert {uri for uri in sections if uri} == {path.partition("?")[0] for path in PAGES}


def test_the_question_for_an_organization_answers_whatever_is_sent() -> None:
    host = "site.example"
    guest = Guest(make_site(web={"domainName": host, "multiTenancy": {"enabled": True}}), "", host)
    for type, accept in TYPES[:1] + TYPES[3:]:
        for body in bodies(type, ("organizationNameKey",), {}):
            status, _, answer = guest.ask("POST", "/login", accept, type, body)
            assert status in {200, 400, 413, 415}, (type, body, status)
            assert b"Your organization" in answer


@pytest.fixture(scope="module")
def signed_in(site: StormpathMiddleware) -> Guest:
    """Ada, whose sign-in is fresh. The cookie of her forms comes first."""
    visit = Visit(site=site)
    visit.fill_in("/login", login="ada@example.org", password=PASSWORD)
    visit.get("/forgot")
    kept = {cookie.name: (cookie.value or "").strip('"') for cookie in visit.cookiejar}
    return Guest(site, "; ".join(f"{name}={kept[name]}" for name in ("stormpath_csrf", "stormpath_session")))


@pytest.fixture(scope="module")
def token(signed_in: Guest) -> str:
    """That of her forms."""
    _, _, page = signed_in.ask("GET", "/forgot", BROWSER, "", None)
    return page.decode().partition('name="csrfToken" value="')[2].partition('"')[0]


@pytest.mark.parametrize("path", ["/login", "/register"])
def test_an_application_that_has_gone_is_a_failure_of_ours(visit: Visit, path: str) -> None:
    page = visit.get(path)
    visit.application.delete()
    assert visit.get(path, status=503).headers["Retry-After"]
    page.form["password"] = PASSWORD
    for name in ("login", "email", "givenName", "surname"):
        if name in page.form.fields:
            page.form[name] = "ada@example.org"
    assert page.form.submit(status=503).headers["Retry-After"]
