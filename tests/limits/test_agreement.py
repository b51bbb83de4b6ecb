"""Whatever is asked in whatever order, under whatever clock: every place gives the answers that the memory gives."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from support.tallies import Place
from support.world import World

from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.tallies import DatabaseTallies
from stormpath_wsgi.limits import Limit, MemoryTallies, Taken, Tallies, Tally

NOW = 1_790_000_000_000  # milliseconds
SECOND, MINUTE, A_DAY = 1000, 60_000, 86_400_000

ALL = sorted(
    (
        Tally(name="account", limit=Limit.parse("2 tries, waits 1s to 1m, one back after 1m"), subject=("a",)),
        Tally(
            name="address",
            limit=Limit.parse("3 tries, waits 2s to 10s, one back after 7s"),
            subject=("b",),
            forgivable=False,
        ),
        Tally(name="mail", limit=Limit.parse("0 tries, waits 5m to 1h, one back after 1s"), subject=("c",)),
        Tally(
            name="waited",
            limit=Limit.parse("1 tries, waits 1h to 1d, one back after 1d"),
            subject=("d",),
            forgivable=False,
        ),
    ),
    key=lambda tally: tally.key,
)

moves = st.one_of(
    st.sampled_from([0, 1, SECOND, 61 * SECOND, 6 * MINUTE, A_DAY, 800 * A_DAY]),
    st.sampled_from([-1, -SECOND, -30 * SECOND, -A_DAY, -800 * A_DAY]),
    st.integers(-2 * MINUTE, 10 * MINUTE),
)
some = st.sets(st.integers(0, len(ALL) - 1), min_size=1).map(
    lambda numbers: [ALL[number] for number in sorted(numbers)]
)
take, back = st.tuples(st.just("take"), some), st.tuples(st.just("back"), st.integers(0, 5))
tidy = st.tuples(st.just("tidy"), st.none())
steps = st.lists(st.tuples(moves, st.one_of(take, take, back)), max_size=30)
steps_and_tidying = st.lists(st.tuples(moves, st.one_of(take, take, back, tidy)), max_size=30)
unhurried = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def answers(tallies: Tallies, script: list[tuple[int, tuple[str, Any]]]) -> list[object]:
    """What *tallies* answer to each step, and what they hold after it."""
    now, made, given = NOW, list[tuple[list[Tally], list[Taken]]](), list[object]()
    for move, (what, detail) in script:
        now = max(now + move, 1)
        if what == "take":
            taken = sorted(tallies.take(detail, now), key=lambda each: each.key)
            given.append(taken)
            if not any(each.refused for each in taken):
                made.append((detail, taken))
        elif what == "back" and made:
            tallies.take_back(*made.pop(detail % len(made)), now)
        elif what == "tidy":
            tallies.tidy(now)
        held = [(count.name, count.forgiven_at, count.until) for count in tallies.counts(now, 10)]
        given.append(sorted(held))
    return given


@settings(unhurried, max_examples=60)
@given(steps_and_tidying)
def test_a_database_agrees(sqlite_world: World, script: list[tuple[int, tuple[str, Any]]]) -> None:
    with sqlite_world.database.write(moves_generation=False) as transaction:
        transaction.connection.execute(delete(schema.tallies))
    assert answers(DatabaseTallies(sqlite_world.database), script) == answers(MemoryTallies(), script)


@settings(unhurried, max_examples=40)
@given(steps)
def test_redis_agrees(redis_place: Place, raw: Any, script: list[tuple[int, tuple[str, Any]]]) -> None:
    """It tidies by its own clock, which does not move here."""
    raw.flushall()
    assert answers(redis_place.tallies, script) == answers(MemoryTallies(), script)
