"""One's own account without a page: names, another address, another password, and whether it is still you."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.browsing import PASSWORD
from support.visitors import given, request

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.codes import Code
from stormpath_wsgi.events import AccountUpdated, AfterEvent, Event, PasswordChanged, ProvedAgain
from stormpath_wsgi.flows import FreshRequired, PasswordRefused, ProfileRefused, SignInRefused, TokenRefused
from stormpath_wsgi.flows.profile import LANGUAGE
from stormpath_wsgi.session import CurrentSession

ADA, NEW = "ada@example.org", "Another-horse-8"


@pytest.fixture
def told(site: StormpathMiddleware) -> list[Event]:
    events: list[Event] = []
    site.events.listen(AfterEvent, events.append)
    return events


@pytest.fixture
def session(site: StormpathMiddleware) -> CurrentSession:
    """Of Ada, who has just signed in."""
    ada = site.application.accounts.create(
        {"email": ADA, "password": PASSWORD, "given_name": "Ada", "surname": "Lovelace"}
    )
    opened = site.sessions.open(request())
    opened.sign_in(ada)
    return opened


def again(site: StormpathMiddleware, session: CurrentSession) -> CurrentSession:
    """The next request of the same browser."""
    return site.sessions.open(request(given(session)))


def test_names_are_changed_and_a_blank_one_is_taken_away(
    site: StormpathMiddleware, session: CurrentSession, told: list[Event]
) -> None:
    site.flows.profile.rename(session, {"givenName": "Augusta", "middleName": " ", "surname": None})
    ada = again(site, session).user.account
    assert ada is not None
    ada.refresh()
    assert (ada.given_name, ada.middle_name, ada.surname) == ("Augusta", None, None)
    [event] = [event for event in told if isinstance(event, AccountUpdated)]
    assert (event.account, event.changed) == (ada.href, ("givenName", "surname"))


def test_a_name_that_will_not_do_is_refused_by_its_name(site: StormpathMiddleware, session: CurrentSession) -> None:
    wrong: list[Any] = ["x" * 256, ["a"], "\0"]
    for name in wrong:
        with pytest.raises(ProfileRefused) as refused:
            site.flows.profile.rename(session, {"surname": name})
        assert refused.value.field == "surname"


def test_a_language_is_kept_in_the_custom_data(site: StormpathMiddleware, session: CurrentSession) -> None:
    for language in ("de", "ja", None):
        site.flows.profile.speak(session, language)
        ada = again(site, session).user.account
        assert ada is not None
        assert ada.custom_data.get(LANGUAGE) == language


def test_a_stranger_changes_nothing(site: StormpathMiddleware) -> None:
    stranger = site.sessions.open(request())
    asked: list[Callable[[], object]] = [
        lambda: site.flows.profile.rename(stranger, {}),
        lambda: site.flows.profile.speak(stranger, "de"),
        lambda: site.flows.profile.change_password(stranger, PASSWORD, NEW),
        lambda: site.flows.email.begin(stranger, "new@example.org"),
        lambda: site.flows.email.cancel(stranger),
        lambda: site.flows.fresh.renew(stranger, PASSWORD),
    ]
    for ask in asked:
        with pytest.raises((ProfileRefused, SignInRefused, FreshRequired)):
            ask()


@pytest.mark.parametrize("wrong", [["wrong", "", None], [["a"], 7, "x" * 5000]], ids=["text", "no text"])
def test_the_password_that_counts_now_is_needed(
    site: StormpathMiddleware, session: CurrentSession, wrong: list[Any]
) -> None:
    for password in wrong:
        with pytest.raises(SignInRefused):
            site.flows.profile.change_password(session, password, NEW)
        with pytest.raises(SignInRefused):
            site.flows.fresh.renew(session, password)
    assert again(site, session).user.is_authenticated
    site.application.authenticate_account(ADA, PASSWORD)  # it still counts


def test_a_new_password_signs_out_everywhere_else(
    site: StormpathMiddleware, session: CurrentSession, told: list[Event]
) -> None:
    before, elsewhere = given(session), site.sessions.open(request())
    ada = session.user.account
    assert ada is not None
    elsewhere.sign_in(ada)
    site.flows.profile.change_password(session, PASSWORD, NEW)
    assert again(site, session).user == ada
    for cookie in (before, given(elsewhere)):
        assert not site.sessions.open(request(cookie)).user.is_authenticated
    assert len([event for event in told if isinstance(event, PasswordChanged)]) == 1


def test_a_new_password_that_will_not_do_changes_nothing(site: StormpathMiddleware, session: CurrentSession) -> None:
    wrong: list[Any] = ["short", "", ["a"], None, "no-capital-7"]
    for password in wrong:
        with pytest.raises(PasswordRefused) as refused:
            site.flows.profile.change_password(session, PASSWORD, password)
        assert refused.value.field == "password"
    assert again(site, session).user.is_authenticated


def test_an_old_sign_in_is_made_fresh_by_the_password(
    site: StormpathMiddleware, session: CurrentSession, told: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    site.flows.fresh.check(session)
    now = site.sessions.now
    monkeypatch.setattr(site.sessions, "now", lambda: now() + 601)
    with pytest.raises(FreshRequired):
        site.flows.fresh.check(session)
    with pytest.raises(FreshRequired):
        site.flows.email.begin(session, "new@example.org")
    before = given(session)
    site.flows.fresh.renew(session, PASSWORD)
    site.flows.fresh.check(again(site, session))
    assert not site.sessions.open(request(before)).user.is_authenticated
    assert len([event for event in told if isinstance(event, ProvedAgain)]) == 1


def test_an_address_waits_is_asked_for_again_and_is_forgotten(
    site: StormpathMiddleware, session: CurrentSession
) -> None:
    ada = session.user.account
    assert ada is not None
    site.flows.email.again(session)  # nothing waits
    assert site.flows.email.waiting(ada) is None
    site.flows.email.begin(session, "new@example.org")
    site.flows.email.begin(session, "other@example.org")
    site.flows.email.again(session)
    assert site.flows.email.waiting(ada) == "other@example.org"
    for _ in range(2):
        site.flows.email.cancel(session)
    assert site.flows.email.waiting(ada) is None


def test_what_is_no_other_address_is_refused(site: StormpathMiddleware, session: CurrentSession) -> None:
    wrong: list[Any] = ["", None, ["a"], 7, "no address", "x" * 300 + "@example.org", ADA]
    for email in wrong:
        with pytest.raises(ProfileRefused) as refused:
            site.flows.email.begin(session, email)
        assert refused.value.field == "email"


def test_what_is_no_token_is_refused(site: StormpathMiddleware, session: CurrentSession) -> None:
    wrong: list[Any] = ["x" * 22, "", None, ["a"], "../x", "x" * 5000]
    for token in wrong:
        for ask in (site.flows.email.token, lambda token: site.flows.email.use(session, token)):
            with pytest.raises(TokenRefused) as refused:
                ask(token)
            assert refused.value.code is Code.NOT_FOUND


def test_too_many_mails_are_refused(site: StormpathMiddleware, session: CurrentSession) -> None:
    with pytest.raises(ProfileRefused) as refused:
        for number in range(50):
            site.flows.email.begin(session, f"new{number}@example.org")
    assert refused.value.code is Code.TOO_MANY_TRIES
    assert refused.value.retry_after
