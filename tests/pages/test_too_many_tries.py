"""What people see who have tried too often."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from support.browsing import PASSWORD, Visit, make_site
from support.redis_server import RedisServer
from support.servers import served_api

from stormpath_wsgi.events import AfterEvent, SignInFailed, WaitBegan
from stormpath_wsgi.texts import english
from stormpath_wsgi.web.language import wait_and_try, waiting_time

#: Four that are free, and one that begins a long wait.
LIMITS = {"accountAndAddress": "4 tries, waits 8s to 1h, one back after 1h"}
TOLD = "Too many tries. Please wait 8 seconds and try again."
WRONG = {"login": "ada@example.org", "password": "wrong"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def visit() -> Visit:
    made = Visit(limits=LIMITS)
    made.extra_environ["REMOTE_ADDR"] = "203.0.113.7"
    return made


def guess(visit: Visit, times: int = 5, login: str = "ada@example.org") -> None:
    for _ in range(times):
        visit.post_json("/login", {**WRONG, "login": login}, headers=JSON, status=400)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (1, "1 second"), (8, "8 seconds"), (90, "90 seconds"), (91, "2 minutes"), (300, "5 minutes"),
        (5400, "90 minutes"), (5401, "2 hours"), (86_400, "24 hours"),
    ],
)  # fmt: skip
def test_the_time_is_told_in_words(seconds: int, told: str) -> None:
    assert waiting_time(seconds, english()) == f"Too many tries. Please wait {told} and try again."


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(1, "1 minute"), (60, "1 minute"), (61, "2 minutes"), (240, "4 minutes"), (5400, "90 minutes"), (5401, "2 hours")],
)
def test_a_page_tells_minutes_and_rounds_them_up(seconds: int, told: str) -> None:
    assert wait_and_try(seconds, english()) == f"Wait {told}, then try again."


def test_the_form_comes_again_with_what_was_typed_but_for_the_password(visit: Visit) -> None:
    visit.account()
    guess(visit)
    form = visit.get("/login").form
    form["login"], form["password"] = "ada@example.org", PASSWORD
    answer = form.submit(status=429)
    assert answer.headers["Retry-After"] == "8"
    assert answer.headers["Cache-Control"] == "no-cache, no-store"
    words = " ".join(answer.html.select_one("div.bad-login").get_text().split())
    assert words == (
        "Too many tries for now Wait 1 minute, then try again. Or reset your password: that works right away."
    )
    assert answer.form["login"].value == "ada@example.org"
    assert answer.form["password"].value == ""
    assert PASSWORD not in answer.text
    assert not visit.is_signed_in()


def test_a_single_page_app_is_told_in_two_keys(visit: Visit) -> None:
    guess(visit)
    answer = visit.post_json("/login", WRONG, headers=JSON, status=429)
    assert answer.json == {"status": 429, "message": TOLD}
    assert answer.headers["Retry-After"] == "8"
    assert answer.headers["Cache-Control"] == "no-cache, no-store"


def test_it_is_the_same_whether_there_is_such_an_account_or_not(visit: Visit) -> None:
    visit.account()
    answers: list[list[tuple[Any, ...]]] = []
    for login in ("ada@example.org", "eve@example.org"):
        page, seen = Visit(site=visit.site), []
        page.extra_environ["REMOTE_ADDR"] = f"2001:db8:{len(answers)}::1"
        for _ in range(7):
            form = page.get("/login").form
            form["login"], form["password"] = login, "wrong"
            answer = form.submit(status="*")
            text = re.sub(r'name="csrf_?[tT]oken"[^>]*|value="[^"]{40,}"', "", answer.text).replace(login, "LOGIN")
            names = [(name, value) for name, value in answer.headers.items() if name != "Content-Length"]
            seen.append((answer.status_int, names, text))
        answers.append(seen)
    assert [status for status, *_ in answers[0]] == [200] * 5 + [429] * 2
    assert answers[0] == answers[1]


def test_a_try_that_is_not_made_is_no_failure_and_no_line(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    visit.account()
    told: list[AfterEvent] = []
    visit.site.events.listen(AfterEvent, told.append)
    guess(visit)
    assert [type(event) for event in told].count(SignInFailed) == 5
    (began,) = [event for event in told if isinstance(event, WaitBegan)]
    assert (began.limit, began.seconds, began.address) == ("accountAndAddress", 8, "203.0.113.7")
    told.clear()
    with caplog.at_level(logging.DEBUG):
        visit.post_json("/login", WRONG, headers=JSON, status=429)
    assert told == []
    assert [record for record in caplog.records if record.name.startswith("stormpath_wsgi")] == []


FORM = {"givenName": "Ada", "surname": "Lovelace", "password": PASSWORD}


class TestRegistration:
    def register(self, visit: Visit, number: int, status: int = 200, password: str = PASSWORD) -> Any:
        form = {**FORM, "email": f"person{number}@example.org", "password": password}
        return visit.post_json("/register", form, headers=JSON, status=status)

    @pytest.fixture
    def limits(self) -> dict[str, str]:
        return {"registration": "2 tries, waits 2m to 1h, one back after 1h"}

    def test_who_makes_many_accounts_has_to_wait_and_others_do_not(self, limits: dict[str, str]) -> None:
        visit = Visit(limits=limits)
        visit.extra_environ["REMOTE_ADDR"] = "2001:db8::1"
        self.register(visit, 1)
        self.register(visit, 2, 400, "short")  # whether it succeeds or not
        self.register(visit, 3)
        visit.extra_environ["REMOTE_ADDR"] = "2001:db8::2"  # the same household
        answer = self.register(visit, 4, 429)
        told = "Too many tries. Please wait 2 minutes and try again."
        assert answer.json == {"status": 429, "message": told}
        assert answer.headers["Retry-After"] == "120"
        form = visit.get("/register").form
        for name, value in {**FORM, "email": "person5@example.org"}.items():
            form[name] = value
        page = form.submit(status=429)
        assert "Wait 2 minutes, then try again." in page.text
        assert page.form["email"].value == "person5@example.org"
        assert PASSWORD not in page.text
        assert [account.email for account in visit.application.accounts] == [
            "person1@example.org",
            "person3@example.org",
        ]
        visit.extra_environ["REMOTE_ADDR"] = "2001:db8:0:1::1"
        self.register(visit, 6)

    def test_programs_may_make_any_number(self, limits: dict[str, str]) -> None:
        visit = Visit(limits=limits)
        for number in range(5):
            visit.account(f"person{number}@example.org")
        assert len(visit.application.accounts) == 5

    @pytest.fixture
    def elsewhere(self) -> Iterator[dict[str, Any]]:
        """The settings of a site whose directory is on another machine."""
        with served_api("sqlite://") as opening:
            key = {"id": opening["id"], "secret": opening["secret"]}
            yield {"directory": opening["url"], "application": {"name": "My Application"}, "client": {"apiKey": key}}

    def visit(self, **settings: Any) -> Visit:
        made = Visit(site=make_site(**settings))
        made.extra_environ["REMOTE_ADDR"] = "203.0.113.7"
        return made

    def test_it_holds_for_a_directory_on_another_machine(
        self, limits: dict[str, str], elsewhere: dict[str, Any]
    ) -> None:
        visit = self.visit(**elsewhere, limits=limits)
        with closing(visit.site.client):
            for number in range(3):
                self.register(visit, number)
            self.register(visit, 4, 429)

    def test_sites_that_share_a_redis_server_count_together(
        self, limits: dict[str, str], elsewhere: dict[str, Any], redis_server: RedisServer
    ) -> None:
        one, other = (self.visit(**elsewhere, limits={**limits, "url": redis_server.url}) for _ in range(2))
        with closing(one.site.client), closing(other.site.client):
            for number in range(3):
                self.register(one, number)
            self.register(other, 4, 429)
