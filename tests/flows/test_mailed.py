"""Links that are mailed: a new password, and an address that is verified, without a page."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.browsing import PASSWORD, make_site
from support.post_office import PostOffice, post_office
from support.questions import Asks
from support.questions import site as questions
from support.servers import served_api
from support.visitors import given, request

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.client import Account, Directory
from stormpath_wsgi.codes import Code
from stormpath_wsgi.events import AfterEvent, Declined, Event, PasswordChanged, PasswordChangeStarts, SignedIn
from stormpath_wsgi.flows import PasswordRefused, SignInRefused, TokenRefused
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.settings import MailSettings

ADA, NEW = "ada@example.org", "Another-horse-8"


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with post_office() as opened:
        yield opened


@pytest.fixture(scope="module")
def behind_the_api(office: PostOffice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The settings of sites whose directory is served over HTTP, and sends its mail to the *office*."""
    database = f"sqlite:///{tmp_path_factory.mktemp('mailed')}/accounts.db"
    with served_api(database, mail=MailSettings(url=office.url)) as opening:
        key = {"id": opening["id"], "secret": opening["secret"]}
        yield {"directory": opening["url"], "application": {"name": "My Application"}, "client": {"apiKey": key}}


@pytest.fixture(params=["embedded", "remote"])
def site(request: pytest.FixtureRequest, office: PostOffice) -> Iterator[StormpathMiddleware]:
    """A site that verifies addresses. It has no accounts, and leaves none behind."""
    embedded = {"mail": {"url": office.url}}
    settings = embedded if request.param == "embedded" else request.getfixturevalue("behind_the_api")
    made = make_site(questions, **settings)
    with closing(made.client):
        mapping = made.application.default_account_store_mapping
        assert mapping is not None
        assert isinstance(mapping.account_store, Directory)
        policy = mapping.account_store.account_creation_policy
        policy.verification_email_status = "ENABLED"
        policy.save()
        yield made
        for account in list(made.application.accounts):
            account.delete()
    assert office.empty() == []


@pytest.fixture
def told(site: StormpathMiddleware) -> list[Event]:
    events: list[Event] = []
    site.events.listen(AfterEvent, events.append)
    return events


def session(site: StormpathMiddleware) -> CurrentSession:
    return site.sessions.open(request())


def account(site: StormpathMiddleware, **rest: Any) -> Account:
    """An account that is verified."""
    wish = {"email": ADA, "password": PASSWORD, "given_name": "Ada", "surname": "Lovelace", **rest}
    return site.application.accounts.create(wish, registration_workflow_enabled=False)


def mailed(site: StormpathMiddleware, office: PostOffice) -> str:
    """A token for a new password."""
    site.flows.password.mail(ADA)
    return office.token()


class TestANewPassword:
    def test_is_set_once_and_ends_every_session(
        self, site: StormpathMiddleware, office: PostOffice, told: list[Event]
    ) -> None:
        ada, elsewhere, browser = account(site), session(site), session(site)
        elsewhere.sign_in(ada)
        token = mailed(site, office)
        for _ in range(2):  # to look at it uses it up no more than a mail scanner does
            assert site.flows.password.account(token).email == ADA
        made = site.flows.password.change(browser, token, NEW)
        assert office.next()["Subject"] == "Your password for My Application was changed"
        assert (made.account, made.signed_in, made.unfinished) == (ada, False, None)
        assert not browser.user.is_authenticated
        assert not site.sessions.open(request(given(elsewhere))).user.is_authenticated
        assert site.flows.sign_in.prove(ADA, NEW) == ada
        with pytest.raises(SignInRefused):
            site.flows.sign_in.prove(ADA, PASSWORD)
        changes = [event for event in told if isinstance(event, PasswordChanged)]
        assert [(event.account, event.credential) for event in changes] == [(ada.href, "reset token")]
        for again in (site.flows.password.account, lambda used: site.flows.password.change(browser, used, PASSWORD)):
            with pytest.raises(TokenRefused) as refused:
                again(token)
            assert refused.value.code is Code.NOT_FOUND

    def test_signs_in_who_wants_it(self, site: StormpathMiddleware, office: PostOffice, told: list[Event]) -> None:
        ada, browser = account(site), session(site)
        assert site.flows.password.change(browser, mailed(site, office), NEW, signs_in=True).signed_in
        assert browser.user == ada
        assert [event.credential for event in told if isinstance(event, SignedIn)] == ["mail"]
        office.next()

    def test_signs_nobody_in_who_is_asked_for_more(self, site: StormpathMiddleware, office: PostOffice) -> None:
        account(site)
        site.flows.sign_in.add_step(Asks())
        browser = session(site)
        made = site.flows.password.change(browser, mailed(site, office), NEW, signs_in=True)
        assert (made.signed_in, browser.user.is_authenticated) == (False, False)
        assert made.unfinished is not None
        assert made.unfinished.asks == "colour"
        office.next()

    @pytest.mark.parametrize("wrong", ["short", "", "x" * 2000, ["a"], None, "no-capital-7"])
    def test_that_will_not_do_leaves_the_token_good(
        self, site: StormpathMiddleware, office: PostOffice, wrong: Any
    ) -> None:
        account(site)
        token = mailed(site, office)
        with pytest.raises(PasswordRefused) as refused:
            site.flows.password.change(session(site), token, wrong)
        assert refused.value.field == "password"
        assert site.flows.password.account(token).email == ADA

    def test_is_for_listeners_to_change_or_refuse(self, site: StormpathMiddleware, office: PostOffice) -> None:
        account(site)
        asked: list[PasswordChangeStarts] = []

        def listener(event: PasswordChangeStarts) -> PasswordChangeStarts:
            asked.append(event)
            if event.password == PASSWORD:
                raise Declined("Not the old one.")
            return dataclasses.replace(event, password=f"{event.password}-9")

        site.events.listen(PasswordChangeStarts, listener)
        token = mailed(site, office)
        with pytest.raises(Declined, match="Not the old one"):
            site.flows.password.change(session(site), token, PASSWORD)
        site.flows.password.change(session(site), token, NEW)
        assert [event.credential for event in asked] == ["reset token"] * 2
        assert site.flows.sign_in.prove(ADA, f"{NEW}-9").email == ADA
        office.next()


NO_TOKENS = ["", "x", "../../accounts", "a b", "ä", "x" * 2000, "x" * 100, None, 7, ["x"], {"a": 1}, "\ud800"]


@pytest.mark.parametrize("token", NO_TOKENS)
def test_whatever_is_no_token_is_refused(site: StormpathMiddleware, token: Any) -> None:
    for look in (site.flows.password.account, site.flows.verification.account):
        with pytest.raises(TokenRefused):
            look(token)
    with pytest.raises(TokenRefused):
        site.flows.password.change(session(site), token, NEW)
    with pytest.raises(TokenRefused):
        site.flows.verification.verify(session(site), token)


def test_a_token_for_one_thing_is_none_for_the_other(site: StormpathMiddleware, office: PostOffice) -> None:
    account(site)
    token = mailed(site, office)
    with pytest.raises(TokenRefused):
        site.flows.verification.verify(session(site), token)
    assert site.flows.password.account(token).email == ADA


@pytest.mark.parametrize("nobody", ["nobody@example.org", "x" * 300, "no address", "a@b@c", "\x00", " "])
def test_who_asks_for_a_mail_learns_nothing(
    site: StormpathMiddleware, nobody: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "stormpath_wsgi.flows")
    site.flows.password.mail(nobody)
    site.flows.verification.mail(nobody)
    assert caplog.text.count("No mail is sent: ") == 2
    assert nobody not in caplog.text.replace(" ", "") or not nobody.strip()


class TestAnAddress:
    def new(self, site: StormpathMiddleware, office: PostOffice) -> tuple[Account, str]:
        """An account that is not verified, and the token that was mailed to it."""
        made = site.flows.registration(
            session(site), {"email": ADA, "password": PASSWORD, "given_name": "Ada", "surname": "L"}, signs_in=True
        )
        assert not made.signed_in
        return made.account, office.token()

    def test_is_verified_once_and_lets_its_owner_in(self, site: StormpathMiddleware, office: PostOffice) -> None:
        ada, token = self.new(site, office)
        for _ in range(2):
            assert site.flows.verification.account(token) == ada
        with pytest.raises(SignInRefused) as refused:
            site.flows.sign_in.prove(ADA, PASSWORD)
        assert refused.value.code is Code.ACCOUNT_NOT_VERIFIED
        made = site.flows.verification.verify(session(site), token)
        assert (made.account, made.signed_in, made.unfinished) == (ada, False, None)
        assert site.flows.sign_in.prove(ADA, PASSWORD) == ada
        with pytest.raises(TokenRefused):
            site.flows.verification.verify(session(site), token)

    def test_signs_in_who_wants_it(self, site: StormpathMiddleware, office: PostOffice) -> None:
        ada, token = self.new(site, office)
        browser = session(site)
        assert site.flows.verification.verify(browser, token, signs_in=True).signed_in
        assert browser.user == ada

    def test_gets_another_mail_until_it_is_verified(self, site: StormpathMiddleware, office: PostOffice) -> None:
        _, token = self.new(site, office)
        site.flows.verification.mail(ADA)
        assert office.token() == token
        site.flows.verification.verify(session(site), token)
        site.flows.verification.mail(ADA)  # the fixture sees that none comes


def test_a_token_of_another_application_is_none(tmp_path: Path, office: PostOffice) -> None:
    directory = f"sqlite:///{tmp_path}/accounts.db"
    ours = make_site(questions, directory=directory, mail={"url": office.url})
    ours.client.applications.create({"name": "Other"}, create_directory=True)
    other = make_site(questions, directory=directory, application={"name": "Other"}, mail={"url": office.url})
    with closing(ours.client), closing(other.client):
        account(ours)
        token = mailed(ours, office)
        with pytest.raises(TokenRefused):
            other.flows.password.change(session(other), token, NEW)
        assert ours.flows.password.account(token).email == ADA
