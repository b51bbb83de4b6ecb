"""What a sign-in counts against."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable

import pytest

from stormpath_wsgi.errors import TooManyTries
from stormpath_wsgi.events import Events
from stormpath_wsgi.limits import Limiter, Limits, MemoryTallies, Visitor, visited
from stormpath_wsgi.settings import LimitsSettings

#: Of the fixture ``limits``: seconds since the epoch, which tests move.
Clock = list[float]

OWNER = Visitor("192.0.2.1")


@pytest.fixture
def clock() -> Clock:
    return [1_790_000_000.0]


@pytest.fixture
def limits(clock: Clock) -> Limits:
    limiter = Limiter(MemoryTallies(100_000), Events(), href=lambda id: f"https://x/{id}", clock=lambda: clock[0])
    return Limits(LimitsSettings().in_force(), limiter)


def try_it(limits: Limits, who: Visitor, *, right: bool = False, account: str | None = "A", name: str = "ada") -> None:
    with visited(who), limits.sign_in("T", name, account) as made:
        if right:
            made.succeeded()


def guess_from_everywhere(limits: Limits, clock: Clock, addresses: int = 10_000) -> Callable[[], int]:
    """A guesser with so many addresses; each call is one guess from the next one. Answers how many were made."""
    made, number = 0, 0

    def guess() -> int:
        nonlocal made, number
        number += 1
        who = Visitor(f"2001:db8:{number % addresses:x}::1")
        try:
            try_it(limits, who)
            made += 1
        except TooManyTries:
            pass
        return made

    return guess


def test_the_owner_gets_in_with_a_place_while_a_guesser_with_ten_thousand_addresses_goes_on(
    limits: Limits, clock: Clock
) -> None:
    guess = guess_from_everywhere(limits, clock)
    for _ in range(2000):
        guess()
        clock[0] += 0.1
    with pytest.raises(TooManyTries) as told:
        try_it(limits, OWNER, right=True)
    assert told.value.retry_after <= 60
    place = told.value.place
    assert place is not None
    due = clock[0] + told.value.retry_after
    while clock[0] < due:
        guess()
        clock[0] += 0.1
    guess()  # a moment before
    try_it(limits, dataclasses.replace(OWNER, place=place), right=True)


def test_all_addresses_together_get_a_guess_a_minute(limits: Limits, clock: Clock) -> None:
    guess = guess_from_everywhere(limits, clock)
    before = 0
    for minute in range(60):
        for _ in range(60):
            after = guess()
            clock[0] += 1
        if minute == 29:
            before = after
    assert after - before <= 31


def test_a_known_browser_waits_for_nobody(limits: Limits, clock: Clock) -> None:
    guess = guess_from_everywhere(limits, clock)
    for _ in range(1000):
        guess()
    known = Visitor("192.0.2.1", browser="b", accounts=frozenset({"A"}))
    try_it(limits, known, right=True)
    with pytest.raises(TooManyTries):  # what it does not know it tries like everybody
        for _ in range(6 + 1):
            try_it(limits, known, account="B")


@pytest.fixture
def guess(limits: Limits, clock: Clock) -> Callable[[], int]:
    """A guess from another address. The account is under attack for half an hour already, and a wait has just begun."""
    guess = guess_from_everywhere(limits, clock)
    made = 0
    for _ in range(360):
        clock[0] += 5
        before, made = made, guess()
    while made == before:
        clock[0] += 1
        before, made = made, guess()
    return guess


def test_a_place_is_for_its_address(limits: Limits, clock: Clock, guess: Callable[[], int]) -> None:
    with pytest.raises(TooManyTries) as told:
        try_it(limits, OWNER)
    assert told.value.retry_after == 60
    place = told.value.place
    clock[0] += 60
    guess()
    with pytest.raises(TooManyTries):
        try_it(limits, Visitor("198.51.100.1", place=place))
    try_it(limits, dataclasses.replace(OWNER, place=place))


def test_a_place_is_good_for_a_mistake_or_two_and_then_the_wait_is_that_of_everybody(
    limits: Limits, clock: Clock, guess: Callable[[], int]
) -> None:
    with pytest.raises(TooManyTries) as told:
        try_it(limits, OWNER)
    owner = dataclasses.replace(OWNER, place=told.value.place)
    clock[0] += 60
    guess()
    for _ in range(3):
        try_it(limits, owner)
    with pytest.raises(TooManyTries) as told:
        try_it(limits, owner)
    assert told.value.retry_after == 60


def test_guessers_who_bring_their_places_back_do_not_take_that_of_the_owner(limits: Limits, clock: Clock) -> None:
    """Each of 1,500 addresses comes back when its turn has come, 20 of them each second."""
    places: dict[str, tuple[str, int] | None] = {}
    addresses = [f"2001:db8:{number:x}::1" for number in range(1500)]
    owner, came = OWNER, 0
    for second in range(600):
        for number in range(20):
            address = addresses[(second * 20 + number) % 1500]
            try:
                try_it(limits, Visitor(address, place=places.get(address)))
                places[address] = None
            except TooManyTries as error:
                places[address] = error.place or places.get(address)
        clock[0] += 1
        if second < 300 or clock[0] < came:
            continue
        try:
            try_it(limits, owner, right=True)
            break
        except TooManyTries as error:
            owner, came = dataclasses.replace(owner, place=error.place), int(clock[0]) + error.retry_after
    assert second <= 300 + 61


def test_all_known_browsers_together_have_a_limit_too(limits: Limits, clock: Clock) -> None:
    """Who once had the password may have signed in with many browsers."""
    made = 0
    with pytest.raises(TooManyTries):
        for number in range(200):
            try_it(limits, Visitor("192.0.2.1", browser=f"b{number}", accounts=frozenset({"A"})))
            made += 1
    assert made == 61


def test_a_place_tells_nothing_of_the_account(limits: Limits, clock: Clock) -> None:
    """It stands in a cookie. Whoever knows how it is made can make it from what he has typed."""
    told = []
    for account in ("A", None):
        for number in range(40):
            with contextlib.suppress(TooManyTries):
                try_it(limits, Visitor(f"198.51.100.{number}"), account=account)
        with pytest.raises(TooManyTries) as refused:
            try_it(limits, OWNER, account=account)
        assert refused.value.place is not None
        told.append(refused.value.place[0])
    assert told[0] == told[1]


@pytest.mark.parametrize("late", [-1, 301])
def test_a_place_holds_from_when_it_is_due_for_five_minutes(
    limits: Limits, clock: Clock, guess: Callable[[], int], late: int
) -> None:
    with pytest.raises(TooManyTries) as told:
        try_it(limits, OWNER)
    for _ in range(60 + late):
        clock[0] += 1
        guess()
    with pytest.raises(TooManyTries):
        try_it(limits, dataclasses.replace(OWNER, place=told.value.place), right=True)


def test_who_waits_for_himself_gets_no_place(limits: Limits, clock: Clock) -> None:
    with pytest.raises(TooManyTries) as told:
        for _ in range(10):
            try_it(limits, OWNER)
    assert told.value.place is None


def test_a_browser_can_wait_for_itself(limits: Limits, clock: Clock) -> None:
    known = Visitor("192.0.2.1", browser="b", accounts=frozenset({"A"}))
    with pytest.raises(TooManyTries):
        for _ in range(20):
            try_it(limits, known)


def test_an_account_and_a_made_up_name_are_held_up_alike(limits: Limits, clock: Clock) -> None:
    told: dict[str | None, list[object]] = {"A": [], None: []}
    for account, steps in told.items():
        for _ in range(40):
            try:
                try_it(limits, Visitor(f"192.0.2.{2 if account else 3}"), account=account)
                steps.append("made")
            except TooManyTries as error:
                steps.append(error.retry_after)
                clock[0] += error.retry_after
    assert told["A"] == told[None]
