"""Every row of the routes of the framework specification, in one table: what is asked by whom, and what is answered.

The rows of mailed tokens, which need a token in each of its states, are in test_mailed_links.py; those of
``/oauth/token`` in test_token.py, and those of the cookie pair in test_token_cookies.py.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import pytest
from support.browsing import BROWSER, PASSWORD, Visit, make_site

from stormpath_wsgi import StormpathMiddleware

JSON, FORM, TEXT = "application/json", "application/x-www-form-urlencoded", "text/plain"
PROGRAM = f"{JSON}, text/html;q=0.5"
DOMAIN = "site.example"
NOTHING: Mapping[str, Any] = MappingProxyType({})

#: Settings by what a row calls them.
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "": {},
    "only JSON": {"web": {"produces": [JSON]}},
    "only HTML": {"web": {"produces": ["text/html"]}},
    "HTML first": {"web": {"produces": ["text/html", JSON]}},
    "off": {"web": {page: {"enabled": False} for page in ("login", "register", "logout", "me", "forgotPassword")}},
    "verifying": {"web": {"register": {"autoLogin": True}}},
    "autoLogin": {
        "web": {
            "register": {
                "autoLogin": True,
                "nextUri": "/home",
                "form": {"fields": {"confirmPassword": {"enabled": True}}},
            }
        }
    },
    "fields": {
        "web": {
            "register": {
                "form": {
                    "fields": {
                        "colour": {"label": "Colour"},
                        "middleName": {"enabled": False},
                        "source": {"label": "Source", "visible": False, "required": False},
                    },
                    "fieldOrder": ["email", "password"],
                }
            }
        }
    },
    "tenants": {"web": {"domainName": DOMAIN, "multiTenancy": {"enabled": True}}},
}

ADA = {"login": "ada@example.org", "password": PASSWORD}
#: Somebody whom no row makes twice: the number of the row becomes the address.
NEW = {"givenName": "Eve", "surname": "L", "email": "NEW", "password": PASSWORD}
WRONG = {**ADA, "password": "Wrong-horse-7"}
NO_MATCH = {"status": 400, "message": "Invalid username or password."}
#: What is for the application, which says so.
PASSED = "app: "
ACCOUNT = frozenset({"href", "username", "email", "givenName", "middleName", "surname", "fullName", "status"}) | {
    *("createdAt", "modifiedAt", "emailVerificationStatus", "passwordModifiedAt")
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A request and its answer.

    *accept*, *type*: of the request; *sent*: its form or document, and *raw* its body where it is neither. *token*:
    whether a form has its token; *who* is signed in. *status*, *location*, *words* of the page, *json* (a document, or
    the names of an account), *headers* (what is in them) and *css* (what the page has): of the answer. *signed_in*:
    whether somebody is afterwards.
    """

    ask: str
    status: int = 200
    accept: str | None = BROWSER
    type: str = ""
    sent: Mapping[str, Any] | None = None
    raw: str | None = None
    token: bool = True
    who: str = ""
    host: str = DOMAIN
    settings: str = ""
    location: str | None = None
    words: str = ""
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    css: str = ""
    signed_in: bool = False
    rule: str = ""

    def __str__(self) -> str:
        said = (f"§{self.rule}", self.ask, self.settings, f"as {self.accept}"[:24], self.type, self.who, self.host)
        return " ".join(part for part in (*said, str(dict(self.sent or {}))[:60]) if part)


def both(ask: str, rule: str, html: Mapping[str, Any], program: Mapping[str, Any], **common: Any) -> tuple[Row, Row]:
    """The row of a browser, and that of a program."""
    return (
        Row(ask=ask, rule=rule, **{**common, **html}),
        Row(ask=ask, rule=rule, accept=JSON, **{**common, **program}),
    )


PAGES = ("/login", "/register", "/logout", "/me", "/forgot", "/verify", "/change")
VIEW = "a view model"
DEFAULT = ["givenName", "surname", "email", "password"]

ROUTES = [
    *(
        Row(rule="1", ask=f"{method} {page}", accept=accept, status=404, words=PASSED, settings="verifying")
        for page in PAGES
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS")
        for accept in (BROWSER, JSON)
    ),
    *both("GET /logout", "1", {}, {}, status=404, words=PASSED),
    *both("POST /me", "1", {}, {}, status=404, words=PASSED, sent=NOTHING),
    Row(rule="1", ask="GET /forgot", accept=JSON, status=404, words=PASSED),
    *(
        Row(rule="1", ask=f"{method} /oauth/token", accept=accept, status=405)
        for method in ("GET", "PUT", "DELETE")
        for accept in (BROWSER, JSON)
    ),
    *(
        row
        for page in ("/login", "/register", "/me", "/forgot")
        for row in both(f"GET {page}", "1, off", {}, {}, status=404, words=PASSED, settings="off")
    ),
    *both("POST /logout", "1, off", {}, {}, status=404, words=PASSED, settings="off", sent=NOTHING, token=False),
    # The default directory verifies no addresses.
    *both("GET /verify", "1, policy", {}, {}, status=404, words=PASSED),
]

ANY = (None, "", "*/*")
IS_HTML: dict[str, Any] = {"words": "Sign in"}
IS_JSON: dict[str, Any] = {"json": VIEW}
IS_PASSED: dict[str, Any] = {"status": 404, "words": PASSED}
NEGOTIATION = [
    Row(rule="2", ask="GET /login", accept=accept, settings=settings, **answer)
    for accepts, answers in (
        (ANY, (IS_JSON, IS_JSON, IS_HTML, IS_HTML)),
        ((BROWSER, f"text/html, {JSON};q=0.9"), (IS_HTML, IS_PASSED, IS_HTML, IS_HTML)),
        ((f"{JSON}, text/html;q=0.9", JSON), (IS_JSON, IS_JSON, IS_PASSED, IS_JSON)),
        ((f"text/html, {JSON}",), (IS_JSON, IS_JSON, IS_HTML, IS_HTML)),
        (("foo/bar",), (IS_PASSED,) * 4),
    )
    for accept in accepts
    for settings, answer in zip(("", "only JSON", "only HTML", "HTML first"), answers, strict=True)
]

BLANKS: tuple[dict[str, Any], ...] = ({}, {"login": ""}, {**ADA, "password": ""}, {"password": PASSWORD})
LOGIN = [
    Row(rule="4", ask="GET /login", words="Sign in"),
    Row(rule="4", ask="GET /login", who="ada", status=302, location="/", signed_in=True),
    Row(rule="4", ask="GET /login?next=%2Freports", who="ada", status=302, location="/reports", signed_in=True),
    Row(rule="4", ask="GET /login", accept=JSON, json=VIEW),
    *both("POST /login", "4", {"status": 302, "location": "/"}, {"json": ACCOUNT}, sent=ADA, signed_in=True),
    Row(rule="4", ask="POST /login", sent={**ADA, "extra": "x"}, status=302, location="/", signed_in=True),
    Row(rule="4", ask="POST /login", accept=JSON, sent={**ADA, "extra": 1}, json=ACCOUNT, signed_in=True),
    *(
        row
        for wrong in (WRONG, {**ADA, "login": "nobody@example.org"})
        for row in both("POST /login", "4", {"words": "do not match"}, {"status": 400, "json": NO_MATCH}, sent=wrong)
    ),
    *(
        row
        for blank in BLANKS
        for row in both("POST /login", "4", {"words": "Enter your"}, {"status": 400, "json": NO_MATCH}, sent=blank)
    ),
    *(
        Row(rule="4", ask="POST /login", accept=JSON, sent=hostile, status=400, json=NO_MATCH)
        for hostile in (
            {"login": None},
            {"login": ["ada@example.org"], "password": {"$ne": ""}},
            {"login": 1, "password": 2},
            {"login": "a:b", "password": ":"},
            {"login": "x" * 9000, "password": "x" * 9000},
        )
    ),
    Row(
        rule="4",
        ask="POST /login",
        accept=JSON,
        sent={"providerData": {"providerId": "google", "accessToken": "x"}},
        status=400,
        json=400,
    ),
    *both(
        "POST /login",
        "4",
        {"status": 400},
        {"status": 400, "json": {"status": 400, "message": "Request requires that there is a body."}},
        raw="",
    ),
    *(
        Row(
            rule="4",
            ask=f"GET /login?status={status}",
            css="div.header" if known else "html:not(:has(div.header))",
        )
        for known, statuses in (
            (True, ("unverified", "verified", "created", "forgot", "reset")),
            (False, ("", "unknown", "<script>", "created%26status=created")),
        )
        for status in statuses
    ),
    Row(rule="4", ask="GET /forgot?status=invalid_sptoken", words="no longer works"),
]


def refused(message: str, status: int = 400) -> dict[str, Any]:
    return {"status": status, "json": {"status": status, "message": message}}


REGISTER = [
    Row(rule="5", ask="GET /register", words="Create account"),
    *both("POST /register", "5", {"status": 302, "location": "/login?status=created"}, {"json": ACCOUNT}, sent=NEW),
    *both(
        "POST /register",
        "5",
        {"status": 302, "location": "/home"},
        {"json": ACCOUNT},
        sent={**NEW, "confirmPassword": PASSWORD},
        settings="autoLogin",
        signed_in=True,
    ),
    Row(
        rule="5",
        ask="POST /register?next=%2Freports",
        sent={**NEW, "confirmPassword": PASSWORD},
        settings="autoLogin",
        status=302,
        location="/reports",
        signed_in=True,
    ),
    # A page takes the code, in the place of the login page with status=unverified.
    *both(
        "POST /register",
        "5, unverified",
        {"status": 302, "location": "/verify?status=sent"},
        {"json": ACCOUNT},
        sent=NEW,
        settings="verifying",
    ),
    *both(
        "POST /register",
        "5, unverified and taken",
        {"status": 302, "location": "/verify?status=sent"},
        {"json": ACCOUNT},
        sent={**NEW, "email": "ada@example.org"},
        settings="verifying",
    ),
    *both(
        "POST /register",
        "5, taken",
        {"words": "This address has an account."},
        {"status": 409, "json": 409},
        sent={**NEW, "email": "ada@example.org"},
    ),
    *(
        row
        for name, label, words in (
            ("givenName", "First Name", "Enter your first name."),
            ("surname", "Last Name", "Enter your last name."),
            ("email", "Email", "Enter your email."),
            ("password", "Password", "Enter your password."),
        )
        for row in both(
            "POST /register", "5", {"words": words}, refused(f"{label} is required."), sent={**NEW, name: ""}
        )
    ),
    *both(
        "POST /register",
        "5",
        {"words": "The two passwords differ."},
        refused("Passwords do not match."),
        sent={**NEW, "confirmPassword": "something-else"},
        settings="autoLogin",
    ),
    *(
        row
        for name in ("unknown", "status", "middleName", "username", "confirmPassword", "groups")
        for row in both(
            "POST /register",
            "5",
            {"words": f"{name} is not a configured registration field."},
            refused(f"{name} is not a configured registration field."),
            sent={**NEW, name: "x"},
        )
    ),
    *(
        Row(
            rule="5",
            ask="POST /register",
            accept=JSON,
            sent={**NEW, "colour": "red", "customData": {name: "x"}},
            settings="fields",
            **refused(f"{name} is not a configured registration field."),
        )
        for name in ("rank", "middleName")
    ),
    Row(rule="5", ask="POST /register", accept=JSON, sent=NEW, settings="fields", **refused("Colour is required.")),
    *(
        Row(rule="5", ask="POST /register", accept=JSON, sent={**NEW, **given}, settings="fields", json=ACCOUNT)
        for given in ({"colour": 0}, {"colour": False}, {"customData": {"colour": "red"}}, {"colour": 1, "source": "x"})
    ),
]

DELETED = {"Set-Cookie": "stormpath_session=;"}
QUIET = {"Cache-Control": "no-store", "Pragma": "no-cache"}
SESSION = [
    *(
        row
        for who in ("", "ada")
        for row in both("POST /logout", "6", {"status": 302, "location": "/"}, {"json": b""}, sent=NOTHING, who=who)
    ),
    # Without a body there is no form, hence no token: where it comes from is looked at instead.
    Row(rule="6", ask="POST /logout", who="ada", status=302, location="/", raw="", token=False),
    Row(rule="6", ask="POST /logout?next=%2Fbye", who="ada", status=302, location="/bye", sent=NOTHING),
    *both("GET /me", "6", {"json": ACCOUNT}, {"json": ACCOUNT}, who="ada", signed_in=True),
    Row(rule="6", ask="GET /me", accept="foo/bar", who="ada", json=ACCOUNT, headers=QUIET, signed_in=True),
    Row(rule="6", ask="GET /me", status=302, location="/login?next=%2Fme"),
    Row(rule="6", ask="GET /me", accept=JSON, status=401, headers={"WWW-Authenticate": "Bearer"}, json=b""),
    *both("POST /forgot", "6", {"status": 302, "location": "/forgot?status=sent"}, {"json": b""}, sent={"email": "x"}),
    Row(rule="6", ask="GET /change", status=302, location="/forgot"),
    Row(rule="6", ask="GET /change", accept=JSON, **refused("sptoken parameter not provided.")),
    Row(rule="6", ask="GET /change?sptoken=x", status=302, location="/forgot?status=invalid_sptoken"),
    Row(rule="6", ask="GET /change?sptoken=x", accept=JSON, status=404, json=404),
    *both(
        "GET /verify",
        "6",
        {"words": "Tell us your address"},
        refused("sptoken parameter not provided."),
        settings="verifying",
    ),
    *both(
        "GET /verify?sptoken=x", "6", {"words": "no longer works"}, {"status": 404, "json": 404}, settings="verifying"
    ),
    *both(
        "POST /verify",
        "6",
        {"status": 302, "location": "/verify?status=sent"},
        {"json": b""},
        sent={"login": "x"},
        settings="verifying",
    ),
    *both(
        "POST /verify",
        "6",
        {"words": "Enter your"},
        {"status": 400, "json": 400},
        sent={"login": ""},
        settings="verifying",
    ),
]

#: Where ``next`` leads: only to a path of this site.
TARGETS = {
    "/a?b=c": "/a?b=c",
    "//evil.example": "/",
    "/\\evil.example": "/",
    "http://evil.example/x": "/",
    "javascript:alert(1)": "/",
    "/a\r\nSet-Cookie: x": "/",
    "a": "/",
    "": "/",
}
FORMS = [
    *(
        Row(rule="7, CSRF", ask=f"POST {page}", sent=sent, token=False, status=403, settings=settings)
        for page, sent, settings in (
            ("/login", ADA, ""),
            ("/register", NEW, ""),
            ("/forgot", {"email": "x"}, ""),
            ("/verify", {"login": "x"}, "verifying"),
        )
    ),
    # A form without a token is one whatever it accepts; what is no JSON is not read as JSON.
    Row(rule="7, CSRF", ask="POST /login", accept=JSON, type=FORM, sent=ADA, token=False, status=403, json=403),
    Row(rule="7, CSRF", ask="POST /login", accept=JSON, type=FORM, sent=ADA, json=ACCOUNT, signed_in=True),
    Row(rule="7, CSRF", ask="POST /login", accept=JSON, type=TEXT, raw=json.dumps(ADA), status=415, json=415),
    Row(rule="7, CSRF", ask="POST /login", accept=JSON, type=JSON, raw="{", status=400, json=400),
    *(
        Row(
            rule="7, next",
            ask="POST /login?" + urlencode({"next": wanted}),
            sent=ADA,
            status=302,
            location=location,
            signed_in=True,
        )
        for wanted, location in TARGETS.items()
    ),
    Row(rule="7, next", ask="GET /login?next=%2Fa%3Fb%3Dc", words="Sign in"),
    Row(rule="7", ask="GET /staff", status=302, location="/login?next=%2Fstaff"),
    Row(rule="7", ask="GET /staff", accept=JSON, status=401, headers={"WWW-Authenticate": "Bearer"}),
    *both("GET /staff", "7", {}, {}, who="ada", status=403, signed_in=True),
]

VIEWS = [
    Row(rule="8", ask="GET /login", accept=JSON, json=["login", "password"]),
    Row(rule="8", ask="GET /register", accept=JSON, json=DEFAULT),
    Row(
        rule="8",
        ask="GET /register",
        accept=JSON,
        settings="fields",
        json=["email", "password", "givenName", "surname", "colour"],
    ),
]

ACME, BETA = f"acme.{DOMAIN}", f"beta.{DOMAIN}"
KEY = {"organizationNameKey": "acme"}
OF_ACME = {"login": "amy@example.org", "password": PASSWORD}
TENANTS = [
    *(
        Row(rule="12, known", ask=f"GET {page}", host=ACME, settings="tenants", words="acme")
        for page in ("/login", "/register", "/forgot")
    ),
    Row(
        rule="12, known",
        ask="POST /login",
        host=ACME,
        settings="tenants",
        sent=OF_ACME,
        status=302,
        location="/",
        signed_in=True,
    ),
    Row(rule="12, known", ask="POST /login", host=BETA, settings="tenants", sent=OF_ACME, words="do not match"),
    Row(
        rule="12, known",
        ask="POST /register",
        host=ACME,
        settings="tenants",
        sent=NEW,
        status=302,
        location="/login?status=created",
    ),
    *(
        Row(
            rule="12, unknown",
            ask=f"GET {page}?sptoken=x",
            host=f"nobodys.{DOMAIN}",
            settings="tenants",
            status=302,
            location=f"http://{DOMAIN}{page}?sptoken=x",
        )
        for page in ("/login", "/register", "/forgot", "/change")
    ),
    *(
        Row(rule="12, parent", ask=f"GET {page}", settings="tenants", words="Your organization")
        for page in ("/login", "/register", "/forgot")
    ),
    *(
        Row(
            rule="12, parent",
            ask=f"POST {page}?next=%2Fa",
            settings="tenants",
            sent=KEY,
            status=302,
            location=f"http://{ACME}{page}?next=%2Fa",
        )
        for page in ("/login", "/register", "/forgot")
    ),
    *(
        Row(rule="12, parent", ask="POST /login", settings="tenants", sent={"organizationNameKey": key}, words=words)
        for key, words in (("nobodys", "There is no organization of that name"), ("", "Enter your organization."))
    ),
    Row(rule="12, JSON", ask="GET /login", accept=JSON, settings="tenants", json=VIEW),
    Row(rule="12, JSON", ask="GET /login", accept=JSON, host=f"nobodys.{DOMAIN}", settings="tenants", json=VIEW),
    *(
        Row(
            rule="12, JSON",
            ask="POST /login",
            accept=JSON,
            host=host,
            settings="tenants",
            sent=OF_ACME,
            status=status,
            json=document,
            signed_in=status == 200,
        )
        for host, status, document in ((ACME, 200, ACCOUNT), (BETA, 400, NO_MATCH))
    ),
]

ROWS = [*ROUTES, *NEGOTIATION, *LOGIN, *REGISTER, *SESSION, *FORMS, *VIEWS, *TENANTS]


@dataclass
class World:
    """Sites by their settings, each with an account for Ada."""

    sites: dict[str, StormpathMiddleware] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def site(self, settings: str) -> StormpathMiddleware:
        if settings not in self.sites:
            site = make_site(limits={"enabled": False}, mail={"url": "null:"}, **SETTINGS[settings])
            self._furnish(Visit(site=site), settings)
            self.sites[settings] = site
        return self.sites[settings]

    def _furnish(self, owner: Visit, settings: str) -> None:
        owner.account()
        if settings == "verifying":
            [directory] = owner.site.client.directories
            directory.account_creation_policy.verification_email_status = "ENABLED"
            directory.account_creation_policy.save()
        if settings == "tenants":
            for key in ("acme", "beta"):
                organization = owner.organization(key)
                wish = {"email": f"{'amy' if key == 'acme' else 'bob'}@example.org", "password": PASSWORD}
                organization.accounts.create({**wish, "given_name": "A", "surname": "B"})


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World()
    yield made
    for site in made.sites.values():
        site.client.close()


def send(world: World, visit: Visit, row: Row) -> Any:
    """Sends what the row says: a form from a page of ours, or what a program sends."""
    method, address = row.ask.split(" ", 1)
    headers = {} if row.accept is None else {"Accept": row.accept}
    sent = None if row.sent is None else dict(row.sent)
    if sent is not None and sent.get("email") == "NEW":
        sent["email"] = f"new{next(world.numbers)}@example.org"
    is_form = (row.type or (JSON if row.accept == JSON else FORM)) == FORM
    content = row.raw or ""
    if sent is not None:
        if is_form and row.token:
            sent.update(token(visit, row.host))
        content = urlencode(sent) if is_form else json.dumps(sent)
    if method != "GET" and (sent is not None or row.raw is not None):
        headers["Content-Type"] = row.type or (FORM if is_form else JSON)
    environ = {"HTTP_HOST": row.host}
    if row.accept is None:
        visit.extra_environ.pop("HTTP_ACCEPT", None)
    return visit.request(
        address, method=method, body=content.encode(), headers=headers, environ=environ, expect_errors=True
    )


def token(visit: Visit, host: str) -> dict[str, str]:
    """That of a form of this browser, which is good for each form of it; none where the form asks for an organization,
    which needs none.
    """
    form = visit.get("/forgot", headers={"Accept": BROWSER}, extra_environ={"HTTP_HOST": host}).form
    return {name: form[name].value for name in form.fields if name == "csrfToken"}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_of_the_table(world: World, row: Row) -> None:
    visit = Visit(site=world.site(row.settings))
    if row.who:
        visit.post_json("/login", ADA, headers={"Accept": JSON})
    answer = send(world, visit, row)
    assert answer.status_int == row.status, answer.text[:300]
    if row.location is not None:
        assert answer.headers["Location"] == row.location
    if row.words:
        assert row.words in (answer.html.get_text() if answer.content_type == "text/html" else answer.text)
    if row.css:
        assert answer.html.select_one(row.css)
    check_document(row, answer)
    for name, start in row.headers.items():
        assert start in answer.headers[name]
    session = [text for text in answer.headers.getall("Set-Cookie") if "stormpath_session=" in text]
    assert all("HttpOnly" in text and "Path=/" in text for text in session)
    if PASSED not in answer and row.ask != "GET /staff":
        assert "no-store" in answer.headers["Cache-Control"]
    where = {"HTTP_HOST": row.host}
    assert ("@example.org" in visit.get("/", extra_environ=where)) is row.signed_in


def check_document(row: Row, answer: Any) -> None:
    match row.json:
        case None:
            return
        case bytes():
            assert answer.body == row.json
            return
        case int():
            assert answer.json.keys() == {"status", "message"}
            assert answer.json["status"] == row.json
        case frozenset():
            assert answer.json.keys() == {"account"}
            assert answer.json["account"].keys() == row.json
        case dict():
            assert answer.json == row.json
        case list() | str():
            assert answer.json.keys() == {"form", "accountStores"}
            fields = answer.json["form"]["fields"]
            assert all(each.keys() == {"label", "name", "placeholder", "required", "type"} for each in fields)
            assert row.json == VIEW or [each["name"] for each in fields] == row.json
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
