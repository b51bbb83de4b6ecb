"""What listeners are told of a request of the REST API, and what its caller is told of them."""

from __future__ import annotations

from typing import Any

import pytest
from support.callers import Caller
from support.world import BASE, PASSWORD, World
from werkzeug.test import TestResponse

from stormpath_wsgi.events import AfterEvent, BeforeEvent, Declined, Event, PasswordChanged, Registered, SignInFailed

NEW = "Another-Horse-2"


def told_by(answer: TestResponse) -> dict[str, Any]:
    """The document in *answer*."""
    document = answer.get_json()
    assert isinstance(document, dict)
    return document


def test_an_event_says_whose_api_key_from_where(world: World, caller: Caller) -> None:
    account, told = world.account(), list[Event]()
    world.service.events.listen(AfterEvent, told.append)
    options = {"headers": {"User-Agent": "an SDK"}, "environ_base": {"REMOTE_ADDR": "192.0.2.1"}}
    assert caller.call("POST", account, {"password": NEW}, **options).status_code == 200
    [event] = told
    assert isinstance(event, PasswordChanged)
    assert (event.account, event.address, event.agent, event.credential) == (
        f"{BASE}/{account}", "192.0.2.1", "an SDK", "api key",
    )  # fmt: skip
    key = world.service.active_key(caller.id)
    assert key is not None
    assert event.actor == key.account_href


def test_a_refusal_is_told_with_its_sentence(world: World, caller: Caller) -> None:
    def refuse(event: BeforeEvent) -> None:
        raise Declined("We are closed on Sundays.")

    world.service.events.listen(BeforeEvent, refuse)
    answer = caller.post(f"{world.directory}/accounts", {"email": "ada@example.org", "password": PASSWORD})
    assert (answer.status_code, told_by(answer)["code"]) == (403, 7110)
    assert told_by(answer)["message"] == told_by(answer)["developerMessage"] == "We are closed on Sundays."
    assert world.items(f"{world.directory}/accounts") == []
    form = {"grant_type": "password", "username": "ada@example.org", "password": PASSWORD}
    answer = caller.call("POST", f"{world.application}/oauth/token", data=form)
    assert (answer.status_code, told_by(answer)["error"]) == (400, "invalid_grant")  # RFC 6749, section 5.2
    assert told_by(answer)["message"] == "We are closed on Sundays."


def test_a_listener_that_fails_beforehand_is_a_500_with_nothing_changed(
    world: World, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(event: BeforeEvent) -> None:
        raise ValueError(f"broken by {PASSWORD}")

    world.service.events.listen(BeforeEvent, fail)
    answer = caller.post(f"{world.directory}/accounts", {"email": "ada@example.org", "password": PASSWORD})
    assert (answer.status_code, told_by(answer)["code"]) == (500, 500)
    assert world.items(f"{world.directory}/accounts") == []
    assert "ValueError" in caplog.text
    assert PASSWORD not in caplog.text


def test_a_listener_that_fails_afterwards_changes_no_answer(world: World, caller: Caller) -> None:
    def fail(event: Registered) -> None:
        raise ValueError

    world.service.events.listen(Registered, fail)
    answer = caller.post(f"{world.directory}/accounts", {"email": "ada@example.org", "password": PASSWORD})
    assert answer.status_code == 201


def test_a_failed_sign_in_tells_its_caller_no_more_than_before(world: World, caller: Caller) -> None:
    """Whoever listens knows which of the two it was."""
    world.account("ada@example.org")
    told: list[SignInFailed] = []
    world.service.events.listen(SignInFailed, told.append)
    answers = [
        caller.call(
            "POST",
            f"{world.application}/oauth/token",
            data={"grant_type": "password", "username": login, "password": "Wrong-Horse-3"},
        )
        for login in ("ada@example.org", "nobody")
    ]
    assert [event.reason for event in told] == ["WRONG_PASSWORD", "NO_SUCH_ACCOUNT"]
    assert {(answer.status_code, told_by(answer)["message"]) for answer in answers} == {
        (400, "Invalid username or password.")
    }
