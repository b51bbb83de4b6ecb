"""Directories and their password policy."""

from __future__ import annotations

import pytest
from support.world import World, link, part, path, refused

from stormpath_wsgi.directory.storage.schema import metadata


def test_a_directory_comes_with_a_policy(world: World) -> None:
    made = world.service.create("directories", {"name": "People", "customData": {"floor": 3}})
    assert made == world.service.get(path(made))
    policy = world.service.get(part(made, "passwordPolicy"), "strength")
    assert (policy["resetTokenTtl"], policy["resetEmailStatus"], policy["resetSuccessEmailStatus"]) == (
        24,
        "ENABLED",
        "ENABLED",
    )
    strength = policy["strength"]
    assert strength["href"] == f"{policy['href']}/strength"
    limits = [value for value in strength.values() if isinstance(value, int)]
    assert limits == [8, 100, 1, 1, 1, 0, 0, 0]
    assert world.service.get(part(made, "customData"))["floor"] == 3


def test_names_are_unique(world: World) -> None:
    world.new_directory("Straße")
    with refused(2001, "name"):
        world.new_directory("STRASSE")


def test_deleting_it_takes_everything_in_it(world: World) -> None:
    account, group = world.account(customData={"a": 1}), world.group(customData={"a": 1})
    membership, session = world.member(account, group), world.session(account)
    policy = part(world.service.get(world.directory), "passwordPolicy")
    other = world.account(at=world.new_directory())
    world.service.delete(world.directory)
    for gone in (
        world.directory,
        account,
        f"{account}/customData",
        group,
        f"{group}/customData",
        membership,
        f"refreshTokens/{session}",
        policy,
        f"{policy}/strength",
    ):
        with refused(404):
            world.service.get(gone)
    assert world.service.get(other)["status"] == "ENABLED"
    assert world.items(f"{world.application}/accountStoreMappings") == []


def test_nothing_of_a_tenant_survives_its_directories_and_applications(world: World) -> None:
    """What the cascades of the database do not reach, custom data, is removed by the rules.

    The qualifier of the directory stays, so that no other ever gets it.
    """
    account, group = world.account(customData={"a": 1}), world.group(customData={"a": 1})
    world.member(account, group)
    world.session(account)
    world.map(group)
    world.service.delete(world.application)
    world.service.delete(world.directory)
    with world.database.read() as connection:
        left = {table.name: len(connection.execute(table.select()).all()) for table in metadata.sorted_tables}
    left.pop("epochs")  # on PostgreSQL it has a number once anything was changed
    stays = {"tenants": 1, "custom_data": 1, "id_sites": 1, "qualifiers": 1}
    assert {name: number for name, number in left.items() if number} == stays


def test_the_policy_can_be_changed(world: World) -> None:
    policy = part(world.service.get(world.directory), "passwordPolicy")
    assert world.update(policy, resetTokenTtl="48", resetEmailStatus="disabled")["resetTokenTtl"] == 48
    odd = {"minLength": 4, "maxLength": 20, "minLowerCase": 5, "minUpperCase": 4, "minNumeric": 4, "minSymbol": 4}
    strength = world.update(f"{policy}/strength", **odd)
    assert strength | odd == strength == world.service.get(f"{policy}/strength")


@pytest.mark.parametrize(
    ("change", "code"),
    [({"preventReuse": 26}, 2010), ({"minLength": -1}, 2009), ({"maxLength": 0}, 2009), ({"minSymbol": "x"}, 2004)],
)
def test_strength_has_limits(world: World, change: dict[str, object], code: int) -> None:
    strength = part(world.service.get(world.directory), "passwordPolicy") + "/strength"
    with refused(code):
        world.service.update(strength, change)


def test_parts_are_neither_made_nor_deleted(world: World) -> None:
    policy = part(world.service.get(world.directory), "passwordPolicy")
    for verb in (world.service.delete, world.service.list):
        for part_ in (policy, f"{policy}/strength"):
            with refused(405):
                verb(part_)
    with refused(405):
        world.service.create(policy, {})
    with refused(404):
        world.service.get("passwordPolicies/unknown/strength")


def test_a_policy_links_to_its_strength_and_a_directory_to_all_it_has(world: World) -> None:
    directory = world.service.get(world.directory)
    assert directory["passwordPolicy"] == link(world.directory.replace("directories", "passwordPolicies"))
    for name in ("accounts", "groups", "applications", "applicationMappings"):
        assert directory[name] == link(f"{world.directory}/{name}")
        assert world.service.list(f"{world.directory}/{name}")["offset"] == 0
