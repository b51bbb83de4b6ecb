"""Signing in without a page: what is asked in which order, what it answers, what it raises."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from support.browsing import PASSWORD, Visit, make_site
from support.questions import Asks
from support.servers import served_api
from support.visitors import given, request
from webob import Response

from stormpath_wsgi import Error, StormpathMiddleware
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Unavailable
from stormpath_wsgi.events import (
    AccountDeleted,
    AfterEvent,
    Declined,
    Event,
    Events,
    RegistrationStarts,
    SignedIn,
    SignInFailed,
    SignInStarts,
)
from stormpath_wsgi.flows import Finished, SignInRefused, Unfinished, flows_of
from stormpath_wsgi.session import CurrentSession

GOOD = ("ada@example.org", PASSWORD)


def session(site: StormpathMiddleware, cookie: str | None = None) -> CurrentSession:
    return site.sessions.open(request(cookie, REMOTE_ADDR="203.0.113.7", HTTP_USER_AGENT="Lynx/2.9"))


@pytest.fixture
def ada(site: StormpathMiddleware) -> Any:
    return Visit(site=site).account(username="ada")


def test_who_asks_for_nothing_more_is_signed_in(site: StormpathMiddleware, ada: Any, told: list[Event]) -> None:
    browser = session(site)
    result = site.flows.sign_in.with_password(browser, *GOOD)
    assert isinstance(result, Finished)
    assert result.account == ada == browser.user
    assert [name for name, _ in browser.headers()] == ["Set-Cookie"] * 2  # the session, and that the browser is known
    assert site.sessions.open(request(given(browser))).user == ada
    (event,) = [event for event in told if isinstance(event, SignedIn | SignInFailed)]
    assert isinstance(event, SignedIn)
    assert (event.account, event.credential) == (ada.href, "password")


def test_each_sign_in_is_a_new_session_and_ends_the_one_of_before(site: StormpathMiddleware, ada: Any) -> None:
    first = session(site)
    site.flows.sign_in.with_password(first, *GOOD)
    cookie = given(first)
    second = session(site, cookie)
    site.flows.sign_in.with_password(second, "ada", PASSWORD)
    assert first.session and second.session and first.session.id != second.session.id
    assert not session(site, cookie).user.is_authenticated


def test_who_is_refused_is_told_to_listeners_only(site: StormpathMiddleware, ada: Any, told: list[Event]) -> None:
    browser = session(site)
    for login, password, code in (
        ("ada@example.org", "wrong", Code.WRONG_PASSWORD),
        ("nobody@example.org", PASSWORD, Code.NO_SUCH_ACCOUNT),
        ("x" * 9000, PASSWORD, Code.TOO_LONG),
    ):
        with pytest.raises(SignInRefused) as refused:
            site.flows.sign_in.with_password(browser, login, password)
        assert refused.value.code == code
        event = told.pop()
        assert isinstance(event, SignInFailed)
        assert (event.reason, event.login, event.credential) == (code.name, login, "password")
        assert password not in repr(event)
        assert password not in str(refused.value)
    assert told == []
    assert browser.headers() == []


def test_whose_password_was_wrong_is_known_where_the_directory_is_here(embedded_directory: dict[str, Any]) -> None:
    visit = Visit(site=make_site(**embedded_directory))
    ada, told = visit.account(), list[Event]()
    visit.site.events.listen(SignInFailed, told.append)
    with pytest.raises(SignInRefused):
        visit.site.flows.sign_in.prove("ada@example.org", "wrong")
    assert [event.account for event in told] == [ada.href]


def test_what_is_no_login_is_refused_unasked(site: StormpathMiddleware, told: list[Event]) -> None:
    bad: dict[str, list[Any]] = {"login": ["", " ", None, ["ada"]], "password": ["", None, 5]}
    for field, values in bad.items():
        for value in values:
            with pytest.raises(SignInRefused) as refused:
                site.flows.sign_in.with_password(session(site), **{"login": "ada", "password": PASSWORD, field: value})
            assert refused.value.field == field
    assert told == []


def test_who_may_not_have_a_session_gets_none(site: StormpathMiddleware, ada: Any) -> None:
    browser = session(site)
    for status in ("DISABLED", "UNVERIFIED"):
        ada.status = status
        ada.save()
        with pytest.raises(SignInRefused):
            site.flows.sign_in.with_password(browser, *GOOD)
        with pytest.raises(SignInRefused):
            site.flows.sign_in.enter(browser, ada)
    assert not browser.user.is_authenticated


def test_a_try_that_is_not_made_is_no_failed_sign_in(embedded_directory: dict[str, Any]) -> None:
    """Who listens was told when the wait began."""
    limits = {"account": "1 tries, waits 8s to 1h, one back after 1h"}
    visit = Visit(site=make_site(**embedded_directory, limits=limits))
    visit.account()
    for _ in range(2):
        with pytest.raises(SignInRefused):
            visit.site.flows.sign_in.prove("ada@example.org", "wrong")
    told = list[Event]()
    visit.site.events.listen(AfterEvent, told.append)
    for attempt in (
        visit.site.flows.sign_in.prove,
        partial(visit.site.flows.sign_in.with_password, session(visit.site)),
    ):
        with pytest.raises(SignInRefused) as refused:
            attempt(*GOOD)
        assert (refused.value.code, refused.value.status, refused.value.retry_after) == (Code.TOO_MANY_TRIES, 429, 8)
    assert told == []


def test_other_refusals_name_no_time_to_wait() -> None:
    assert SignInRefused(Code.WRONG_PASSWORD).retry_after is None
    assert SignInRefused.of(Error({"status": 400, "code": 7100, "message": "No."})).retry_after is None


def test_an_organization_is_where_to_look(site: StormpathMiddleware, ada: Any) -> None:
    visit = Visit(site=site)
    key = f"acme-{uuid4().hex}"  # the directory behind the REST API serves other tests too
    acme = visit.organization(key)
    bob = acme.accounts.create({"given_name": "B", "surname": "B", "email": "bob@acme.example", "password": PASSWORD})
    prove = site.flows.sign_in.prove
    assert prove("bob@acme.example", PASSWORD, organization_name_key=key) == bob
    assert prove("bob@acme.example", PASSWORD, account_store=acme) == bob
    with pytest.raises(SignInRefused):
        prove(*GOOD, organization_name_key=key)


class TestListeners:
    def test_one_may_change_what_was_typed(self, site: StormpathMiddleware, ada: Any) -> None:
        site.events.listen(SignInStarts, lambda event: dataclasses.replace(event, login=f"{event.login}@example.org"))
        assert site.flows.sign_in.prove("ada", PASSWORD) == ada

    def test_they_are_asked_once(self, site: StormpathMiddleware, ada: Any) -> None:
        asked: list[str | None] = []
        site.events.listen(SignInStarts, lambda event: asked.append(event.login))
        site.flows.sign_in.with_password(session(site), *GOOD)
        assert asked == ["ada@example.org"]

    def test_they_are_asked_also_where_the_application_vouches(self, site: StormpathMiddleware, ada: Any) -> None:
        def refuse(event: SignInStarts) -> None:
            assert (event.account, event.login, event.credential) == (ada.href, None, "application")
            raise Declined("We are closed on Sundays.")

        site.events.listen(SignInStarts, refuse)
        with pytest.raises(Declined, match="closed on Sundays"):
            site.flows.sign_in.enter(session(site), ada)

    def test_an_error_that_one_meets_is_its_own(self, site: StormpathMiddleware, ada: Any) -> None:
        def ask(event: SignInStarts) -> None:
            raise Error({"status": 409, "code": 2001, "message": "It is there already."})

        site.events.listen(SignInStarts, ask)
        with pytest.raises(RuntimeError, match="failed on SignInStarts: It is there already"):
            site.flows.sign_in.with_password(session(site), *GOOD)

    def test_whose_account_was_removed_is_not_signed_in(
        self, site: StormpathMiddleware, ada: Any, told: list[Event]
    ) -> None:
        ada.delete()
        with pytest.raises(SignInRefused) as caught:
            site.flows.sign_in.enter(session(site), ada)
        assert caught.value.code is Code.NO_SUCH_ACCOUNT
        assert [type(event) for event in told if not isinstance(event, AccountDeleted)] == [SignInFailed]

    @pytest.mark.parametrize("password", [PASSWORD, "wrong"])
    def test_one_may_refuse(self, site: StormpathMiddleware, ada: Any, told: list[Event], password: str) -> None:
        def refuse(event: SignInStarts) -> None:
            raise Declined("We are closed on Sundays.")

        site.events.listen(SignInStarts, refuse)
        browser = session(site)
        with pytest.raises(Declined, match="closed on Sundays"):
            site.flows.sign_in.with_password(browser, "ada@example.org", password)
        assert not browser.user.is_authenticated
        (event,) = told
        assert isinstance(event, SignInFailed)
        assert (event.reason, event.login) == ("REFUSED_BY_LISTENER", "ada@example.org")

    def test_our_page_says_what_one_refuses_with(self) -> None:
        visit = Visit()
        visit.account()

        def refuse(event: SignInStarts) -> None:
            raise Declined("We are closed on Sundays.")

        visit.site.events.listen(SignInStarts, refuse)
        page = visit.fill_in("/login", login="ada@example.org", password=PASSWORD)
        assert page.html.select_one("div.bad-login").get_text(strip=True) == "We are closed on Sundays."
        good = {"login": "ada@example.org", "password": PASSWORD}
        answer = visit.post_json("/login", good, headers={"Accept": "application/json"}, status=403)
        assert answer.json == {"status": 403, "message": "We are closed on Sundays."}
        assert not visit.is_signed_in()

    def test_one_on_the_machine_of_the_directory_refuses_in_the_same_way(self) -> None:
        def refuse(event: SignInStarts | RegistrationStarts) -> None:
            raise Declined("We are closed on Sundays.")

        events = Events([(SignInStarts, refuse), (RegistrationStarts, refuse)])
        with served_api("sqlite://", events=events) as opening:
            key = {"id": opening["id"], "secret": opening["secret"]}
            site = make_site(directory=opening["url"], application={"name": "My Application"}, client={"apiKey": key})
            with closing(site.client):
                with pytest.raises(Declined, match="closed on Sundays"):
                    site.flows.sign_in.with_password(session(site), *GOOD)
                with pytest.raises(Declined, match="closed on Sundays"):
                    site.flows.registration(session(site), {"email": "ada@example.org", "password": PASSWORD})

    def test_our_page_sends_the_answer_of_one(self) -> None:
        visit = Visit()

        def refuse(event: SignInStarts) -> None:
            raise Declined("Elsewhere.", answer=Response(status=303, location="/elsewhere"))

        visit.site.events.listen(SignInStarts, refuse)
        answer = visit.fill_in("/login", login="ada@example.org", password=PASSWORD)
        assert (answer.status_int, answer.headers["Location"]) == (303, "http://site.example/elsewhere")

    def test_one_that_fails_before_ends_the_sign_in_with_nothing_changed(
        self, site: StormpathMiddleware, ada: Any, told: list[Event]
    ) -> None:
        def fail(event: SignInStarts) -> None:
            raise ZeroDivisionError("a mistake of the listener")

        site.events.listen(SignInStarts, fail)
        browser = session(site)
        with pytest.raises(ZeroDivisionError):
            site.flows.sign_in.with_password(browser, *GOOD)
        assert browser.headers() == []
        assert list(ada.refresh_tokens) == []
        assert told == []

    def test_one_that_fails_afterwards_is_logged_and_the_sign_in_goes_on(
        self, site: StormpathMiddleware, ada: Any, told: list[Event], caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(event: SignedIn) -> None:
            raise ZeroDivisionError("a mistake of the listener")

        site.events.listen(SignedIn, fail)
        browser = session(site)
        assert isinstance(site.flows.sign_in.with_password(browser, *GOOD), Finished)
        assert browser.user == ada
        assert "a mistake of the listener" in caplog.text


class TestSteps:
    def test_the_password_alone_signs_nobody_in(self, site: StormpathMiddleware, ada: Any, told: list[Event]) -> None:
        site.flows.sign_in.add_step(Asks())
        browser = session(site)
        result = site.flows.sign_in.with_password(browser, *GOOD)
        assert isinstance(result, Unfinished)
        assert (result.account, result.asks, result.uri) == (ada, "colour", "/question")
        assert not browser.user.is_authenticated
        assert list(ada.refresh_tokens) == []
        assert [type(event) for event in told if isinstance(event, SignedIn | SignInFailed)] == []

    def test_who_is_asked_stays_who_he_was(self, site: StormpathMiddleware, ada: Any) -> None:
        browser = session(site)
        site.flows.sign_in.with_password(browser, *GOOD)
        cookie = given(browser)
        site.flows.sign_in.add_step(Asks())
        again = session(site, cookie)
        assert isinstance(site.flows.sign_in.with_password(again, *GOOD), Unfinished)
        assert again.user == ada
        assert session(site, cookie).user == ada

    def test_one_that_fails_ends_the_sign_in_with_nothing_changed(self, site: StormpathMiddleware, ada: Any) -> None:
        class Failing(Asks):
            def asks(self, account: Any, origin: Any) -> str | None:
                raise ZeroDivisionError("a mistake of the step")

        site.flows.sign_in.add_step(Failing())
        browser = session(site)
        with pytest.raises(ZeroDivisionError):
            site.flows.sign_in.with_password(browser, *GOOD)
        assert browser.headers() == []
        assert list(ada.refresh_tokens) == []


def test_a_directory_that_fails_is_no_fault_of_the_visitor(remote_directory: dict[str, Any]) -> None:
    site = make_site(**remote_directory)
    told: list[Event] = []
    site.events.listen(SignInFailed, told.append)
    site.application = site.client.applications.create({"name": "Short-lived"})
    gone = type(site.flows)(site.settings, site.client, site.application)
    site.application.delete()
    with pytest.raises(Unavailable):
        gone.sign_in.prove(*GOOD)
    assert told == []
    site.client.close()


def test_flows_are_found_in_the_environ_behind_the_middleware_only() -> None:
    found: list[Any] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        found.append(flows_of(environ))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x"]

    site = make_site(app)
    Visit(site=site).get("/")
    assert found == [site.flows]
    with pytest.raises(RuntimeError, match=re.escape("wrap the application in StormpathMiddleware")):
        flows_of(request())


def test_a_refusal_can_be_had_as_the_error_of_a_client() -> None:
    assert SignInRefused(Code.WRONG_PASSWORD).as_error().code == Code.WRONG_PASSWORD
    error = Error({"status": 418, "code": 77777, "message": "No tea."})
    refused = SignInRefused.of(error)
    assert (refused.as_error(), refused.code, refused.reason, refused.status) == (error, None, "ERROR_77777", 418)


def test_a_sign_in_too_many_ends_the_oldest_session(directory: dict[str, Any]) -> None:
    site = make_site(session={"most": 2}, **directory)
    with closing(site.client):
        Visit(site=site).account()
        browsers = [session(site) for _ in range(3)]
        for browser in browsers:
            site.flows.sign_in.with_password(browser, *GOOD)
        ids = [browser.session.id for browser in browsers if browser.session is not None]
        oldest, *others = (f"{site.application.href}/authTokens/{id}" for id in ids)
        with pytest.raises(Error):
            site.client.data_store.get(oldest)
        assert all(site.client.data_store.get(each) for each in others)
