"""What a browser brings along before anything is proved: who has signed in in it, and its place in a queue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from pydantic import SecretStr
from support.browsing import PASSWORD, Visit, make_site
from support.visitors import KEYS, request

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.errors import TooManyTries
from stormpath_wsgi.events import at
from stormpath_wsgi.flows.browser import MOST_ACCOUNTS, RENEWAL, Browsers
from stormpath_wsgi.flows.cookies import CookieKeys
from stormpath_wsgi.limits import NOBODY, visitor
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.settings import LimitsSettings

ADA, BOB = "1" * 22, "2" * 22
PLACE = ("5a" * 16, 1_700_000_060_000)
DAY = 86_400


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def site() -> Iterator[StormpathMiddleware]:
    made = make_site()
    with closing(made.client):
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


def browsers(clock: Clock, keys: list[str] = KEYS, *, secure: bool = False, **limits: Any) -> Browsers:
    made_with = CookieKeys([SecretStr(key) for key in keys], "app", secure=secure, now=clock)
    return Browsers(made_with, LimitsSettings(**limits))


def session(site: StormpathMiddleware, *cookies: str, https: bool = False) -> CurrentSession:
    return site.sessions.open(request("; ".join(cookies) or None, https=https, REMOTE_ADDR="203.0.113.7"))


def set_cookies(session: CurrentSession) -> list[str]:
    return [value for _, value in session.headers()]


def known(site: StormpathMiddleware, made: Browsers, *accounts: str, https: bool = False) -> str:
    """The cookie of a browser in which *accounts* have signed in one after the other."""
    cookie = ""
    for account in accounts:
        browser = session(site, cookie, https=https)
        made.remember(browser, account)
        (header,) = set_cookies(browser)
        cookie = header.partition(";")[0]
    return cookie


def placed(site: StormpathMiddleware, made: Browsers, place: tuple[str, int] = PLACE) -> list[str]:
    """The headers that somebody gets who has to wait for a minute, and gets *place*."""
    browser = session(site)
    with pytest.raises(TooManyTries), made.trying(browser):
        raise TooManyTries(retry_after=60, place=place)
    return set_cookies(browser)


class TestAKnownBrowser:
    def test_nobody_is_known_in_a_new_one(self, site: StormpathMiddleware, clock: Clock) -> None:
        who = browsers(clock).visitor(session(site))
        assert (who.browser, who.accounts, who.place) == (None, frozenset(), None)

    def test_says_who_has_signed_in_in_it(self, site: StormpathMiddleware, clock: Clock) -> None:
        made = browsers(clock)
        who = made.visitor(session(site, known(site, made, ADA)))
        assert who.accounts == {ADA}
        assert len(who.browser or "") == 22

    def test_is_the_same_one_when_others_sign_in_too(self, site: StormpathMiddleware, clock: Clock) -> None:
        made = browsers(clock)
        cookie = known(site, made, ADA)
        browser = session(site, cookie)
        made.remember(browser, BOB)
        later = set_cookies(browser)[0].partition(";")[0]
        one, both = (made.known(session(site, each)) for each in (cookie, later))
        assert one and both
        assert (one.browser, one.accounts) == (both.browser, (ADA,))
        assert both.accounts == (BOB, ADA)

    def test_is_known_to_those_who_signed_in_last(self, site: StormpathMiddleware, clock: Clock) -> None:
        made = browsers(clock)
        people = [str(number) * 22 for number in range(MOST_ACCOUNTS + 2)]
        found = made.known(session(site, known(site, made, *people)))
        assert found
        assert list(found.accounts) == people[:1:-1]

    def test_gets_no_cookie_that_would_say_the_same(self, site: StormpathMiddleware, clock: Clock) -> None:
        made = browsers(clock)
        cookie = known(site, made, ADA)
        for hours, cookies in ((23, 0), (25, 1)):
            clock.now = 1_700_000_000 + hours * 3600
            browser = session(site, cookie)
            made.remember(browser, ADA)
            assert len(set_cookies(browser)) == cookies
        assert RENEWAL == DAY

    def test_is_known_on_every_machine_with_the_same_keys(self, site: StormpathMiddleware, clock: Clock) -> None:
        cookie = known(site, browsers(clock, KEYS[1:]), ADA)
        assert browsers(clock).visitor(session(site, cookie)).accounts == {ADA}

    def test_is_forgotten_when_the_setting_says_so(self, site: StormpathMiddleware, clock: Clock) -> None:
        made = browsers(clock, known_browser_lasts=dt.timedelta(days=30))
        cookie = known(site, made, ADA)
        for days, accounts in ((29.9, {ADA}), (30, set()), (-1, set())):
            clock.now = 1_700_000_000 + days * DAY
            assert made.visitor(session(site, cookie)).accounts == accounts

    def test_its_cookie_is_kept_from_scripts_and_other_sites(self, site: StormpathMiddleware, clock: Clock) -> None:
        browser = session(site)
        browsers(clock).remember(browser, ADA)
        (header,) = set_cookies(browser)
        name, *attributes = header.split("; ")
        assert name.startswith("stormpath_browser=")
        assert set(attributes) == {"HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={180 * DAY}"} | {
            each for each in attributes if each.startswith("Expires=")
        }

    @pytest.mark.parametrize("https", [True, False])
    def test_over_https_its_cookie_is_bound_to_the_host(
        self, site: StormpathMiddleware, clock: Clock, https: bool
    ) -> None:
        made = browsers(clock, secure=not https)  # or behind a proxy that speaks it
        cookie = known(site, made, ADA, https=https)
        assert cookie.startswith("__Host-stormpath_browser=")
        assert made.visitor(session(site, cookie, https=https)).accounts == {ADA}

    def test_of_several_cookies_the_good_one_counts(self, site: StormpathMiddleware, clock: Clock) -> None:
        made = browsers(clock)
        cookie = known(site, made, ADA)
        bad = "stormpath_browser=bad"
        assert made.visitor(session(site, bad, cookie)).accounts == {ADA}
        assert made.visitor(session(site, bad, bad, bad, cookie)).accounts == set()  # who sends so many gets no more

    def test_what_we_did_not_sign_says_nothing(self, site: StormpathMiddleware, clock: Clock) -> None:
        made = browsers(clock)
        name, _, text = known(site, made, ADA).partition("=")
        value, _, signature = text.rpartition(".")
        _, _, of_others = known(site, browsers(clock, ["k" * 40]), ADA).partition("=")
        _, _, place = placed(site, made)[0].partition(";")[0].partition("=")
        for forged in (
            "", ".", "..", text[:-1], f"{text}0", text.replace(ADA, BOB), f"{value}.{'0' * 64}", value, signature,
            of_others, place, text * 20, "x" * 100_000, "\xe4\xf6", '"', f'"{text}',
        ):  # fmt: skip
            found = made.visitor(session(site, f"{name}={forged}"))
            assert (found.browser, found.accounts) == (None, frozenset()), forged

    def test_an_account_with_a_strange_id_is_not_kept(self, site: StormpathMiddleware, clock: Clock) -> None:
        """A directory on another machine may say what it likes."""
        for id in ("", "a.b", "a~b", "x" * 65, "a;b", "\xe4"):
            browser = session(site)
            browsers(clock).remember(browser, id)
            assert set_cookies(browser) == []

    def test_it_is_known_where_nothing_is_limited_too(self, site: StormpathMiddleware, clock: Clock) -> None:
        """So that people are told of new ones only."""
        browser = session(site)
        browsers(clock, enabled=False).remember(browser, ADA)
        assert len(set_cookies(browser)) == 1


class TestAPlace:
    def test_goes_to_who_has_to_wait_and_comes_back_with_him(self, site: StormpathMiddleware, clock: Clock) -> None:
        made = browsers(clock)
        (header,) = placed(site, made)
        assert header.startswith("stormpath_place=")
        assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=360"} <= set(header.split("; "))
        browser = session(site, header.partition(";")[0])
        with made.trying(browser):
            assert visitor().place == PLACE

    def test_is_taken_away_by_a_sign_in(self, site: StormpathMiddleware, clock: Clock) -> None:
        made = browsers(clock)
        browser = session(site, placed(site, made)[0].partition(";")[0])
        made.remember(browser, ADA)
        removal, _ = set_cookies(browser)
        assert removal.startswith("stormpath_place=; ")
        assert "Max-Age=0" in removal.split("; ")

    def test_what_we_did_not_sign_says_nothing(self, site: StormpathMiddleware, clock: Clock) -> None:
        made = browsers(clock)
        name, _, text = placed(site, made)[0].partition(";")[0].partition("=")
        _, _, known_text = known(site, made, ADA).partition("=")
        for forged in ("", text[:-1], text.replace("5a", "5b"), f"{PLACE[0]}.1", known_text, text * 9, "\xe4"):
            assert made.visitor(session(site, f"{name}={forged}")).place is None, forged

    def test_one_that_no_directory_of_ours_gives_is_not_kept(self, site: StormpathMiddleware, clock: Clock) -> None:
        for place in (("a.b", 5), ("5A" * 16, 5), ("5a" * 16, -1), ("5a" * 16, 2**60)):
            assert placed(site, browsers(clock), place) == []

    def test_none_is_set_where_there_is_none(self, site: StormpathMiddleware, clock: Clock) -> None:
        browser = session(site)
        with pytest.raises(TooManyTries), browsers(clock).trying(browser):
            raise TooManyTries(retry_after=60)
        assert set_cookies(browser) == []


class TestWhoTries:
    def test_the_address_is_that_of_the_request(self, site: StormpathMiddleware, clock: Clock) -> None:
        made = browsers(clock)
        assert made.visitor(session(site)).address == "203.0.113.7"
        with at(address="198.51.100.9"):  # whoever serves the request knows better
            assert made.visitor(session(site)).address == "198.51.100.9"

    def test_it_is_said_in_the_block_only(self, site: StormpathMiddleware, clock: Clock) -> None:
        made = browsers(clock)
        with made.trying(session(site)):
            assert visitor().address == "203.0.113.7"
        with made.trying(None):
            assert visitor() == NOBODY
        assert visitor() == NOBODY

    def test_of_a_request_that_is_over_no_cookie_is_known(self, site: StormpathMiddleware, clock: Clock) -> None:
        made = browsers(clock)
        browser = session(site, known(site, made, ADA))
        browser.environ = None
        assert made.visitor(browser) == NOBODY
        made.remember(browser, ADA)
        assert set_cookies(browser) == []


def test_a_sign_in_makes_the_browser_known_and_a_registration_too() -> None:
    visit = Visit()
    ada = visit.account()
    visit.sign_in()
    browser = visit.cookies["stormpath_browser"]
    assert f".{ada.href.rpartition('/')[2]}." in browser
    visit.post("/logout")
    assert visit.cookies["stormpath_browser"] == browser  # that she leaves says nothing about the browser
    new = Visit(site=make_site(web={"register": {"autoLogin": True}}))
    new.fill_in("/register", givenName="B", surname="B", email="bob@example.org", password=PASSWORD)
    assert new.is_signed_in()
    assert "stormpath_browser" in new.cookies


def test_a_wrong_password_makes_no_browser_known() -> None:
    visit = Visit()
    visit.account()
    visit.fill_in("/login", login="ada@example.org", password="wrong")
    assert not {"stormpath_browser", "stormpath_place"} & visit.cookies.keys()
