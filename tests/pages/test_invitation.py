"""Invitations, from the mail that arrives to the account, embedded and over the REST API."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from support.browsing import PASSWORD, Visit, make_site
from support.post_office import PostOffice, post_office
from support.questions import Asks
from support.questions import site as questions
from support.servers import served_api
from support.visitors import request

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.client import Directory, Invitation
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import AfterEvent, Declined, InvitationAccepted, Invited, Registered, RegistrationStarts
from stormpath_wsgi.flows import InvitationRefused, Invitee, TokenRefused
from stormpath_wsgi.settings import MailSettings

JSON = {"Accept": "application/json"}
GONE = {"status": 404, "message": "This invitation does not exist any more. Please ask for another one."}
NAMES = {"givenName": "Bob", "surname": "Byron"}


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


@pytest.fixture(scope="module", params=["embedded", "over the REST API"])
def site(
    request: pytest.FixtureRequest, office: PostOffice, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StormpathMiddleware]:
    """A closed site: nobody can register."""
    closed = {"register": {"enabled": False}, "baseUrl": "http://site.example"}
    with ExitStack() as opened:
        if request.param == "embedded":
            made = make_site(web=closed, mail={"url": office.url})
        else:
            mail = MailSettings(url=office.url, invitation_link="http://site.example/invitation")
            url = f"sqlite:///{tmp_path_factory.mktemp('invitations')}/accounts.db"
            there = opened.enter_context(served_api(url, mail=mail))
            client = {"apiKey": {"id": there["id"], "secret": there["secret"]}}
            made = make_site(web=closed, directory=there["url"], client=client, application={"name": "My Application"})
        opened.enter_context(closing(made.client))
        yield made


@pytest.fixture
def visit(site: StormpathMiddleware) -> Visit:
    return Visit(site=site)


@pytest.fixture
def email() -> str:
    """An address that nobody has."""
    return f"bob{next(_numbers)}@example.org"


_numbers = itertools.count()


def home(visit: Visit) -> Directory:
    """The directory that new accounts go to."""
    mapping = visit.application.default_account_store_mapping
    assert mapping is not None
    assert isinstance(mapping.account_store, Directory)
    return mapping.account_store


def invite(visit: Visit, email: str, **more: Any) -> Invitation:
    return visit.application.invitations.create({"email": email, **more})


def test_from_the_mail_that_arrives_to_the_account(visit: Visit, office: PostOffice, email: str) -> None:
    group = home(visit).groups.create({"name": f"Staff of {email}"})
    invite(visit, email, groups=[group])
    assert visit.get("/register", status=404).status_int == 404
    path = office.path()
    for _ in range(2):  # a mail scanner and a browser
        page = visit.get(path)
    assert page.headers["Referrer-Policy"]
    assert email in page.html.main.get_text()
    assert page.html.select_one("input[autocomplete=username]")["value"] == email
    assert page.html.select_one("input[name=password]")["autocomplete"] == "new-password"
    for name, value in {**NAMES, "password": PASSWORD}.items():
        page.form[name] = value
    done = page.form.submit()
    assert done.headers["Location"] == "/login?status=created"
    page = done.follow()
    page.form["login"], page.form["password"] = email, PASSWORD
    assert f"app: {email}" in page.form.submit().follow()
    account = group.accounts[0]
    assert (account.email, account.full_name, account.email_verification_status) == (email, "Bob Byron", "VERIFIED")
    again = visit.get(path, status=404)
    assert again.html.h1.get_text() == "This link no longer works"
    assert visit.get(path, headers=JSON, status=404).json == GONE


def test_what_is_wrong_is_said_at_the_fields_and_the_link_stays_good(
    visit: Visit, office: PostOffice, email: str
) -> None:
    invite(visit, email)
    path = office.path()
    page = visit.fill_in(path, givenName="", surname="Byron", password="short")
    assert page.status_int == 200
    assert page.html.select_one("#givenName")["aria-invalid"] == "true"
    assert page.html.select_one("#password")["aria-invalid"] == "true"
    assert page.form["surname"].value == "Byron"
    page.form["givenName"], page.form["password"] = "Bob", "Password1"
    page = page.form.submit()
    assert "This password is on lists of stolen passwords. Choose another." in page
    page.form["password"] = PASSWORD
    assert page.form.submit().status_int == 302


def test_a_program_learns_the_form_and_who_is_invited(visit: Visit, office: PostOffice, email: str) -> None:
    invite(visit, email)
    path = office.path()
    model = visit.get(path, headers=JSON).json
    assert [field["name"] for field in model["form"]["fields"]] == ["givenName", "surname", "password"]
    assert model["email"] == email
    made = visit.post_json(path, {**NAMES, "password": PASSWORD}, headers=JSON)
    assert made.json["account"]["email"] == email
    assert not visit.is_signed_in()
    assert visit.post_json(path, {**NAMES, "password": PASSWORD}, headers=JSON, status=404).json == GONE


def test_the_token_may_be_in_the_document(visit: Visit, office: PostOffice, email: str) -> None:
    invite(visit, email)
    sent = {**NAMES, "password": PASSWORD, "sptoken": office.token()}
    assert visit.post_json("/invitation", sent, headers=JSON).json["account"]["email"] == email


def test_nobody_chooses_another_address(visit: Visit, office: PostOffice, email: str) -> None:
    invite(visit, email)
    path = office.path()
    for more in ({"email": "eve@example.org"}, {"status": "ENABLED"}, {"customData": {"x": 1}}):
        sent = {**NAMES, "password": PASSWORD, **more}
        assert visit.post_json(path, sent, headers=JSON, status=400).json["status"] == 400
    assert visit.get(path).status_int == 200


def test_who_has_registered_meanwhile_is_told(visit: Visit, office: PostOffice, email: str) -> None:
    """Only who reads the mail of the address learns that."""
    invite(visit, email)
    path = office.path()
    visit.account(email)
    page = visit.fill_in(path, **NAMES, password=PASSWORD)
    assert page.status_int == 200
    assert "has an account" in page.html.select_one("div.alert-danger").get_text()


def test_an_administrator_is_told_who_has_an_account_already(visit: Visit, email: str) -> None:
    account = visit.account(email)
    with pytest.raises(Error, match=account.href) as caught:
        invite(visit, email)
    assert caught.value.code == Code.NOT_UNIQUE


def test_invitations_are_listed_sent_again_and_revoked(visit: Visit, office: PostOffice, email: str) -> None:
    made = invite(visit, email)
    path = office.path()
    [found] = visit.application.invitations.search({"email": email})
    assert (found, found.application, list(found.groups)) == (made, visit.application, [])
    found.send_again()
    assert office.path() == path
    found.delete()
    assert not visit.application.invitations.search({"email": email})
    assert visit.get(path, status=404).html.h1.get_text() == "This link no longer works"


def test_made_up_tokens_are_no_failure(visit: Visit) -> None:
    for token in ("x", "%00", "x" * 9000, "a/b", "%F0%9F%98%80"):
        path = f"/invitation?sptoken={token}"
        assert visit.get(path, status=404).html.h1.get_text() == "This link no longer works"
        assert visit.get(path, headers=JSON, status=404).json == GONE
        assert visit.post_json(path, {**NAMES, "password": PASSWORD}, headers=JSON, status=404).json == GONE


def test_without_a_token_the_address_is_the_applications(visit: Visit) -> None:
    assert "app: None at /invitation" in visit.get("/invitation", status=404)
    answer = visit.post_json("/invitation", NAMES, headers=JSON, status=400)
    assert answer.json == {"status": 400, "message": "sptoken parameter not provided."}


def test_whatever_a_program_sends_is_no_failure(visit: Visit, office: PostOffice, email: str) -> None:
    invite(visit, email)
    path = office.path()
    values: list[Any] = [None, 7, True, ["x"], {"a": 1}, "\ud800", "x" * 100_000]
    for value in values:
        for name in ("givenName", "password", "sptoken", "customData"):
            sent = {**NAMES, "password": PASSWORD, name: value}
            assert visit.post_json("/invitation", sent, headers=JSON, status="*").status_int < 500
        assert visit.post_json(path, {**NAMES, "password": value}, headers=JSON, status=400).json["status"] == 400


def test_who_listens_is_told_once(visit: Visit, office: PostOffice, email: str) -> None:
    told: list[AfterEvent] = []
    visit.site.events.listen(AfterEvent, told.append)
    invite(visit, email)
    visit.fill_in(office.path(), **NAMES, password=PASSWORD)
    kinds = [type(event) for event in told if isinstance(event, Invited | Registered | InvitationAccepted)]
    assert kinds[-2:] == [Registered, InvitationAccepted]
    assert kinds.count(Invited) <= 1  # of another machine nobody tells
    assert all(event.credential == "invitation token" for event in told if isinstance(event, InvitationAccepted))


def test_a_listener_may_refuse(visit: Visit, office: PostOffice, email: str) -> None:
    refuses = True

    def refuse(event: RegistrationStarts) -> None:
        if refuses and event.data["email"] == email:
            raise Declined("Nobody is let in today.")

    visit.site.events.listen(RegistrationStarts, refuse)
    invite(visit, email)
    path = office.path()
    page = visit.fill_in(path, **NAMES, password=PASSWORD)
    assert "Nobody is let in today." in page
    refuses = False
    assert visit.fill_in(path, **NAMES, password=PASSWORD).status_int == 302


class TestPagesOfTheAppsOwn:
    def test_the_flow_needs_no_page_of_ours(self, visit: Visit, office: PostOffice, email: str) -> None:
        invite(visit, email)
        flow, token = visit.site.flows.invitation, office.token()
        assert flow.invitee(token) == Invitee(email, home(visit).href)
        session = visit.site.sessions.open(request())
        with pytest.raises(InvitationRefused):
            flow.accept(session, token, {"password": PASSWORD, "email": "eve@example.org"})
        for password, code in (
            ("Sh0rt", Code.TOO_SHORT),
            ("Password1", Code.PASSWORD_KNOWN),
            ("Winchester1", Code.PASSWORD_OF_OWN_WORDS),
        ):
            with pytest.raises(InvitationRefused) as refused:
                flow.accept(session, token, {"password": password, "surname": "Winchester"})
            assert (refused.value.code, refused.value.field) == (code, "password")
        made = flow.accept(session, token, {"password": PASSWORD, "given_name": "Bob"}, signs_in=True, remember=True)
        assert (made.signed_in, made.account.email) == (True, email)
        assert session.user.email == email
        with pytest.raises(TokenRefused):
            flow.invitee(token)


class TestSigningIn:
    @pytest.fixture
    def visit(self, office: PostOffice) -> Iterator[Visit]:
        web = {"invitation": {"autoLogin": True}, "login": {"nextUri": "/home"}, "baseUrl": "http://site.example"}
        site = make_site(questions, web=web, mail={"url": office.url})
        with closing(site.client):
            yield Visit(site=site)

    def test_a_setting_signs_in_at_once(self, visit: Visit, office: PostOffice, email: str) -> None:
        invite(visit, email)
        answer = visit.fill_in(office.path(), **NAMES, password=PASSWORD)
        assert answer.headers["Location"] == "/home"
        assert visit.get("/").text == f"user: {email}"

    def test_but_who_is_asked_for_more_is_asked(self, visit: Visit, office: PostOffice, email: str) -> None:
        visit.site.flows.sign_in.add_step(Asks())
        invite(visit, email)
        answer = visit.fill_in(office.path(), **NAMES, password=PASSWORD)
        assert answer.headers["Location"].startswith("/question?pending=")
        assert visit.get("/").text == "user: None"
