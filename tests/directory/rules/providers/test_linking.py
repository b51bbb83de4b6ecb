"""Account linking at a sign-in through a provider: whose account answers, and that nobody gets somebody else's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from support.elsewhere import Elsewhere
from support.world import BASE, ON_ONE_ENGINE, World, link, path, refused

from stormpath_wsgi.directory.mail.purposes import WAY_ADDED, WAY_REMOVED
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.events import AccountLinked, AccountUnlinked


def proved(world: World, email: str = "ada@example.org", **properties: str) -> str:
    """The path of an account of ours whose address is verified."""
    account = world.account(email, **properties)
    world.update(account, emailVerificationStatus="VERIFIED")
    return account


def linked(world: World, account: str) -> list[str]:
    return [path(item) for item in world.items(f"{account}/linkedAccounts")]


def notices(world: World) -> list[str]:
    """Of what the owners of accounts were told by mail, each with the path of the account."""
    table = schema.mailed_tokens
    told = select(table.c.purpose, table.c.account_id).where(table.c.purpose.in_([WAY_ADDED, WAY_REMOVED]))
    with world.database.read() as connection:
        return sorted(f"{purpose} accounts/{id}" for purpose, id in connection.execute(told))


@ON_ONE_ENGINE
class TestWithoutAPolicy:
    def test_links_do_nothing(self, world: World, elsewhere: Elsewhere) -> None:
        ours, theirs = proved(world), elsewhere.account()
        world.service.create("accountLinks", {"leftAccount": link(ours), "rightAccount": link(theirs)})
        policy = path(world.service.get(world.application)["accountLinkingPolicy"])
        world.update(policy, automaticProvisioning="ENABLED", matchingProperty="email")
        assert elsewhere.account() == theirs
        assert elsewhere.account("grace") not in (ours, theirs)
        assert len(world.items(f"{world.directory}/accounts")) == 1


@ON_ONE_ENGINE
class TestByHand:
    def test_a_linked_account_answers(self, world: World, elsewhere: Elsewhere) -> None:
        ours, theirs = world.account("countess@example.org"), elsewhere.account()
        elsewhere.policy()
        assert elsewhere.account() == theirs
        tie = path(world.service.create("accountLinks", {"leftAccount": link(theirs), "rightAccount": link(ours)}))
        told = elsewhere.told[-1]
        assert isinstance(told, AccountLinked)
        assert (told.account, told.other) == (f"{BASE}/{ours}", f"{BASE}/{theirs}")
        assert notices(world) == [f"wayAdded {ours}"]
        found = elsewhere.arrive()
        assert (path(found), found["isNewAccount"]) == (ours, False)
        world.service.delete(tie)
        told = elsewhere.told[-1]
        assert isinstance(told, AccountUnlinked)
        assert (told.account, told.other) == (f"{BASE}/{ours}", f"{BASE}/{theirs}")
        assert notices(world) == [f"wayAdded {ours}", f"wayRemoved {ours}"]
        assert elsewhere.account() == theirs

    def test_accounts_of_ours_are_linked_without_a_mail(self, world: World, elsewhere: Elsewhere) -> None:
        left, right = world.account(), world.account(at=world.new_directory())
        world.service.create("accountLinks", {"leftAccount": link(left), "rightAccount": link(right)})
        assert [event.account for event in elsewhere.told if isinstance(event, AccountLinked)] == [f"{BASE}/{left}"]
        assert notices(world) == []

    @pytest.mark.parametrize(("status", "code"), [("DISABLED", 7101), ("UNVERIFIED", 7102), ("LOCKED", 7103)])
    def test_both_sides_have_to_be_let_in(self, world: World, elsewhere: Elsewhere, status: str, code: int) -> None:
        ours, theirs = world.account("countess@example.org"), elsewhere.account()
        world.service.create("accountLinks", {"leftAccount": link(theirs), "rightAccount": link(ours)})
        elsewhere.policy()
        for one in (ours, theirs):
            world.update(one, status=status)
            with refused(code):
                elsewhere.arrive()
            world.update(one, status="ENABLED")
        assert elsewhere.account() == ours


def test_accounts_that_have_both_proved_one_address_are_linked(world: World, elsewhere: Elsewhere) -> None:
    elsewhere.policy(matchingProperty="email")
    ours = proved(world, "Ada@Example.org")
    elsewhere.told.clear()
    found = elsewhere.arrive()
    assert (path(found), found["isNewAccount"]) == (ours, False)
    (theirs,) = linked(world, ours)
    assert path(world.service.get(theirs)["directory"]) == elsewhere.directory
    assert elsewhere.names() == ["AccountLinked", "Registered", "SignedIn"]
    assert [event.account for event in elsewhere.told if isinstance(event, AccountLinked)] == [f"{BASE}/{ours}"]
    assert notices(world) == [f"wayAdded {ours}"]
    assert elsewhere.account() == ours
    assert len(world.items(f"{ours}/accountLinks")) == 1


@ON_ONE_ENGINE
def test_who_wants_to_be_deleted_and_comes_back_is_kept_on_both_sides(world: World, elsewhere: Elsewhere) -> None:
    ours, theirs = world.account("countess@example.org"), elsewhere.account()
    world.service.create("accountLinks", {"leftAccount": link(theirs), "rightAccount": link(ours)})
    elsewhere.policy()
    for account in (ours, theirs):
        world.service.create(f"{account}/deletions", {"grace": "P7D"})
    data = {"providerId": "test", "accessToken": elsewhere.provider.access_token()}
    with refused(7101):
        elsewhere.create({"providerData": data})
    assert path(elsewhere.create({"providerData": data}, keeps="true")) == ours
    assert [world.service.get(account)["status"] for account in (ours, theirs)] == ["ENABLED", "ENABLED"]


@ON_ONE_ENGINE
class TestByAddress:
    @pytest.fixture(autouse=True)
    def policy(self, elsewhere: Elsewhere) -> None:
        elsewhere.policy(matchingProperty="email")

    def test_nothing_happens_where_ours_is_not_proved(self, world: World, elsewhere: Elsewhere) -> None:
        ours = world.account("ada@example.org")
        theirs = elsewhere.account()
        assert theirs != ours
        assert linked(world, ours) == linked(world, theirs) == []
        world.update(ours, emailVerificationStatus="VERIFIED")
        assert elsewhere.account() == ours

    def test_nothing_happens_where_theirs_is_not_proved(self, world: World, elsewhere: Elsewhere) -> None:
        ours = proved(world)
        theirs = elsewhere.account("mallory")
        assert theirs != ours
        assert linked(world, theirs) == []
        assert elsewhere.account("mallory") == theirs

    def test_an_address_whose_proof_is_gone_links_nothing(self, world: World, elsewhere: Elsewhere) -> None:
        theirs = elsewhere.account("grace")
        ours = proved(world)
        elsewhere.provider.people["grace"] |= {"email": "ada@example.org", "email_verified": False}
        assert elsewhere.account("grace") == theirs
        assert linked(world, ours) == []

    def test_a_name_is_no_address(self, world: World, elsewhere: Elsewhere) -> None:
        ours = world.account("other@example.org", username="ada@example.org")
        world.update(ours, emailVerificationStatus="VERIFIED")
        assert elsewhere.account() != ours

    def test_domains_with_one_key_are_two_domains(self, world: World, elsewhere: Elsewhere) -> None:
        ours = proved(world, "ada@straße.example")
        other = elsewhere.person("other", email="ada@strasse.example", email_verified=True)
        assert elsewhere.account(other) != ours
        assert linked(world, ours) == []

    def test_a_second_person_of_one_provider_is_not_linked(self, world: World, elsewhere: Elsewhere) -> None:
        ours = proved(world)
        assert elsewhere.account() == ours
        elsewhere.provider.people["ada"]["email"] = "moved@example.org"
        elsewhere.account()
        other = elsewhere.person("other", email="ada@example.org", email_verified=True)
        found = elsewhere.account(other)
        assert found != ours
        assert len(linked(world, ours)) == 1

    def test_a_disabled_account_of_ours_is_not_passed_by(self, world: World, elsewhere: Elsewhere) -> None:
        ours = proved(world)
        world.update(ours, status="DISABLED")
        with refused(7101):
            elsewhere.arrive()
        assert world.items(f"{elsewhere.directory}/accounts") == []

    def test_only_the_default_store_counts(self, world: World, elsewhere: Elsewhere) -> None:
        second = world.new_directory()
        world.map(second)
        there = world.account("ada@example.org", at=second)
        world.update(there, emailVerificationStatus="VERIFIED")
        theirs = elsewhere.account()
        assert theirs != there
        world.update(world.mapping(), isDefaultAccountStore=False)
        ours = proved(world)
        assert elsewhere.account() == theirs
        assert linked(world, ours) == []

    def test_where_the_provider_is_the_default_store_it_answers(self, world: World, elsewhere: Elsewhere) -> None:
        ours = proved(world)
        world.update(elsewhere.mapping, isDefaultAccountStore=True)
        assert elsewhere.account() != ours

    def test_of_an_organization_its_own_policy_and_store_count(self, world: World, elsewhere: Elsewhere) -> None:
        theirs = world.new_directory()
        organization = world.new_organization("acme", elsewhere.directory)
        world.map(theirs, organization, isDefaultAccountStore=True)
        world.map(organization)
        member = world.account("ada@example.org", at=theirs)
        world.update(member, emailVerificationStatus="VERIFIED")
        alone = elsewhere.account(accountStore=link(organization))
        assert path(world.service.get(alone)["directory"]) == elsewhere.directory
        elsewhere.policy(organization, matchingProperty="email")
        assert elsewhere.account(accountStore={"nameKey": "acme"}) == member
        assert elsewhere.account() == alone


class TestProvisioning:
    def test_a_copy_is_made_in_the_default_store(self, world: World, elsewhere: Elsewhere) -> None:
        elsewhere.policy(automaticProvisioning="ENABLED")
        made = elsewhere.arrive()
        ours = path(made)
        assert made["isNewAccount"] is True
        assert path(made["directory"]) == world.directory
        names = [made[name] for name in ("email", "username", "givenName", "surname", "emailVerificationStatus")]
        assert names == ["ada@example.org", "ada@example.org", "Ada", "Lovelace", "VERIFIED"]
        assert world.service.get(ours, "providerData")["providerData"]["providerId"] == "stormpath"
        registered = [event.account for event in elsewhere.told if type(event).__name__ == "Registered"]
        assert registered == [f"{BASE}/{ours}", f"{BASE}/{linked(world, ours)[0]}"]
        assert notices(world) == []
        again = elsewhere.arrive()
        assert (path(again), again["isNewAccount"]) == (ours, False)
        assert world.service.list(f"{world.directory}/accounts")["size"] == 1
        assert world.service.list(f"{elsewhere.directory}/accounts")["size"] == 1

    @ON_ONE_ENGINE
    def test_a_copy_of_what_is_not_proved_is_not_proved(self, elsewhere: Elsewhere) -> None:
        elsewhere.policy(automaticProvisioning="ENABLED", matchingProperty="email")
        assert elsewhere.arrive("mallory")["emailVerificationStatus"] == "UNVERIFIED"

    def test_none_is_made_where_the_address_is_taken(self, world: World, elsewhere: Elsewhere) -> None:
        second = world.new_directory()
        world.map(second)
        world.account("grace@example.org", at=second)
        ours = world.account("ada@example.org")
        elsewhere.policy(automaticProvisioning="ENABLED")
        for user in ("ada", "grace"):
            found = elsewhere.arrive(user)
            assert path(found["directory"]) == elsewhere.directory
            assert linked(world, path(found)) == []
        elsewhere.policy(matchingProperty="email")
        assert path(elsewhere.arrive()["directory"]) == elsewhere.directory
        world.update(ours, emailVerificationStatus="VERIFIED")
        assert elsewhere.account() == ours

    @ON_ONE_ENGINE
    def test_none_is_made_where_the_default_store_takes_none(self, world: World, elsewhere: Elsewhere) -> None:
        elsewhere.policy(automaticProvisioning="ENABLED")
        policy = path(world.service.get(world.directory)["accountCreationPolicy"])
        world.update(policy, emailDomainWhitelist=["example.com"])
        assert path(elsewhere.arrive()["directory"]) == elsewhere.directory
        other = world.new_directory(provider={**elsewhere.provider.provider, "providerId": "second"})
        world.map(other, isDefaultAccountStore=True)
        assert path(elsewhere.arrive("grace")["directory"]) == elsewhere.directory

    @ON_ONE_ENGINE
    def test_a_group_as_default_store_gets_a_member(self, world: World, elsewhere: Elsewhere) -> None:
        group = world.group()
        world.map(group, isDefaultAccountStore=True)
        elsewhere.policy(automaticProvisioning="ENABLED")
        account = elsewhere.account()
        assert [path(item) for item in world.items(f"{group}/accounts")] == [account]
        assert elsewhere.account() == account

    def test_several_requests_at_once_make_one_copy(self, world: World, elsewhere: Elsewhere) -> None:
        elsewhere.policy(automaticProvisioning="ENABLED")
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda _: elsewhere.arrive(), range(4)))
        assert len({account["href"] for account in found}) == 1
        assert [account["isNewAccount"] for account in found].count(True) == 1
        assert world.service.list(f"{world.directory}/accounts")["size"] == 1


@ON_ONE_ENGINE
class TestAPasswordThatIsReset:
    """It proves the address. Who has made the account with that address before shall not keep a way in."""

    def reset(self, world: World, email: str) -> None:
        token = world.service.create(f"{world.application}/passwordResetTokens", {"email": email})
        world.update(path(token), password="Another-Horse-77")

    @pytest.mark.parametrize("by_hand", [False, True])
    def test_ends_what_is_not_proved(self, world: World, elsewhere: Elsewhere, by_hand: bool) -> None:
        if by_hand:
            elsewhere.policy()
            ours, theirs = world.account("victim@example.org"), elsewhere.account()
            world.service.create("accountLinks", {"leftAccount": link(ours), "rightAccount": link(theirs)})
            assert elsewhere.account() == ours
            user = "ada"
        else:
            elsewhere.policy(automaticProvisioning="ENABLED")
            user = elsewhere.person("mallory", email="victim@example.org", email_verified=False)
            ours = elsewhere.account(user)
            assert path(world.service.get(ours)["directory"]) == world.directory
        self.reset(world, "victim@example.org")
        assert linked(world, ours) == []
        assert any(isinstance(event, AccountUnlinked) for event in elsewhere.told)
        assert elsewhere.account(user) != ours

    def test_keeps_what_is_proved(self, world: World, elsewhere: Elsewhere) -> None:
        elsewhere.policy(automaticProvisioning="ENABLED")
        proved_one = elsewhere.account()
        assert world.service.get(proved_one)["emailVerificationStatus"] == "VERIFIED"
        self.reset(world, "ada@example.org")
        assert elsewhere.account() == proved_one

    def test_keeps_all_of_an_address_that_was_proved_before(self, world: World, elsewhere: Elsewhere) -> None:
        elsewhere.policy()
        ours, theirs = proved(world, "countess@example.org"), elsewhere.account()
        world.service.create("accountLinks", {"leftAccount": link(ours), "rightAccount": link(theirs)})
        self.reset(world, "countess@example.org")
        assert elsewhere.account() == ours
