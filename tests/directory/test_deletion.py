"""DELETE of what is gone: a success that tells nothing and changes nothing, but for what lets somebody in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.world import World, link, path, refused

from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.directory.rulebook import REMOVE

Make = Callable[[World], str]


def phone(world: World) -> str:
    return path(world.service.create(f"{world.account()}/phones", {"number": "+18883915282"}))


def factor(world: World) -> str:
    return path(world.service.create(f"{world.account()}/factors", {"type": "google-authenticator"}))


def organization_mapping(world: World) -> str:
    return world.map(world.directory, world.new_organization())


def access_token(world: World) -> str:
    body = {"application": link(world.application)}
    return path(world.service.create(f"{world.account()}/accessTokens", body))


def account_link(world: World) -> str:
    left, right = world.account(), world.account(at=world.new_directory())
    return path(world.service.create("accountLinks", {"leftAccount": link(left), "rightAccount": link(right)}))


#: How one is made of each kind of which a DELETE may be repeated.
REPEATABLE: dict[str, Make] = {
    "accounts": lambda world: world.account(),
    "directories": lambda world: world.new_directory(),
    "groups": lambda world: world.group(),
    "organizations": lambda world: world.new_organization(),
    "accountStoreMappings": lambda world: world.map(world.group()),
    "organizationAccountStoreMappings": organization_mapping,
    "groupMemberships": lambda world: world.member(world.account(), world.group()),
    "phones": phone,
    "factors": factor,
}

#: And of the others.
REVOCABLE: dict[str, Make] = {
    "refreshTokens": lambda world: f"refreshTokens/{world.session(world.account())}",
    "accessTokens": access_token,
    "apiKeys": lambda world: path(world.service.create(f"{world.account()}/apiKeys", {})),
    "applications": lambda world: world.new_application(),
    "accountLinks": account_link,
}


@pytest.fixture
def other(world: World) -> DirectoryService:
    """The service of a second tenant."""
    return world.other_tenant()


def counts(world: World) -> list[int]:
    collections = ("accounts", "directories", "groups", "organizations", "applications")
    return [world.service.list(f"{world.tenant}/{each}")["size"] for each in collections]


@pytest.mark.parametrize("kind", REPEATABLE)
def test_what_is_gone_is_deleted_again_and_nobody_is_told(world: World, kind: str) -> None:
    made = REPEATABLE[kind](world)
    world.service.delete(made)
    before = counts(world)
    with world.changes() as ran:
        world.service.delete(made)
    assert ran == []
    assert counts(world) == before
    with refused(404):
        world.service.get(made)


@pytest.mark.parametrize("kind", REPEATABLE)
def test_the_generation_stands_still(sqlite_world: World, kind: str) -> None:
    made = REPEATABLE[kind](sqlite_world)
    before = sqlite_world.service.generation()
    sqlite_world.service.delete(made)
    after = sqlite_world.service.generation()
    sqlite_world.service.delete(made)
    assert before != after == sqlite_world.service.generation()


@pytest.mark.parametrize("kind", REPEATABLE)
def test_nobody_learns_what_another_tenant_has(world: World, other: DirectoryService, kind: str) -> None:
    theirs, asked = REPEATABLE[kind](world), []
    for there in (theirs, f"{kind}/{'0' * 22}", f"{kind}/{'z' * 64}"):
        with world.statements() as ran, world.changes() as changes:
            other.delete(there)
        asked.append([statement for statement, _ in ran])
        assert changes == []
    assert asked[0] == asked[1] == asked[2]
    assert world.service.get(theirs)


@pytest.mark.parametrize("kind", REVOCABLE)
def test_a_revocation_that_names_nothing_does_not_look_done(world: World, other: DirectoryService, kind: str) -> None:
    made = REVOCABLE[kind](world)
    with refused(404):
        other.delete(made)
    world.service.delete(made)
    for there in (made, f"{kind}/{'0' * 22}"):
        with refused(404):
            world.service.delete(there)


@pytest.mark.parametrize("id", ["", "no-id", "a.b", "é", "0" * 65, "0/0"])
def test_what_is_no_id_is_not_found(world: World, id: str) -> None:
    for kind in REPEATABLE:
        with refused(404):
            world.service.delete(f"{kind}/{id}")


def test_it_is_said_of_no_other_kind() -> None:
    assert {kind.path for kind in REMOVE if kind.gone_is_deleted} == set(REPEATABLE)


def test_what_a_directory_takes_along_may_be_deleted_once_more(world: World) -> None:
    directory = world.new_directory()
    account, group = world.account(at=directory), world.group(at=directory)
    gone = [account, group, world.member(account, group), world.map(directory), world.map(group)]
    world.service.delete(directory)
    for each in gone:
        world.service.delete(each)


def test_the_administrators_stay(world: World) -> None:
    world.service.issue_api_key()
    (administrators,) = world.items(f"{world.tenant}/directories", name="Stormpath Administrators")
    with refused(403):
        world.service.delete(path(administrators))
