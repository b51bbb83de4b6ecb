"""Who is held up by the REST API, and what a caller is told of it."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from support.callers import HOST, Caller, basic, refusal, signed
from support.world import PASSWORD, World
from werkzeug.test import TestResponse

from stormpath_wsgi.limits import header

NAME = header.NAME
WRONG = "Wrong-Horse-1"
FREE = 5  # wrong passwords from one address for one account


def log_in(
    caller: Caller, world: World, password: str = WRONG, *, told: str = "address=203.0.113.7", **options: Any
) -> TestResponse:
    value = base64.b64encode(f"ada@example.org:{password}".encode()).decode()
    options["headers"] = {NAME: told, **options.get("headers", {})}
    return caller.call("POST", f"{world.application}/loginAttempts", {"type": "basic", "value": value}, **options)


@pytest.fixture
def ada(world: World) -> str:
    return world.account("ada@example.org")


class TestVisitors:
    def test_whoever_guesses_waits_and_other_visitors_of_the_site_do_not(
        self, world: World, caller: Caller, ada: str
    ) -> None:
        for _ in range(FREE + 1):
            assert refusal(log_in(caller, world)) == (400, 7100)
        answer = log_in(caller, world, PASSWORD)
        assert refusal(answer) == (429, 7111)
        assert answer.headers["Retry-After"] == "1"
        assert log_in(caller, world, PASSWORD, told="address=192.0.2.1").status_code == 200

    def test_the_address_of_the_site_counts_for_nobody(self, world: World, caller: Caller, ada: str) -> None:
        """All visitors of a site come from there."""
        base: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": "192.0.2.99"}, "told": f"place={'0' * 32}:1"}
        for _ in range(2 * FREE):
            assert refusal(log_in(caller, world, **base)) == (400, 7100)
        assert log_in(caller, world, PASSWORD, **base).status_code == 200

    @pytest.mark.parametrize("told", ["", "203.0.113.7", "address=nowhere", "address=203.0.113.7; name=x", "x" * 5000])
    def test_what_cannot_be_read_is_a_400_that_says_what_to_write(
        self, world: World, caller: Caller, ada: str, told: str
    ) -> None:
        answer = log_in(caller, world, PASSWORD, told=told)
        assert refusal(answer) == (400, 400)
        assert answer.json and NAME in answer.json["developerMessage"]

    def test_a_stranger_is_not_even_told_that_it_is_wrong(self, world: World, caller: Caller, ada: str) -> None:
        stranger = {"Authorization": basic(caller.id, "no secret")}
        assert refusal(log_in(caller, world, told="nobody", headers=stranger)) == (401, 401)

    @pytest.mark.parametrize("signs", [True, False])
    def test_who_signs_a_request_signs_of_whom_it_tells(
        self, world: World, caller: Caller, ada: str, signs: bool
    ) -> None:
        told = {NAME.lower(): "address=203.0.113.7"}
        more: dict[str, Any] = told if signs else {}
        headers = signed((caller.id, caller.secret), "GET", f"https://{HOST}/v1/{ada}", at=world.now, **more)
        answer = caller.call("GET", ada, headers={**headers, **told})
        assert answer.status_code == (200 if signs else 401)


class TestTokenEndpoint:
    def test_a_wait_is_told_in_the_words_of_oauth(self, world: World, caller: Caller, ada: str) -> None:
        def grant(password: str) -> TestResponse:
            fields = {"grant_type": "password", "username": "ada@example.org", "password": password}
            told = {NAME: "address=203.0.113.7"}
            return caller.call("POST", f"{world.application}/oauth/token", data=fields, headers=told)

        for _ in range(FREE + 1):
            assert refusal(grant(WRONG)) == (400, 7100)
        answer = grant(PASSWORD)
        assert refusal(answer) == (429, 7111)
        assert answer.json and answer.json["error"] == "slow_down"
        assert answer.headers["Retry-After"] == "1"


def test_a_place_in_the_queue_is_in_the_body(world: World, caller: Caller, ada: str) -> None:
    answers = [log_in(caller, world, told=f"address=198.51.100.{number}") for number in range(22)]
    assert {answer.status_code for answer in answers[:-1]} == {400}
    assert refusal(answers[-1]) == (429, 7111)
    assert answers[-1].json
    key, due = answers[-1].json["place"]
    assert (len(key), due) == (32, (world.now + int(answers[-1].headers["Retry-After"])) * 1000)


def test_the_description_says_where_it_may_come(caller: Caller) -> None:
    document = caller.get("openapi.json").json
    assert document
    told = document["paths"]["/applications/{id}/loginAttempts"]["post"]["responses"]["429"]
    assert told["headers"]["Retry-After"]["required"]


class TestApiKeys:
    FREE = 20  # wrong ones from one address

    def sent(
        self, caller: Caller, id: str, secret: str, *, by: str = "basic", now: float = 0, address: str = "203.0.113.7"
    ) -> TestResponse:
        url = f"https://{HOST}/v1/nothing"
        headers = {"Authorization": basic(id, secret)} if by == "basic" else signed((id, secret), "GET", url, at=now)
        return caller.call("GET", "nothing", headers=headers, environ_base={"REMOTE_ADDR": address})

    @pytest.mark.parametrize("by", ["basic", "signature"])
    @pytest.mark.parametrize("known", [True, False])
    def test_who_sends_wrong_ones_waits(self, world: World, caller: Caller, by: str, known: bool) -> None:
        id = caller.id if known else "2ZFMV4WVVCVG35XATII9T96J7"
        for _ in range(self.FREE + 1):
            assert refusal(self.sent(caller, id, "wrong", by=by, now=world.now)) == (401, 401)
        answer = self.sent(caller, id, "wrong", by=by, now=world.now)
        assert refusal(answer) == (429, 429)
        assert answer.headers["Retry-After"] == "1"
        assert "WWW-Authenticate" not in answer.headers
        assert refusal(self.sent(caller, id, "wrong", address="192.0.2.1")) == (401, 401)

    def test_a_right_one_is_never_held_up_and_costs_nothing(self, world: World, caller: Caller) -> None:
        for _ in range(self.FREE + 2):
            self.sent(caller, caller.id, "wrong")
        with world.statements() as read, world.changes() as written:
            assert self.sent(caller, caller.id, caller.secret).status_code == 404
        assert (read, written) == ([], [])

    def test_what_is_no_key_or_a_clock_that_is_off_counts_nothing(self, world: World, caller: Caller) -> None:
        for _ in range(self.FREE + 2):
            base = {"environ_base": {"REMOTE_ADDR": "203.0.113.7"}}
            assert refusal(caller.call("GET", "nothing", headers={"Authorization": ""}, **base)) == (401, 401)
            assert refusal(self.sent(caller, caller.id, caller.secret, by="signature", now=world.now - 5000))[0] == 401
        assert refusal(self.sent(caller, caller.id, "wrong")) == (401, 401)

    def test_so_do_visitors_who_send_wrong_ones_of_accounts(self, world: World, caller: Caller, ada: str) -> None:
        def grant(secret: str, address: str = "203.0.113.7") -> TestResponse:
            fields = {"grant_type": "client_credentials", "client_id": key["id"], "client_secret": secret}
            told = {NAME: f"address={address}"}
            return caller.call("POST", f"{world.application}/oauth/token", data=fields, headers=told)

        key = world.service.create(f"{ada}/apiKeys", {})
        for _ in range(self.FREE + 1):
            assert refusal(grant("wrong")) == (400, 10019)
        assert refusal(grant("wrong")) == (429, 7111)
        assert grant("wrong").get_json()["error"] == "slow_down"
        assert refusal(grant("wrong", "192.0.2.1")) == (400, 10019)
        assert grant(key["secret"]).status_code == 200
