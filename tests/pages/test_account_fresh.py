"""Is it still you? The page that asks for the password once more."""

from __future__ import annotations

import pytest
from support.browsing import PASSWORD, Visit, make_site

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.events import AfterEvent, ProvedAgain, SignInFailed
from stormpath_wsgi.policy import fresh_required


@pytest.fixture(scope="module")
def site() -> StormpathMiddleware:
    made = make_site(session={"fresh": 600})
    made.application.accounts.create({"email": "ada@example.org", "password": PASSWORD})
    return made


@pytest.fixture
def visit(site: StormpathMiddleware, monkeypatch: pytest.MonkeyPatch) -> Visit:
    """Ada, who has signed in an hour ago."""
    visit = Visit(site=site)
    now = site.sessions.now
    monkeypatch.setattr(site.sessions, "now", lambda: now() - 3600)
    visit.sign_in()
    monkeypatch.undo()
    return visit


def test_it_asks_who_has_signed_in_long_ago_and_goes_on(site: StormpathMiddleware, visit: Visit) -> None:
    told: list[AfterEvent] = []
    site.events.listen(ProvedAgain, told.append)
    page = visit.get("/account/fresh?next=%2Faccount%3Fchange%3Dname&for=email")
    assert "before you change your address" in page
    before = visit.cookies["stormpath_session"]
    form = page.form
    form["password"] = PASSWORD
    answer = form.submit(status=302)
    assert answer.headers["Location"] == "/account?change=name"
    assert visit.cookies["stormpath_session"].split(".")[0] != before.split(".")[0]
    assert len(told) == 1
    assert visit.get("/account/fresh", status=302).headers["Location"] == "/account"


def test_the_session_of_before_has_ended(site: StormpathMiddleware, visit: Visit) -> None:
    before = visit.cookies["stormpath_session"]
    form = visit.get("/account/fresh").form
    form["password"] = PASSWORD
    form.submit(status=302)
    other = Visit(site=site)
    other.set_cookie("stormpath_session", before)
    assert not other.is_signed_in()


def test_a_wrong_password_changes_nothing(site: StormpathMiddleware, visit: Visit) -> None:
    told: list[AfterEvent] = []
    site.events.listen(SignInFailed, told.append)
    form = visit.get("/account/fresh").form
    form["password"] = "wrong"
    page = form.submit(status=200)
    assert "That is not your password." in page
    assert page.form["password"].value == ""
    assert visit.is_signed_in()
    assert len(told) == 1


def test_it_sends_strangers_to_the_sign_in_page(site: StormpathMiddleware) -> None:
    answer = Visit(site=site).get("/account/fresh?next=%2Faccount%3Fchange%3Demail", status=302)
    assert answer.headers["Location"] == "/login?next=%2Faccount%3Fchange%3Demail"
    Visit("application/json", site=site).get("/account/fresh", status=401)


def test_it_leads_to_this_site_only(visit: Visit) -> None:
    form = visit.get("/account/fresh?next=https%3A%2F%2Felsewhere.example%2F").form
    form["password"] = PASSWORD
    assert form.submit(status=302).headers["Location"] == "/account"


def test_a_program_asks_for_the_form_and_sends_it(site: StormpathMiddleware, visit: Visit) -> None:
    program = {"Accept": "application/json"}
    assert [field["name"] for field in visit.get("/account/fresh", headers=program).json["form"]["fields"]] == [
        "password"
    ]
    assert visit.post_json("/account/fresh", {"password": "wrong"}, headers=program, status=400).json["status"] == 400
    answer = visit.post_json("/account/fresh", {"password": PASSWORD}, headers=program)
    assert answer.json["account"]["email"] == "ada@example.org"


@pytest.fixture(scope="module")
def guarded() -> StormpathMiddleware:
    made = make_site(protect={"/transfer": "fresh"})
    made.application.accounts.create({"email": "ada@example.org", "password": PASSWORD})
    return made


class TestThePolicy:
    """``protect`` with the word fresh."""

    def test_lets_in_who_has_just_signed_in(self, guarded: StormpathMiddleware) -> None:
        visit = Visit(site=guarded)
        visit.sign_in()
        assert "app: ada@example.org at /transfer" in visit.get("/transfer", status=404)

    def test_asks_who_has_signed_in_long_ago(
        self, guarded: StormpathMiddleware, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        visit = Visit(site=guarded)
        visit.sign_in()
        now = guarded.sessions.now
        monkeypatch.setattr(guarded.sessions, "now", lambda: now() + 601)
        answer = visit.get("/transfer?sum=7", status=302)
        assert answer.headers["Location"] == "/account/fresh?next=%2Ftransfer%3Fsum%3D7"
        visit.get("/transfer", headers={"Accept": "application/json"}, status=403)

    def test_asks_a_stranger_to_sign_in(self, guarded: StormpathMiddleware) -> None:
        assert Visit(site=guarded).get("/transfer", status=302).headers["Location"] == "/login?next=%2Ftransfer"

    def test_goes_around_an_application(self) -> None:
        with pytest.raises(TypeError, match="goes around a WSGI application"):
            fresh_required("app")  # type: ignore[call-overload]  # that is the mistake
