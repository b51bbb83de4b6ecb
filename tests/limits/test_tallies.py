"""The port to where tallies are kept: the same stories wherever that is."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from support.tallies import Place

from stormpath_wsgi.limits import Count, Limit, Taken, Tallies, Tally

FIVE = Limit.parse("5 tries, waits 1s to 5m, one back after 5m")
TWO = Limit.parse("2 tries, waits 10s to 1m, one back after 1m")
NOW = 1_790_000_000_000  # milliseconds
SECOND, MINUTE, A_DAY = 1000, 60_000, 86_400_000
TEN_YEARS = 3650 * A_DAY

ACCOUNT = Tally(name="account", limit=FIVE, subject=("t", "ada"), address=None)
ADDRESS = Tally(name="address", limit=TWO, subject=("t", "192.0.2.1"), address="192.0.2.1", forgivable=False)


def in_order(*tallies: Tally) -> list[Tally]:
    return sorted(tallies, key=lambda tally: tally.key)


def held(tallies: Tallies, now: int = NOW) -> list[Count]:
    return list(tallies.counts(now, 1000))


@pytest.fixture
def tallies(place: Place) -> Tallies:
    return place.tallies


def tried(tallies: Tallies, tally: Tally, times: int, now: int = NOW) -> Taken:
    """The last of so many tries, each made as soon as it may be."""
    for _ in range(times):
        (taken,) = tallies.take([tally], now)
        assert not taken.refused
        now = max(now, taken.until)
    return taken


# Stories


def test_five_are_free_and_the_next_ones_wait(tallies: Tallies) -> None:
    now, waits = NOW, []
    for _ in range(9):
        (taken,) = tallies.take([ACCOUNT], now)
        assert (taken.key, taken.refused) == (ACCOUNT.key, False)
        waits.append(max(taken.until - now, 0) // SECOND)
        if taken.until:
            assert tallies.take([ACCOUNT], taken.until - 1) == [Taken(ACCOUNT.key, taken.until, refused=True)]
        now = max(now, taken.until)
    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8]


def test_a_refused_try_counts_nothing_and_adds_no_tally(tallies: Tallies) -> None:
    until = tried(tallies, ADDRESS, 3).until
    tried(tallies, ACCOUNT, 1)
    before = held(tallies)
    unknown = replace(ACCOUNT, subject=("t", "made up"))
    for _ in range(10):
        taken = tallies.take(in_order(ACCOUNT, ADDRESS, unknown), NOW + 1)
        assert taken == [Taken(ADDRESS.key, until, refused=True)]
    assert held(tallies) == before


def test_all_that_have_to_wait_are_told_of(tallies: Tallies) -> None:
    until = {tally.key: tried(tallies, tally, tally.limit.tries + 1).until for tally in (ACCOUNT, ADDRESS)}
    taken = tallies.take(in_order(ACCOUNT, ADDRESS), NOW + 1)
    assert {each.key: each.until for each in taken if each.refused} == until


def test_a_right_answer_forgives_the_account_and_takes_only_itself_back_for_the_address(tallies: Tallies) -> None:
    both = in_order(ACCOUNT, ADDRESS)
    for _ in range(2):
        taken = tallies.take(both, NOW)
    tallies.take_back(both, taken, NOW)
    (left,) = held(tallies)
    assert (left.name, left.address, left.forgiven_at) == ("address", "192.0.2.1", NOW + MINUTE)
    tried(tallies, ACCOUNT, 5)
    assert tallies.take([ADDRESS], NOW)[0].until == 0
    assert tallies.take([ADDRESS], NOW)[0].until > NOW


def test_it_takes_the_wait_back_that_it_began(tallies: Tallies) -> None:
    tried(tallies, ADDRESS, 2)
    taken = tallies.take([ADDRESS], NOW)
    assert taken[0].until == NOW + 10 * SECOND
    tallies.take_back([ADDRESS], taken, NOW + 1)
    assert tallies.take([ADDRESS], NOW + 1)[0].refused is False


def test_it_leaves_a_wait_that_another_try_began(tallies: Tallies) -> None:
    own = tallies.take([ADDRESS], NOW)
    until = tried(tallies, ADDRESS, 2).until
    tallies.take_back([ADDRESS], own, NOW + 1)
    assert tallies.take([ADDRESS], NOW + 1) == [Taken(ADDRESS.key, until, refused=True)]


def test_what_is_not_there_is_not_taken_back(tallies: Tallies) -> None:
    taken = [Taken(ADDRESS.key, 0, refused=False)]
    tallies.take_back([ADDRESS], taken, NOW)
    assert held(tallies) == []


def test_an_account_is_unlocked_and_no_other(place: Place) -> None:
    ada, bob = (
        Tally(name="account", limit=FIVE, subject=("t", account), account_id=account) for account in place.accounts
    )
    from_two = [replace(ada, name="accountAndAddress", subject=("t", "ada", net), address=net) for net in ("a", "b")]
    for tally in [ada, bob, *from_two]:
        tried(place.tallies, tally, 6)
    assert place.tallies.unlock(str(ada.account_id)) == 3
    assert [count.account_id for count in held(place.tallies)] == [bob.account_id]
    assert place.tallies.unlock(str(ada.account_id)) == 0
    tried(place.tallies, ada, 5)


def test_the_longest_waits_are_told_first_and_what_is_forgiven_is_not(tallies: Tallies) -> None:
    for number in range(4):
        tried(tallies, replace(ACCOUNT, name=f"n{number}"), 5 + number)
    tried(tallies, replace(ADDRESS, name="old"), 1, NOW - MINUTE)
    assert [count.name for count in tallies.counts(NOW, 3)] == ["n3", "n2", "n1"]
    assert [count.name for count in tallies.counts(NOW, 10)] == ["n3", "n2", "n1", "n0"]
    assert list(tallies.counts(NOW + A_DAY, 10)) == []


def test_what_is_over_is_tidied_away_and_nothing_else(tallies: Tallies) -> None:
    for number in range(6):
        tried(tallies, replace(ADDRESS, subject=("t", f"old {number}")), 1, NOW - MINUTE - number)
        tried(tallies, replace(ACCOUNT, subject=("t", f"new {number}")), 6)
    before = held(tallies)
    assert len(before) == 6
    tallies.tidy(NOW)
    assert held(tallies) == before


# Clocks


@pytest.mark.parametrize("step", [-TEN_YEARS, -A_DAY, -30 * SECOND, 30 * SECOND, A_DAY, TEN_YEARS])
def test_a_clock_that_steps_makes_nobody_wait_longer_than_the_longest_wait(tallies: Tallies, step: int) -> None:
    for _ in range(8):
        (taken,) = tallies.take([ACCOUNT], NOW)
        tallies.take([replace(ACCOUNT, name="another")], NOW)
        if taken.refused:
            break
    now = NOW + step
    (taken,) = tallies.take([ACCOUNT], now)
    assert max(taken.until - now, 0) <= FIVE.longest_wait
    assert not tallies.take([ACCOUNT], max(taken.until, now))[0].refused


def test_a_machine_whose_clock_is_a_little_behind_sees_no_wait_in_a_free_try(tallies: Tallies) -> None:
    assert [tallies.take([ACCOUNT], NOW - number * 100)[0].refused for number in range(5)] == [False] * 5
    tallies.take_back([ACCOUNT], tallies.take([ACCOUNT], NOW), NOW)
    assert not tallies.take([ACCOUNT], NOW - SECOND)[0].refused


# At the same moment


def test_of_two_tries_at_once_where_one_is_left_one_is_made(tallies: Tallies) -> None:
    for number in range(5):
        tally = replace(ADDRESS, subject=("t", str(number)))
        tried(tallies, tally, 2)
        assert sorted(at_once(tallies, [[tally]] * 2)) == [False, True]


def test_of_32_tries_at_once_as_many_are_made_as_are_free(tallies: Tallies) -> None:
    both = in_order(replace(ACCOUNT, name="accountAndAddress", subject=("t", "ada", "192.0.2.1")), ADDRESS)
    refused = at_once(tallies, [both] * 32)
    assert refused.count(False) == 3  # two are free, and the one that begins the wait
    count = {each.name: each for each in held(tallies)}
    # Those that were refused have counted nothing for the other tally either.
    assert count["accountAndAddress"].forgiven_at == NOW + 3 * FIVE.recovery
    assert count["address"].until == NOW + TWO.first_wait


def test_tries_that_share_some_tallies_wait_for_each_other_in_one_order(tallies: Tallies) -> None:
    """Where each locks first what the other locks next, none would ever come to an end."""
    many = [replace(ACCOUNT, subject=("t", str(number))) for number in range(6)]
    orders = [in_order(*many[number % 3 :: 1 + number % 2]) for number in range(32)]
    assert len(at_once(tallies, orders)) == 32


def at_once(tallies: Tallies, orders: list[list[Tally]]) -> list[bool]:
    """Makes all of these tries in threads of their own. Answers of each whether it was refused."""
    ready = threading.Barrier(len(orders))

    def take(order: list[Tally]) -> bool:
        ready.wait()
        return any(each.refused for each in tallies.take(order, NOW))

    with ThreadPoolExecutor(len(orders)) as threads:
        return list(threads.map(take, orders))
