"""Expansion: what a link names, put in its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.world import ON_ONE_ENGINE, World, link, names, path, refused

from stormpath_wsgi.directory.storage.schema import group_memberships
from stormpath_wsgi.errors import Error


@pytest.fixture
def account(world: World) -> str:
    """One account in five groups."""
    account = world.account(customData={"a": 1})
    for number in range(5):
        world.member(account, world.group(f"group {number}"))
    return account


def test_links_parts_and_collections_expand(world: World, account: str) -> None:
    plain = world.service.get(account)
    expanded = world.service.get(account, "customData,directory,tenant,groups")
    assert expanded["customData"] == world.service.get(f"{account}/customData")
    assert expanded["directory"] == world.service.get(world.directory)
    assert expanded["tenant"] == world.service.get(world.tenant)
    assert expanded["groups"] == world.service.list(f"{account}/groups")
    assert expanded.keys() == plain.keys()
    assert world.service.get(account, "") == world.service.get(account, None) == plain


def test_a_collection_expands_to_the_page_that_is_asked_for(world: World, account: str) -> None:
    for text, offset, limit, found in (
        ("groups(offset:0,limit:3)", 0, 3, 3),
        ("groups(limit:2,offset:4)", 4, 2, 1),
        ("groups( limit : 2 )", 0, 2, 2),
        ("groups(offset:9)", 9, 25, 0),
    ):
        page = world.service.get(account, text)["groups"]
        assert (page["offset"], page["limit"], page["size"], len(page["items"])) == (offset, limit, 5, found)


def test_each_item_of_a_collection_is_expanded(world: World, account: str) -> None:
    other = world.account()
    items = world.items(f"{world.directory}/accounts", "groups(limit:1),directory,customData")
    by_path = {path(item): item for item in items}
    assert names(by_path[account]["groups"]["items"]) == ["group 0"]
    assert by_path[other]["groups"]["items"] == []
    assert by_path[account]["customData"]["a"] == 1
    assert by_path[account]["directory"] == by_path[other]["directory"]
    by_path[account]["directory"]["name"] = "changed by a caller"
    assert by_path[other]["directory"]["name"] == "My Application Directory"


def test_names_nest(world: World, account: str) -> None:
    expanded = world.service.get(account, "groupMemberships(limit:2,group(directory(applications),accounts(limit:1)))")
    memberships = expanded["groupMemberships"]
    assert (memberships["size"], len(memberships["items"])) == (5, 2)
    for membership in memberships["items"]:
        group = membership["group"]
        assert group["name"].startswith("group")
        assert [path(item) for item in group["accounts"]["items"]] == [account]
        assert names(group["directory"]["applications"]["items"]) == ["My Application"]
        assert membership["account"] == link(account)


def test_a_link_of_several_kinds_expands_to_whichever_it_is(world: World) -> None:
    group = world.group("admins")
    world.map(group)
    mappings = world.items(f"{world.application}/accountStoreMappings", "accountStore(accounts(limit:1),directory)")
    assert names([mapping["accountStore"] for mapping in mappings]) == ["My Application Directory", "admins"]
    assert mappings[1]["accountStore"]["directory"]["name"] == "My Application Directory"


def test_a_link_to_nothing_stays_null(world: World) -> None:
    application = world.new_application()
    assert world.service.get(application, "defaultAccountStoreMapping")["defaultAccountStoreMapping"] is None


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    "text",
    [
        "friends",
        "fullName",
        "href",
        "password",
        "directory.name",
        "groups(",
        "groups)",
        "groups()",
        "groups(limit)",
        "groups(limit:)",
        "groups(size:3)",
        "groups(limit:3",
        "directory(limit:3)",
        "directory(friends)",
        ",",
        "groups,",
        ",groups",
        "(groups)",
        "groups groups",
        "limit:3",
        "offset",
        "groups;",
        "groups(limit:3)(limit:4)",
        "é",
        "groups\0",
        ",".join(["groups"] * 17),
        "directory(accounts(" * 500,
        "a" * 100_000,
        "groups(limit:100,accounts(limit:100,groups(limit:2)))",
        5,
        ["groups"],
    ],
)
def test_what_cannot_be_expanded_is_refused(world: World, text: Any) -> None:
    with refused(2107):
        world.service.get(world.account(), text)


@pytest.mark.parametrize(
    "text", ["groups(limit:0)", "groups(limit:101)", "groups(offset:99999999999)", "groups(limit:x)"]
)
def test_its_window_has_the_limits_of_any_page(world: World, text: str) -> None:
    with refused(2103):
        world.service.get(world.account(), text)


def test_what_is_only_posted_to_is_not_expanded(world: World) -> None:
    for name in ("loginAttempts", "oAuthPolicy(tokenEndpoint)"):
        with refused(2107):
            world.service.get(world.application, name)


def test_a_page_of_collections_is_bounded(world: World) -> None:
    listed = f"{world.directory}/accounts"
    each = "directory,customData,providerData"
    world.service.list(listed, {"limit": 100}, f"groups(limit:100),{each},groupMemberships(limit:97)")
    for text in (
        f"groups(limit:100),{each},groupMemberships(limit:98)",
        "groups(limit:100,accounts(limit:2))",
        ",".join(["groups(limit:26)"] * 8),
    ):
        with refused(2107, "smaller limit"):
            world.service.list(listed, {"limit": 100}, text)


def test_so_is_the_custom_data_of_a_page(sqlite_world: World) -> None:
    for _ in range(3):
        sqlite_world.account(customData={"large": "x" * 9_000_000})
    listed = f"{sqlite_world.directory}/accounts"
    assert len(sqlite_world.service.list(listed, {"limit": 2}, "customData")["items"][1]["customData"]["large"])
    for text in ("customData", "directory(accounts(customData))"):
        with refused(2107, "smaller limit"):
            sqlite_world.service.list(listed, {}, text)


def test_what_has_gone_meanwhile_stays_a_link(world: World, account: str) -> None:
    """Between two statements another process may delete what the first one named."""
    with world.database.write() as transaction:
        transaction.connection.execute(group_memberships.delete())
    assert world.service.get(account, "groupMemberships(group)")["groupMemberships"]["items"] == []


@given(st.text(alphabet="groups,directory(limit:0123)acounts ", max_size=60))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_expansion_is_answered_or_refused(world: World, text: str) -> None:
    try:
        world.service.get(world.directory, text)
    except Error as error:
        assert error.code in (2103, 2107)
