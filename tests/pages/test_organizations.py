"""Organizations with a host each: every row of the framework specification's table, and what must not leak."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from support.browsing import BROWSER, PASSWORD, Visit, make_site
from support.post_office import PostOffice, post_office
from support.servers import served_api

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.client import Application, Directory, Organization
from stormpath_wsgi.settings import MailSettings
from stormpath_wsgi.web.bearer import unverified

JSON = "application/json"
DOMAIN, ACME, BETA = "site.example", "acme.site.example", "beta.site.example"
ON: Mapping[str, Any] = {"domainName": DOMAIN, "multiTenancy": {"enabled": True}}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Says which organization a request is for, and who is signed in."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    organization = environ["stormpath.organization"]
    return [f"{organization and organization.name_key}: {environ['stormpath.user'].email}".encode()]


class Guest(Visit):
    """A visitor who goes from host to host, and keeps the cookies of each apart, as browsers do."""

    def __init__(self, site: StormpathMiddleware, accept: str = BROWSER) -> None:
        super().__init__(accept, site=site)

    def at(self, host: str, address: str, posted: Mapping[str, Any] | None = None, **environ: Any) -> Any:
        """The answer to GET, or to a POST of a form or (where JSON is accepted) a document."""
        sent = {"HTTP_HOST": host, **environ}
        if posted is None:
            return self.get(address, extra_environ=sent, expect_errors=True)
        if self.extra_environ["HTTP_ACCEPT"] == JSON:
            return self.post_json(address, dict(posted), extra_environ=sent, expect_errors=True)
        return self.post(address, dict(posted), extra_environ=sent, expect_errors=True)

    def fill(self, host: str, address: str, **values: str) -> Any:
        """Opens a page at *host*, fills its form in, and sends it."""
        form = self.at(host, address).form
        for name, value in values.items():
            form[name] = value
        return form.submit(extra_environ={"HTTP_HOST": host}, expect_errors=True)


@dataclass
class World:
    """A site with two organizations, ``acme`` and ``beta``, and an account of the same address in each."""

    site: StormpathMiddleware
    organizations: Mapping[str, Organization]
    unmapped: Organization
    disabled: Organization
    application: Application = field(init=False)

    def __post_init__(self) -> None:
        self.application = self.site.application

    def guest(self, accept: str = BROWSER) -> Guest:
        return Guest(self.site, accept)


def make_world(**settings: Any) -> World:
    web = {**ON, **settings.pop("web", {})}
    site = make_site(app, web=web, **settings)
    owner = Visit(site=site)
    organizations = {key: owner.organization(key) for key in ("acme", "beta")}
    for key, organization in organizations.items():
        given = {"given_name": "Ada", "surname": key, "password": PASSWORD}
        organization.accounts.create({**given, "email": "ada@example.org"})
        organization.accounts.create({**given, "email": f"{key}@example.org"})
    unmapped = owner.organization("unmapped", mapped=False)
    disabled = owner.organization("disabled", status="DISABLED")
    return World(site, organizations, unmapped, disabled)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(proxies="10.0.0.5")


def directory_of(organization: Organization) -> Directory:
    mapping = organization.default_account_store_mapping
    directory = None if mapping is None else mapping.account_store
    assert isinstance(directory, Directory)
    return directory


@pytest.fixture(scope="module", autouse=True)
def mails(world: World) -> None:
    let_mail(world)


def let_mail(world: World) -> None:
    """Each directory mails links for new passwords, and those of beta verify addresses as well."""
    for key, organization in world.organizations.items():
        directory = directory_of(organization)
        directory.password_policy.reset_email_status = "ENABLED"
        directory.password_policy.save()
        if key == "beta":
            directory.account_creation_policy.verification_email_status = "ENABLED"
            directory.account_creation_policy.save()


@dataclass(frozen=True)
class Row:
    """What a browser gets: a page whose heading is *heading*, or a redirect to *location*."""

    host: str
    address: str
    posted: Mapping[str, str] | None = None
    heading: str | None = None
    location: str | None = None

    def __str__(self) -> str:
        return f"{'GET' if self.posted is None else 'POST'} {self.host}{self.address} {dict(self.posted or {})}"


KEY = "organizationNameKey"
ASKED = "Your organization"
ROWS = [
    # A known organization: the page itself.
    Row(ACME, "/login", heading="Sign in to acme"),
    Row("ACME.Site.Example", "/login", heading="Sign in to acme"),
    Row("acme.site.example:8443", "/login", heading="Sign in to acme"),
    Row("acme.site.example.", "/login", heading="Sign in to acme"),
    # One that is not known: to the domain, with path and query, and the port.
    Row("nobody.site.example", "/login?next=%2Fx&a=b", location="http://site.example/login?next=%2Fx&a=b"),
    Row("nobody.site.example:81", "/change?sptoken=abc", location="http://site.example:81/change?sptoken=abc"),
    Row("nobody.site.example", "/login", posted={"login": "ada"}, location="http://site.example/login"),
    Row("unmapped.site.example", "/register", location="http://site.example/register"),
    Row("disabled.site.example", "/register", location="http://site.example/register"),
    Row("a.acme.site.example", "/login", location="http://site.example/login"),
    Row("acme.other.example", "/login", location="http://site.example/login"),
    Row("acme.site.example.evil.example:666", "/login", location="http://site.example/login"),
    Row("-.site.example", "/login", location="http://site.example/login"),
    Row(f"{'a' * 64}.site.example", "/login", location="http://site.example/login"),
    Row("*.site.example", "/login", location="http://site.example/login"),
    # The domain itself: one question.
    Row(DOMAIN, "/login", heading=ASKED),
    Row(f"{DOMAIN}:8000", "/register", heading=ASKED),
    Row(DOMAIN, "/login", posted={KEY: "acme"}, location="http://acme.site.example/login"),
    Row(f"{DOMAIN}:81", "/login?a=b", posted={KEY: " ACME "}, location="http://acme.site.example:81/login?a=b"),
    Row(DOMAIN, "/login?next=//evil", posted={KEY: "beta"}, location="http://beta.site.example/login?next=//evil"),
    Row(DOMAIN, "/login", posted={KEY: "nobody"}, heading=ASKED),
    Row(DOMAIN, "/login", posted={KEY: "unmapped"}, heading=ASKED),
    Row(DOMAIN, "/login", posted={KEY: "evil.example/"}, heading=ASKED),
    Row(DOMAIN, "/login", posted={KEY: "acme.site.example@evil.example"}, heading=ASKED),
    Row(DOMAIN, "/login", posted={KEY: ""}, heading=ASKED),
    Row(DOMAIN, "/login", posted={"login": "ada", "password": PASSWORD}, heading=ASKED),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_browser_gets_what_the_row_says(world: World, row: Row) -> None:
    answer = world.guest().at(row.host, row.address, row.posted)
    assert answer.headers.get("Location") == row.location
    assert (None if row.heading is None else answer.html.h1.get_text()) == row.heading


def test_the_question_has_one_field_and_keeps_path_and_query(world: World) -> None:
    page = world.guest().at(f"{DOMAIN}:8000", "/login?next=%2Fstaff")
    shown = [each["name"] for each in page.html.form.find_all("input") if each["type"] != "hidden"]
    assert (shown, page.html.form["action"]) == (["organizationNameKey"], "/login?next=%2Fstaff")
    assert "form-action 'self' http://*.site.example:8000;" in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "strict-origin"


def test_who_misspells_the_organization_is_told_and_sees_what_was_typed(world: World) -> None:
    page = world.guest().at(DOMAIN, "/login", {KEY: "acne"})
    assert "There is no organization of that name here." in page.text
    assert page.html.find(id=KEY)["value"] == "acne"


@pytest.mark.parametrize("body", [b"{", b"\xff", b"a" * 300_000])
def test_a_hostile_body_gets_a_page_and_no_500(world: World, body: bytes) -> None:
    sent = {"HTTP_HOST": DOMAIN, "CONTENT_TYPE": "application/json"}
    assert world.guest().post("/login", body, extra_environ=sent, expect_errors=True).status_int in (200, 400, 413)


@pytest.mark.parametrize("host", ["", "[", "a b", "x" * 5000, ":80", "acme.site.example:99999999", "ácme.site.example"])
def test_a_host_that_is_none_belongs_to_nobody(world: World, host: str) -> None:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/login", "HTTP_ACCEPT": BROWSER, "HTTP_HOST": host}
    answer = world.guest().request("/login", environ={**environ})
    assert answer.headers["Location"] == "http://site.example/login"


def test_the_page_has_the_name_of_the_organization(world: World) -> None:
    page = world.guest().at(ACME, "/login")
    assert page.html.title.get_text() == "Sign in to acme"
    assert world.guest().at(DOMAIN, "/login").html.title.get_text() == "Your organization · My Application"


@pytest.mark.parametrize("key", ["acme", "beta"])
def test_a_sign_in_is_to_the_organization_of_the_host(world: World, key: str) -> None:
    guest = world.guest()
    answer = guest.fill(f"{key}.{DOMAIN}", "/login", login="ada@example.org", password=PASSWORD)
    assert answer.headers["Location"] == "/"
    program = world.guest(JSON)
    program.cookiejar = guest.cookiejar
    assert program.at(f"{key}.{DOMAIN}", "/me").json["account"]["surname"] == key


@pytest.mark.parametrize("key", ["acme", "beta"])
def test_nobody_of_another_organization_gets_in(world: World, key: str) -> None:
    other = {"acme": BETA, "beta": ACME}[key]
    answer = world.guest().fill(other, "/login", login=f"{key}@example.org", password=PASSWORD)
    assert "bad-login" in answer.text


def test_the_host_wins_over_the_body(world: World) -> None:
    posted = {"login": "beta@example.org", "password": PASSWORD, KEY: "beta"}
    assert world.guest(JSON).at(ACME, "/login", posted).status_int == 400
    assert world.guest(JSON).at(BETA, "/login", {**posted, KEY: "acme"}).status_int == 200


@pytest.mark.parametrize(("posted", "surname"), [({KEY: "beta"}, "beta"), ({KEY: "acme"}, "acme"), ({}, "acme")])
def test_a_program_at_the_domain_runs_with_or_without_an_organization(
    world: World, posted: Mapping[str, str], surname: str
) -> None:
    sent = {"login": "ada@example.org", "password": PASSWORD, **posted}
    assert world.guest(JSON).at(DOMAIN, "/login", sent).json["account"]["surname"] == surname


def test_a_program_is_told_of_the_field_at_the_domain_only(world: World) -> None:
    names = {
        host: [each["name"] for each in world.guest(JSON).at(host, "/login").json["form"]["fields"]]
        for host in (ACME, DOMAIN, "nobody.site.example")
    }
    assert names == {
        ACME: ["login", "password"],
        DOMAIN: [KEY, "login", "password"],
        "nobody.site.example": [KEY, "login", "password"],
    }


@pytest.mark.parametrize("accept", [BROWSER, JSON])
def test_an_account_is_made_in_the_organization_of_the_host(world: World, accept: str) -> None:
    email = f"new-{accept[:5]}@example.org"
    new = {"givenName": "Eve", "surname": "New", "email": email, "password": PASSWORD}
    if accept == JSON:
        world.guest(JSON).at(ACME, "/register", {**new, KEY: "beta"})
    else:
        world.guest().fill(ACME, "/register", **new)
    found = {key: len(each.accounts.search({"email": email})) for key, each in world.organizations.items()}
    assert found == {"acme": 1, "beta": 0}


def test_a_program_at_the_domain_registers_in_the_organization_that_it_names(world: World) -> None:
    new = {"givenName": "Eve", "surname": "New", "email": "eve@example.org", "password": PASSWORD, KEY: "acme"}
    assert world.guest(JSON).at(DOMAIN, "/register", new).status_int == 200
    assert len(world.organizations["acme"].accounts.search({"email": "eve@example.org"})) == 1


def test_each_organization_has_the_pages_that_its_directory_wants(world: World) -> None:
    """Only beta verifies addresses."""
    assert world.guest().at(ACME, "/verify").text.startswith("acme: ")
    assert world.guest().at(BETA, "/verify").html.h1 is not None


def test_the_application_is_told_of_the_organization(world: World) -> None:
    guest = world.guest()
    assert [guest.at(host, "/").text for host in (ACME, BETA, DOMAIN, "nobody.site.example", "x.example")] == [
        "acme: None", "beta: None", "None: None", "None: None", "None: None",
    ]  # fmt: skip


def test_me_tells_of_the_organization_at_its_host_only(world: World) -> None:
    guest = world.guest(JSON)
    sent = {"login": "ada@example.org", "password": PASSWORD}
    guest.at(ACME, "/login", sent)
    acme = world.organizations["acme"]
    found = guest.at(ACME, "/me").json
    assert list(found) == ["account", "organization"]
    assert list(found["organization"]) == ["href", "name", "nameKey", "createdAt", "modifiedAt"]
    assert found["organization"]["href"] == acme.href
    guest.at(DOMAIN, "/login", sent)
    assert list(guest.at(DOMAIN, "/me").json) == ["account"]


class TestASessionElsewhere:
    """A session whose cookie reaches the host of another organization."""

    @pytest.fixture
    def guest(self, world: World) -> Guest:
        """Signed in at acme, with the cookie for all hosts."""
        guest = world.guest(JSON)
        answer = guest.at(ACME, "/login", {"login": "acme@example.org", "password": PASSWORD})
        (cookie,) = (each for each in answer.headers.getall("Set-Cookie") if each.startswith("stormpath_session="))
        guest = world.guest(JSON)
        guest.extra_environ["HTTP_COOKIE"] = cookie.partition(";")[0]
        return guest

    def test_signs_nobody_in(self, guest: Guest) -> None:
        assert guest.at(ACME, "/").text == "acme: acme@example.org"
        assert guest.at(BETA, "/").text == "beta: None"

    def test_counts_at_the_domain_itself(self, guest: Guest) -> None:
        assert guest.at(DOMAIN, "/").text == "None: acme@example.org"

    def test_lives_on_where_it_belongs(self, guest: Guest) -> None:
        answer = guest.at(BETA, "/me")
        assert (answer.status_int, "Set-Cookie" in answer.headers) == (401, False)
        assert guest.at(ACME, "/").text == "acme: acme@example.org"

    def test_ends_by_a_sign_out_wherever_that_is(self, guest: Guest) -> None:
        guest.at(BETA, "/logout", {})
        assert guest.at(ACME, "/").text == "acme: None"


def test_an_account_that_leaves_the_organization_is_a_stranger_with_the_next_request(world: World) -> None:
    organization = Visit(site=world.site).organization("leaving")
    account = organization.accounts.create(
        {"given_name": "Ada", "surname": "L", "email": "leaving@example.org", "password": PASSWORD}
    )
    client, directory = world.site.client, account.directory
    client.account_store_mappings.create({"application": world.application, "account_store": directory})
    guest, host = world.guest(JSON), f"leaving.{DOMAIN}"
    guest.at(host, "/login", {"login": account.email, "password": PASSWORD})
    assert guest.at(host, "/").text == "leaving: leaving@example.org"
    for mapping in organization.account_store_mappings:
        mapping.delete()
    assert guest.at(host, "/").text == "leaving: None"


def test_a_group_is_an_account_store_of_an_organization_as_well(world: World) -> None:
    client = world.site.client
    account = world.organizations["acme"].accounts.search({"email": "acme@example.org"})[0]
    group = account.directory.groups.create({"name": "Team"})
    team = Visit(site=world.site).organization("team")
    client.organization_account_store_mappings.create({"organization": team, "account_store": group})
    guest = world.guest(JSON)
    sent = {"login": "acme@example.org", "password": PASSWORD}
    assert guest.at(f"team.{DOMAIN}", "/login", sent).status_int == 400
    group.add_account(account)
    assert guest.at(f"team.{DOMAIN}", "/login", sent).status_int == 200
    assert guest.at(f"team.{DOMAIN}", "/").text == "team: acme@example.org"


def test_a_token_of_another_organizations_account_is_refused(world: World) -> None:
    fields = {"grant_type": "password", "username": "beta@example.org", "password": PASSWORD}
    answer = world.site.client.data_store.create(f"{world.application.href}/oauth/token", fields)
    environ: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {answer['access_token']}"}
    program = world.guest(JSON)
    assert program.at(BETA, "/", **environ).text == "beta: beta@example.org"
    assert program.at(ACME, "/me", **environ).status_int == 401


@pytest.mark.parametrize(("email", "status"), [("beta@example.org", 200), ("acme@example.org", 400)])
def test_the_token_endpoint_of_a_host_is_for_its_organization(world: World, email: str, status: int) -> None:
    fields = {"grant_type": "password", "username": email, "password": PASSWORD, "organizationNameKey": "acme"}
    visit = Visit(JSON, site=world.site)
    visit.extra_environ["HTTP_HOST"] = BETA
    answer = visit.post("/oauth/token", fields, status=status)
    if status == 200:
        claims = unverified(answer.json["access_token"]).claims
        assert claims["org"] == world.organizations["beta"].href


def test_the_tokens_beside_a_session_name_the_organization_of_the_host() -> None:
    world = make_world(cookies="tokens")
    answer = world.guest(JSON).at(BETA, "/login", {"login": "beta@example.org", "password": PASSWORD})
    [access] = re.findall(r"access_token=([^;]+)", " ".join(answer.headers.getall("Set-Cookie")))
    assert unverified(access).claims["org"] == world.organizations["beta"].href


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


@pytest.fixture(scope="module")
def mailing(office: PostOffice) -> Iterator[World]:
    """A site whose mails arrive."""
    world = make_world(web={"baseUrl": "https://site.example"}, mail={"url": office.url})
    let_mail(world)
    with closing(world.site.client):
        yield world


class TestMails:
    """Their links lead to the host of the organization whose people have asked."""

    @pytest.mark.parametrize("key", ["acme", "beta"])
    def test_a_link_for_a_new_password_leads_there(self, mailing: World, office: PostOffice, key: str) -> None:
        """Both have somebody with that address; the link is for the one of this host."""
        guest = mailing.guest()
        guest.fill(f"{key}.{DOMAIN}", "/forgot", email="ada@example.org")
        link = urlsplit(office.link())
        assert (link.scheme, link.netloc, link.path) == ("https", f"{key}.{DOMAIN}", "/change")
        account = mailing.site.flows.password.account(link.query.removeprefix("sptoken="))
        assert account.surname == key

    def test_a_link_that_verifies_leads_there_the_second_one_too(self, mailing: World, office: PostOffice) -> None:
        new = {"givenName": "Eve", "surname": "New", "email": "eve@example.org", "password": PASSWORD}
        guest = mailing.guest()
        guest.fill(BETA, "/register", **new)
        assert office.link().startswith("https://beta.site.example/verify?sptoken=")
        guest.fill(BETA, "/verify", login="eve@example.org")
        assert office.link().startswith("https://beta.site.example/verify?sptoken=")

    def test_who_asks_at_the_domain_gets_a_link_there(self, mailing: World, office: PostOffice) -> None:
        mailing.guest(JSON).at(DOMAIN, "/forgot", {"email": "acme@example.org"})
        assert office.link().startswith("https://site.example/change?sptoken=")

    def test_no_host_that_a_request_names_gets_into_a_mail(self, mailing: World, office: PostOffice) -> None:
        guest = mailing.guest(JSON)
        guest.at("evil.example", "/forgot", {"email": "acme@example.org"}, HTTP_X_FORWARDED_HOST="beta.site.example")
        assert office.link().startswith("https://site.example/change?sptoken=")

    def test_an_address_of_the_owners_own_stays_as_it_is(self, mailing: World, office: PostOffice) -> None:
        (template,) = directory_of(mailing.organizations["acme"]).password_policy.reset_email_templates
        before = dict(template.default_model)
        template.default_model = {"linkBaseUrl": "https://other.example/new"}
        template.save()
        mailing.guest().fill(ACME, "/forgot", email="acme@example.org")
        assert office.link().startswith("https://other.example/new?sptoken=")
        template.default_model = before
        template.save()

    def test_the_directory_may_be_on_another_machine(self, office: PostOffice, tmp_path: Path) -> None:
        """That machine knows the domain by a setting of its own."""
        mail = MailSettings(url=office.url, reset_link="https://site.example:8443/change", domain=DOMAIN)
        with served_api(f"sqlite:///{tmp_path}/accounts.db", mail=mail) as opening:
            key = {"id": opening["id"], "secret": opening["secret"]}
            world = make_world(client={"apiKey": key}, directory=opening["url"], application={"name": "My Application"})
            let_mail(world)
            with closing(world.site.client):
                guest = world.guest()
                guest.fill(ACME, "/forgot", email="ada@example.org")
                assert office.link().startswith("https://acme.site.example:8443/change?sptoken=")
                guest.fill(ACME, "/login", login="ada@example.org", password=PASSWORD)
                assert [guest.at(host, "/").text for host in (ACME, BETA)] == ["acme: ada@example.org", "beta: None"]


class TestBehindAProxy:
    """10.0.0.5 is one, and tells the host that the browser asked for."""

    def test_what_it_tells_counts(self, world: World) -> None:
        told: dict[str, Any] = {"REMOTE_ADDR": "10.0.0.5", "HTTP_X_FORWARDED_HOST": "evil.example, acme.site.example"}
        answer = world.guest().at("backend:8080", "/", **told)
        assert answer.text == "acme: None"
        assert "X-Forwarded-Host" in answer.headers["Vary"]

    def test_what_anybody_else_tells_does_not(self, world: World) -> None:
        told: dict[str, Any] = {"REMOTE_ADDR": "10.0.0.6", "HTTP_X_FORWARDED_HOST": "acme.site.example"}
        answer = world.guest().at(BETA, "/", **told)
        assert answer.text == "beta: None"
        assert "X-Forwarded-Host" not in answer.headers.get("Vary", "")

    def test_addresses_have_https_where_cookies_are_always_secure(self) -> None:
        site = make_site(app, web=dict(ON), session={"cookieSecure": True})
        answer = Guest(site).at("nobody.site.example", "/login")
        assert answer.headers["Location"] == "https://site.example/login"
