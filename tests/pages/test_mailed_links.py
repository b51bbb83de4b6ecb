"""Forgot, change and verify: each row of their routes, and from a mail that arrives to a sign-in."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from support.browsing import BROWSER, PASSWORD, Visit, make_site
from support.post_office import PostOffice, post_office
from support.questions import Asks
from support.servers import served_api

from stormpath_wsgi import ConfigurationError, StormpathMiddleware
from stormpath_wsgi.client import Account, Directory
from stormpath_wsgi.settings import MailSettings

JSON = "application/json"
NEW = "Another-horse-8"

#: Settings by what a row calls them.
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "": {},
    "change.autoLogin": {"web": {"changePassword": {"autoLogin": True}, "login": {"nextUri": "/home"}}},
    "register.autoLogin": {"web": {"register": {"autoLogin": True}, "login": {"nextUri": "/home"}}},
    "no codes": {"web": {"forgotPassword": {"asksCode": False}, "verifyEmail": {"asksCode": False}}},
    "own nextUri": {"web": {"forgotPassword": {"nextUri": "/thanks"}}},
    "onGet": {"web": {"verifyEmail": {"onGet": True}}},
    "onGet, register.autoLogin": {
        "web": {"verifyEmail": {"onGet": True}, "register": {"autoLogin": True}, "login": {"nextUri": "/home"}}
    },
}

EMPTY: dict[str, Any] = {}
NO_TOKEN = {"status": 400, "message": "sptoken parameter not provided."}
NO_REQUEST = {
    "status": 404,
    "message": "This password reset request does not exist. Please request a new password reset.",
}
NO_RESOURCE = {"status": 404, "message": "The requested resource does not exist."}
BY_POST = {"status": 405, "message": "Send the token with POST to verify the address."}
SHORT = "The password is too short, or lacks a kind of character that it must hold."
TOO_SHORT = {
    "status": 400,
    "message": SHORT,
}
ACCOUNT = "an account document"
FORGOT, RESET = "/login?status=forgot", "/login?status=reset"
DEAD, UNVERIFIED, VERIFIED = "/forgot?status=invalid_sptoken", "/login?status=unverified", "/login?status=verified"


@dataclass(frozen=True)
class Row:
    """What is asked with which *token* and *posted*, and the answer: to HTML *html*, to JSON *json*.

    HTML: a Location, or words of the page. JSON: a document, or the status of a passed request. *spends*: whether the
    token is used up. *signs_in*: whether the answer signs in.
    """

    ask: str
    token: str = "none"
    posted: Mapping[str, Any] | None = None
    html: str | None = None
    json: Any = None
    settings: str = ""
    spends: bool = False
    signs_in: bool = False

    def __str__(self) -> str:
        return f"{self.ask}, token {self.token}, {dict(self.posted or {})} {self.settings}"


ROWS = [
    Row("GET /forgot", html="Tell us your address", json=404),
    *(
        Row("POST /forgot", posted={"email": email}, html=location, json=EMPTY, settings=settings)
        for settings, location in (("", "/forgot?status=sent"), ("no codes", FORGOT))
        for email in ("ADA", "nobody@example.org", "no address", "x" * 5000)
    ),
    Row("POST /forgot", posted={"email": "ADA"}, html="/thanks", json=EMPTY, settings="own nextUri"),
    Row("POST /forgot", posted={"email": " "}, html="Enter your email.", json=EMPTY),
    Row("POST /forgot", posted={"other": "x"}, html="Enter your email.", json=EMPTY),
    Row("GET /change", html="/forgot", json=NO_TOKEN),
    *(Row("GET /change", token=token, html=DEAD, json=NO_REQUEST) for token in ("unknown", "used", "foreign", "wild")),
    Row("GET /change", token="good", html="Choose a new password", json=EMPTY),
    Row("POST /change", posted={"password": NEW}, html="/forgot", json=NO_TOKEN),
    *(
        Row("POST /change", token=token, posted={"password": value}, html=DEAD, json=NO_REQUEST)
        for token in ("unknown", "used", "foreign", "wild")
        for value in (NEW, "")
    ),
    Row(
        "POST /change", token="good", posted={"password": "short"}, html="8 characters or more missing", json=TOO_SHORT
    ),
    Row(
        "POST /change",
        token="good",
        posted={"password": ""},
        html="Enter your password.",
        json={"status": 400, "message": "New password is required."},
    ),
    Row("POST /change", token="good", posted={"password": NEW}, html=RESET, json=EMPTY, spends=True),
    Row(
        "POST /change",
        token="good",
        posted={"password": NEW},
        settings="change.autoLogin",
        html="/home",
        json=ACCOUNT,
        spends=True,
        signs_in=True,
    ),
    Row("GET /verify", html="Tell us your address", json=NO_TOKEN),
    *(
        Row("GET /verify", token=token, settings=settings, html="This link no longer works", json=NO_RESOURCE)
        for token in ("unknown", "used", "wild")
        for settings in ("", "onGet")
    ),
    Row("GET /verify", token="good", html="Is this your address?", json=BY_POST),
    Row("GET /verify", token="good", settings="onGet", html=VERIFIED, json=EMPTY, spends=True),
    Row(
        "GET /verify",
        token="good",
        settings="onGet, register.autoLogin",
        html="/home",
        json=ACCOUNT,
        spends=True,
        signs_in=True,
    ),
    Row("POST /verify", token="good", html=VERIFIED, json=EMPTY, spends=True),
    Row(
        "POST /verify",
        token="good",
        settings="register.autoLogin",
        html="/home",
        json=ACCOUNT,
        spends=True,
        signs_in=True,
    ),
    *(
        Row("POST /verify", token=token, html="This link no longer works", json=NO_RESOURCE)
        for token in ("unknown", "used", "wild")
    ),
    *(
        Row("POST /verify", posted={name: value}, html=location, json=EMPTY, settings=settings)
        for settings, location in (("", "/verify?status=sent"), ("no codes", UNVERIFIED))
        for name in ("login", "email")
        for value in ("ADA", "nobody@example.org", "no address", "x" * 5000)
    ),
    *(
        Row(
            "POST /verify",
            posted=posted,
            html="Enter your email.",
            json={"status": 400, "message": "Email is required."},
        )
        for posted in ({"login": " "}, {"email": ""}, {"other": "x"})
    ),
]


def verifying(site: StormpathMiddleware) -> StormpathMiddleware:
    """*site*, whose directory verifies addresses from now on."""
    [directory] = site.client.directories
    policy = directory.account_creation_policy
    policy.verification_email_status = "ENABLED"
    policy.save()
    return site


@dataclass
class World:
    """Sites by their settings, each with one account of the name in the row."""

    sites: dict[str, StormpathMiddleware] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def visit(self, accept: str, settings: str = "") -> Visit:
        if settings not in self.sites:
            quiet = {"mail": {"url": "null:"}, "limits": {"enabled": False}}
            self.sites[settings] = verifying(make_site(**quiet, **SETTINGS[settings]))
        return Visit(accept, site=self.sites[settings])

    def account(self, visit: Visit) -> Account:
        return visit.account(f"ada{next(self.numbers)}@example.org")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World()
    yield made
    for site in made.sites.values():
        site.client.close()


def account_for(world: World, visit: Visit, row: Row) -> Account:
    """An account that is not verified, but where a new password is to sign in: it must be able to."""
    account = world.account(visit)
    if row.signs_in and row.ask == "POST /change":
        account.status = "ENABLED"
        account.save()
    return account


def token_for(visit: Visit, account: Account, address: str, state: str) -> str | None:
    """A token of *account* for the page at *address*, in that *state*."""
    if state in ("none", "unknown", "wild"):
        return {"none": None, "unknown": "x" * 22, "wild": "../'\" \u00e4"}[state]
    account.refresh()
    verification = account.email_verification_token
    assert verification is not None
    mailed = verification.href.rpartition("/")[2]
    if (address == "/verify") is (state != "foreign"):
        if state == "used":
            visit.site.client.accounts.verify_email_token(mailed)
        return mailed
    token = visit.application.password_reset_tokens.create({"email": account.email}).href.rpartition("/")[2]
    if state == "used":
        visit.application.reset_account_password(token, f"{PASSWORD}-2")
    return token


def is_good(visit: Visit, address: str, token: str) -> bool:
    answer = visit.get(address, {"sptoken": token}, headers={"Accept": JSON}, status="*")
    return answer.status_int in (200, 405)


def send(visit: Visit, row: Row, token: str | None, values: dict[str, Any]) -> Any:
    """Sends what the row says as a browser, with a form token, or as a program does."""
    method, address = row.ask.split()
    query = {} if token is None else {"sptoken": token}
    if method == "GET":
        return visit.get(address, query, status="*")
    if visit.extra_environ["HTTP_ACCEPT"] == JSON:
        return visit.post_json(address, {**values, **query}, status="*")
    csrf = visit.get("/login").form["csrfToken"].value
    target = f"{address}?{urlencode(query)}"
    return visit.post(target, {**values, "csrfToken": csrf}, status="*")


def values_of(row: Row, account: Account) -> dict[str, Any]:
    return {name: account.email if value == "ADA" else value for name, value in (row.posted or {}).items()}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_browser_is_answered_by_the_row(world: World, row: Row) -> None:
    visit = world.visit(BROWSER, row.settings)
    account = account_for(world, visit, row)
    address = row.ask.split()[1]
    token = token_for(visit, account, address, row.token)
    answer = send(visit, row, token, values_of(row, account))
    assert row.html is not None
    if row.html.startswith("/"):
        assert (answer.status_int, answer.headers["Location"]) == (302, row.html)
    else:
        assert answer.status_int == 200
        assert row.html in answer.html.get_text()
    check_after(visit, row, token, answer)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_program_is_answered_by_the_row(world: World, row: Row) -> None:
    visit = world.visit(JSON, row.settings)
    account = account_for(world, visit, row)
    address = row.ask.split()[1]
    token = token_for(visit, account, address, row.token)
    answer = send(visit, row, token, values_of(row, account))
    if row.json == 404:
        assert "app: " in answer
    elif row.json is ACCOUNT:
        assert answer.json["account"]["email"] == account.email
    else:
        assert (answer.status_int, answer.json if answer.body else EMPTY) == (row.json.get("status", 200), row.json)
    check_after(visit, row, token, answer)


def check_after(visit: Visit, row: Row, token: str | None, answer: Any) -> None:
    address = row.ask.split()[1]
    assert visit.is_signed_in() is row.signs_in
    if row.token == "good" and token is not None:
        if row.settings.startswith("onGet"):  # to ask would use it up
            with pytest.raises(Exception, match="does not exist"):
                visit.site.client.accounts.verify_email_token(token)
        else:
            assert is_good(visit, address, token) is not row.spends
    if "app: " not in answer:
        assert "no-store" in answer.headers["Cache-Control"]
    if answer.content_type == "text/html" and token is not None and row.ask.startswith("GET"):
        assert answer.status_int == 302 or answer.headers["Referrer-Policy"] == "strict-origin"


@pytest.mark.parametrize("address", ["/forgot", "/change?sptoken=x", "/verify"])
def test_a_form_from_elsewhere_does_nothing(world: World, address: str) -> None:
    visit = world.visit(BROWSER)
    answer = visit.post(address, {"email": "ada@example.org", "password": NEW}, status="*")
    assert answer.status_int == 403 or answer.headers["Location"].startswith("/forgot")


@pytest.mark.parametrize(("address", "done"), [("/change", RESET), ("/verify", VERIFIED)])
def test_a_form_that_has_expired_comes_again_and_can_be_sent(world: World, address: str, done: str) -> None:
    visit = world.visit(BROWSER)
    page = visit.get(address, {"sptoken": token_for(visit, world.account(visit), address, "good")})
    visit.reset()  # its cookie is gone
    if address == "/change":
        page.form["password"] = NEW
    page = page.form.submit(status=403)
    assert "Nothing is lost" in page.html.select_one("div.alert-danger").get_text()
    if address == "/change":
        assert page.form["password"].value == ""
        page.form["password"] = NEW
    assert page.form.submit().headers["Location"] == done


POLICY_PAGES = {"forgotPassword": "/forgot", "changePassword": "/change", "verifyEmail": "/verify"}


class TestByPolicy:
    """Where the settings leave it open, the default account store's directory says whether a page is served."""

    def served(self, visit: Visit) -> set[str]:
        asked: Any = {"headers": {"Accept": JSON}, "status": "*"}
        return {path for path in POLICY_PAGES.values() if "app: " not in visit.post_json(path, {}, **asked)}

    def policies(self, visit: Visit, *, resets: bool, verifies: bool) -> None:
        [directory] = visit.site.client.directories
        for policy, name, wanted in (
            (directory.password_policy, "reset_email_status", resets),
            (directory.account_creation_policy, "verification_email_status", verifies),
        ):
            setattr(policy, name, "ENABLED" if wanted else "DISABLED")
            policy.save()

    def test_it_follows_the_directory_from_request_to_request(self, visit: Visit) -> None:
        assert self.served(visit) == {"/forgot", "/change"}
        for resets, verifies in itertools.product((True, False), repeat=2):
            self.policies(visit, resets=resets, verifies=verifies)
            wanted = {"/forgot": resets, "/change": resets, "/verify": verifies}
            assert self.served(visit) == {path for path, is_on in wanted.items() if is_on}
            assert ("Forgot password?" in visit.get("/login")) is resets

    @pytest.mark.parametrize("name", POLICY_PAGES)
    def test_the_settings_have_the_last_word(self, name: str) -> None:
        for enabled in (True, False):
            visit = Visit(web={name: {"enabled": enabled}})
            for wanted in (True, False):
                self.policies(visit, resets=wanted, verifies=wanted)
                assert (POLICY_PAGES[name] in self.served(visit)) is enabled

    def test_without_a_default_store_there_is_none(self, visit: Visit) -> None:
        mapping = visit.application.default_account_store_mapping
        assert mapping is not None
        mapping.is_default_account_store = False
        mapping.save()
        assert self.served(visit) == set()

    def test_an_organization_or_a_group_is_no_obstacle(self, visit: Visit) -> None:
        organization = visit.organization("acme", mapped=False)
        mapping = visit.site.client.account_store_mappings.create(
            {"application": visit.application, "account_store": organization, "is_default_account_store": True}
        )
        assert self.served(visit) == {"/forgot", "/change"}
        mapping.delete()
        [directory] = [each for each in visit.site.client.directories if each.name != "acme Directory"]
        group = directory.groups.create({"name": "all"})
        visit.site.client.account_store_mappings.create(
            {"application": visit.application, "account_store": group, "is_default_account_store": True}
        )
        assert self.served(visit) == {"/forgot", "/change"}

    def test_two_pages_have_two_addresses_even_where_one_may_be_off(self) -> None:
        with pytest.raises(ConfigurationError, match=r"login\.uri and forgotPassword\.uri are both /login"):
            make_site(web={"forgotPassword": {"uri": "/login"}})


class TestTheForms:
    def test_the_new_password_may_be_asked_twice(self) -> None:
        visit = Visit(web={"changePassword": {"form": {"fields": {"confirmPassword": {"enabled": True}}}}})
        account = visit.account()
        token = visit.application.password_reset_tokens.create({"email": account.email}).href.rpartition("/")[2]
        page = visit.fill_in(f"/change?sptoken={token}", password=NEW, confirmPassword=PASSWORD)
        assert "The two passwords differ." in page.html.select_one("div.alert-danger").get_text()
        page.form["password"] = page.form["confirmPassword"] = NEW
        assert page.form.submit().headers["Location"] == RESET

    def test_they_say_what_the_password_of_this_account_must_hold(self, visit: Visit) -> None:
        """Not what new accounts must: theirs is another directory."""
        organization = visit.organization("acme")
        mapping = organization.default_account_store_mapping
        assert mapping is not None
        assert isinstance(mapping.account_store, Directory)
        strength = mapping.account_store.password_policy.strength
        strength.min_length = 20
        strength.save()
        mapping.account_store.accounts.create({"email": "ada@example.org", "password": "Correct-horse-battery-7"})
        token = visit.application.password_reset_tokens.create({"email": "ada@example.org"}).href.rpartition("/")[2]
        page = visit.get(f"/change?sptoken={token}")
        assert page.html.select_one("#password")["minlength"] == "20"
        assert "ada@example.org" in page.html.main.get_text()

    def test_they_are_what_browsers_and_password_managers_know(self, world: World) -> None:
        visit = world.visit(BROWSER)
        field = visit.get("/forgot").html.select_one("input[name=email]")
        assert (field["type"], field["autocomplete"]) == ("email", "email")
        assert visit.get("/verify").html.select_one("input[name=login]")["type"] == "email"
        account = world.account(visit)
        token = token_for(visit, account, "/change", "good")
        page = visit.get(f"/change?sptoken={token}")
        assert page.html.select_one("input[name=password]")["autocomplete"] == "new-password"
        assert page.html.select_one("input[autocomplete=username]")["value"] == account.email

    def test_where_the_visitor_wanted_to_go_is_carried_on(self, world: World) -> None:
        visit = world.visit(BROWSER)
        link = visit.get("/login?next=%2Freports").html.find("a", string="Forgot password?")["href"]
        assert link == "/forgot?next=%2Freports"
        answer = visit.fill_in(link, email="nobody@example.org")
        assert answer.headers["Location"] == "/forgot?status=sent&next=%2Freports"
        assert answer.follow().forms[1].submit("again").headers["Location"] == answer.headers["Location"]

    def test_a_dead_link_leads_to_a_new_one(self, world: World) -> None:
        visit = world.visit(BROWSER)
        page = visit.get("/change?sptoken=x").follow()
        assert page.html.h1.get_text() == "This link no longer works"
        assert "older than 24 hours" in page.html.main.get_text()
        page.form["email"] = "nobody@example.org"
        assert page.form.submit().headers["Location"] == "/forgot?status=sent"

    def test_who_is_asked_for_more_is_led_to_the_question(self) -> None:
        visit = Visit(web={"changePassword": {"autoLogin": True}})
        visit.site.flows.sign_in.add_step(Asks())
        account = visit.account()
        token = visit.application.password_reset_tokens.create({"email": account.email}).href.rpartition("/")[2]
        answer = visit.fill_in(f"/change?sptoken={token}", password=NEW)
        assert answer.headers["Location"].startswith("/question?pending=")
        assert not visit.is_signed_in()


@pytest.mark.parametrize("address", ["/forgot", "/verify"])
@pytest.mark.parametrize("accept", [BROWSER, JSON])
def test_who_asks_cannot_tell_whether_somebody_has_the_address(world: World, address: str, accept: str) -> None:
    visit = world.visit(accept)
    there = world.account(visit).email
    seen = []
    for email in (there, "nobody-has-it@example.org"):
        values = {"email": email, "login": email}
        answer = send(visit, Row(f"POST {address}", posted=values), None, values)
        # The cookie holds the address that was typed.
        headers = {name: value for name, value in answer.headers.items() if name != "Set-Cookie"}
        seen.append((answer.status, sorted(headers.items()), answer.headers.getall("Set-Cookie") != [], answer.body))
    assert seen[0] == seen[1]


class TestTooManyMails:
    """The directory counts. Whether somebody has the address makes no difference."""

    LIMIT = "2 tries, waits 8m to 1h, one back after 1h"

    @pytest.fixture
    def visit(self) -> Iterator[Visit]:
        site = make_site(mail={"url": "null:"}, limits={"mail": self.LIMIT})
        with closing(site.client):
            made = Visit(site=verifying(site))
            made.account()
            yield made

    @pytest.mark.parametrize("email", ["ada@example.org", "nobody@example.org"])
    @pytest.mark.parametrize("address", ["/forgot", "/verify"])
    def test_have_to_wait(self, visit: Visit, address: str, email: str) -> None:
        values = {"email": email} if address == "/forgot" else {"login": email}
        for _ in range(3):
            visit.post_json(address, values, headers={"Accept": JSON})
        refused = visit.post_json(address, values, headers={"Accept": JSON}, status=429)
        assert (refused.headers["Retry-After"], refused.json["status"]) == ("480", 429)
        form = visit.get(address).form
        for name, value in values.items():
            form[name] = value
        page = form.submit(status=429)
        assert "Wait 8 minutes, then try again." in page.html.select_one("div.alert-danger").get_text()
        assert email in page.text


@pytest.mark.parametrize("address", ["/forgot", "/change", "/verify"])
def test_whatever_a_program_sends_is_no_failure(world: World, address: str) -> None:
    visit = world.visit(JSON)
    token = token_for(visit, world.account(visit), "/change", "good")
    values = (None, 7, True, ["ada@example.org"], {"a": 1}, "\ud800", "x" * 100_000)
    for name, value in itertools.product(("email", "login", "password", "sptoken"), values):
        for document in ({name: value}, {"sptoken": token, name: value}):
            assert visit.post_json(address, document, status="*").status_int < 500


def test_no_token_is_in_a_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "stormpath_wsgi")
    visit = world.visit(BROWSER)
    account = world.account(visit)
    for address, values in (("/change", {"password": "short"}), ("/change", {"password": NEW}), ("/verify", {})):
        token = token_for(visit, account, address, "good")
        assert token is not None
        for row in (Row(f"GET {address}"), Row(f"POST {address}")) * 2:
            send(visit, row, token, values)
        assert token not in caplog.text
    assert NEW not in caplog.text


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with post_office() as opened:
        yield opened


class TestFromAMailThatArrives:
    """The links lead to the site that the settings name, whatever host the browser has asked for."""

    @pytest.fixture
    def visit(self, office: PostOffice) -> Iterator[Visit]:
        site = make_site(mail={"url": office.url}, web={"baseUrl": "https://site.example"})
        with closing(site.client):
            yield Visit(site=verifying(site))
        assert office.empty() == []

    def test_a_forgotten_password_becomes_a_new_one(self, visit: Visit, office: PostOffice) -> None:
        visit.site.application.accounts.create(
            {"email": "ada@example.org", "password": PASSWORD}, registration_workflow_enabled=False
        )
        evil = {"Host": "evil.example", "Accept": JSON}
        visit.post_json("/forgot", {"email": "ada@example.org"}, headers=evil)
        assert office.link().startswith("https://site.example/change?sptoken=")

        page = visit.get("https://site.example/login").click("Forgot password?")
        page.form["email"] = "Ada@Example.org"
        page = page.form.submit().follow()
        assert page.html.h1.get_text() == "Check your mail"
        link = office.link()
        assert link.startswith("https://site.example/change?sptoken=")
        for _ in range(2):  # a mail scanner and a browser
            page = visit.get(link)
        page.form["password"] = NEW
        page = page.form.submit().follow()
        assert "Your password is changed." in page.html.select_one("div.alert .header").get_text()
        assert office.next()["Subject"] == "Your password for My Application was changed"
        page.form["login"], page.form["password"] = "ada@example.org", NEW
        assert "app: ada@example.org" in page.form.submit().follow()
        assert visit.get(link).headers["Location"] == DEAD

    def test_a_new_account_is_verified(self, visit: Visit, office: PostOffice) -> None:
        values = {"givenName": "Ada", "surname": "Lovelace", "email": "ada@example.org", "password": PASSWORD}
        page = visit.fill_in("https://site.example/register", **values).follow()
        link = office.link()
        assert link.startswith("https://site.example/verify?sptoken=")
        page.forms[1].submit("again")
        assert office.link() == link
        for _ in range(2):
            page = visit.get(link)
        assert "ada@example.org" in page.html.main.get_text()
        assert page.html.select_one("input[name=sptoken]")["type"] == "hidden"
        page = page.form.submit().follow()
        assert "Your address is verified." in page.html.select_one("div.alert .header").get_text()
        page.form["login"], page.form["password"] = "ada@example.org", PASSWORD
        assert "app: ada@example.org" in page.form.submit().follow()
        assert "This link no longer works" in visit.get(link)


def test_the_directory_may_be_on_another_machine_and_away(office: PostOffice, tmp_path: Path) -> None:
    """That machine sends the mail, and says where its links lead. Without it nobody knows whether a page is served."""
    mail = MailSettings(url=office.url, reset_link="https://site.example/change")
    with served_api(f"sqlite:///{tmp_path}/accounts.db", mail=mail) as opening:
        client = {"apiKey": {"id": opening["id"], "secret": opening["secret"]}, "connectionTimeout": 2}
        there: dict[str, Any] = {"directory": opening["url"], "application": {"name": "My Application"}}
        visit, later = Visit(client=client, **there), Visit(client=client, **there)
        visit.account()
        assert visit.fill_in("/forgot", email="ada@example.org").headers["Location"] == "/forgot?status=sent"
        assert visit.fill_in(office.path(), password=NEW).headers["Location"] == RESET
        assert office.next()["Subject"] == "Your password for My Application was changed"
        assert "app: " in visit.get("/verify", status=404)
        visit.site.client.close()
    with closing(later.site.client):
        answer = later.get("/forgot", status=503)
        assert answer.html.h1.get_text() == "Back in a moment"
        assert answer.headers["Retry-After"]


def test_of_two_posts_of_one_token_at_once_one_wins(tmp_path: Path) -> None:
    site = make_site(directory=f"sqlite:///{tmp_path}/accounts.db", mail={"url": "null:"})
    with closing(site.client):
        visits = [Visit(JSON, site=site) for _ in range(2)]
        visits[0].account()
        token = visits[0].application.password_reset_tokens.create({"email": "ada@example.org"}).href.rpartition("/")[2]
        together, answers = threading.Barrier(2), dict[str, int]()

        def change(visit: Visit, password: str) -> None:
            together.wait()
            answer = visit.post_json("/change", {"sptoken": token, "password": password}, status="*")
            answers[password] = answer.status_int

        passwords = [f"{NEW}-{number}" for number in range(2)]
        threads = [threading.Thread(target=change, args=pair) for pair in zip(visits, passwords, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers.values()) == [200, 404]
        winner = next(password for password, status in answers.items() if status == 200)
        assert site.flows.sign_in.prove("ada@example.org", winner).email == "ada@example.org"
