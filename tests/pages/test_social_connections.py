"""Connecting an account with another site: by hand, after a sign-in with the password, and never in silence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.browsing import BROWSER, PASSWORD, Visit
from support.others import ID, LABEL, comes_back, enable_linking, follow, social_site, verified
from support.second_factors import Phone
from werkzeug.test import create_environ

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.client import Account
from stormpath_wsgi.events import AccountLinked, AccountUnlinked, ProvedAgain
from stormpath_wsgi.flows import waiting as waiting_connections
from stormpath_wsgi.testing import OpenIDProvider

_numbers = count()


@pytest.fixture(scope="module")
def site(provider: OpenIDProvider) -> StormpathMiddleware:
    site = social_site(provider)
    enable_linking(site)
    return site


@pytest.fixture
def visit(site: StormpathMiddleware) -> Visit:
    return Visit(site=site)


class Person:
    """Somebody with a password here, and an account at the provider with the same address.

    *proved*: whether the provider says that it has verified the address.
    """

    def __init__(
        self, visit: Visit, provider: OpenIDProvider, *, proved: bool = False, address: str | None = None
    ) -> None:
        self.name = f"person{next(_numbers)}"
        self.email = f"{self.name}@example.org"
        self.account = visit.account(self.email)
        provider.people[self.name] = {
            "name": self.name, "email": address or self.email, "email_verified": proved, "given_name": "P"
        }  # fmt: skip

    @property
    def links(self) -> list[Account]:
        self.account.refresh()
        return list(self.account.linked_accounts)


@pytest.fixture
def person(visit: Visit, provider: OpenIDProvider) -> Person:
    return Person(visit, provider)


def who(visit: Visit) -> str:
    """The address of who is signed in."""
    return str(visit.get("/").text).split(" ")[1]


def posted(visit: Visit, action: str, row: str, status: int = 200) -> Any:
    """What comes of the form of the account page with that action and row."""
    page = visit.get(f"/account?change={action}&row={row}")
    form = next(
        each
        for each in page.forms.values()
        if "action" in each.fields and each["action"].value == action and each["row"].value == row
    )
    return form.submit(status=status)


def connected(visit: Visit, provider: OpenIDProvider, user: str | None) -> Any:
    """The answer to who presses "Connect" and chooses *user* at the provider."""
    leaving = posted(visit, "connect", ID)
    location = leaving.html.select_one("main a.button")["href"]
    assert leaving.html.select_one("meta[http-equiv=refresh]")["content"] == f"0; url={location}"
    return follow(visit, provider, leaving, user)


def sign_in_as_told(visit: Visit, answer: Any, email: str) -> None:
    """Sign in on the page to which *answer* leads, which says that something waits."""
    page = visit.get(answer.headers["Location"])
    page.form["login"], page.form["password"] = email, PASSWORD
    page.form.submit(status=302)
    assert visit.is_signed_in()


class TestWaiting:
    """The provider names an address that is not verified on both sides."""

    def test_the_owner_signs_in_first_and_then_it_is_connected(
        self, visit: Visit, provider: Any, person: Person
    ) -> None:
        told: list[AccountLinked] = []
        visit.site.events.listen(AccountLinked, told.append)
        answer = comes_back(visit, provider, person.name, f"/login/{ID}?next=%2Fcart")
        assert not visit.is_signed_in()
        assert person.links == []
        page = visit.get(answer.headers["Location"])
        assert page.html.select_one(".alert").get_text(" ", strip=True) == (
            f"There is an account with this address already. Sign in with its password, and {LABEL} is connected to it."
        )
        page.form["login"], page.form["password"] = person.email, PASSWORD
        assert page.form.submit().headers["Location"] == "/cart"
        assert [each.email for each in person.links] == [person.email]
        assert [(each.account, each.other) for each in told] == [(person.account.href, person.links[0].href)]
        again = Visit(site=visit.site)
        comes_back(again, provider, person.name)
        assert again.get("/account").html.select_one("#sign-in").get_text().count("connected") == 1

    def test_a_wrong_password_connects_nothing(self, visit: Visit, provider: Any, person: Person) -> None:
        page = visit.get(comes_back(visit, provider, person.name).headers["Location"])
        page.form["login"], page.form["password"] = person.email, "wrong"
        page.form.submit()
        assert person.links == []

    def test_whoever_else_signs_in_is_not_connected(self, visit: Visit, provider: Any, person: Person) -> None:
        other = Person(visit, provider)
        answer = comes_back(visit, provider, person.name)
        sign_in_as_told(visit, answer, other.email)
        assert (other.links, person.links) == ([], [])
        assert "stormpath_connect" not in visit.cookies

    @pytest.mark.parametrize("accept", [BROWSER, "application/json"])
    def test_who_was_not_told_that_something_waits_is_not_connected(
        self, visit: Visit, provider: Any, person: Person, accept: str
    ) -> None:
        """Somebody else may have come back from the other site in this browser, with her address, and left it."""
        answer = comes_back(visit, provider, person.name)
        assert "stormpath_connect" in visit.cookies
        visit.get("/login", headers={"Accept": accept})
        assert "stormpath_connect" not in visit.cookies
        sign_in_as_told(visit, answer, person.email)
        assert person.links == []

    def test_a_form_of_a_page_that_did_not_say_it_connects_nothing(
        self, visit: Visit, provider: Any, person: Person
    ) -> None:
        form = visit.get("/login").form
        comes_back(visit, provider, person.name)
        form["login"], form["password"] = person.email, PASSWORD
        form.submit(status=302)
        assert visit.is_signed_in()
        assert person.links == []
        assert "stormpath_connect" not in visit.cookies

    def test_a_page_of_the_apps_own_connects_nothing_unless_it_says_so(
        self, visit: Visit, provider: Any, person: Person
    ) -> None:
        comes_back(visit, provider, person.name)
        flows, cookies = visit.site.flows, {"HTTP_COOKIE": "; ".join(f"{k}={v}" for k, v in visit.cookies.items())}
        for says in (False, True):
            session = visit.site.sessions.open({**create_environ(), **cookies})
            if says:
                flows.connections.agree(session)
            flows.sign_in.with_password(session, person.email, PASSWORD)
            assert len(person.links) == says

    def test_it_is_connected_after_the_second_factor(self, visit: Visit, provider: Any, person: Person) -> None:
        phone = Phone(person.account)
        page = visit.get(comes_back(visit, provider, person.name).headers["Location"])
        page.form["login"], page.form["password"] = person.email, PASSWORD
        page = page.form.submit(status=302).follow()
        assert person.links == []
        page.form["code"] = phone.code()
        page.form.submit(status=302)
        assert visit.is_signed_in()
        assert len(person.links) == 1

    def test_who_is_signed_in_is_not_told_and_not_connected(self, visit: Visit, provider: Any, person: Person) -> None:
        """That page says who is signed in, and no more."""
        answer = comes_back(visit, provider, person.name)
        form = visit.get(answer.headers["Location"]).form
        other = Visit(site=visit.site)
        other.sign_in(person.email)
        visit.set_cookie("stormpath_session", other.cookies["stormpath_session"])
        form["login"], form["password"] = person.email, PASSWORD
        form.submit(status=302)
        assert person.links == []

    def test_a_wrong_password_first_changes_nothing(self, visit: Visit, provider: Any, person: Person) -> None:
        page = visit.get(comes_back(visit, provider, person.name).headers["Location"])
        page.form["login"], page.form["password"] = person.email, "wrong"
        again = page.form.submit(status=200)
        again.form["login"], again.form["password"] = person.email, PASSWORD
        again.form.submit(status=302)
        assert [each.email for each in person.links] == [person.email]

    def test_in_another_browser_nothing_waits(self, visit: Visit, provider: Any, person: Person) -> None:
        answer = comes_back(visit, provider, person.name)
        sign_in_as_told(Visit(site=visit.site), answer, person.email)
        assert person.links == []

    def test_it_waits_for_ten_minutes_only(self, visit: Visit, provider: Any, person: Person, monkeypatch: Any) -> None:
        answer = comes_back(visit, provider, person.name)
        waiting = visit.site.flows.connections._waiting
        monkeypatch.setattr(waiting, "_now", lambda now=waiting._now: now() + waiting_connections.LIFETIME)
        sign_in_as_told(visit, answer, person.email)
        assert person.links == []

    def test_two_verified_addresses_need_no_question(self, visit: Visit, provider: Any) -> None:
        person = Person(visit, provider, proved=True)
        verified(person.account)
        comes_back(visit, provider, person.name)
        assert visit.is_signed_in()
        assert [each.email for each in person.links] == [person.email]

    def test_a_verified_address_there_is_not_enough(self, visit: Visit, provider: Any) -> None:
        person = Person(visit, provider, proved=True)
        comes_back(visit, provider, person.name)
        assert not visit.is_signed_in()
        assert person.links == []

    def test_without_the_policy_both_are_accounts_of_their_own(self, provider: Any) -> None:
        visit = Visit(site=social_site(provider))
        person = Person(visit, provider)
        comes_back(visit, provider, person.name)
        assert visit.is_signed_in()
        assert person.links == []

    def test_a_program_is_not_told_that_it_waits(self, visit: Visit, provider: Any, person: Person) -> None:
        program = Visit("application/json", site=visit.site)
        data = {"providerId": ID, "accessToken": provider.access_token(person.name)}
        program.post_json("/login", {"providerData": data}, status=400)
        assert not program.is_signed_in()


class TestByHand:
    """On the account page."""

    def test_it_is_connected_and_signs_in_to_the_same_account(self, visit: Visit, provider: Any) -> None:
        person = Person(visit, provider, address="elsewhere@example.net")
        visit.sign_in(person.email)
        answer = connected(visit, provider, person.name)
        assert answer.headers["Location"] == "/account?status=connected"
        page = visit.get("/account?status=connected")
        assert page.html.select_one(".alert").get_text(strip=True) == "It is connected. You can sign in with it."
        assert "elsewhere@example.net · connected" in page.html.select_one("#sign-in").get_text(" ", strip=True)
        other = Visit(site=visit.site)
        comes_back(other, provider, person.name)
        assert who(other) == person.email

    def test_it_is_connected_where_the_policy_would_make_an_account_too(self, visit: Visit, provider: Any) -> None:
        person = Person(visit, provider, address="beyond@example.net")
        policy = visit.site.application.account_linking_policy
        policy.automatic_provisioning = "ENABLED"
        policy.save()
        try:
            visit.sign_in(person.email)
            assert connected(visit, provider, person.name).headers["Location"] == "/account?status=connected"
            assert len(person.links) == 1
        finally:
            policy.automatic_provisioning = "DISABLED"
            policy.save()

    def test_who_cancels_has_nothing_connected(self, visit: Visit, provider: Any, person: Person) -> None:
        visit.sign_in(person.email)
        answer = connected(visit, provider, None)
        assert "Nothing was connected. Try again." in visit.get(answer.headers["Location"]).text
        assert person.links == []

    def test_an_account_there_is_of_one_person_here(self, visit: Visit, provider: Any, person: Person) -> None:
        first = Visit(site=visit.site)
        first.sign_in(person.email)
        connected(first, provider, person.name)
        other = Person(visit, provider)
        visit.sign_in(other.email)
        answer = connected(visit, provider, person.name)
        assert "is connected with another account here" in visit.get(answer.headers["Location"]).text
        assert other.links == []
        assert who(visit) == other.email

    def test_who_has_signed_in_as_somebody_else_meanwhile_is_not_connected(
        self, visit: Visit, provider: Any, person: Person
    ) -> None:
        visit.sign_in(person.email)
        location = posted(visit, "connect", ID).html.select_one("main a.button")["href"]
        other = Person(visit, provider)
        visit.sign_in(other.email)
        address = urlsplit(provider.answer(location, person.name))
        visit.get(f"{address.path}?{address.query}")
        assert (person.links, other.links) == ([], [])

    def test_an_old_sign_in_is_asked_again(self, visit: Visit, provider: Any, person: Person) -> None:
        visit.sign_in(person.email)
        page = visit.get("/account")
        form = next(each for each in page.forms.values() if "row" in each.fields and each["row"].value == ID)
        with _older(visit):
            assert urlsplit(form.submit(status=303).headers["Location"]).path == "/account/fresh"

    def test_it_is_disconnected(self, visit: Visit, provider: Any, person: Person) -> None:
        told: list[AccountUnlinked] = []
        visit.site.events.listen(AccountUnlinked, told.append)
        visit.sign_in(person.email)
        connected(visit, provider, person.name)
        [link] = person.account.account_links
        answer = posted(visit, "disconnect", link.href.rpartition("/")[2], status=303)
        assert answer.headers["Location"] == "/account?status=disconnected"
        assert person.links == []
        assert [each.account for each in told] == [person.account.href]

    def test_what_is_not_connected_cannot_be_disconnected(self, visit: Visit, person: Person) -> None:
        visit.sign_in(person.email)
        flow = visit.site.flows.connections
        assert flow.of(person.account) == []
        page = visit.get("/account")
        form = next(each for each in page.forms.values() if "row" in each.fields and each["row"].value == ID)
        form["action"] = "disconnect"
        assert "not one of yours" in form.submit(status=400).text

    def test_without_the_policy_nothing_can_be_connected(self, provider: Any) -> None:
        visit = Visit(site=social_site(provider))
        person = Person(visit, provider)
        visit.sign_in(person.email)
        assert LABEL not in visit.get("/account").text


class TestWithoutPassword:
    """Somebody whom only the other site signs in."""

    @pytest.fixture
    def name(self, provider: OpenIDProvider) -> str:
        name = f"person{next(_numbers)}"
        provider.people[name] = {
            "name": name,
            "email": f"{name}@example.org",
            "email_verified": True,
            "given_name": "P",
        }
        return name

    def test_the_only_way_in_stays(self, visit: Visit, provider: Any, name: str) -> None:
        comes_back(visit, provider, name)
        section = visit.get("/account").html.select_one("#sign-in")
        assert f"{name}@example.org · connected" in section.get_text(" ", strip=True)
        assert not section.select("form, a.button")

    def test_they_prove_by_the_other_site_that_it_is_still_them(self, visit: Visit, provider: Any, name: str) -> None:
        told: list[ProvedAgain] = []
        visit.site.events.listen(ProvedAgain, told.append)
        comes_back(visit, provider, name)
        with _older(visit):
            page = visit.get("/account/fresh?next=%2Faccount%3Fchange%3Demail")
            assert not page.html.select("input[type=password]")
            link = page.html.select_one("a.way")["href"]
            answer = comes_back(visit, provider, name, link)
            assert visit.get(answer.headers["Location"]).headers["Location"] == "/account?change=email"
        assert [each.credential for each in told] == ["provider"]

    def test_nobody_proves_it_for_somebody_else(self, visit: Visit, provider: Any, name: str, person: Person) -> None:
        comes_back(visit, provider, name)
        with _older(visit):
            link = visit.get("/account/fresh").html.select_one("a.way")["href"]
            answer = comes_back(visit, provider, person.name, link)
        assert answer.headers["Location"] == "/account?status=not-connected"
        assert who(visit) == f"{name}@example.org"

    def test_who_has_a_password_proves_nothing_by_the_other_site(
        self, visit: Visit, provider: Any, person: Person
    ) -> None:
        """It may let in whoever sits at a browser that was left open."""
        told: list[ProvedAgain] = []
        visit.site.events.listen(ProvedAgain, told.append)
        visit.sign_in(person.email)
        connected(visit, provider, person.name)
        with _older(visit):
            page = visit.get("/account/fresh")
            assert page.html.select("input[type=password]")
            assert not page.html.select("a.way")
            answer = comes_back(visit, provider, person.name, f"/login/{ID}?for=prove")
            assert answer.headers["Location"] == "/account?status=not-connected"
            visit.get("/account/fresh", status=200)  # it is asked still
        assert told == []


@contextmanager
def _older(visit: Visit) -> Iterator[None]:
    """While the block lasts, the sign-in of *visit* is an hour ago."""
    now = visit.site.sessions.now
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(visit.site.sessions, "now", lambda: now() + 3600)
        yield
