"""The arithmetic of one limit, and how it is written."""

from __future__ import annotations

import pytest

from stormpath_wsgi.limits import Limit, Tally, Visitor

FIVE = Limit.parse("5 tries, waits 1s to 5m, one back after 5m")
NOW = 1_790_000_000_000  # milliseconds
MINUTE = 60_000


def waits(limit: Limit, tries: int, *, pause: int = 0) -> list[float]:
    """The wait after each of so many *tries*, in seconds. Each is made when it may be, and *pause* later."""
    now, forgiven_at, told = NOW, NOW, []
    for _ in range(tries):
        forgiven_at, until = limit.after(forgiven_at, now)
        told.append(max(until - now, 0) / 1000)
        now = max(until, now) + pause
    return told


def test_five_tries_are_free_and_then_each_wait_is_twice_as_long_up_to_the_longest() -> None:
    assert waits(FIVE, 14) == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert max(waits(FIVE, 60)) == 300


def test_who_never_stops_gets_one_try_for_each_that_is_forgiven() -> None:
    a_day = 24 * 3600
    made, passed = 0, 0.0
    for wait in waits(FIVE, 1000):
        made, passed = made + 1, passed + wait
        if passed > a_day:
            break
    assert made < 5 + 9 + a_day / 256


def test_what_was_tried_is_forgiven_bit_by_bit() -> None:
    assert waits(FIVE, 40, pause=5 * MINUTE) == [0] * 40  # as slowly as one is forgiven, for ever


@pytest.mark.parametrize("step", [-10 * 365 * 24 * 3600_000, -3600_000, 3600_000])
def test_a_clock_that_steps_makes_nobody_wait_longer_than_the_longest_wait(step: int) -> None:
    forgiven_at, until = NOW, NOW
    for _ in range(12):
        forgiven_at, until = FIVE.after(forgiven_at, NOW)
    now = NOW + step
    if FIVE.waits(until, now):
        assert until - now <= FIVE.longest_wait
    _, until = FIVE.after(forgiven_at, now)
    assert until - now <= FIVE.longest_wait


def test_a_free_try_makes_nobody_wait_at_a_machine_whose_clock_is_behind() -> None:
    _, until = FIVE.after(NOW, NOW)
    assert not FIVE.waits(until, NOW - 500)


def test_what_a_clock_that_was_far_ahead_has_stored_is_not_held_against_anybody() -> None:
    ahead = NOW + 10 * 365 * 24 * 3600_000
    forgiven_at, until = FIVE.after(ahead, ahead)
    assert not FIVE.waits(until + 60_000, NOW)
    assert FIVE.after(forgiven_at, NOW) == FIVE.after(NOW, NOW)


@pytest.mark.parametrize(
    "text", ["5 tries, waits 1s to 5m, one back after 5m", "0 tries, waits 90s to 1h, one back after 1d"]
)
def test_it_is_written_as_it_is_read(text: str) -> None:
    assert str(Limit.parse(text)) == text
    assert Limit.parse(f"  {text.replace(' ', '   ')} ") == Limit.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "5 tries",
        "5 tries, waits 1 to 5, one back after 5",
        "-1 tries, waits 1s to 5m, one back after 5m",
        "5 tries, waits 1s to 5m, one back after 0s",
        "5 tries, waits 1s to 5m, one back after 5m!",
        "\u0665 tries, waits 1s to 5m, one back after 5m",
    ],
)
def test_what_cannot_be_read_says_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="5 tries, waits 1s to 5m, one back after 5m"):
        Limit.parse(text)


def test_a_first_wait_that_is_longer_than_the_longest_one_is_refused() -> None:
    with pytest.raises(ValueError, match="the first wait is longer"):
        Limit.parse("5 tries, waits 5m to 1s, one back after 5m")


@pytest.mark.parametrize(
    "text", ["5 tries, waits 1s to 400d, one back after 1s", "999999 tries, waits 1s to 1m, one back after 1h"]
)
def test_one_that_lasts_for_more_than_a_year_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="shorter times"):
        Limit.parse(text)


def test_two_lists_of_parts_are_never_one_tally() -> None:
    parts = [("abc",), ("acb",), ("a", "bc"), ("ab", "c"), ("a", "b:c")]
    assert len({Tally(name=name, limit=FIVE, subject=tuple(rest)).key for name, *rest in parts}) == len(parts)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", None),
        ("unix:", None),
        (None, None),
        ("x" * 5000, None),
    ],
)
def test_an_address_counts_as_its_network(address: str | None, network: str | None) -> None:
    assert Visitor(address).network == network
