"""Sites whose people sign in on an ID Site: there and back again, over the REST API of another machine."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from id_site.conftest import Hosted, Visitor
from support.browsing import PASSWORD, Visit
from support.cheap import options
from support.second_factors import Phone
from support.servers import served

from stormpath_wsgi import ConfigurationError, Settings, StormpathMiddleware, jwt
from stormpath_wsgi.directory import open_directory
from stormpath_wsgi.events import (
    ASSERTION,
    REFUSED,
    Declined,
    Registered,
    SignedIn,
    SignedOut,
    SignInFailed,
    SignInStarts,
)
from stormpath_wsgi.id_site import IdSite

SITE = "http://site.example"
BACK = f"{SITE}/stormpathCallback"


#: Claims of an answer that are wrong. Those that are None are left out.
WRONG: tuple[dict[str, Any], ...] = (
    {"aud": "somebody"}, {"aud": None}, {"aud": ["x"]}, {"exp": 1}, {"exp": time.time() + 1e9}, {"exp": None},
    {"iat": time.time() + 3600}, {"irt": None}, {"irt": 7}, {"sub": None},
    {"sub": "https://evil.example/v1/accounts/1"}, {"sub": "nobody"}, {"status": "SOMETHING"}, {"status": None},
    {"state": None}, {"state": "x.y.z"}, {"state": 7}, {"state": "s" * 5000},
    {"aud": None, "err": {"code": 12001, "status": 401, "message": "No."}}, {"aud": None, "err": "no"},
    {"aud": None, "err": 7},
)  # fmt: skip


class Machine(Hosted):
    """The machine as before, and where it is served."""

    address: str

    def visitor(self, **headers: str) -> Visitor:
        return Visitor(self, HTTP_HOST=urlsplit(self.address).netloc, **{"wsgi.url_scheme": "http", **headers})


class Person:
    """Somebody with one browser, who meets a site and the ID Site."""

    def __init__(self, machine: Machine, site: StormpathMiddleware) -> None:
        self.machine, self.there = machine, machine.visitor()
        self.here = Visit(site=site)

    def go(self, address: str, **headers: str) -> Any:
        """Where *address*, at the site, leads to at last: a page of one of the two."""
        answer = self.here.get(address, headers=headers, status="*")
        while answer.status_int == 302:
            answer = self._get(answer.headers["Location"])
        return answer

    def on(self, answer: Any) -> Any:
        """Follows the redirects of *answer*, which is one of the ID Site."""
        while answer.status_int == 302:
            answer = self._get(answer.headers["Location"])
        return answer

    def _get(self, address: str) -> Any:
        elsewhere = address.startswith((self.machine.address, "/sso/"))
        path = address.removeprefix(self.machine.address if elsewhere else SITE)
        return (self.there if elsewhere else self.here).get(path, status="*")

    def sign_in(self, email: str, address: str = "/login") -> Any:
        """What the site shows after a sign-in that began at *address*."""
        return self.on(self.there.send(self.go(address), login=email, password=PASSWORD))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with ExitStack() as opened:
        made: list[Machine] = []
        url = f"sqlite:///{tmp_path_factory.mktemp('machine')}/accounts.db"

        def make(address: str) -> IdSite:
            service = opened.enter_context(closing(open_directory(url, options(base_url=f"{address}/v1"))))
            service.bootstrap()
            made.append(Machine(service))
            made[0].address = address
            return made[0].app

        opened.enter_context(served(make))
        made[0].application.authorized_callback_uris = [BACK, f"{SITE}/mounted/back"]
        made[0].application.save()
        yield made[0]


OpenSite = Callable[..., StormpathMiddleware]


@pytest.fixture(scope="module")
def open_site(machine: Machine) -> Iterator[OpenSite]:
    with ExitStack() as sites:

        def opened(web: dict[str, Any] | None = None, **settings: Any) -> StormpathMiddleware:
            key = {"id": machine.key[0], "secret": machine.key[1]}
            made = Visit(
                directory=f"{machine.address}/v1",
                application={"href": machine.application.href},
                client={"apiKey": key},
                web={"baseUrl": SITE, "idSite": {"enabled": True}, **(web or {})},
                **settings,
            ).site
            sites.enter_context(closing(made.client))
            return made

        yield opened


@pytest.fixture(scope="module")
def site(open_site: OpenSite) -> StormpathMiddleware:
    return open_site()


@pytest.fixture
def person(machine: Machine, site: StormpathMiddleware) -> Person:
    return Person(machine, site)


def test_a_visitor_is_led_there_and_comes_back_signed_in(person: Person) -> None:
    ada = person.machine.account()
    page = person.go("/login?next=/shop%3Fa%3D1")
    assert page.request.path.startswith("/sso/") and page.request.path.endswith("/login")
    shown = person.on(person.there.send(page, login=ada.email, password=PASSWORD))
    assert f"app: {ada.email} at /shop" in shown and shown.request.query_string == "a=1"


def test_the_way_there_is_not_stored(person: Person) -> None:
    answer = person.here.get("/login")
    assert answer.headers["Cache-Control"] == "no-cache, no-store" and answer.headers["Pragma"] == "no-cache"
    claims = _asked(person, answer)
    assert claims["cb_uri"] == BACK and "path" not in claims
    assert _asked(person, person.here.get("/register"))["path"] == "/#/register"
    assert _asked(person, person.here.get("/forgot"))["path"] == "/#/forgot"
    assert person.here.head("/login").status_int == 302


@pytest.mark.parametrize("path", ["/login", "/register", "/forgot"])
def test_nobody_posts_a_password_to_such_a_site(person: Person, path: str) -> None:
    ada = person.machine.account()
    for post in (person.here.post, person.here.post_json):
        assert "app: None" in post(path, {"login": ada.email, "password": PASSWORD}, status="*")


def test_a_page_for_the_staff_leads_there_too(person: Person) -> None:
    assert person.go("/staff").request.path.startswith("/sso/")


def test_the_second_site_needs_no_second_sign_in(machine: Machine, open_site: OpenSite, person: Person) -> None:
    ada = machine.account()
    person.sign_in(ada.email)
    other = Person(machine, open_site(session={"cookieName": "other"}))
    other.there = person.there
    assert f"app: {ada.email}" in other.go("/login")


def test_a_sign_out_is_one_there_as_well(person: Person) -> None:
    ada = person.machine.account()
    person.sign_in(ada.email)
    answer = person.here.post("/logout", headers={"Origin": SITE})
    assert urlsplit(answer.headers["Location"]).path == "/sso/logout"
    assert "app: None at /" in person.on(answer)
    assert person.go("/login").request.path.startswith("/sso/")  # it asks once more
    answer = person.here.post("/logout?next=/bye", headers={"Origin": SITE})
    assert person.on(answer).request.path == "/bye"


def test_a_program_signs_out_of_the_site_alone(person: Person) -> None:
    assert person.here.post("/logout", headers={"Accept": "application/json", "Origin": SITE}).status_int == 200


def test_who_has_registered_there_is_told_to_listeners(machine: Machine, open_site: OpenSite) -> None:
    heard: list[Any] = []
    site = open_site({"register": {"nextUri": "/welcome"}})
    for kind in (Registered, SignedIn, SignedOut):
        site.events.listen(kind, heard.append)
    person = Person(machine, site)
    email = f"{time.time()}@example.org"
    page = person.there.send(
        person.go("/register"), givenName="Grace", surname="Hopper", email=email, password=PASSWORD
    )
    shown = person.on(page)
    assert f"app: {email} at /welcome" in shown
    assert [(type(each), getattr(each, "credential", None)) for each in heard] == [
        (Registered, None), (SignedIn, "assertion")
    ]  # fmt: skip


def test_a_factor_that_was_proved_there_is_not_asked_for_here(person: Person) -> None:
    ada = person.machine.account()
    phone = Phone(ada)
    asked = person.there.send(person.go("/login"), login=ada.email, password=PASSWORD)
    assert f"app: {ada.email}" in person.on(person.there.send(asked, code=phone.code()))


def test_a_factor_that_was_not_proved_there_is_asked_for_here(person: Person, machine: Machine) -> None:
    ada = machine.account()
    person.sign_in(ada.email)
    phone, other = Phone(ada), Person(machine, person.here.site)
    other.there = person.there  # signed in there before there was a factor
    asked = other.go("/login?next=/shop")
    assert asked.request.path == "/factor"
    form = asked.forms[0]
    form["code"] = phone.code()
    assert f"app: {ada.email} at /shop" in form.submit().follow(status="*")


def test_the_addresses_follow_the_settings(machine: Machine, open_site: OpenSite) -> None:
    web = {"baseUrl": f"{SITE}/mounted", "callback": {"uri": "/back"}, "idSite": {"enabled": True, "loginUri": "/#/x"}}
    visit = Visit(site=open_site(web), mount="/mounted")
    claims = _asked(Person(machine, visit.site), visit.get("/mounted/login"))
    assert (claims["cb_uri"], claims["path"]) == (f"{SITE}/mounted/back", "/#/x")


class TestComingBack:
    """What is brought back and is no good."""

    @pytest.fixture
    def answer(self, person: Person) -> str:
        """The address with a good answer, which has not been opened yet."""
        ada = person.machine.account()
        sent = person.there.send(person.go("/login"), login=ada.email, password=PASSWORD)
        return str(sent.headers["Location"]).removeprefix(SITE)

    def test_counts_once(self, person: Person, answer: str) -> None:
        assert person.here.get(answer).status_int == 302
        person.here.post("/logout", headers={"Origin": SITE})
        refused = person.here.get(answer, status=401)
        assert "could not be completed" in refused and not person.here.is_signed_in()

    def test_counts_once_in_all_processes(self, person: Person, open_site: OpenSite, answer: str) -> None:
        other = Visit(site=open_site())
        other.cookiejar = person.here.cookiejar
        assert person.here.get(answer).status_int == 302
        other.get(answer, status=401)

    def test_counts_in_the_browser_that_was_sent_away(
        self, person: Person, site: StormpathMiddleware, answer: str
    ) -> None:
        other = Visit(site=site)
        other.get(answer, status=401)
        other.get("/login")  # has a cookie of its own now
        other.get(answer, status=401)
        assert not other.is_signed_in()
        assert person.here.get(answer).status_int == 302  # it was not used up by that

    def test_is_html_whatever_is_asked_for(self, person: Person) -> None:
        refused = person.here.get("/stormpathCallback", headers={"Accept": "application/json"}, status=401)
        assert refused.content_type == "text/html" and 'href="/login"' in refused

    def test_does_not_sign_in_whom_a_listener_refuses(self, machine: Machine, open_site: OpenSite) -> None:
        site = open_site()
        failed: list[SignInFailed] = []

        def refuse(event: SignInStarts) -> None:
            raise Declined("Not today.")

        site.events.listen(SignInStarts, refuse)
        site.events.listen(SignInFailed, failed.append)
        person = Person(machine, site)
        assert "Not today." in person.sign_in(machine.account().email) and not person.here.is_signed_in()
        assert [(each.credential, each.reason) for each in failed] == [(ASSERTION, REFUSED)]

    def test_does_not_sign_in_who_is_disabled_meanwhile(self, person: Person, answer: str) -> None:
        claims = _told(answer)
        account = person.machine.client.accounts.get(claims["sub"])
        account.status = "DISABLED"
        account.save()
        person.here.get(answer, status=401)

    def test_is_refused_with_wrong_claims(self, person: Person, answer: str) -> None:
        good, key = _told(answer), person.machine.key
        of_other = person.machine.account(person.machine.new_application("Other", BACK))
        for wrong in (*WRONG, {"sub": of_other.href}):
            claims = {**good, "irt": uuid.uuid4().hex, **wrong}
            said = {name: each for name, each in claims.items() if each is not None}
            token = jwt.write({"kid": key[0]}, said, key[1])
            person.here.get(f"/stormpathCallback?{urlencode({'jwtResponse': token})}", status=401)
        for token in (jwt.write({}, good, "x" * 43), jwt.write({"kid": "another"}, good, key[1])):
            person.here.get(f"/stormpathCallback?{urlencode({'jwtResponse': token})}", status=401)
        assert not person.here.is_signed_in()
        assert person.here.get(answer).status_int == 302

    def test_is_refused_without_a_token(self, person: Person) -> None:
        for query in (
            "",
            "jwtResponse=",
            "jwtResponse=a.b.c",
            "jwtResponse=" + "a" * 1_000_000,
            "jwtResponse=%ff&jwtResponse=b",
        ):
            person.here.get(f"/stormpathCallback?{query}", status=401)


def test_without_an_id_site_the_address_is_the_applications() -> None:
    assert "app: None at /stormpathCallback" in Visit().get("/stormpathCallback", status=404)


def test_an_id_site_without_a_way_back_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match=r"idSite\.enabled sends people to an ID Site"):
        Settings.read(web={"idSite": {"enabled": True}, "callback": {"enabled": False}})


def _asked(person: Person, answer: Any) -> dict[str, Any]:
    """What the site asks for with *answer*."""
    location = urlsplit(answer.headers["Location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == f"{person.machine.address}/sso"
    token = parse_qs(location.query)["jwtRequest"][0]
    return dict(jwt.read(token, lambda _: person.machine.key[1]).claims)


def _told(address: str) -> dict[str, Any]:
    part = parse_qs(urlsplit(address).query)["jwtResponse"][0].split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))
