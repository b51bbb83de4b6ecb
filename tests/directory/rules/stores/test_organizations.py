"""Organizations: their keys, their stores, and how applications reach accounts through them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert
from support.world import World, link, names, part, path, refused

from stormpath_wsgi.directory.rows import reach
from stormpath_wsgi.directory.storage import schema


def order(world: World, owner: str) -> list[str]:
    """The paths of the stores of an application or organization, which are numbered without gaps."""
    mappings = world.items(f"{owner}/accountStoreMappings", limit=100)
    assert [mapping["listIndex"] for mapping in mappings] == list(range(len(mappings)))
    return [path(mapping["accountStore"]) for mapping in mappings]


def defaults(world: World, organization: str) -> tuple[str | None, str | None]:
    found = world.service.get(organization, "defaultAccountStoreMapping,defaultGroupStoreMapping")
    account, group = found["defaultAccountStoreMapping"], found["defaultGroupStoreMapping"]
    return account and path(account["accountStore"]), group and path(group["accountStore"])


def paths(items: list[dict[str, Any]]) -> list[str]:
    return [path(item) for item in items]


def test_a_new_organization_has_what_was_sent_and_defaults(world: World) -> None:
    body = {"name": "Acme Inc.", "nameKey": "acme-1", "customData": {"plan": "gold"}}
    organization = world.service.create("organizations", body)
    assert (organization["name"], organization["nameKey"], organization["status"]) == ("Acme Inc.", "acme-1", "ENABLED")
    assert organization["description"] is organization["defaultAccountStoreMapping"] is None
    assert world.service.get(part(organization, "customData"))["plan"] == "gold"
    assert world.items(f"{world.tenant}/organizations", nameKey="ACME-1") == [organization]
    changed = world.update(path(organization), status="disabled", nameKey="acme", customData={"plan": None})
    assert (changed["status"], changed["nameKey"]) == ("DISABLED", "acme")
    assert "plan" not in world.service.get(part(organization, "customData"))
    assert names(world.items(f"{world.tenant}/organizations", status="DISABLED")) == ["Acme Inc."]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "x"}, 2000),
        ({"nameKey": "x"}, 2000),
        ({"name": "x", "nameKey": "-x"}, 2006),
        ({"name": "x", "nameKey": "x-"}, 2006),
        ({"name": "x", "nameKey": "x y"}, 2006),
        ({"name": "x", "nameKey": "x\n"}, 2006),
        ({"name": "x", "nameKey": "é"}, 2006),
        ({"name": "x", "nameKey": "x" * 64}, 2008),
        ({"name": "x", "nameKey": "TAKEN"}, 2001),
        ({"name": "Taken", "nameKey": "x"}, 2001),
    ],
)
def test_a_key_is_a_label_and_nobody_elses(world: World, body: dict[str, str], code: int) -> None:
    world.new_organization("taken")
    with refused(code):
        world.service.create("organizations", body)
    assert len(world.items(f"{world.tenant}/organizations")) == 1


def test_a_directory_can_be_made_along_with_it(world: World) -> None:
    def make(key: str, wish: object) -> str:
        return path(world.service.create("organizations", {"name": key, "nameKey": key}, {"createDirectory": wish}))

    for key, wish, name in (("a", True, "a Directory"), ("b", "B's people", "B's people")):
        organization = make(key, wish)
        (store,) = order(world, organization)
        assert world.service.get(store)["name"] == name
        assert defaults(world, organization) == (store, store)
    assert order(world, make("c", "False")) == []
    with refused(4520):
        make("d", "b's PEOPLE")
    assert world.items(f"{world.tenant}/organizations", nameKey="d") == []


def test_its_stores_have_an_order_and_defaults_of_their_own(world: World) -> None:
    organization, other, group = world.new_organization(), world.new_directory(), world.group()
    first = world.map(world.directory, organization, listIndex=1)
    assert world.service.get(first)["listIndex"] == 0
    assert world.service.get(first)["isDefaultAccountStore"] is world.service.get(first)["isDefaultGroupStore"] is False
    world.map(other, organization, listIndex=0, isDefaultAccountStore=True, isDefaultGroupStore=True)
    mapping = world.map(group, organization)
    assert order(world, organization) == [other, world.directory, group]
    assert defaults(world, organization) == (other, other)
    world.update(mapping, listIndex=-1, isDefaultAccountStore=True)
    assert order(world, organization) == [group, other, world.directory]
    assert defaults(world, organization) == (group, other)
    world.service.delete(mapping)
    assert order(world, organization) == [other, world.directory]
    assert defaults(world, organization) == (None, other)


def test_what_it_cannot_have_as_a_store(world: World) -> None:
    organization, group = world.new_organization(None, world.directory), world.group()
    with refused(4604):
        world.map(world.directory, organization)
    with refused(4612):
        world.map(group, organization, isDefaultGroupStore=True)
    mapping = world.map(group, organization)
    with refused(4612):
        world.update(mapping, isDefaultGroupStore=True)
    with refused(4614):
        world.map(world.new_organization(), organization)
    for store, code in (("directories/unknown", 2016), (world.application, 2014)):
        with refused(code):
            world.map(store, organization)


def test_it_is_a_store_of_applications(world: World) -> None:
    organization = world.new_organization(None, world.new_directory())
    mapping = world.map(organization, isDefaultAccountStore=True, isDefaultGroupStore=True)
    assert order(world, world.application) == [world.directory, organization]
    assert world.service.get(mapping, "accountStore")["accountStore"]["nameKey"]
    with refused(5104):
        world.map(organization)


def test_new_accounts_and_groups_go_to_its_default_stores(world: World) -> None:
    directory = world.new_directory()
    organization, team = world.new_organization(None, directory), world.group(at=directory)
    (mapping,) = paths(world.items(f"{organization}/accountStoreMappings"))
    with refused(4600):
        world.account(at=organization)
    with refused(4602):
        world.group(at=organization)
    world.update(mapping, isDefaultAccountStore=True, isDefaultGroupStore=True)
    account, group = world.account(at=organization), world.group(at=organization)
    for made in (account, group):
        assert part(world.service.get(made), "directory") == directory
    world.map(team, organization, isDefaultAccountStore=True)
    member = world.account(at=organization)
    assert paths(world.items(f"{member}/groups")) == [team]
    world.update(directory, status="DISABLED")
    with refused(4601):
        world.account(at=organization)
    with refused(4603):
        world.group(at=organization)
    with refused(404):
        world.account(at="organizations/unknown")


def test_an_application_may_put_them_into_an_organizations_stores(world: World) -> None:
    directory = world.new_directory()
    organization = world.new_organization(None, directory)
    (mapping,) = paths(world.items(f"{organization}/accountStoreMappings"))
    world.map(organization, isDefaultAccountStore=True, isDefaultGroupStore=True)
    with refused(5116):
        world.account(at=world.application)
    with refused(5118):
        world.group(at=world.application)
    world.update(mapping, isDefaultAccountStore=True, isDefaultGroupStore=True)
    for made in (world.account(at=world.application), world.group(at=world.application)):
        assert part(world.service.get(made), "directory") == directory
    world.update(directory, status="DISABLED")
    with refused(5117):
        world.account(at=world.application)
    with refused(5119):
        world.group(at=world.application)
    world.update(organization, status="DISABLED")
    with refused(5101):
        world.account(at=world.application)
    with refused(5103):
        world.group(at=world.application)


def test_login_names_are_unique_among_the_stores_through_which_an_account_is_made(world: World) -> None:
    theirs, others = world.new_directory(), world.new_directory()
    organization = world.new_organization(None, theirs)
    world.map(others, organization, isDefaultAccountStore=True)
    world.map(organization)
    world.account("ada@example.org", at=theirs)
    for owner in (organization, world.application):
        with refused(2001):
            world.account("ADA@example.org", at=owner)
    world.account("bob@example.org")  # in the application, not in the organization
    assert world.account("bob@example.org", at=organization)


def test_its_accounts_and_groups_are_those_of_its_stores_each_once(world: World) -> None:
    directory = world.new_directory()
    group = world.group("team", at=directory)
    account, other = world.account(at=directory), world.account(at=directory)
    world.member(account, group)
    organization = world.new_organization(None, group)
    assert paths(world.items(f"{organization}/accounts")) == [account]
    assert paths(world.items(f"{organization}/groups")) == [group]
    world.map(directory, organization)
    assert sorted(paths(world.items(f"{organization}/accounts"))) == sorted([account, other])
    assert paths(world.items(f"{organization}/groups")) == [group]
    assert world.service.get(organization, "accounts(limit:1)")["accounts"]["size"] == 2
    assert world.items(f"{world.new_organization()}/accounts") == []
    with refused(404):
        world.items("organizations/unknown/accounts")


def test_an_application_has_the_accounts_of_its_organizations(world: World) -> None:
    application, directory = world.new_application(), world.new_directory()
    account, group = world.account("ada@example.org", at=directory), world.group("team", at=directory)
    organizations = [world.new_organization(None, directory), world.new_organization(None, group, directory)]
    for organization in organizations:
        world.map(organization, application)
    world.member(account, group)
    assert paths(world.items(f"{application}/accounts")) == [account]
    assert paths(world.items(f"{application}/accounts", email="ada*")) == [account]
    assert paths(world.items(f"{application}/groups")) == [group]
    for store in (account, group, directory):
        assert paths(world.items(f"{store}/applications")) == [application]
    assert sorted(paths(world.items(f"{directory}/organizations"))) == sorted(organizations)
    mappings = world.items(f"{directory}/organizationMappings", "organization")
    assert sorted(path(mapping["organization"]) for mapping in mappings) == sorted(organizations)
    assert world.items(f"{world.directory}/organizations") == []


def test_there_may_be_more_stores_than_a_statement_takes(world: World) -> None:
    theirs = world.new_directory()
    account, group = world.account("ada@example.org", at=theirs), world.group("team", at=theirs)
    world.member(account, group)
    organization = world.new_organization("acme", group, theirs)
    world.map(organization)
    world.account()
    rows: list[dict[str, Any]] = [{"id": f"d{number}", "name": f"d{number}"} for number in range(reach.MOST_LISTED)]
    common = {"tenant_id": world.tenant.split("/")[1], "status": "ENABLED", "created_at": 0, "modified_at": 0}
    flags = {"is_default_account_store": False, "is_default_group_store": False, "list_index": 9}
    mapping = {"organization_id": organization.split("/")[1], "created_at": 0, "modified_at": 0, **flags}
    with world.database.write() as transaction:
        directories = [{**row, "name_folded": row["name"], **common} for row in rows]
        transaction.connection.execute(insert(schema.directories), directories)
        mappings = [{"id": row["id"], "account_store_directory_id": row["id"], **mapping} for row in rows]
        transaction.connection.execute(insert(schema.organization_store_mappings), mappings)
    assert len(world.items(f"{world.application}/accounts")) == 2
    for owner in (organization, world.application):
        assert paths(world.items(f"{owner}/accounts", email="ada*")) == [account]
        assert names(world.items(f"{owner}/groups")) == ["team"]
    assert world.login("ada@example.org") == account


def test_a_session_lasts_as_long_as_a_way_through_an_organization(world: World) -> None:
    application, directory = world.new_application(), world.new_directory()
    account, group = world.account(at=directory), world.group(at=directory)
    world.member(account, group)
    for store in (directory, group):
        organization = world.new_organization(None, store)
        mapping = world.map(organization, application)
        session = world.session(account, application)
        for closed in (organization, store):
            assert world.is_good(session, application)
            world.update(closed, status="DISABLED")
            assert not world.is_good(session, application)
            world.update(closed, status="ENABLED")
        world.service.delete(mapping)
        assert not world.is_good(session, application)
    with refused(10016):
        world.session(account, application)


def test_removing_it_leaves_its_stores_and_nothing_else(world: World) -> None:
    directory = world.new_directory()
    account = world.account(at=directory)
    organization = world.new_organization(None, directory, customData={"a": 1})
    last = world.new_directory()
    for store in (organization, last):
        world.map(store)
    world.service.delete(organization)
    assert order(world, world.application) == [world.directory, last]
    assert world.service.get(account)
    for gone in (organization, organization.replace("organizations", "accountLinkingPolicies")):
        with refused(404):
            world.service.get(gone)
    with world.database.read() as connection:
        of_it = schema.custom_data.select().where(schema.custom_data.c.owner_id == organization.split("/")[1])
        assert connection.execute(of_it).first() is None
    assert world.new_organization("organization-1")  # and its name is free


def test_removing_directories_and_groups_closes_gaps_in_it(world: World) -> None:
    directory, last = world.new_directory(), world.new_directory()
    group, other = world.group(at=directory), world.group()
    organization = world.new_organization(None, group, other, directory, last)
    world.service.delete(other)
    assert order(world, organization) == [group, directory, last]
    world.service.delete(directory)
    assert order(world, organization) == [last]


def test_an_organization_is_its_tenants_own(world: World) -> None:
    with refused(404):
        world.service.get("organizations/unknown")
    with refused(404):
        world.update("organizations/unknown", name="x")
    with refused(405):
        world.service.list("organizations")
    with refused(2016):
        body = {"organization": link("organizations/unknown"), "accountStore": link(world.directory)}
        world.service.create("organizationAccountStoreMappings", body)
