"""Making an account without a page, and signing out without one."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

import pytest
from support.browsing import PASSWORD, Visit, make_site
from support.questions import Asks
from support.visitors import given, request

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.client import Account
from stormpath_wsgi.codes import Code
from stormpath_wsgi.events import Declined, Event, Registered, RegistrationStarts, SignedIn, SignedOut
from stormpath_wsgi.flows import RegistrationRefused
from stormpath_wsgi.session import CurrentSession

ADA = {"email": "ada@example.org", "password": PASSWORD, "given_name": "Ada", "surname": "Lovelace"}


def session(site: StormpathMiddleware) -> CurrentSession:
    return site.sessions.open(request())


def cookie(site: StormpathMiddleware, account: Account) -> str:
    """What a browser sends in which *account* has signed in."""
    browser = session(site)
    browser.sign_in(account)
    return given(browser)


class TestRegistration:
    def test_an_account_is_made_and_nobody_signed_in(self, site: StormpathMiddleware, told: list[Event]) -> None:
        browser = session(site)
        made = site.flows.registration(browser, {**ADA, "custom_data": {"company": "Acme"}})
        assert (made.signed_in, browser.user.is_authenticated) == (False, False)
        assert made.account.custom_data["company"] == "Acme"
        assert [(type(event), event.account) for event in told] == [(Registered, made.account.href)]

    def test_who_wants_it_signs_the_visitor_in(self, site: StormpathMiddleware, told: list[Event]) -> None:
        browser = session(site)
        made = site.flows.registration(browser, ADA, signs_in=True)
        assert made.signed_in
        assert browser.user == made.account
        assert [type(event) for event in told if isinstance(event, Registered | SignedIn)] == [Registered, SignedIn]
        assert [event.credential for event in told if isinstance(event, SignedIn)] == ["registration"]

    def test_who_is_asked_for_more_is_not(self, site: StormpathMiddleware) -> None:
        site.flows.sign_in.add_step(Asks())
        browser = session(site)
        made = site.flows.registration(browser, ADA, signs_in=True)
        assert (made.signed_in, browser.user.is_authenticated) == (False, False)
        assert made.unfinished is not None
        assert (made.unfinished.asks, made.unfinished.uri) == ("colour", "/question")

    def test_nothing_is_asked_of_whom_it_does_not_sign_in(self, site: StormpathMiddleware) -> None:
        site.flows.sign_in.add_step(Asks())
        assert site.flows.registration(session(site), ADA).unfinished is None

    def test_what_fails_after_the_account_is_made_is_no_error(
        self, embedded_directory: dict[str, Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        """Whoever got one would make a second account."""
        site = make_site(**embedded_directory)

        def disable(event: Registered) -> None:
            account = site.client.accounts.get(event.account or "")
            account.status = "DISABLED"
            account.save()

        site.events.listen(Registered, disable)
        caplog.set_level(logging.WARNING, "stormpath_wsgi")
        assert not site.flows.registration(session(site), ADA, signs_in=True).signed_in
        assert "could not be signed in" in caplog.text

    def test_what_will_not_do_is_refused(self, site: StormpathMiddleware, told: list[Event]) -> None:
        wrong: list[tuple[dict[str, Any], Code, str]] = [
            ({"password": "Zq7!w"}, Code.TOO_SHORT, "password"),
            ({"password": ""}, Code.REQUIRED, "password"),
            ({"email": "nowhere"}, Code.WRONG_FORMAT, "email"),
            ({"email": ["ada@example.org"]}, Code.WRONG_TYPE, "email"),
            ({"given_name": "x" * 256}, Code.TOO_LONG, "given_name"),
            ({"status": "ENABLED"}, Code.UNKNOWN_PROPERTY, "status"),
            ({"href": "x"}, Code.UNKNOWN_PROPERTY, "href"),
        ]
        for change, code, field in wrong:
            with pytest.raises(RegistrationRefused) as refused:
                site.flows.registration(session(site), {**ADA, **change})
            assert (refused.value.code, refused.value.field) == (code, field)
        assert len(site.application.accounts) == 0
        assert told == []

    def test_an_address_that_is_taken_is_refused(self, site: StormpathMiddleware) -> None:
        site.flows.registration(session(site), ADA)
        with pytest.raises(RegistrationRefused, match="NOT_UNIQUE") as refused:
            site.flows.registration(session(site), ADA)
        assert refused.value.field == "email"

    def test_an_organization_that_is_not_there_is_refused(self, site: StormpathMiddleware) -> None:
        keys: list[Any] = ["nobodys", "", "no key!", "x" * 1000, 5, ["acme"]]
        for key in keys:
            with pytest.raises(RegistrationRefused) as refused:
                site.flows.registration(session(site), ADA, organization_name_key=key)
            assert refused.value.field == "organization_name_key"

    def test_listeners_may_change_it(self, site: StormpathMiddleware) -> None:
        def complete(event: RegistrationStarts) -> RegistrationStarts:
            return dataclasses.replace(event, data={**event.data, "middle_name": "King"})

        site.events.listen(RegistrationStarts, complete)
        assert site.flows.registration(session(site), ADA).account.middle_name == "King"

    def test_listeners_are_asked_once(self, site: StormpathMiddleware) -> None:
        asked: list[Any] = []
        site.events.listen(RegistrationStarts, lambda event: asked.append(event.data["email"]))
        site.flows.registration(session(site), ADA)
        assert asked == ["ada@example.org"]

    @pytest.mark.parametrize("email", [{}, {"email": None}, {"email": " "}])
    def test_listeners_are_not_asked_about_an_account_without_an_address(
        self, site: StormpathMiddleware, email: dict[str, Any]
    ) -> None:
        asked: list[Event] = []
        site.events.listen(RegistrationStarts, asked.append)
        with pytest.raises(RegistrationRefused) as refused:
            site.flows.registration(session(site), {"username": "bob", "password": PASSWORD, **email})
        assert (refused.value.code, refused.value.field) == (Code.REQUIRED, "email")
        assert asked == []

    def test_listeners_may_refuse_it(self, site: StormpathMiddleware, told: list[Event]) -> None:
        def refuse(event: RegistrationStarts) -> None:
            raise Declined("By invitation only.")

        site.events.listen(RegistrationStarts, refuse)
        with pytest.raises(Declined, match="By invitation only"):
            site.flows.registration(session(site), ADA)
        assert len(site.application.accounts) == 0
        assert told == []

    def test_our_page_says_what_they_refuse_with(self) -> None:
        visit = Visit()

        def refuse(event: RegistrationStarts) -> None:
            raise Declined("By invitation only.")

        visit.site.events.listen(RegistrationStarts, refuse)
        values = {"givenName": "Ada", "surname": "L", "email": "ada@example.org", "password": PASSWORD}
        assert "By invitation only." in visit.fill_in("/register", **values)


class TestSignOut:
    def test_it_ends_the_session_and_is_told_once(self, site: StormpathMiddleware, told: list[Event]) -> None:
        browser = session(site)
        account = site.flows.registration(browser, ADA, signs_in=True).account
        told.clear()
        site.flows.sign_out(browser)
        assert not browser.user.is_authenticated
        assert list(account.refresh_tokens) == []
        assert [(type(event), event.account, event.actor, event.credential) for event in told] == [
            (SignedOut, account.href, account.href, "session")
        ]

    def test_of_nobody_it_does_no_harm(self, site: StormpathMiddleware, told: list[Event]) -> None:
        browser = session(site)
        site.flows.sign_out(browser)
        assert not browser.user.is_authenticated
        assert [event.account for event in told] == [None]

    def test_each_account_whose_session_ends_is_told_of_once(
        self, site: StormpathMiddleware, told: list[Event]
    ) -> None:
        """A browser may send several cookies, and a token of somebody else."""
        ada = site.flows.registration(session(site), ADA).account
        bob = site.flows.registration(session(site), {**ADA, "email": "bob@example.org"}).account
        cookies = "; ".join(cookie(site, account) for account in (ada, bob, bob))
        told.clear()
        site.flows.sign_out(site.sessions.open(request(cookies)))
        assert {event.account for event in told} == {ada.href, bob.href}
        assert [(type(event), event.actor) for event in told] == [(SignedOut, ada.href)] * 2
        assert list(ada.refresh_tokens) == list(bob.refresh_tokens) == []

    def test_a_sign_in_as_another_account_is_told_as_one(self, site: StormpathMiddleware, told: list[Event]) -> None:
        ada = site.flows.registration(session(site), ADA).account
        bob = site.flows.registration(session(site), {**ADA, "email": "bob@example.org"}).account
        browser = site.sessions.open(request(cookie(site, ada)))
        told.clear()
        site.flows.sign_in.enter(browser, ada)
        site.flows.sign_in.enter(browser, bob)
        assert [(type(event), event.account, event.credential) for event in told] == [
            (SignedIn, ada.href, "application"),
            (SignedOut, ada.href, "session"),
            (SignedIn, bob.href, "application"),
        ]
        assert told[1].actor == ada.href
