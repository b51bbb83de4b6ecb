"""A sign-in that is asked for more: unfinished, finished once, and worth nothing to anybody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given as for_all
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support.browsing import PASSWORD, Visit, make_site
from support.questions import Asks
from support.questions import site as questions
from support.visitors import request

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.codes import Code
from stormpath_wsgi.events import Event, SignedIn, SignInFailed
from stormpath_wsgi.flows import PendingRefused
from stormpath_wsgi.flows.cookies import CookieKeys
from stormpath_wsgi.flows.pending import LIFETIME, LONGEST, Pending, PendingSignIns, Progress
from stormpath_wsgi.session import CurrentSession

GOOD = {"login": "ada@example.org", "password": PASSWORD}


@pytest.fixture
def visit(site: StormpathMiddleware) -> Visit:
    site.flows.sign_in.add_step(Asks())
    visit = Visit(site=site)
    visit.account()
    return visit


def begun(visit: Visit) -> str:
    """The text of a pending sign-in that *visit* has begun on the sign-in page."""
    answer = visit.fill_in("/login", **GOOD)
    assert answer.status_int == 302
    return parse_qs(urlsplit(str(answer.headers["Location"])).query)["pending"][0]


def answer(visit: Visit, text: str, colour: str = "green") -> Any:
    return visit.post("/question", {"pending": text, "answer": colour}, status="*")


def who(visit: Visit) -> str:
    return str(visit.get("/").text)


class TestAPageThatAsksForMore:
    def test_the_right_answer_finishes_the_sign_in(self, visit: Visit, told: list[Event]) -> None:
        asked = visit.fill_in("/login?next=%2Freports", **GOOD)
        assert re.fullmatch(r"/question\?pending=[^&]+&next=%2Freports", asked.headers["Location"])
        assert who(visit) == "user: None"
        page = asked.follow()
        assert "Ada, which colour?" in page
        page.form["answer"] = "red"
        again = page.form.submit()
        assert who(visit) == "user: None"
        again.form["answer"] = "green"
        assert again.form.submit().status_int == 302
        assert who(visit) == "user: ada@example.org"
        assert [type(event) for event in told if isinstance(event, SignedIn | SignInFailed)] == [SignedIn]

    @pytest.mark.parametrize("ticked", [True, False])
    def test_whether_the_visitor_stays_signed_in_is_kept(self, visit: Visit, ticked: bool) -> None:
        form = visit.get("/login").form
        form["login"], form["password"] = GOOD.values()
        form["rememberMe"] = ticked
        page = form.submit().follow()
        page.form["answer"] = "green"
        cookies = page.form.submit().headers.getall("Set-Cookie")
        (session,) = [text for text in cookies if text.startswith("stormpath_session=")]
        assert ("Max-Age" in session) == ticked

    def test_a_single_page_app_learns_what_is_asked(self, visit: Visit) -> None:
        asked = visit.post_json("/login", GOOD, headers={"Accept": "application/json"}, status=403)
        assert set(asked.json) == {"status", "message", "asks", "pending"}
        assert asked.json["asks"] == "colour"
        answer(visit, asked.json["pending"])
        assert who(visit) == "user: ada@example.org"

    def test_several_questions_come_one_after_the_other(self, visit: Visit) -> None:
        visit.site.flows.sign_in.add_step(Asks("number"))
        page = visit.fill_in("/login", **GOOD).follow()
        page.form["answer"] = "green"
        page = page.form.submit()
        assert "Ada, which number?" in page
        assert who(visit) == "user: None"
        page.form["answer"] = "seven"
        page.form.submit()
        assert who(visit) == "user: ada@example.org"

    def test_a_step_sees_who_it_is_and_where_the_request_comes_from(self, visit: Visit) -> None:
        step = Asks("number")
        visit.site.flows.sign_in.add_step(step)
        visit.extra_environ |= {"REMOTE_ADDR": "203.0.113.7", "HTTP_USER_AGENT": "Lynx/2.9"}
        answer(visit, begun(visit))
        ((email, origin),) = step.asked
        assert (email, origin.address, origin.agent) == ("ada@example.org", "203.0.113.7", "Lynx/2.9")

    def test_who_registers_is_asked_too(self, visit: Visit) -> None:
        visit = Visit(site=make_site(questions, web={"register": {"autoLogin": True}}))
        visit.site.flows.sign_in.add_step(Asks())
        values = {"givenName": "Bob", "surname": "B", "email": "bob@example.org", "password": PASSWORD}
        asked = visit.fill_in("/register", **values)
        assert asked.headers["Location"].startswith("/question?pending=")
        assert who(visit) == "user: None"
        page = asked.follow()
        page.form["answer"] = "green"
        page.form.submit()
        assert who(visit) == "user: bob@example.org"

    def test_its_cookie_is_kept_from_scripts_and_other_sites(self, visit: Visit) -> None:
        cookies = visit.fill_in("/login", **GOOD).headers.getall("Set-Cookie")
        (cookie,) = [cookie for cookie in cookies if "stormpath_pending" in cookie]
        for attribute in ("HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={LIFETIME}"):
            assert attribute in cookie.split("; ")
        assert cookie.split("=")[1].split(";")[0] not in begun(visit)

    def test_over_https_its_cookie_is_bound_to_the_host(self, visit: Visit) -> None:
        visit.extra_environ["wsgi.url_scheme"] = "https"
        visit.post_json("/login", GOOD, headers={"Accept": "application/json"}, status=403)
        assert "__Host-stormpath_pending" in visit.cookies


class TestWhatIsRefused:
    def test_a_second_use(self, visit: Visit) -> None:
        """Even with the cookie that the end of the sign-in took away, and once the session is over."""
        text = begun(visit)
        kept = dict(visit.cookies)
        assert answer(visit, text).status_int == 302
        assert (answer(visit, text).status_int, answer(visit, text).text) == (403, "TOKEN_SIGNATURE_WRONG")
        for _ in range(2):
            thief = Visit(site=visit.site)
            thief.set_cookie("stormpath_pending", kept["stormpath_pending"])
            assert (answer(thief, text).status_int, answer(thief, text).text) == (403, "TOKEN_USED")
            assert who(thief) == "user: None"
            visit.post("/logout")

    def test_a_second_use_by_another_worker(self, two_workers: list[StormpathMiddleware]) -> None:
        one, other = [Visit(site=site) for site in two_workers]
        one.account()
        for site in two_workers:
            site.flows.sign_in.add_step(Asks())
        text = begun(one)
        other.set_cookie("stormpath_pending", one.cookies["stormpath_pending"])
        assert answer(other, text).status_int == 302
        assert who(other) == "user: ada@example.org"
        assert (answer(one, text).status_int, answer(one, text).text) == (403, "TOKEN_USED")

    def test_a_text_of_which_a_part_was_moved_into_the_cookie(self, visit: Visit) -> None:
        """The signature covers both, so what is between them must be where we have put it."""
        text = begun(visit)
        first, _, rest = text.partition(".")
        visit.set_cookie("stormpath_pending", f"{visit.cookies['stormpath_pending']}.{first}")
        assert (answer(visit, rest).status_int, answer(visit, rest).text) == (403, "TOKEN_SIGNATURE_WRONG")

    def test_another_browser(self, visit: Visit) -> None:
        text = begun(visit)
        stranger = Visit(site=visit.site)
        assert answer(stranger, text).text == "TOKEN_SIGNATURE_WRONG"
        begun(stranger)
        assert answer(stranger, text).text == "TOKEN_SIGNATURE_WRONG"
        assert who(stranger) == "user: None"

    def test_the_one_of_before(self, visit: Visit) -> None:
        """Of two that a browser has begun the second counts."""
        first, second = begun(visit), begun(visit)
        assert answer(visit, first).text == "TOKEN_SIGNATURE_WRONG"
        assert answer(visit, second).status_int == 302

    def test_a_sign_in_of_before_the_password_was_changed(self, visit: Visit, told: list[Event]) -> None:
        text = begun(visit)
        account = visit.application.accounts.search({"email": "ada@example.org"})[0]
        account.password = "Another-horse-8"
        account.save()
        assert answer(visit, text).text == "WRONG_PASSWORD"
        assert who(visit) == "user: None"

    def test_an_account_that_was_disabled(self, visit: Visit) -> None:
        text = begun(visit)
        account = visit.application.accounts.search({"email": "ada@example.org"})[0]
        account.status = "DISABLED"
        account.save()
        assert answer(visit, text).text == "TOKEN_ACCOUNT_DISABLED"

    def test_an_account_that_is_gone(self, visit: Visit) -> None:
        text = begun(visit)
        visit.application.accounts.search({"email": "ada@example.org"})[0].delete()
        assert answer(visit, text).text == "NO_SUCH_ACCOUNT"

    def test_the_answer_to_another_question(self, visit: Visit, told: list[Event]) -> None:
        text = begun(visit)
        session = visit.site.sessions.open(request(f"stormpath_pending={visit.cookies['stormpath_pending']}"))
        with pytest.raises(PendingRefused) as refused:
            visit.site.flows.sign_in.answered(session, text, "number")
        assert refused.value.code == Code.TOKEN_NOT_AUTHENTICATED
        assert not session.user.is_authenticated
        assert isinstance(told[-1], SignInFailed)
        assert told[-1].reason == "TOKEN_NOT_AUTHENTICATED"

    def test_a_session_cookie_is_none_and_it_is_no_session_cookie(self, visit: Visit) -> None:
        text = begun(visit)
        random = visit.cookies["stormpath_pending"]
        for value in (text, random):
            visit.set_cookie("stormpath_session", value)
            assert who(visit) == "user: None"
        assert answer(visit, text).status_int == 302
        visit.set_cookie("stormpath_pending", random)
        assert answer(visit, visit.cookies["stormpath_session"]).text == "TOKEN_SIGNATURE_WRONG"


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def house() -> Iterator[StormpathMiddleware]:
    made = make_site(questions)
    yield made
    made.client.close()


def session(house: StormpathMiddleware, cookie: str | None = None) -> CurrentSession:
    return house.sessions.open(request(cookie))


def written(house: StormpathMiddleware, pending: PendingSignIns, **facts: Any) -> tuple[str, str]:
    """A pending sign-in of nobody, and the cookie of its browser."""
    known = {"account_id": "1" * 22, "password_modified_at": 5, "proved": ("password",), **facts}
    browser = session(house)
    text = pending.write(browser, Pending(Progress(**known), "colour"))
    return text, dict(browser.headers())["Set-Cookie"].partition(";")[0]


class TestTheText:
    def pending(self, house: StormpathMiddleware, clock: Clock, application: str = "app") -> PendingSignIns:
        return PendingSignIns(CookieKeys(house.settings.secret_keys, application, now=clock))

    def test_it_says_what_was_written(self, house: StormpathMiddleware) -> None:
        pending = self.pending(house, Clock())
        for moment in (None, 1_700_000_000_123):
            text, cookie = written(house, pending, password_modified_at=moment, proved=("password", "number"))
            read = pending.read(session(house, cookie), text)
            assert (read.asks, read.progress.account_id, read.progress.proved) == (
                "colour",
                "1" * 22,
                ("password", "number"),
            )
            assert read.progress.password_modified_at == moment
            assert "browser" not in repr(read)

    @pytest.mark.parametrize(("seconds", "good"), [(LIFETIME - 1, True), (LIFETIME, False), (-60, True), (-61, False)])
    def test_it_is_good_for_ten_minutes(self, house: StormpathMiddleware, seconds: int, good: bool) -> None:
        clock = Clock()
        text, cookie = written(house, pending := self.pending(house, clock))
        clock.now += seconds
        if good:
            assert pending.read(session(house, cookie), text).asks == "colour"
        else:
            with pytest.raises(PendingRefused, match="TOKEN_EXPIRED"):
                pending.read(session(house, cookie), text)

    def test_more_questions_do_not_make_it_last_longer(self, house: StormpathMiddleware) -> None:
        clock = Clock()
        text, cookie = written(house, pending := self.pending(house, clock))
        clock.now += LIFETIME - 1
        browser = session(house, cookie)
        later = pending.write(browser, Pending(pending.read(browser, text).progress, "number"))
        clock.now += 1
        with pytest.raises(PendingRefused, match="TOKEN_EXPIRED"):
            pending.read(browser, later)

    def test_another_application_with_the_same_keys_does_not_take_it(self, house: StormpathMiddleware) -> None:
        text, cookie = written(house, self.pending(house, Clock()))
        with pytest.raises(PendingRefused, match="TOKEN_SIGNATURE_WRONG"):
            self.pending(house, Clock(), "another").read(session(house, cookie), text)

    def test_a_change_of_any_character_spoils_it(self, house: StormpathMiddleware) -> None:
        text, cookie = written(house, pending := self.pending(house, Clock()))
        browser = session(house, cookie)
        for place in range(len(text)):
            spoilt = text[:place] + ("x" if text[place] != "x" else "y") + text[place + 1 :]
            with pytest.raises(PendingRefused, match="TOKEN_SIGNATURE_WRONG"):
                pending.read(browser, spoilt)

    @hypothesis_settings(max_examples=50)
    @for_all(text=st.one_of(st.none(), st.integers(), st.text(), st.binary(), st.just("." * LONGEST)), cookie=st.text())
    def test_anything_else_is_refused(self, house: StormpathMiddleware, text: Any, cookie: str) -> None:
        header = f"stormpath_pending={cookie}".encode("utf-8", "replace").decode("latin-1")
        with pytest.raises(PendingRefused, match="TOKEN_SIGNATURE_WRONG"):
            house.flows.sign_in.pending(session(house, header), text)

    @pytest.mark.parametrize("name", ["", "Colour", "a.b", "a~b", "x" * 33, "colour\n"])
    def test_a_question_has_a_plain_name(self, house: StormpathMiddleware, name: str) -> None:
        with pytest.raises(ValueError, match="names no question"):
            progress = Progress(account_id="1", password_modified_at=None, proved=("password",))
            self.pending(house, Clock()).write(session(house), Pending(progress, name))
