"""Custom data: kept as it is, merged by key, and bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.world import ON_ONE_ENGINE, World, part, path, refused

from stormpath_wsgi.directory.rules.custom_data import DEEPEST, LARGEST
from stormpath_wsgi.errors import Error

SYSTEM = {"href", "createdAt", "modifiedAt"}

DATA = {
    "nested": {"list": [1, 2.5, {"deep": [None, True, False, "x"]}], "snake_case": 1, "camelCase": 2, "": 3, "a.b": 4},
    "UPPER_Case-1": "Tōkyō ☃ \u2028",
    "zero": 0,
    "empty": "",
    "big": 2**60,
    "small": -1.5e-10,
    "false": False,
}


def stored(world: World, owner: str) -> dict[str, Any]:
    data = world.service.get(f"{owner}/customData")
    assert data.keys() >= SYSTEM
    return {key: value for key, value in data.items() if key not in SYSTEM}


def owners(world: World) -> list[str]:
    return [world.tenant, world.application, world.directory, world.group(), world.account()]


def test_every_resource_that_has_it_starts_with_none(world: World) -> None:
    for owner in owners(world):
        assert stored(world, owner) == {}
        assert part(world.service.get(owner), "customData") == f"{owner}/customData"


def test_it_comes_back_as_it_was_sent(world: World) -> None:
    for owner in owners(world):
        assert world.service.update(f"{owner}/customData", DATA).items() >= DATA.items()
        assert stored(world, owner) == DATA
    account = world.account(customData=DATA)
    assert stored(world, account) == DATA
    assert list(stored(world, account)) == list(DATA)
    assert stored(world, path(world.service.create("directories", {"name": "x", "customData": DATA}))) == DATA


def test_keys_are_merged_at_the_top_and_replaced_below(world: World) -> None:
    account = world.account(customData={"a": {"x": 1}, "b": 1, "c": 1})
    world.service.update(f"{account}/customData", {"a": {"y": 2}, "b": None, "d": None})
    assert stored(world, account) == {"a": {"y": 2}, "c": 1}
    world.update(account, customData={"c": 2})
    assert stored(world, account) == {"a": {"y": 2}, "c": 2}


def test_nulls_are_not_kept_at_the_top(world: World) -> None:
    assert stored(world, world.account(customData={"a": None, "b": [None]})) == {"b": [None]}


def test_one_key_can_be_removed(world: World) -> None:
    account = world.account(customData={"a": 1, "b-c_1": 2})
    for key in ("a", "a", "unknown", "href"):
        world.service.delete(f"{account}/customData/{key}")
    assert stored(world, account) == {"b-c_1": 2}


def test_all_can_be_removed_and_it_stays_readable(world: World) -> None:
    account = world.account(customData={"a": 1})
    world.service.delete(f"{account}/customData")
    assert stored(world, account) == {}


def test_modified_at_grows_and_created_at_does_not(world: World) -> None:
    account = world.account(customData={"a": 1})
    before = world.service.get(f"{account}/customData")
    for change in (
        lambda: world.service.update(f"{account}/customData", {"a": 2}),
        lambda: world.service.delete(f"{account}/customData/a"),
        lambda: world.service.delete(f"{account}/customData"),
        lambda: world.service.update(f"{account}/customData", {}),
    ):
        change()
        after = world.service.get(f"{account}/customData")
        assert after["modifiedAt"] > before["modifiedAt"]
        assert after["createdAt"] == before["createdAt"]
        before = after


def test_the_owner_shows_a_link_only(world: World) -> None:
    assert list(world.service.get(world.account(customData={"a": 1}))["customData"]) == ["href"]


def test_an_echo_is_ignored(world: World) -> None:
    account = world.account(customData={"a": 1})
    echo = world.service.get(f"{account}/customData")
    for sent in ({"href": echo["href"]}, echo, echo | {"a": 2}):
        world.update(account, customData=sent)
        world.service.update(f"{account}/customData", world.service.get(f"{account}/customData") | {"b": 3})
    assert stored(world, account) == {"a": 2, "b": 3}


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"": 1}, 3000),
        ({" ": 1}, 3000),
        ({"k" * 256: 1}, 3001),
        ({"-a": 1}, 3002),
        ({"a.b": 1}, 3002),
        ({"a b": 1}, 3002),
        ({"é": 1}, 3002),
        ({"a\n": 1}, 3002),
        ({"createdAt": 1}, 3003),
        ({"meta": 1}, 3003),
        ({"spMeta": 1}, 3003),
        ({"ionmeta": None}, 3003),
        ({1: 1}, 3000),
        ({"a": {1: 1}}, 2004),
        ({"a": float("nan")}, 2002),
        ({"a": [float("inf")]}, 2002),
        ({"a": 10**400}, 2002),
        ({"a": {"b": "x\0"}}, 2005),
        ({"a": {"\ud800": 1}}, 2005),
        ({"a": object()}, 2004),
        ({"a": (1, 2)}, 2004),
        ({"a": b"bytes"}, 2004),
        ([], 400),
        (None, 400),
        ("text", 400),
    ],
)
def test_what_cannot_be_stored_is_refused_and_changes_nothing(world: World, data: Any, code: int) -> None:
    account = world.account(customData={"kept": 1})
    before = world.service.get(f"{account}/customData")
    with refused(code):
        world.service.update(f"{account}/customData", {"good": 1, **data} if isinstance(data, dict) else data)
    assert world.service.get(f"{account}/customData") == before


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_its_depth_is_bounded(world: World) -> None:
    account = world.account(customData={"a": nested(DEEPEST)})
    assert stored(world, account) == {"a": nested(DEEPEST)}
    for deep in (nested(DEEPEST + 1), nested(50_000)):
        with refused(2002):
            world.service.update(f"{account}/customData", {"a": deep})


def test_what_contains_itself_ends(world: World) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with refused(2002):
        world.account(customData={"a": loop})


def test_its_size_is_bounded_as_a_whole(world: World) -> None:
    half = "é" * (LARGEST // 4 - 10)  # two bytes each
    account = world.account(customData={"a": half})
    world.service.update(f"{account}/customData", {"b": half})
    with refused(3004):
        world.service.update(f"{account}/customData", {"c": "x" * 40})
    world.service.update(f"{account}/customData", {"a": None, "c": "x" * 40})
    assert list(stored(world, account)) == ["b", "c"]
    with refused(3004):
        world.account(customData={"a": ["x" * (LARGEST // 8)] * 8})


@pytest.mark.parametrize("wrong", ["groups", "directories", "applications", "tenants"])
def test_it_is_found_below_its_owner_only(world: World, wrong: str) -> None:
    account = world.account(customData={"a": 1})
    at = f"{wrong}/{account.split('/')[1]}/customData"
    for call in (
        lambda: world.service.get(at),
        lambda: world.service.update(at, {"a": 2}),
        lambda: world.service.delete(at),
        lambda: world.service.delete(f"{at}/a"),
    ):
        with refused(404):
            call()
    assert stored(world, account) == {"a": 1}


def test_what_has_none_has_no_keys(world: World) -> None:
    membership = world.member(world.account(), world.group())
    with refused(404):
        world.service.delete(f"{membership}/customData/a")
    with refused(405):
        world.service.get(f"{world.account()}/customData/a")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@given(
    data=st.dictionaries(st.text(max_size=9) | st.from_regex(r"[a-zA-Z0-9_-]{1,9}", fullmatch=True), JSON, max_size=4)
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_is_stored_as_it_is_or_refused(world: World, data: dict[str, Any]) -> None:
    account = world.account()
    try:
        world.service.update(f"{account}/customData", data)
    except Error as error:
        assert 400 <= error.status < 500
        assert stored(world, account) == {}
    else:
        kept = {key: value for key, value in data.items() if value is not None}
        assert json.dumps(stored(world, account), sort_keys=True) == json.dumps(kept, sort_keys=True)
