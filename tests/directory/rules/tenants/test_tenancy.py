"""Two tenants in one database: neither sees, changes nor reaches anything of the other's."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from support.world import BASE, PASSWORD, World, link, names, part, path, refused

from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.errors import Error


@pytest.fixture
def other(world: World) -> DirectoryService:
    """The service of a second tenant, with an application and a directory of its own."""
    return world.other_tenant(application=True)


def test_each_has_names_of_its_own(world: World, other: DirectoryService) -> None:
    for service in (world.service, other):
        assert names(service.list("tenants/current/applications")["items"]) == ["My Application"]
        assert service.list("tenants/current/accounts")["size"] == 0
    assert other.get("tenants/current")["href"] == f"{BASE}/tenants/other"


def test_nothing_of_the_other_can_be_named(world: World, other: DirectoryService) -> None:
    account, group = world.account("ada@example.org", customData={"secret": 1}), world.group()
    application = world.service.get(world.application)
    organization = world.new_organization("acme", world.directory)
    linked = world.account(at=world.new_directory())
    everything = [
        world.tenant,
        world.application,
        world.directory,
        account,
        group,
        world.member(account, group),
        world.mapping(),
        part(application, "oAuthPolicy"),
        part(application, "accountLinkingPolicy"),
        organization,
        organization.replace("organizations", "accountLinkingPolicies"),
        f"{organization}/customData",
        path(world.only(f"{organization}/accountStoreMappings")),
        path(world.service.create("accountLinks", {"leftAccount": link(account), "rightAccount": link(linked)})),
        part(world.service.get(world.directory), "passwordPolicy"),
        part(world.service.get(world.directory), "passwordPolicy") + "/strength",
        f"refreshTokens/{world.session(account)}",
        f"{account}/customData",
        f"{world.tenant}/customData",
    ]
    collections = ["applications", "directories", "organizations", "accounts", "groups"]
    for resource in everything:
        assert _answers(other, resource) <= {404, 405, 204}  # 405: what no tenant may do; 204: what is gone anyhow
        assert world.service.get(resource)
    for owner, collection in (
        *((world.tenant, name) for name in collections),
        (world.application, "accounts"),
        (world.application, "groups"),
        (world.application, "accountStoreMappings"),
        (world.directory, "accounts"),
        (world.directory, "applications"),
        (account, "groups"),
        (account, "applications"),
        (account, "refreshTokens"),
        (account, "accountLinks"),
        (account, "linkedAccounts"),
        (group, "accounts"),
        (world.directory, "organizations"),
        (organization, "accounts"),
        (organization, "accountStoreMappings"),
    ):
        with refused(404):
            other.list(f"{owner}/{collection}")
        with refused(404):
            other.list(f"{owner}/{collection}", {"q": "a"} if collection != "refreshTokens" else {})


def _answers(service: DirectoryService, resource: str) -> set[int]:
    """The codes with which every verb refuses *resource*; 204 where deleting it is as good as done."""
    codes = set()
    for call in (service.get, lambda at: service.update(at, {"name": "stolen"})):
        with pytest.raises(Error) as caught:
            call(resource)
        codes.add(caught.value.code)
    try:
        service.delete(resource)
        codes.add(204)
    except Error as error:
        codes.add(error.code)
    return codes


def test_nothing_of_the_other_can_be_linked(world: World, other: DirectoryService) -> None:
    account, group = world.account(), world.group()
    theirs = path(other.list("tenants/current/applications")["items"][0])
    with refused(2016):
        other.create("accountStoreMappings", {"application": link(theirs), "accountStore": link(world.directory)})
    with refused(2016):
        other.create("accountStoreMappings", {"application": link(world.application), "accountStore": link(group)})
    with refused(2016):
        other.create("groupMemberships", {"account": link(account), "group": link(group)})
    organization = world.new_organization("acme")
    for store in (world.directory, organization):
        with refused(2016):
            other.create("accountStoreMappings", {"application": link(theirs), "accountStore": link(store)})
    with refused(2016):
        mapping = {"organization": link(organization), "accountStore": link(world.directory)}
        other.create("organizationAccountStoreMappings", mapping)
    for left, right in ((account, world.account()), (world.account(), account)):
        with refused(2016):
            other.create("accountLinks", {"leftAccount": link(left), "rightAccount": link(right)})
    with refused(404):
        other.create(f"{account}/refreshTokens", {"application": link(theirs)})
    with refused(2016):
        world.service.create(f"{account}/refreshTokens", {"application": link(theirs)})
    for owner in (world.directory, world.application, organization):
        for made in ("accounts", "groups"):
            body = {"email": "a@b.org", "password": PASSWORD} if made == "accounts" else {"name": "g"}
            with refused(404):
                other.create(f"{owner}/{made}", body)


def test_nobody_signs_in_at_the_other(world: World, other: DirectoryService) -> None:
    account = world.account("ada@example.org")
    session = world.session(account)
    theirs = path(other.list("tenants/current/applications")["items"][0])
    with refused(404):
        other.create(f"{world.application}/loginAttempts", {"value": "YTpi"})
    with refused(10013):
        other.get(f"{theirs}/authTokens/{session}")
    with refused(10013):
        other.get(f"{world.application}/authTokens/{session}")
    with refused(7104):
        value = "YWRhQGV4YW1wbGUub3JnOkNvcnJlY3QtSG9yc2UtMQ=="
        other.create(f"{theirs}/loginAttempts", {"value": value})
    world.map(world.new_organization("acme", world.directory))
    named: list[Mapping[str, str]] = [{"nameKey": "acme"}, link(world.directory)]
    for store in named:
        with refused(2016):
            other.create(f"{theirs}/loginAttempts", {"value": value, "accountStore": store})
    assert world.login("ada@example.org") == account
