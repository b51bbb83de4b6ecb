"""The token endpoint of a site: each row of its route, what else may be sent to it, and what its tokens open."""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyotp
import pytest
from support.browsing import BROWSER, PASSWORD, OpenSite, Visit, make_site
from support.servers import served_api

from stormpath_wsgi import StormpathMiddleware, events
from stormpath_wsgi.client import Account
from stormpath_wsgi.events import (
    API_KEY,
    MORE_IS_ASKED,
    Declined,
    RefreshTokenReused,
    SignedIn,
    SignInFailed,
    SignInStarts,
)
from stormpath_wsgi.web.bearer import unverified

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
URI = "/oauth/token"

FOUR = {"access_token", "expires_in", "refresh_token", "token_type"}
THREE = FOUR - {"refresh_token"}
WRONG = ("invalid_grant", "Invalid username or password.")
CLIENT = ("invalid_client", "Invalid Client Credentials")

ROTATING: dict[str, Any] = {"web": {"oauth2": {"refresh_token": {"rotate": True, "grace": 0}}}}

#: Settings by what a row calls them.
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "": {},
    "password off": {"web": {"oauth2": {"password": {"enabled": False}}}},
    "client_credentials off": {"web": {"oauth2": {"client_credentials": {"enabled": False}}}},
    "ttl": {"web": {"oauth2": {"client_credentials": {"accessToken": {"ttl": 90}}}}},
}


@dataclass(frozen=True)
class Row:
    """What is posted, and the answer: a *status*, and the names of what is in it or the word and the message of OAuth.

    *basic*: which API key is in the header. In values, words in capitals stand for what :meth:`World.value` makes.
    """

    posted: Mapping[str, str]
    status: int
    says: Any
    basic: str = ""
    settings: str = ""

    def __str__(self) -> str:
        return f"{dict(self.posted)} {self.basic} {self.settings}".strip()


def login(**more: str) -> dict[str, str]:
    return {"grant_type": "password", "username": "ADA", "password": PASSWORD, **more}


def refresh(token: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token}


BY_KEY = {"grant_type": "client_credentials"}
NOT_OFFERED = ("unsupported_grant_type", None)
MISSING = ("invalid_request", None)

ROWS = [
    Row(login(), 200, FOUR),
    Row(login(username="USERNAME"), 200, FOUR),
    Row(login(scope="read", client_id="app"), 200, FOUR),
    Row(login(), 200, FOUR, basic="wrong"),
    Row(login(password="wrong"), 400, WRONG),
    Row(login(username="nobody@example.org"), 400, WRONG),
    Row(login(username="x" * 5000), 400, WRONG),
    Row(login(username=" "), 400, WRONG),
    Row(login(organizationNameKey="nobody"), 400, WRONG),
    Row(login(username=""), 400, ("invalid_request", "The parameter username is required.")),
    Row({"grant_type": "password", "username": "ADA"}, 400, ("invalid_request", "The parameter password is required.")),
    Row(refresh("REFRESH"), 200, FOUR),
    Row(refresh("ACCESS"), 400, ("invalid_grant", None)),
    Row(refresh("ENDED"), 400, ("invalid_grant", None)),
    Row(refresh("FORGED"), 400, ("invalid_grant", None)),
    *(Row(refresh(text), 400, ("invalid_grant", None)) for text in ("x", "a.b.c", "ä\U0001f40e", "x." * 50_000)),
    Row({"grant_type": "refresh_token"}, 400, MISSING),
    Row(BY_KEY, 200, THREE, basic="good"),
    Row(BY_KEY, 200, THREE, basic="escaped"),
    Row({**BY_KEY, "scope": "read"}, 200, THREE, basic="good"),
    Row(BY_KEY, 200, THREE, basic="good", settings="ttl"),
    *(Row(BY_KEY, 401, CLIENT, basic=key) for key in ("wrong", "unknown", "disabled", "of disabled", "empty", "none")),
    Row(BY_KEY, 401, CLIENT, basic="bearer"),
    *(Row(BY_KEY, 400, (None, "Invalid Authorization value"), basic=key) for key in ("no colon", "no base64", "long")),
    Row({**BY_KEY, "client_id": "KEY", "client_secret": "SECRET"}, 401, CLIENT),
    Row({"grant_type": ""}, 400, MISSING),
    Row({"username": "ADA", "password": PASSWORD}, 400, MISSING),
    Row({}, 400, MISSING),
    *(
        Row({"grant_type": grant}, 400, NOT_OFFERED)
        for grant in ("x", "PASSWORD", "authorization_code", "stormpath_token", "stormpath_social", "x" * 9999)
    ),
    Row(login(), 400, NOT_OFFERED, settings="password off"),
    Row(refresh("REFRESH"), 400, NOT_OFFERED, settings="password off"),
    Row(BY_KEY, 200, THREE, basic="good", settings="password off"),
    Row(BY_KEY, 400, NOT_OFFERED, basic="good", settings="client_credentials off"),
    Row(login(), 200, FOUR, settings="client_credentials off"),
]


def basic(id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{id}:{secret}".encode()).decode()


@dataclass
class World:
    """Sites by their settings."""

    sites: dict[str, StormpathMiddleware] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def visit(self, settings: str = "", accept: str = "*/*") -> Visit:
        if settings not in self.sites:
            quiet = {"limits": {"enabled": False}, **SETTINGS[settings]}
            self.sites[settings] = make_site(**quiet)
        return Visit(accept, site=self.sites[settings])

    def account(self, visit: Visit) -> Account:
        number = next(self.numbers)
        return visit.account(f"ada{number}@example.org", username=f"ada{number}")

    def value(self, visit: Visit, account: Account, word: str) -> str:
        tokens = visit.site.flows.tokens
        if word == "ADA":
            return account.email
        if word == "USERNAME":
            return account.username
        if word in ("REFRESH", "ACCESS", "ENDED", "FORGED"):
            told = tokens.by_password(_session(visit), account.email, PASSWORD)
            if word == "ENDED":
                for each in account.refresh_tokens:
                    each.delete()
            token = told.access_token if word == "ACCESS" else told.refresh_token or ""
            return token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB") if word == "FORGED" else token
        return word

    def header(self, account: Account, which: str) -> dict[str, str]:
        if which in ("", "none"):
            return {}
        key = account.api_keys.create({})
        if which == "disabled":
            key.status = "DISABLED"
            key.save()
        if which == "of disabled":
            account.status = "DISABLED"
            account.save()
        value = {
            "wrong": basic(key.id, "x"),
            "unknown": basic("0" * 25, key.secret),
            "empty": basic("", ""),
            "escaped": basic(quote(key.id, safe=""), quote(key.secret, safe="")),
            "no colon": "Basic " + base64.b64encode(b"nothing").decode(),
            "no base64": "Basic ***",
            "long": "Basic " + "x" * 5000,
            "bearer": f"Bearer {key.secret}",
        }.get(which, basic(key.id, key.secret))
        return {"Authorization": value}


def _session(visit: Visit) -> Any:
    environ = {"wsgi.url_scheme": "http", "REQUEST_METHOD": "GET"}
    return visit.site.sessions.open(environ)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World()
    yield made
    for site in made.sites.values():
        site.client.close()


def check_headers(answer: Any) -> None:
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert answer.content_type == JSON
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row)[:100])
def test_a_form_is_answered_by_the_row_whatever_is_accepted(world: World, row: Row) -> None:
    visit = world.visit(row.settings, ["*/*", BROWSER, "foo/bar"][ROWS.index(row) % 3])
    account = world.account(visit)
    posted = {name: world.value(visit, account, value) for name, value in row.posted.items()}
    answer = visit.post(URI, posted, headers=world.header(account, row.basic), status="*")
    check_headers(answer)
    assert answer.status_int == row.status
    if row.status == 200:
        assert answer.json.keys() == row.says
        assert (answer.json["token_type"], answer.json["expires_in"]) == (
            "Bearer",
            90 if row.settings == "ttl" else 3600,
        )
        assert unverified(answer.json["access_token"]).claims["sub"] == account.href
        me = visit.get("/me", headers={"Authorization": f"Bearer {answer.json['access_token']}"})
        assert me.json["account"]["email"] == account.email
    else:
        assert answer.json.keys() == {"error", "message"}
        error, message = row.says
        assert answer.json["error"] == (error or "invalid_request")
        assert answer.json["message"] == message if message else answer.json["message"]
    assert ("WWW-Authenticate" in answer.headers) is (row.status == 401)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_not_allowed(world: World, method: str) -> None:
    answer = world.visit().request(URI, method=method, status=405)
    assert (answer.body, answer.headers["Allow"]) == (b"", "POST")


TYPES = [FORM, JSON, "text/plain", "multipart/form-data; boundary=x", "text/html", "", "x"]
BODIES = [
    b"",
    json.dumps(login()).encode(),
    b"grant_type=password&username=ada@example.org",
    b"grant_type",
    b"grant_type=password&grant_type=password&username=a&password=b",
    b"grant_type=password&username=a&password=%00",
    b"grant_type=password&username=%ff&password=b",
    b"grant_type=refresh_token&refresh_token=%",
    b"\xff\xfe\x00",
    b"&".join(b"a%d=1" % number for number in range(300)),
    b"grant_type[]=password&username[]=a",
]


@pytest.mark.parametrize("kind", TYPES)
def test_whatever_else_is_sent_is_a_bad_request(world: World, kind: str) -> None:
    visit = world.visit()
    for body in BODIES:
        answer = visit.post(URI, body, headers={"Content-Type": kind}, status=400)
        check_headers(answer)
        assert answer.json.keys() == {"error", "message"}
        is_token = kind == FORM and body.startswith(b"grant_type=refresh_token")
        assert answer.json["error"] == ("invalid_grant" if is_token else "invalid_request"), body


def test_a_body_that_is_too_large_is_refused(world: World) -> None:
    answer = world.visit().post(URI, b"a=" + b"x" * 200_000, headers={"Content-Type": FORM}, status=413)
    assert answer.json["error"] == "invalid_request"


def test_nothing_is_taken_from_the_address(world: World) -> None:
    visit = world.visit()
    answer = visit.post(f"{URI}?grant_type=client_credentials", {"a": "b"}, status=400)
    assert answer.json["error"] == "invalid_request"


def test_a_cookie_of_the_request_changes_nothing(world: World) -> None:
    visit = world.visit()
    ada, bob = world.account(visit), world.account(visit)
    visit.sign_in(bob.email)
    told = visit.post(URI, login(username=ada.email)).json
    assert unverified(told["access_token"]).claims["sub"] == ada.href
    assert bob.email in visit.get("/")


def test_it_can_be_switched_off_and_moved() -> None:
    off = Visit(web={"oauth2": {"enabled": False}})
    assert "app: " in off.post(URI, login(), status=404)
    moved = Visit(web={"oauth2": {"uri": "/token"}, "basePath": "/in"})
    assert moved.post("/in/token", {}, status=400).json["error"] == "invalid_request"


def test_without_refresh_tokens_there_is_an_access_token_alone(visit: Visit) -> None:
    visit.account()
    policy = visit.application.o_auth_policy
    policy.refresh_token_ttl = dt.timedelta()
    policy.save()
    told = visit.post(URI, login(username="ada@example.org")).json
    assert told.keys() == THREE
    assert visit.get("/me", headers={"Authorization": f"Bearer {told['access_token']}"}).json["account"]


def test_an_organization_that_the_program_names_stands_in_the_tokens(visit: Visit) -> None:
    acme = visit.organization("acme")
    acme.accounts.create({"email": "eve@example.org", "password": PASSWORD, "given_name": "E", "surname": "V"})
    told = visit.post(URI, login(username="eve@example.org", organizationNameKey="acme")).json
    for token in ("access_token", "refresh_token"):
        assert unverified(told[token]).claims["org"] == acme.href


class TestPeople:
    """The password grant is a sign-in: who is asked before one, and told of one, is asked and told here too."""

    def heard(self, visit: Visit) -> list[Any]:
        """What is heard from now on."""
        heard: list[Any] = []
        visit.site.events.listen(SignInStarts, lambda event: heard.append(event))
        for kind in (SignedIn, SignInFailed):
            visit.site.events.listen(kind, heard.append)
        return heard

    def test_it_is_told_once(self, visit: Visit) -> None:
        account, heard = visit.account(), self.heard(visit)
        visit.post(URI, login(username=account.email))
        assert [(type(event), event.credential) for event in heard] == [
            (SignInStarts, events.PASSWORD),
            (SignedIn, events.PASSWORD),
        ]
        assert heard[1].account == account.href
        heard.clear()
        visit.post(URI, login(username=account.email, password="wrong"), status=400)
        assert [event.__class__.__name__ for event in heard] == ["SignInStarts", "SignInFailed"]
        assert (heard[1].reason, heard[1].login) == ("WRONG_PASSWORD", account.email)

    def test_an_api_key_is_told_as_that(self, visit: Visit) -> None:
        account = visit.account()
        key = account.api_keys.create({})
        heard = self.heard(visit)
        visit.post(URI, BY_KEY, headers={"Authorization": basic(key.id, key.secret)})
        visit.post(URI, BY_KEY, headers={"Authorization": basic(key.id, "x")}, status=401)
        assert [(type(event), event.credential, event.account) for event in heard] == [
            (SignInStarts, API_KEY, None),
            (SignedIn, API_KEY, account.href),
            (SignInStarts, API_KEY, None),
            (SignInFailed, API_KEY, None),
        ]

    def test_the_handler_of_the_settings_is_called_for_people_only(self) -> None:
        called: list[Any] = []
        visit = Visit(web={"postLoginHandler": lambda account, environ: called.append(account.href)})
        account = visit.account()
        key = account.api_keys.create({})
        told = visit.post(URI, login(username=account.email)).json
        visit.post(URI, refresh(told["refresh_token"]))
        visit.post(URI, BY_KEY, headers={"Authorization": basic(key.id, key.secret)})
        assert called == [account.href]

    def test_a_listener_may_refuse(self, visit: Visit) -> None:
        account = visit.account()
        key = account.api_keys.create({})

        def refuse(event: SignInStarts) -> None:
            raise Declined("Not today.")

        visit.site.events.listen(SignInStarts, refuse)
        for posted, headers in (
            (login(username=account.email), {}),
            (BY_KEY, {"Authorization": basic(key.id, key.secret)}),
        ):
            answer = visit.post(URI, posted, headers=headers, status=400)
            assert answer.json == {"error": "invalid_grant", "message": "Not today."}
        assert list(account.refresh_tokens) == []

    def test_who_is_asked_for_more_gets_no_token(self, visit: Visit) -> None:
        class Terms:
            uri = "/terms"

            def asks(self, account: Account, origin: object) -> str | None:
                return "terms"

        account, heard = visit.account(), self.heard(visit)
        visit.site.flows.sign_in.add_step(Terms())
        answer = visit.post(URI, login(username=account.email), status=400)
        assert answer.json == {
            "error": "interaction_required",
            "message": "There is one more step before you are signed in.",
        }
        assert heard[-1].reason == MORE_IS_ASKED
        assert list(account.refresh_tokens) == []

    def test_who_is_not_verified_is_told_after_the_right_password_only(self, visit: Visit) -> None:
        account = visit.account()
        account.status = "UNVERIFIED"
        account.save()
        answer = visit.post(URI, login(username=account.email), status=400)
        assert "Not Verified" in answer.json["message"] or "verified" in answer.json["message"]
        answer = visit.post(URI, login(username=account.email, password="wrong"), status=400)
        assert answer.json["message"] == WRONG[1]

    def test_who_guesses_has_to_wait(self) -> None:
        visit = Visit(limits={"accountAndAddress": "1 tries, waits 60s to 1h, one back after 1h"})
        visit.extra_environ["REMOTE_ADDR"] = "192.0.2.1"
        account = visit.account()
        visit.post(URI, login(username=account.email, password="wrong"), status=400)
        visit.post(URI, login(username=account.email, password="wrong"), status="*")
        answer = visit.post(URI, login(username=account.email), status=429)
        assert answer.json["error"] == "slow_down"
        assert int(answer.headers["Retry-After"]) > 0

    def test_wrong_api_keys_have_to_wait_and_right_ones_do_not(self) -> None:
        visit = Visit(limits={"apiKey": "1 tries, waits 60s to 1h, one back after 1h"})
        visit.extra_environ["REMOTE_ADDR"] = "192.0.2.1"
        key = visit.account().api_keys.create({})
        answers = [visit.post(URI, BY_KEY, headers={"Authorization": basic(key.id, "x")}, status="*") for _ in range(3)]
        assert (answers[-1].status_int, answers[-1].json["error"]) == (429, "slow_down")
        visit.post(URI, BY_KEY, headers={"Authorization": basic(key.id, key.secret)}, status=200)


class TestRotation:
    """Where the settings want it a refresh token is good once, and an old one is noticed, wherever the directory is."""

    def test_an_old_one_ends_the_session_and_listeners_hear_it(self, opened: OpenSite) -> None:
        visit = opened(**ROTATING)
        account, heard = visit.account(), list[RefreshTokenReused]()
        visit.site.events.listen(RefreshTokenReused, heard.append)
        first = visit.post(URI, login(username=account.email)).json
        second = visit.post(URI, refresh(first["refresh_token"])).json
        assert second["refresh_token"] != first["refresh_token"]
        third = visit.post(URI, refresh(second["refresh_token"])).json
        answer = visit.post(URI, refresh(first["refresh_token"]), status=400)
        assert answer.json["error"] == "invalid_grant"
        assert [event.account for event in heard] == [account.href]
        visit.post(URI, refresh(third["refresh_token"]), status=400)
        visit.get("/me", headers={"Authorization": f"Bearer {third['access_token']}"}, status=401)

    def test_without_the_setting_it_stays(self, opened: OpenSite) -> None:
        visit = opened()
        account = visit.account()
        first = visit.post(URI, login(username=account.email)).json
        for _ in range(2):
            again = visit.post(URI, refresh(first["refresh_token"])).json
            assert again["refresh_token"] == first["refresh_token"]
            assert again["access_token"] != first["access_token"]
        key = account.api_keys.create({})
        told = visit.post(URI, BY_KEY, headers={"Authorization": basic(key.id, key.secret)}).json
        assert unverified(told["access_token"]).claims["sub"] == account.href


def test_a_directory_that_is_away_is_said_in_the_words_of_oauth(tmp_path: Path) -> None:
    with served_api(f"sqlite:///{tmp_path}/accounts.db") as opening:
        client = {"apiKey": {"id": opening["id"], "secret": opening["secret"]}, "connectionTimeout": 2}
        visit = Visit(BROWSER, directory=opening["url"], application={"name": "My Application"}, client=client)
    with closing(visit.site.client):
        answer = visit.post(URI, login(username="ada@example.org"), status=503)
        check_headers(answer)
        assert answer.json["error"] == "temporarily_unavailable"
        assert answer.headers["Retry-After"]


@pytest.mark.parametrize("factor_counts", [True, False])
def test_an_account_with_a_second_factor_gets_no_token_for_its_password(visit: Visit, factor_counts: bool) -> None:
    account = visit.account()
    factor = account.factors.create({"type": "google-authenticator"})
    if factor_counts:
        assert factor.challenge_factor(code=pyotp.TOTP(factor.secret).now()).is_successful()
    answer = visit.post(URI, login(username=account.email), status="*")
    assert answer.status_int == (400 if factor_counts else 200)


def test_signing_out_with_a_token_ends_that_token_alone(visit: Visit) -> None:
    account = visit.account()
    first, second = (visit.post(URI, login(username=account.email)).json for _ in range(2))
    header = {"Authorization": f"Bearer {first['access_token']}"}
    for _ in range(2):
        visit.post("/logout", headers=header)
    visit.get("/me", headers=header, status=401)
    visit.get("/me", headers={"Authorization": f"Bearer {second['access_token']}"})
    assert visit.post(URI, refresh(first["refresh_token"])).json["access_token"]
