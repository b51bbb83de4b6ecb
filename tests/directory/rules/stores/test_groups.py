"""Groups and memberships."""

from __future__ import annotations

import pytest
from support.world import World, link, names, part, path, refused


def test_a_group_is_made_in_a_directory(world: World) -> None:
    made = world.service.create(f"{world.directory}/groups", {"name": "admins", "customData": {"level": 9}})
    assert made == world.service.get(path(made))
    assert (made["status"], made["description"], made["directory"]) == ("ENABLED", None, link(world.directory))
    assert world.service.get(part(made, "customData"))["level"] == 9


def test_a_group_made_through_an_application_goes_to_its_default_group_store(world: World) -> None:
    other = world.new_directory()
    world.map(other, isDefaultGroupStore=True)
    assert world.service.get(world.group(at=world.application))["directory"] == link(other)


def test_without_a_default_group_store_an_application_makes_none(world: World) -> None:
    world.update(world.mapping(), isDefaultGroupStore=False)
    with refused(5102):
        world.group(at=world.application)
    world.update(world.mapping(), isDefaultGroupStore=True)
    world.update(world.directory, status="DISABLED")
    with refused(5103):
        world.group(at=world.application)
    assert world.items(f"{world.directory}/groups") == []


def test_a_name_is_unique_within_its_directory(world: World) -> None:
    world.group("admins")
    with refused(2001, "name"):
        world.group("ADMINS")
    world.group("admins", at=world.new_directory())


def test_a_key_that_only_organizations_have_is_ignored(world: World) -> None:
    """Old clients send one. Every other name is refused as before."""
    made = world.service.create(f"{world.directory}/groups", {"name": "admins", "nameKey": "admins"})
    assert "nameKey" not in made
    assert world.update(path(made), nameKey=5, description="who may")["description"] == "who may"
    for wrong in ({"namekey": "admins"}, {"key": "admins"}):
        with refused(2015):
            world.group("others", **wrong)
    with refused(2015):
        world.new_directory(nameKey="people")


def test_a_tenant_makes_no_groups(world: World) -> None:
    for owner in (world.tenant, "tenants/current"):
        with refused(405):
            world.group(at=owner)


def test_groups_come_by_name_as_text(world: World) -> None:
    for name in ("b", "10", "1", "A", "100", "2"):
        world.group(name)
    for collection in (f"{world.directory}/groups", f"{world.application}/groups", f"{world.tenant}/groups"):
        assert names(world.items(collection)) == ["1", "10", "100", "2", "A", "b"]


def test_a_membership_links_an_account_and_a_group(world: World) -> None:
    account, group = world.account(), world.group("admins")
    membership = world.service.get(world.member(account, group))
    assert (membership["account"], membership["group"]) == (link(account), link(group))
    assert names(world.items(f"{account}/groups")) == ["admins"]
    assert [path(item) for item in world.items(f"{group}/accounts")] == [account]
    for collection in (f"{account}/groupMemberships", f"{group}/accountMemberships"):
        assert world.items(collection) == [membership]


def test_leaving_a_group_deletes_neither(world: World) -> None:
    account, group = world.account(), world.group()
    membership = world.member(account, group)
    world.service.delete(membership)
    assert world.items(f"{account}/groups") == world.items(f"{group}/accounts") == []
    with refused(404):
        world.service.get(membership)
    world.member(account, group)


def test_one_is_in_a_group_once(world: World) -> None:
    account, group = world.account(), world.group()
    world.member(account, group)
    with refused(2001):
        world.member(account, group)


def test_one_is_in_groups_of_ones_own_directory_only(world: World) -> None:
    with refused(2014):
        world.member(world.account(), world.group(at=world.new_directory()))


@pytest.mark.parametrize(
    ("account", "group", "code"),
    [
        ("accounts/unknown", None, 2016),
        (None, "groups/unknown", 2016),
        ("groups/x", None, 2014),
        (None, "directories/x", 2014),
    ],
)
def test_a_membership_needs_both(world: World, account: str | None, group: str | None, code: int) -> None:
    with refused(code):
        world.member(account or world.account(), group or world.group())


def test_a_membership_never_changes(world: World) -> None:
    membership = world.member(world.account(), world.group())
    with refused(405):
        world.update(membership, group=link(world.group()))
    with refused(404):
        world.service.list("groupMemberships/x/accounts")
    with refused(405):
        world.service.list("groupMemberships")


def test_deleting_a_group_leaves_its_accounts(world: World) -> None:
    account, group = world.account(), world.group()
    membership = world.member(account, group)
    world.service.delete(group)
    assert world.service.get(account)["status"] == "ENABLED"
    for gone in (group, membership, f"{group}/customData"):
        with refused(404):
            world.service.get(gone)
    with refused(404):
        world.service.list(f"{group}/accounts")
