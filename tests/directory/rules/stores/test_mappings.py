"""Account store mappings: their order, their flags, and what removes them."""

from __future__ import annotations

import pytest
from support.world import BASE, World, link, path, refused


def order(world: World, application: str | None = None) -> list[str]:
    """The paths of the stores in the application's order; that they are numbered without gaps is checked too."""
    mappings = world.items(f"{application or world.application}/accountStoreMappings", limit=100)
    assert [mapping["listIndex"] for mapping in mappings] == list(range(len(mappings)))
    return [path(mapping["accountStore"]) for mapping in mappings]


def defaults(world: World) -> tuple[str | None, str | None]:
    application = world.service.get(world.application, "defaultAccountStoreMapping,defaultGroupStoreMapping")
    account, group = application["defaultAccountStoreMapping"], application["defaultGroupStoreMapping"]
    return account and path(account["accountStore"]), group and path(group["accountStore"])


def test_a_new_store_comes_last(world: World) -> None:
    stores = [world.directory, world.new_directory(), world.group()]
    for store in stores[1:]:
        world.map(store)
    assert order(world) == stores


@pytest.mark.parametrize(("index", "place"), [(-5, 0), (0, 0), ("1", 1), (2, 2), (3, 3), (99, 3), (None, 3)])
def test_a_new_store_goes_where_it_is_put(world: World, index: object, place: int) -> None:
    world.map(world.new_directory())
    world.map(world.new_directory())
    before = order(world)
    new = world.new_directory()
    mapping = world.service.get(world.map(new, listIndex=index))
    assert mapping["listIndex"] == place
    assert order(world) == [*before[:place], new, *before[place:]]


@pytest.mark.parametrize(("index", "place"), [(-5, 0), (0, 0), (1, 1), (2, 2), (99, 2)])
def test_moving_a_store_renumbers_the_others(world: World, index: int, place: int) -> None:
    second, third = world.new_directory(), world.new_directory()
    world.map(second)
    world.map(third)
    assert world.update(world.mapping(), listIndex=index)["listIndex"] == place
    others = [second, third]
    assert order(world) == [*others[:place], world.directory, *others[place:]]


def test_removing_a_store_closes_the_gap(world: World) -> None:
    second, third = world.new_directory(), world.new_directory()
    mapping = world.map(second)
    world.map(third)
    world.service.delete(mapping)
    assert order(world) == [world.directory, third]
    world.service.delete(mapping)
    assert order(world) == [world.directory, third]


def test_deleting_directories_and_groups_closes_gaps_everywhere(world: World) -> None:
    other = world.new_application()
    directory = world.new_directory()
    group, last = world.group(at=directory), world.new_directory()
    for application in (world.application, other):
        for store in (group, directory, last):
            world.map(store, application)
    world.service.delete(directory)
    assert order(world) == [world.directory, last]
    assert order(world, other) == [last]
    group = world.group()
    world.map(group, listIndex=0)
    world.service.delete(group)
    assert order(world) == [world.directory, last]


def test_a_store_is_mapped_once(world: World) -> None:
    group = world.group()
    world.map(group)
    for store in (world.directory, group):
        with refused(5104):
            world.map(store)
    world.map(world.directory, world.new_application())


def test_a_default_flag_moves_to_who_is_given_it(world: World) -> None:
    second, group = world.new_directory(), world.group()
    assert defaults(world) == (world.directory, world.directory)
    mapping = world.map(second, isDefaultAccountStore=True, isDefaultGroupStore="true")
    assert defaults(world) == (second, second)
    world.map(group, isDefaultAccountStore=True)
    assert defaults(world) == (group, second)
    world.update(mapping, isDefaultAccountStore=True)
    assert defaults(world) == (second, second)


def test_clearing_a_default_flag_promotes_nobody(world: World) -> None:
    world.map(world.new_directory())
    world.update(world.mapping(), isDefaultAccountStore=False, isDefaultGroupStore=False)
    assert defaults(world) == (None, None)


def test_an_application_may_lose_its_default_store(world: World) -> None:
    world.service.delete(world.mapping())
    assert defaults(world) == (None, None)


def test_a_group_keeps_no_groups(world: World) -> None:
    group = world.group()
    with refused(5112):
        world.map(group, isDefaultGroupStore=True)
    mapping = world.map(group)
    with refused(5112):
        world.update(mapping, isDefaultGroupStore=True)


def test_links_can_be_sent_back_but_not_changed(world: World) -> None:
    mapping = world.service.get(world.mapping())
    assert world.service.update(world.mapping(), mapping)["accountStore"] == link(world.directory)
    with refused(2002):
        world.update(world.mapping(), accountStore=link(world.new_directory()))


@pytest.mark.parametrize(
    ("href", "code"),
    [
        ("not found", 2002),
        (f"{BASE}/nothing/here", 2002),
        ("https://elsewhere.example/v1/directories/0", 2002),
        (None, 2002),
        (f"{BASE}/directories/unknown", 2016),
        (f"{BASE}/groups/unknown", 2016),
        (f"{BASE}/accounts/unknown", 2014),
        (f"{BASE}/directories/x/accounts", 2014),
    ],
)
def test_what_is_no_store_is_not_mapped(world: World, href: object, code: int) -> None:
    with refused(code):
        body = {"application": link(world.application), "accountStore": {"href": href}}
        world.service.create("accountStoreMappings", body)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 2000),
        ({"application": None}, 2000),
        ({"application": "x"}, 2004),
        ({"application": {"nameKey": "x"}}, 2004),
        ({"application": link("applications/unknown"), "accountStore": link("directories/unknown")}, 2016),
    ],
)
def test_a_mapping_needs_an_application(world: World, body: dict[str, object], code: int) -> None:
    with refused(code):
        world.service.create("accountStoreMappings", body)


def test_a_failed_mapping_moves_nothing(world: World) -> None:
    world.map(world.new_directory())
    before = order(world), defaults(world)
    with refused(5104):
        world.map(world.directory, listIndex=0, isDefaultAccountStore=True)
    with refused(2004):
        world.map(world.new_directory(), listIndex=0, isDefaultAccountStore="perhaps")
    assert (order(world), defaults(world)) == before


def test_a_store_knows_its_applications(world: World) -> None:
    group = world.group()
    other = world.new_application()
    mapping = world.map(group, other)
    assert [path(item) for item in world.items(f"{world.directory}/applications")] == [world.application]
    assert [path(item) for item in world.items(f"{world.directory}/applicationMappings")] == [world.mapping()]
    assert [path(item) for item in world.items(f"{group}/applications")] == [other]
    assert world.service.get(mapping, "application")["application"]["name"]


def test_a_mapping_is_found_by_its_store(world: World) -> None:
    group, organization = world.group(), world.new_organization(None, world.directory)
    mappings = {store: world.map(store) for store in (group, organization)}
    for owner, store, mapping in (
        (world.application, group, mappings[group]),
        (world.application, organization, mappings[organization]),
        (organization, world.directory, path(world.items(f"{organization}/accountStoreMappings")[0])),
    ):
        found = world.items(f"{owner}/accountStoreMappings", None, **{"accountStore.href": link(store)["href"]})
        assert [path(item) for item in found] == [mapping]
    with refused(2014):
        world.items(f"{organization}/accountStoreMappings", None, **{"accountStore.href": link(organization)["href"]})
