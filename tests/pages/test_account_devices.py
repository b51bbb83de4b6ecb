"""The sections of the account page about devices, API keys and data: what they show, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from support.browsing import PASSWORD, Visit, make_site

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.flows import sessions


def place(address: str) -> str | None:
    """Where an address is, as a site might know it."""
    if address == "192.0.2.9":
        raise ZeroDivisionError
    return {"203.0.113.7": "Berlin, Germany"}.get(address)


@pytest.fixture(scope="module")
def site() -> StormpathMiddleware:
    return make_site(web={"account": {"apiKeys": True, "place": place}})


@pytest.fixture
def visit(site: StormpathMiddleware) -> Visit:
    """Ada, who has just signed in."""
    for account in site.application.accounts:
        account.delete()
    visit = Visit(site=site)
    visit.account()
    visit.extra_environ |= {"REMOTE_ADDR": "203.0.113.7"}
    visit.sign_in()
    return visit


def another(site: StormpathMiddleware, address: str = "198.51.100.1") -> Visit:
    visit = Visit(site=site)
    visit.extra_environ |= {"REMOTE_ADDR": address}
    visit.sign_in()
    return visit


def long_ago(site: StormpathMiddleware, monkeypatch: pytest.MonkeyPatch) -> Visit:
    """Ada, who has signed in an hour ago."""
    now = site.sessions.now
    with monkeypatch.context() as patched:
        patched.setattr(site.sessions, "now", lambda: now() - 3600)
        return another(site)


def form(page: Any, action: str) -> Any:
    return next(each for each in page.forms.values() if "action" in each.fields and each["action"].value == action)


def post(visit: Visit, **posted: str) -> Any:
    token = visit.get("/account").forms[0]["csrfToken"].value
    return visit.post("/account", {**posted, "csrfToken": token}, expect_errors=True)


def notes(page: Any) -> list[str]:
    return [found.get_text() for found in page.html.find(id="devices").find_all(class_="row-note")]


class TestDevices:
    def test_say_where_they_are_as_the_site_knows_it(self, site: StormpathMiddleware, visit: Visit) -> None:
        another(site)
        another(site, "192.0.2.9")
        assert notes(visit.get("/account")) == [
            "Berlin, Germany · signed in just now",
            "192.0.2.9 · just now",
            "198.51.100.1 · just now",
        ]

    def test_who_is_in_one_place_has_no_other_to_sign_out(self, visit: Visit) -> None:
        page = visit.get("/account")
        assert "This device" in page and "A browser" in page and "everywhere else" not in page

    def test_are_shown_in_pages_with_this_one_first(
        self, site: StormpathMiddleware, visit: Visit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sessions, "PAGE", 2)
        monkeypatch.setattr("stormpath_wsgi.pages.account.devices.PAGE", 2)
        for last in range(4):
            another(site, f"198.51.100.{last}")
        page = visit.get("/account")
        assert [note.partition(" ")[0] for note in notes(page)] == ["Berlin,", "198.51.100.3", "198.51.100.2"]
        page = page.click("Show older ones")
        assert [note.partition(" ")[0] for note in notes(page)] == ["198.51.100.1", "198.51.100.0"]

    def test_one_that_is_none_is_not_signed_out(self, visit: Visit) -> None:
        for row in ("", "../accounts/1", "x y", "9" * 300):
            answer = post(visit, action="sign-out-device", row=row)
            assert answer.status_int == 400 and "not among those" in answer
            assert visit.is_signed_in()

    def test_of_somebody_else_is_not_signed_out(self, site: StormpathMiddleware, visit: Visit) -> None:
        visit.account("bob@example.org")
        bob = Visit(site=site)
        bob.sign_in("bob@example.org")
        [session] = next(iter(site.application.accounts.search({"email": "bob@example.org"}))).sessions
        assert post(visit, action="sign-out-device", row=session.href.rpartition("/")[2]).status_int == 400
        assert bob.is_signed_in()

    def test_that_is_signed_out_twice_does_no_harm(self, site: StormpathMiddleware, visit: Visit) -> None:
        another(site)
        asked = form(visit.get("/account"), "sign-out-device")
        assert asked.submit(status=303).headers["Location"] == asked.submit(status=303).headers["Location"]

    def test_are_signed_out_by_who_has_just_signed_in_where_the_setting_says_so(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = make_site(web={"account": {"freshSignOut": True}})
        Visit(site=made).account()
        other, old = another(made), long_ago(made, monkeypatch)
        for action in ("sign-out-device", "sign-out-others"):
            answer = form(old.get("/account"), action).submit(status=303)
            assert answer.headers["Location"].startswith("/account/fresh?")
        page = answer.follow()
        page.form["password"] = PASSWORD
        form(page.form.submit().follow(), "sign-out-others").submit(status=303)
        assert not other.is_signed_in() and old.is_signed_in()

    def test_a_wild_page_is_the_first(self, visit: Visit) -> None:
        for row in ("-1", "1e3", "²", "9999999", "\0"):
            assert len(notes(visit.get("/account", {"change": "places", "row": row}))) == 1


class TestApiKeys:
    def test_are_no_section_unless_the_site_wants_them(self) -> None:
        visit = Visit()
        visit.account()
        visit.sign_in()
        assert visit.get("/account").html.find(id="api-keys") is None
        assert post(visit, action="make-key", name="robot").status_int == 400
        assert list(next(iter(visit.application.accounts)).api_keys) == []

    def test_need_a_name_that_can_be_shown(self, visit: Visit) -> None:
        for name, said in (
            ("", "Enter a name"),
            (" ", "Enter a name"),
            ("x" * 256, "255 characters"),
            ("a\u202eb", "in one line"),
        ):
            page = post(visit, action="make-key", name=name)
            assert page.status_int == 200 and said in page.html.find(id="key-name-error").get_text()

    def test_of_a_form_that_is_sent_twice_one_is_made(self, visit: Visit) -> None:
        asked = form(visit.get("/account?change=new-key"), "make-key")
        asked["name"] = "robot"
        assert asked.submit().html.find("dl", class_="secret")
        assert "you have a key of this name" in asked.submit()
        assert len(list(next(iter(visit.application.accounts)).api_keys)) == 1

    def test_of_somebody_else_are_neither_seen_nor_revoked(self, visit: Visit) -> None:
        key = visit.account("bob@example.org").api_keys.create({"name": "of Bob"})
        page = visit.get("/account")
        assert "of Bob" not in page and "No API keys." in page
        assert post(visit, action="revoke-key", row=key.id).status_int == 400
        assert visit.application.api_keys.get_key(key.id)

    def test_ask_who_has_signed_in_long_ago_once_more(
        self, site: StormpathMiddleware, visit: Visit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = long_ago(site, monkeypatch)
        answer = old.get("/account?change=new-key", status=303)
        assert answer.headers["Location"].startswith("/account/fresh?")
        assert "before you make a key" in answer.follow()
        assert post(old, action="make-key", name="robot").status_int == 303
        assert list(next(iter(visit.application.accounts)).api_keys) == []


class TestData:
    def test_are_not_given_to_who_has_signed_in_long_ago(
        self, site: StormpathMiddleware, visit: Visit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer = post(long_ago(site, monkeypatch), action="download-data")
        assert answer.headers["Location"].startswith("/account/fresh?")

    def test_of_an_account_is_deleted_at_once_where_there_is_no_grace(self) -> None:
        visit = Visit(web={"account": {"grace": 0}})
        visit.account()
        visit.sign_in()
        asked = form(visit.get("/account?change=delete"), "delete-account")
        assert "It is deleted at once" in visit.get("/account?change=delete")
        asked["password"] = PASSWORD
        assert "Your account is deleted." in asked.submit(status=303).follow()
        assert list(visit.application.accounts) == []
        asked.submit(status=302)  # the second click of two: nobody is signed in any more

    def test_no_account_is_deleted_where_the_site_does_not_want_it(self) -> None:
        visit = Visit(web={"account": {"deletes": False}})
        visit.account()
        visit.sign_in()
        assert "Delete" not in visit.get("/account?change=delete").html.find(id="data").get_text()
        assert post(visit, action="delete-account", password=PASSWORD).status_int == 400
        assert visit.is_signed_in()

    def test_the_password_is_asked(self, visit: Visit) -> None:
        for password in ("", "wrong", "x" * 2000):
            page = post(visit, action="delete-account", password=password)
            assert page.status_int == 200 and page.html.find(id="delete-password-error")
            assert visit.is_signed_in()

    def test_the_panel_counts_the_keys(self, visit: Visit) -> None:
        account = next(iter(visit.application.accounts))
        for name in ("one", "two"):
            account.api_keys.create({"name": name})
        assert "your 2 API keys stop working" in visit.get("/account?change=delete")
