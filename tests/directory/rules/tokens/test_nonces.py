"""Nonces: each counts once for a key, until it is too old to matter."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from support.world import World

from stormpath_wsgi.directory.storage import schema

SECOND = 1000  # milliseconds


@pytest.fixture
def key(world: World) -> str:
    id, _ = world.service.issue_api_key()
    return id


def count(world: World) -> int:
    with world.database.read() as connection:
        return connection.execute(select(func.count()).select_from(schema.nonces)).scalar_one()


def remember(world: World, key: str, nonce: str, seconds: int = 60) -> bool:
    return world.service.remember_nonce(key, nonce, (int(world.now) + seconds) * SECOND)


def test_the_second_time_it_is_refused(world: World, key: str) -> None:
    assert [remember(world, key, nonce) for nonce in ("a", "b", "a", "b")] == [True, True, False, False]


def test_another_key_may_use_it_too(world: World, key: str) -> None:
    other, _ = world.service.issue_api_key()
    assert remember(world, key, "a") and remember(world, other, "a")


def test_of_many_at_once_one_is_first(world: World, key: str) -> None:
    with ThreadPoolExecutor(8) as crowd:
        assert sorted(crowd.map(lambda _: remember(world, key, "a"), range(24))) == [False] * 23 + [True]


def test_a_key_that_is_gone_has_none(world: World, key: str) -> None:
    assert remember(world, key, "a")
    world.service.delete(f"apiKeys/{key}")
    assert not remember(world, key, "b")
    assert count(world) == 0


def test_old_ones_go_as_new_ones_come(world: World, key: str) -> None:
    for number in range(20):
        remember(world, key, f"old {number}", seconds=1)
    world.now += 1
    for number in range(4):
        remember(world, key, f"new {number}")
    assert count(world) == 4


def test_nothing_that_is_cached_is_dropped_for_one(world: World, key: str) -> None:
    def generation() -> int:
        while (settled := world.service.generation()) < 0:
            pass
        return settled

    def moves(nonce: str) -> bool:
        before = generation()
        assert remember(world, key, nonce) and not remember(world, key, nonce)
        return generation() != before

    # PostgreSQL may still tell of the key meanwhile. But what drops anything does so each time.
    assert not all(moves(nonce) for nonce in ("a", "b", "c"))
