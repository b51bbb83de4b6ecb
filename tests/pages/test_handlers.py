"""What an application can have done when something has happened on a page, and who meets the form."""

from __future__ import annotations

from typing import Any

import pytest
from support.browsing import PASSWORD, Visit


class Told:
    """Remembers what each handler was told: an e-mail address, and who was signed in by then."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str | None, str | None]] = []

    def settings(self) -> dict[str, Any]:
        return {f"post_{event}_handler": self.handler(event) for event in ("registration", "login", "logout")}

    def handler(self, event: str) -> Any:
        def handle(account: Any, environ: dict[str, Any]) -> None:
            assert environ["stormpath.user"] is environ["stormpath.session"].user
            assert environ.get("REMOTE_USER") == environ["stormpath.user"].username
            self.calls.append((event, account and account.email, environ["stormpath.user"].email))

        return handle


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_login_and_a_logout_are_told(told: Told) -> None:
    visit = Visit(web=told.settings())
    visit.account()
    visit.fill_in("/login", login="ada@example.org", password=PASSWORD)
    visit.post("/logout")
    visit.post("/logout")
    assert told.calls == [
        ("login", "ada@example.org", "ada@example.org"),
        ("logout", "ada@example.org", None),
        ("logout", None, None),
    ]


@pytest.mark.parametrize("auto_login", [True, False])
def test_a_registration_is_told_before_the_login_that_comes_with_it(told: Told, auto_login: bool) -> None:
    visit = Visit(web={**told.settings(), "register": {"autoLogin": auto_login}})
    visit.fill_in("/register", givenName="Ada", surname="Lovelace", email="ada@example.org", password=PASSWORD)
    assert [event for event, _, _ in told.calls] == ["registration", "login"][: 1 + auto_login]


def test_what_is_refused_is_not_told(told: Told) -> None:
    visit = Visit(web=told.settings())
    visit.account()
    visit.fill_in("/login", login="ada@example.org", password="wrong")
    visit.fill_in("/register", givenName="Ada", surname="Lovelace", email="ada@example.org", password=PASSWORD)
    assert told.calls == []


def test_only_what_happens_on_our_pages_is_told(told: Told) -> None:
    visit = Visit(web=told.settings())
    account = visit.account()
    visit.application.authenticate_account("ada@example.org", PASSWORD)
    account.delete()
    assert told.calls == []


def test_a_handler_that_raises_is_logged_as_every_listener_is(caplog: pytest.LogCaptureFixture) -> None:
    def fail(account: Any, environ: dict[str, Any]) -> None:
        raise ZeroDivisionError

    visit = Visit(web={"post_login_handler": fail})
    visit.account()
    visit.sign_in()
    assert visit.is_signed_in()
    assert "ZeroDivisionError" in caplog.text


def test_who_is_signed_in_is_sent_on_unless_the_settings_say_no() -> None:
    for send_on, status in ((True, 302), (False, 200)):
        visit = Visit(web={"login": {"sendOn": send_on}})
        visit.account()
        visit.sign_in()
        assert visit.get("/login?next=%2Fstaff").status_code == status
    assert "ada@example.org" in visit.get("/login").html.select_one("div.alert").get_text()


def test_a_handler_is_not_told_of_what_it_does_itself() -> None:
    calls: list[str] = []

    def make_companion(account: Any, environ: dict[str, Any]) -> None:
        calls.append(account.email)
        if len(calls) < 5:
            new = {"email": f"companion{len(calls)}@example.org", "password": PASSWORD}
            environ["stormpath.application"].accounts.create({**new, "given_name": "C", "surname": "C"})

    visit = Visit(web={"post_registration_handler": make_companion})
    visit.fill_in("/register", givenName="Ada", surname="Lovelace", email="ada@example.org", password=PASSWORD)
    assert calls == ["ada@example.org"]
