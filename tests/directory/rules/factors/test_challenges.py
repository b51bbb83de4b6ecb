"""Challenges: codes that are sent or made, and how few may be guessed."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from support.handset import NUMBER, Authenticator, Handset
from support.world import BASE, PASSWORD, World, link, path, refused

from stormpath_wsgi.directory import open_directory
from stormpath_wsgi.directory.rules.factors import challenges
from stormpath_wsgi.errors import Error, TooManyTries

HOUR = 3600  # seconds
FREE = 5  # wrong codes in a row, of which the last begins a wait
WAIT = 7111


@pytest.fixture
def handset(world: World) -> Handset:
    return Handset(world)


@pytest.fixture
def account(world: World) -> str:
    return world.account("ada@example.org")


@pytest.fixture
def factor(account: str, handset: Handset) -> str:
    """On the telephone."""
    return handset.factor(account)


@pytest.fixture
def app(world: World, account: str) -> Authenticator:
    return Authenticator(world, account)


def test_a_code_that_comes_back_proves_factor_and_phone(
    world: World, account: str, factor: str, handset: Handset
) -> None:
    made = world.service.create(f"{factor}/challenges", {"message": None})
    assert (made["status"], made["message"]) == ("CREATED", "Your verification code is ${code}")
    assert (made["account"], made["factor"]) == (link(account), link(factor))
    assert handset.messages == [(NUMBER, f"Your verification code is {handset.code}")]
    waiting = world.service.get(path(made))
    assert waiting["status"] == "WAITING_FOR_VALIDATION"
    assert waiting["modifiedAt"] > made["modifiedAt"]
    assert not waiting.keys() & {"code", "number", "attempts"}
    done = world.update(path(made), code=handset.code)
    assert done["status"] == "SUCCESS"
    found = world.service.get(factor, "phone")
    assert (found["verificationStatus"], found["phone"]["verificationStatus"]) == ("VERIFIED", "VERIFIED")
    assert found["mostRecentChallenge"] == link(path(made))


def test_a_challenge_counts_once(factor: str, handset: Handset) -> None:
    challenge = handset.challenge(factor)
    assert handset.answer(challenge) == "SUCCESS"
    for code in (handset.code, handset.wrong_code):
        with refused(13112):
            handset.answer(challenge, code)


@pytest.mark.parametrize("body", [None, {}])
def test_a_challenge_needs_no_body(world: World, factor: str, handset: Handset, body: dict[str, str] | None) -> None:
    world.service.create(f"{factor}/challenges", body)  # type: ignore[arg-type]  # no body came
    assert len(handset.messages) == 1


def test_a_message_must_have_a_place_for_the_code(world: World, factor: str, handset: Handset) -> None:
    with refused(13103, "The challenge message must include '${code}'."):
        handset.challenge(factor, message="Your code: $code")
    assert (world.items(f"{factor}/challenges"), handset.messages) == ([], [])
    assert world.service.get(factor)["mostRecentChallenge"] is None


@pytest.mark.parametrize("code", ["", None, "12345", "1234567", "12345x", "١٢٣٤٥٦", 12345])
def test_what_is_no_code_is_no_try(world: World, factor: str, handset: Handset, code: object) -> None:
    challenge = handset.challenge(factor)
    for _ in range(challenges.MOST_WRONG + 1):
        with refused(13104):
            world.update(challenge, code=code)
    assert handset.answer(challenge, f" {handset.code[:3]} {handset.code[3:]}") == "SUCCESS"


def test_nothing_but_the_code_can_be_sent(world: World, factor: str, handset: Handset) -> None:
    challenge = handset.challenge(factor)
    for change in ({"status": "SUCCESS"}, {"message": "Another ${code}"}):
        with refused(2002):
            world.update(challenge, **change)
    with refused(2015):
        handset.challenge(factor, code="123456")
    with refused(2015):
        handset.challenge(factor, status="SUCCESS")
    with refused(405):
        world.service.delete(challenge)


def test_a_wrong_code_may_be_followed_by_the_right_one(factor: str, handset: Handset) -> None:
    challenge = handset.challenge(factor)
    for _ in range(challenges.MOST_WRONG - 1):
        assert handset.answer(challenge, handset.wrong_code) == "FAILED"
    assert handset.answer(challenge) == "SUCCESS"


def test_after_too_many_wrong_codes_the_right_one_is_worth_nothing(world: World, factor: str, handset: Handset) -> None:
    challenge = handset.challenge(factor)
    for _ in range(challenges.MOST_WRONG):
        assert handset.answer(challenge, handset.wrong_code) == "FAILED"
    world.now += 60  # past the pause
    with refused(13113):
        handset.answer(challenge)
    assert world.service.get(challenge)["status"] == "FAILED"
    assert world.service.get(factor)["verificationStatus"] == "UNVERIFIED"


def test_a_code_is_good_for_five_minutes(world: World, factor: str, handset: Handset) -> None:
    challenge = handset.challenge(factor)
    world.now += 299
    assert world.service.get(challenge)["status"] == "WAITING_FOR_VALIDATION"
    world.now += 1
    assert world.service.get(challenge)["status"] == "EXPIRED"
    with refused(13108):
        handset.answer(challenge)
    assert world.only(f"{factor}/challenges")["status"] == "EXPIRED"


def test_an_answer_in_time_stays_an_answer(world: World, factor: str, handset: Handset) -> None:
    challenge = handset.challenge(factor)
    handset.answer(challenge)
    world.now += HOUR
    assert world.service.get(challenge)["status"] == "SUCCESS"


def test_a_message_that_cannot_be_sent_is_undelivered(
    world: World, factor: str, handset: Handset, caplog: pytest.LogCaptureFixture
) -> None:
    handset.out_of_reach = True
    with caplog.at_level(logging.ERROR):
        challenge = handset.challenge(factor)
    assert world.service.get(challenge)["status"] == "UNDELIVERED"
    assert "ConnectionError" in caplog.text
    assert NUMBER not in caplog.text
    with refused(13112):
        handset.answer(challenge, "123456")


@pytest.mark.parametrize(("of", "code"), [("factor", 13109), ("phone", 13110)])
def test_what_is_disabled_is_neither_asked_nor_believed(
    world: World, factor: str, handset: Handset, of: str, code: int
) -> None:
    challenge = handset.challenge(factor)
    target = factor if of == "factor" else path(world.service.get(factor)["phone"])
    world.update(target, status="DISABLED")
    attempts: list[Callable[[], str]] = [lambda: handset.challenge(factor), lambda: handset.answer(challenge)]
    for attempt in attempts:
        with refused(code):
            attempt()
    assert len(handset.messages) == 1
    world.update(target, status="ENABLED")
    assert handset.answer(challenge) == "SUCCESS"


def test_the_newest_challenge_is_the_most_recent(world: World, factor: str, handset: Handset) -> None:
    """Within one millisecond too."""
    made = [handset.challenge(factor, message=f"{n}: ${{code}}") for n in range(5)]
    assert world.service.get(factor)["mostRecentChallenge"] == link(made[-1])
    assert world.service.list(f"{factor}/challenges")["size"] == 5


def test_old_challenges_go(world: World, factor: str, handset: Handset) -> None:
    handset.challenge(factor)
    world.now += 31 * 24 * HOUR
    newest = handset.challenge(factor)
    assert path(world.only(f"{factor}/challenges")) == newest


def test_an_app_is_judged_at_once(world: World, app: Authenticator) -> None:
    assert app.prove(app.wrong_code) == "FAILED"
    assert world.service.get(app.factor)["verificationStatus"] == "UNVERIFIED"
    proof = world.service.create(f"{app.factor}/challenges", {"code": app.code()})
    assert proof["status"] == "SUCCESS"
    assert not proof.keys() & {"code", "message"}
    found = world.service.get(app.factor)
    assert (found["verificationStatus"], found["mostRecentChallenge"]) == ("VERIFIED", link(path(proof)))
    with refused(13112):
        world.update(path(proof), code=app.code(1))


def test_a_code_of_an_app_counts_once(world: World, app: Authenticator) -> None:
    """Nor does one from before it: who watched both being typed has neither."""
    assert app.prove(app.code(1)) == "SUCCESS"
    for steps in (-1, 0, 1):
        assert app.prove(app.code(steps)) == "FAILED"
    world.now += 60
    assert app.prove(app.code()) == "SUCCESS"


@pytest.mark.parametrize(("body", "code"), [(None, 13104), ({"code": "1"}, 13104), ({"message": "${code}"}, 2015)])
def test_an_app_needs_its_code(world: World, app: Authenticator, body: dict[str, str], code: int) -> None:
    with refused(code):
        world.service.create(f"{app.factor}/challenges", body)
    assert world.items(f"{app.factor}/challenges") == []


def test_who_guesses_has_to_wait_ever_longer(world: World, app: Authenticator) -> None:
    """And meanwhile nothing is looked at, not even the right code."""
    for _ in range(FREE):
        assert app.prove(app.wrong_code) == "FAILED"
    # By the second one of 1920 seconds more than an hour has passed, which forgives one.
    for pause in (30, 60, 120, 240, 480, 960, 1920, 1920, HOUR, HOUR):
        world.now += pause - 1
        with pytest.raises(TooManyTries) as caught:
            app.prove(app.code())
        assert caught.value.retry_after == 1
        world.now += 1
        assert app.prove(app.wrong_code) == "FAILED"
    world.now += HOUR
    assert app.prove(app.code()) == "SUCCESS"
    assert app.prove(app.wrong_code) == "FAILED"
    world.now += 30
    assert app.prove(app.code()) == "SUCCESS"


def test_new_challenges_give_no_new_guesses(world: World, factor: str, handset: Handset) -> None:
    """Of a factor that has to rest no message is sent either."""
    first, second = handset.challenge(factor), handset.challenge(factor)
    for challenge in (first, second, first, second, first):
        assert handset.answer(challenge, handset.wrong_code) == "FAILED"
    attempts: list[Callable[[], str]] = [lambda: handset.answer(second), lambda: handset.challenge(factor)]
    for attempt in attempts:
        with refused(WAIT):
            attempt()
    assert len(handset.messages) == 2
    world.now += 30
    assert handset.answer(handset.challenge(factor)) == "SUCCESS"


def test_to_ask_for_a_code_is_no_guess(factor: str, handset: Handset) -> None:
    for _ in range(2 * FREE):
        challenge = handset.challenge(factor)
    for _ in range(FREE - 1):
        handset.answer(challenge, handset.wrong_code)
        handset.challenge(factor)
    assert handset.answer(challenge, handset.wrong_code) == "FAILED"


@pytest.mark.parametrize("right", [False, True])
def test_those_who_answer_at_once_answer_one_after_the_other(
    world: World, factor: str, handset: Handset, right: bool
) -> None:
    challenge = handset.challenge(factor)
    code = handset.code if right else handset.wrong_code

    def answer(_: int) -> str | int:
        try:
            return handset.answer(challenge, code)
        except Error as error:
            return error.code

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(answer, range(16)))
    if right:
        assert outcomes.count("SUCCESS") == 1
        assert set(outcomes) - {"SUCCESS"} <= {13112, WAIT}
    else:
        assert sorted(map(str, outcomes)) == [str(WAIT)] * 11 + ["FAILED"] * FREE


def test_one_code_of_an_app_proves_one_of_those_who_show_it_at_once(app: Authenticator) -> None:
    with ThreadPoolExecutor(5) as threads:
        outcomes = sorted(threads.map(app.prove, [app.code()] * 5))
    assert outcomes == ["FAILED"] * 4 + ["SUCCESS"]


def test_a_challenge_can_be_exchanged_for_tokens_once(
    world: World, account: str, factor: str, handset: Handset, app: Authenticator
) -> None:
    def exchange(challenge: str, code: str) -> str:
        fields = {"grant_type": "stormpath_factor_challenge", "challenge": f"{BASE}/{challenge}", "code": code}
        made = world.service.create(f"{world.application}/oauth/token", fields)
        return path(world.service.get(path({"href": made["stormpath_access_token_href"]}))["account"])

    challenge = handset.challenge(factor)
    with refused(13104):
        exchange(challenge, handset.wrong_code)
    assert exchange(challenge, handset.code) == account
    with refused(13112):
        exchange(challenge, handset.code)
    app.prove(app.code())
    with refused(13112):
        exchange(path(world.only(f"{app.factor}/challenges")), app.code(1))
    with refused(2014):
        exchange(factor, handset.code)


def test_without_anybody_to_send_them_messages_are_files_for_their_owner(tmp_path: Path) -> None:
    with closing(open_directory(f"sqlite:///{tmp_path}/accounts.db")) as service:
        service.bootstrap()
        (directory,) = service.list("tenants/current/directories")["items"]
        person = {"email": "ada@example.org", "password": PASSWORD}
        account = service.create(f"directories/{directory['href'].rpartition('/')[2]}/accounts", person)
        factor = {"type": "SMS", "phone": {"number": NUMBER}, "challenge": {"message": "Shop: ${code}"}}
        service.create(f"accounts/{account['href'].rpartition('/')[2]}/factors", factor)
    (message,) = (tmp_path / "outbox").glob("*.txt")
    assert re.fullmatch(r"To: \+12015550123\n\nShop: [0-9]{6}\n", message.read_text())
    assert (message.stat().st_mode & 0o777, message.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_is_not_there_is_not_found(world: World, factor: str, handset: Handset) -> None:
    missing = "0" * 22
    with refused(404):
        handset.challenge(f"factors/{missing}")
    with refused(404):
        handset.answer(f"challenges/{missing}", "123456")


@pytest.mark.parametrize("goes", ["account", "phone", "factor"])
def test_an_answer_and_the_end_of_what_it_is_about_do_not_lock_each_other_out(
    world: World, handset: Handset, goes: str
) -> None:
    """Each of them comes first or too late; neither waits for the other until both give up."""

    def outcome(step: Callable[[], object]) -> object:
        try:
            return step()
        except Error as error:
            return error.code

    with ThreadPoolExecutor(4) as threads:
        for _ in range(8):
            factor = handset.factor(world.account())
            challenge, found = handset.challenge(factor), world.service.get(factor)
            end = {"account": path(found["account"]), "phone": path(found["phone"]), "factor": factor}[goes]
            steps: list[Callable[[], object]] = [
                partial(handset.answer, challenge, handset.code),
                partial(handset.challenge, factor),
                partial(world.service.delete, end),
                partial(handset.answer, challenge, handset.wrong_code),
            ]
            answer, _, removal, _ = threads.map(outcome, steps)
            assert answer in ("SUCCESS", 404)
            assert removal is None


def test_the_generation_moves_when_a_factor_begins_to_count_and_not_with_each_code(
    world: World, app: Authenticator, factor: str, handset: Handset
) -> None:
    """Who remembers that a password is enough for the account has to ask again."""

    def by_app(steps: int) -> str:
        return app.prove(app.code(steps))

    def by_sms(_: int) -> str:
        return handset.answer(handset.challenge(factor))

    for prove in (by_app, by_sms):
        before = world.service.generation()
        assert prove(-1) == "SUCCESS"
        after = world.service.generation()
        assert after != before
        assert prove(0) == "SUCCESS"
        assert world.service.generation() == after or "postgresql" in world.url
