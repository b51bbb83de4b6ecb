"""What a sign-in counts against."""

from __future__ import annotations

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
    for _ in range(1800):
        clock[0] += 1
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


def test_a_place_is_for_one_wrong_try_and_then_the_wait_is_that_of_everybody(
    limits: Limits, clock: Clock, guess: Callable[[], int]
) -> None:
    with pytest.raises(TooManyTries) as told:
        try_it(limits, OWNER)
    owner = dataclasses.replace(OWNER, place=told.value.place)
    clock[0] += 60
    guess()
    try_it(limits, owner)
    with pytest.raises(TooManyTries) as told:
        try_it(limits, owner)
    assert told.value.retry_after == 60


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
