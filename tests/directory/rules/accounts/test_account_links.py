"""Account links: which accounts can be one person's, and which of them a login answers with."""

from __future__ import annotations

import pytest
from support.world import BASE, World, link, part, path, refused

from stormpath_wsgi.directory.rules.accounts import account_links
from stormpath_wsgi.errors import Error


def tie(world: World, left: str, right: str) -> str:
    """The path of a new link."""
    return path(world.service.create("accountLinks", {"leftAccount": link(left), "rightAccount": link(right)}))


def linked(world: World, account: str) -> list[str]:
    """The paths of the accounts that *account* is linked to; that there are as many links is checked too."""
    found = [path(item) for item in world.items(f"{account}/linkedAccounts")]
    assert len(world.items(f"{account}/accountLinks")) == len(found)
    return found


def allow(world: World, owner: str) -> None:
    world.update(part(world.service.get(owner), "accountLinkingPolicy"), status="ENABLED")


def test_both_accounts_know_of_the_link_until_it_is_removed(world: World) -> None:
    left, right = world.account(), world.account(at=world.new_directory())
    assert linked(world, left) == linked(world, right) == []
    made = tie(world, left, right)
    assert linked(world, left) == [right]
    assert linked(world, right) == [left]
    found = world.service.get(made, "leftAccount,rightAccount")
    assert [path(found[side]) for side in ("leftAccount", "rightAccount")] == [left, right]
    with refused(405):
        world.update(made, leftAccount=link(right))
    world.service.delete(made)
    assert linked(world, left) == linked(world, right) == []
    with refused(404):
        world.service.delete(made)


def test_a_second_link_is_refused_with_the_first(world: World) -> None:
    left, right = world.account(), world.account(at=world.new_directory())
    made = tie(world, left, right)
    for one, other in ((left, right), (right, left)):
        with pytest.raises(Error) as caught:
            tie(world, one, other)
        assert (caught.value.status, caught.value.code) == (409, 7500)
        assert caught.value.existing == caught.value.body()["existing"] == f"{BASE}/{made}"


def test_who_cannot_be_linked(world: World) -> None:
    account, elsewhere = world.account(), world.new_directory()
    for other, code in ((account, 7501), (world.account(), 7504), ("accounts/unknown", 2016), (elsewhere, 2014)):
        with refused(code):
            tie(world, account, other)
    tie(world, account, world.account(at=elsewhere))
    other = world.account(at=elsewhere)
    for left, right in ((account, other), (other, account)):
        with refused(7505):
            tie(world, left, right)
    tie(world, other, world.account(at=world.new_directory()))


def test_links_have_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_links, "MOST", 2)
    account = world.account()
    others = [world.account(at=world.new_directory()) for _ in range(3)]
    tie(world, account, others[0])
    tie(world, others[1], account)
    for left, right in ((account, others[2]), (others[2], account)):
        with refused(7503):
            tie(world, left, right)


@pytest.mark.parametrize(
    "body", [None, {}, {"leftAccount": link("accounts/x")}, {"leftAccount": "x", "rightAccount": "y"}]
)
def test_a_malformed_link_is_refused(world: World, body: dict[str, object]) -> None:
    with refused(7502):
        world.service.create("accountLinks", body)


def test_a_link_goes_with_either_account(world: World) -> None:
    left, right = world.account(), world.account(at=world.new_directory())
    tie(world, left, right)
    world.service.delete(right)
    assert linked(world, left) == []


def test_a_policy_comes_with_each_application_and_organization(world: World) -> None:
    for owner in (world.application, world.new_organization()):
        policy = part(world.service.get(owner), "accountLinkingPolicy")
        found = world.service.get(policy, "tenant")
        values = (found["status"], found["automaticProvisioning"], found["matchingProperty"])
        assert values == ("DISABLED", "DISABLED", None)
        assert path(found["tenant"]) == world.tenant
        changed = world.update(policy, status="enabled", automaticProvisioning="ENABLED", matchingProperty="Email")
        assert (changed["automaticProvisioning"], changed["matchingProperty"]) == ("ENABLED", "email")
        assert world.update(policy, matchingProperty=None)["matchingProperty"] is None
        with refused(2003):
            world.update(policy, matchingProperty="username")
        with refused(405):
            world.service.delete(policy)


@pytest.fixture
def elsewhere(world: World) -> str:
    """A directory that is mapped to the application, and not its default account store."""
    directory = world.new_directory()
    world.map(directory)
    return directory


def test_a_login_answers_with_the_linked_account_of_the_default_store(world: World, elsewhere: str) -> None:
    main, other = world.account("main@example.org"), world.account("other@example.org", at=elsewhere)
    tie(world, other, main)
    assert world.login("other@example.org") == other  # links do not count yet
    allow(world, world.application)
    assert world.login("other@example.org") == main
    assert world.login("main@example.org") == main
    with refused(7100):
        world.login("other@example.org", "wrong")
    world.update(other, status="DISABLED")
    with refused(7101):
        world.login("other@example.org")


def test_whom_one_signs_in_as_must_be_enabled(world: World, elsewhere: str) -> None:
    main, other = world.account(status="DISABLED"), world.account("other@example.org", at=elsewhere)
    tie(world, main, other)
    allow(world, world.application)
    with refused(7101):
        world.login("other@example.org")


def test_an_account_outside_of_the_default_store_is_no_answer(world: World, elsewhere: str) -> None:
    other = world.account("other@example.org", at=elsewhere)
    tie(world, other, world.account(at=world.new_directory()))
    allow(world, world.application)
    assert world.login("other@example.org") == other
    tie(world, other, world.account())
    group = world.group()
    world.map(group, isDefaultAccountStore=True)
    assert world.login("other@example.org") == other  # it is linked to no member
    world.update(world.mapping(), isDefaultAccountStore=False)
    world.service.delete(group)
    assert world.login("other@example.org") == other  # there is no default store


def test_members_of_a_group_may_be_the_default_store(world: World, elsewhere: str) -> None:
    main, other, group = world.account(), world.account("other@example.org", at=elsewhere), world.group()
    world.member(main, group)
    tie(world, main, other)
    world.map(group, isDefaultAccountStore=True)
    allow(world, world.application)
    assert world.login("other@example.org") == main


def test_a_named_organization_has_its_own_policy(world: World, elsewhere: str) -> None:
    theirs = world.new_directory()
    organization = world.new_organization("acme", elsewhere)
    world.map(theirs, organization, isDefaultAccountStore=True)
    world.map(organization)
    other, main = world.account("other@example.org", at=elsewhere), world.account(at=theirs)
    tie(world, main, other)
    allow(world, organization)
    assert world.login("other@example.org") == other
    assert world.login("other@example.org", organization="acme") == main
