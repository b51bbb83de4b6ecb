"""The account page: its frame, names and language."""

from __future__ import annotations

from typing import Any

import pytest
from support.browsing import PASSWORD, Visit, make_site

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.events import AccountUpdated, AfterEvent
from stormpath_wsgi.pages import declared
from stormpath_wsgi.pages.account import SECTIONS


@pytest.fixture(scope="module")
def site() -> StormpathMiddleware:
    return make_site()


@pytest.fixture
def visit(site: StormpathMiddleware) -> Visit:
    """Ada, who has just signed in."""
    visit = Visit(site=site)
    for account in site.application.accounts:
        account.delete()
    visit.account()
    visit.sign_in()
    return visit


def panel(page: Any) -> Any:
    """The form of the open panel: the one before it signs out."""
    return page.forms[1]


class TestTheFrame:
    def test_asks_a_stranger_to_sign_in_and_leads_back_to_the_panel(self, site: StormpathMiddleware) -> None:
        stranger = Visit(site=site)
        assert stranger.get("/account", status=302).headers["Location"] == "/login?next=%2Faccount"
        answer = stranger.get("/account?change=name", status=302)
        assert answer.headers["Location"] == "/login?next=%2Faccount%3Fchange%3Dname"
        assert stranger.get("/account?change=wild", status=302).headers["Location"] == "/login?next=%2Faccount"

    def test_is_for_people_and_leaves_programs_to_the_application(self, visit: Visit) -> None:
        assert "app: " in visit.get("/account", headers={"Accept": "application/json"}, status=404)

    def test_gives_who_has_a_token_no_page(self, site: StormpathMiddleware, visit: Visit) -> None:
        grant = {"grant_type": "password", "username": "ada@example.org", "password": PASSWORD}
        issued = site.client.data_store.create(f"{site.application.href}/oauth/token", grant)
        Visit(site=site).get("/account", headers={"Authorization": f"Bearer {issued['access_token']}"}, status=403)

    def test_shows_who_is_signed_in_and_a_way_out(self, visit: Visit) -> None:
        page = visit.get("/account")
        assert page.html.h1.get_text() == "Your account"
        assert page.headers["Cache-Control"] == "no-cache, no-store"
        assert "ada@example.org" in page.html.header.get_text()
        page.forms[0].submit(status=302)
        visit.get("/account", status=302)

    def test_sends_who_was_deleted_to_the_sign_in_page(self, site: StormpathMiddleware, visit: Visit) -> None:
        for account in site.application.accounts:
            account.delete()
        assert visit.get("/account", status=302).headers["Location"].startswith("/login")

    def test_refuses_what_it_does_not_know(self, visit: Visit) -> None:
        cases: list[dict[str, str]] = [
            {},
            {"action": "wild"},
            {"action": ""},
            {"action": "name", "row": "\0"},
            {"x": "y" * 5000},
        ]
        for posted in cases:
            token = visit.get("/account").forms[0]["csrfToken"].value
            answer = visit.post("/account", {**posted, "csrfToken": token}, expect_errors=True)
            assert answer.status_int in (200, 400)
            assert answer.html.find(class_="alert-danger")

    def test_no_two_sections_share_a_name(self, site: StormpathMiddleware) -> None:
        [page] = [page for page in declared() if page.name == "account"]
        assert page.name
        made = [section(site.pages._site) for section in SECTIONS]
        for names in ("panels", "actions", "statuses"):
            every = [name for section in made for name in getattr(section, names)]
            assert len(every) == len(set(every))


class TestTheName:
    def test_is_changed_and_said_so(self, site: StormpathMiddleware, visit: Visit) -> None:
        told: list[AfterEvent] = []
        site.events.listen(AccountUpdated, told.append)
        form = panel(visit.get("/account?change=name"))
        assert form["givenName"].value == "Ada"
        form["givenName"], form["surname"] = "Augusta", "King"
        answer = form.submit(status=303)
        assert answer.headers["Location"] == "/account?status=name"
        page = answer.follow()
        assert "Your name is saved." in page.html.find(role="status").get_text()
        assert "Augusta King" in page
        assert [event.changed for event in told if isinstance(event, AccountUpdated)] == [("givenName", "surname")]

    def test_that_is_missing_leaves_the_panel_open_with_what_was_typed(self, visit: Visit) -> None:
        form = panel(visit.get("/account?change=name"))
        form["givenName"], form["surname"] = "Augusta", " "
        page = form.submit(status=200)
        assert panel(page)["givenName"].value == "Augusta"
        assert page.html.find("input", {"name": "surname"})["aria-invalid"] == "true"
        assert page.html.title.get_text().startswith("Error: ")

    def test_comes_back_with_a_fresh_token_when_the_form_has_expired(self, visit: Visit) -> None:
        form = panel(visit.get("/account?change=name"))
        form["givenName"], form["csrfToken"] = "Augusta", "old"
        page = form.submit(status=403)
        assert panel(page)["givenName"].value == "Augusta"
        assert panel(page).submit(status=303)

    def test_is_not_longer_than_a_name_may_be(self, visit: Visit) -> None:
        form = panel(visit.get("/account?change=name"))
        form["givenName"] = "A" * 256
        assert form.submit(status=200).html.find("input", {"name": "givenName"})["aria-invalid"] == "true"

    def test_two_that_are_missing_are_named_above(self, visit: Visit) -> None:
        form = panel(visit.get("/account?change=name"))
        form["givenName"] = form["surname"] = ""
        alert = form.submit(status=200).html.find(role="alert")
        assert [link["href"] for link in alert.find_all("a")] == ["#givenName", "#surname"]
