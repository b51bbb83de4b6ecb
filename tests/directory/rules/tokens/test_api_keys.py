"""API keys: what a program signs in with, and which of them open the REST API."""

from __future__ import annotations

import re

import pytest
from support.world import BASE, ENCRYPTION_KEY, PASSWORD, World, link, part, path, refused

from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.rules.tenants.administrators import NAME


def new_key(world: World, account: str, /, **properties: str) -> str:
    return path(world.service.create(f"{account}/apiKeys", properties))


def administrators(world: World) -> str:
    """The path of their directory."""
    return path(world.items(f"{world.tenant}/directories", name=NAME)[0])


def owner(world: World) -> str:
    return path(world.items(f"{administrators(world)}/accounts")[0])


class TestOfAnAccount:
    def test_it_is_made_with_an_id_and_a_secret(self, world: World) -> None:
        account = world.account()
        made = world.service.create(f"{account}/apiKeys", {})
        assert re.fullmatch("[0-9A-Z]{25}", made["id"]) and made["href"].endswith(f"/apiKeys/{made['id']}")
        assert re.fullmatch("[0-9A-Za-z+/]{43}", made["secret"])
        assert (made["status"], made["name"], made["description"]) == ("ENABLED", None, None)
        assert (made["account"], part(made, "tenant")) == (link(account), world.tenant)
        assert world.service.get(path(made)) == world.only(f"{account}/apiKeys") == made

    def test_it_can_be_given_a_name(self, world: World) -> None:
        made = world.service.create(f"{world.account()}/apiKeys", {"name": "robot", "description": "at night"})
        assert (made["name"], made["description"]) == ("robot", "at night")

    def test_a_secret_is_never_chosen(self, world: World) -> None:
        with refused(2015):
            world.service.create(f"{world.account()}/apiKeys", {"secret": "mine"})
        key = new_key(world, world.account())
        with refused(2002):
            world.update(key, secret="mine")

    def test_it_is_changed_in_any_spelling_and_answers_the_whole(self, world: World) -> None:
        key = world.service.get(new_key(world, world.account()))
        changed = world.update(path(key), status="disabled", name="robot")
        assert changed == {**key, "status": "DISABLED", "name": "robot"}
        assert world.service.update(path(key), changed) == changed

    def test_one_that_is_deleted_is_gone(self, world: World) -> None:
        key = new_key(world, world.account())
        world.service.delete(key)
        with refused(404):
            world.service.get(key)

    def test_they_go_with_their_account(self, world: World) -> None:
        account = world.account()
        key = new_key(world, account)
        world.service.delete(account)
        with refused(404):
            world.service.get(key)

    def test_they_are_listed_oldest_first_and_in_other_orders(self, world: World) -> None:
        account = world.account()
        for name in ("b", "c", "a"):
            world.now += 1
            new_key(world, account, name=name)
        new_key(world, world.account(), name="of another")
        assert [key["name"] for key in world.items(f"{account}/apiKeys")] == ["b", "c", "a"]
        assert [key["name"] for key in world.items(f"{account}/apiKeys", orderBy="name desc")] == ["c", "b", "a"]
        assert [key["name"] for key in world.items(f"{account}/apiKeys", q="c")] == ["c"]

    def test_nobody_else_gets_one(self, world: World) -> None:
        with refused(404):
            world.service.create("accounts/nobody/apiKeys", {})
        with refused(405):
            world.service.create(f"{world.application}/apiKeys", {})


class TestOfAnApplication:
    def found(self, world: World, key: str, application: str | None = None) -> bool:
        id = key.split("/")[1]
        items = world.items(f"{application or world.application}/apiKeys", id=id)
        assert [item["id"] for item in items] in ([], [id])
        return bool(items)

    def test_those_of_accounts_that_can_sign_in_are_found(self, world: World) -> None:
        key = new_key(world, world.account())
        assert self.found(world, key)
        assert not self.found(world, key, world.new_application())
        assert not self.found(world, "apiKeys/nothing")
        assert not self.found(world, f"apiKeys/{key.split('/')[1][:-1]}*")

    def test_one_that_is_disabled_is_found(self, world: World) -> None:
        key = new_key(world, world.account())
        world.update(key, status="DISABLED")
        assert self.found(world, key)

    @pytest.mark.parametrize("what", ["account", "directory", "application"])
    def test_those_of_accounts_that_cannot_sign_in_any_more_are_not(self, world: World, what: str) -> None:
        account = world.account()
        key = new_key(world, account)
        world.update(
            {"account": account, "directory": world.directory, "application": world.application}[what],
            status="DISABLED",
        )
        assert not self.found(world, key)

    def test_members_of_a_mapped_group_are_found(self, world: World) -> None:
        application, group, account = world.new_application(), world.group(), world.account()
        world.map(group, application)
        key = new_key(world, account)
        assert not self.found(world, key, application)
        world.member(account, group)
        assert self.found(world, key, application)

    def test_they_are_looked_up_and_never_listed(self, world: World) -> None:
        new_key(world, world.account())
        for query in ({}, {"q": "a"}, {"name": "*"}, {"id": ""}):
            with refused(2100, "id="):
                world.items(f"{world.application}/apiKeys", **query)


class TestOfAdministrators:
    def test_the_first_makes_their_directory(self, world: World) -> None:
        assert world.service.list(f"{world.tenant}/directories")["size"] == 1
        first, second = world.service.issue_api_key(), world.service.issue_api_key("second")
        account = owner(world)
        assert {key["id"]: key["secret"] for key in world.items(f"{account}/apiKeys")} == dict([first, second])
        assert world.service.list(f"{administrators(world)}/accounts")["size"] == 1

    def test_the_first_is_made_once(self, world: World) -> None:
        assert world.service.issue_first_api_key()
        assert world.service.issue_first_api_key() is None

    def test_it_opens_the_rest_api(self, world: World) -> None:
        id, secret = world.service.issue_api_key()
        key = world.service.active_key(id)
        assert key is not None
        assert (key.id, key.secret) == (id, secret)
        assert f"tenants/{key.tenant_id}" == world.tenant
        assert key.account_href == link(owner(world))["href"]
        assert secret not in repr(key)

    def test_that_of_any_other_account_does_not(self, world: World) -> None:
        world.service.issue_api_key()
        assert world.service.active_key(new_key(world, world.account()).split("/")[1]) is None
        assert world.service.active_key("nothing") is None

    def test_that_of_another_administrator_does(self, world: World) -> None:
        world.service.issue_api_key()
        colleague = world.account(at=administrators(world))
        id = new_key(world, colleague).split("/")[1]
        assert world.service.active_key(id)
        world.update(colleague, status="DISABLED")
        assert world.service.active_key(id) is None

    def test_it_counts_no_more_once_it_is_disabled_or_deleted(self, world: World) -> None:
        id, _ = world.service.issue_api_key()
        for status, good in (("DISABLED", False), ("ENABLED", True)):
            world.update(f"apiKeys/{id}", status=status)
            assert (world.service.active_key(id) is not None) is good
        world.service.delete(f"apiKeys/{id}")
        assert world.service.active_key(id) is None

    def test_it_is_not_remembered_for_longer_than_the_ttl_whatever_the_generation_says(
        self, sqlite_world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As where a notice of PostgreSQL was swallowed."""
        world = sqlite_world
        monkeypatch.setattr(world.database, "generation", lambda slot: 0)
        secrets = Secrets([ENCRYPTION_KEY])
        service = DirectoryService(world.database, BASE, clock=lambda: world.now, secrets=secrets, cache_ttl=60)
        id, _ = service.issue_api_key()
        assert service.active_key(id)
        world.update(f"apiKeys/{id}", status="DISABLED")
        assert service.active_key(id), "the change of the generation was missed"
        world.now += 59
        assert service.active_key(id)
        world.now += 1
        assert service.active_key(id) is None

    def test_one_that_is_known_costs_no_statement(self, sqlite_world: World) -> None:
        id, _ = sqlite_world.service.issue_api_key()
        sqlite_world.service.active_key(id)
        with sqlite_world.statements() as ran:
            assert sqlite_world.service.active_key(id)
        assert ran == []

    def test_the_owner_stays(self, world: World) -> None:
        world.service.issue_api_key()
        account = world.service.get(owner(world))
        with refused(4001):
            world.service.delete(path(account))
        with refused(4002):
            world.update(path(account), status="DISABLED")
        assert world.service.update(path(account), {"status": "enabled", "givenName": "Ada"})["givenName"] == "Ada"

    def test_their_directory_keeps_its_name(self, world: World) -> None:
        world.service.issue_api_key()
        directory = administrators(world)
        with refused(403, "deleted"):
            world.service.delete(directory)
        with refused(403, "renamed"):
            world.update(directory, name="Strangers")
        assert world.update(directory, name=NAME, description="Ours")["description"] == "Ours"

    def test_no_application_looks_for_accounts_among_them(self, world: World) -> None:
        world.service.issue_api_key()
        directory = administrators(world)
        for store in (directory, world.group(at=directory)):
            with refused(2014):
                world.map(store)
        world.account("ada@example.org", at=directory)
        with refused(7104):
            world.login("ada@example.org", PASSWORD)
        with refused(5114):
            world.login("ada@example.org", PASSWORD, store=directory)

    def test_a_directory_that_only_has_their_name_is_not_theirs(self, world: World) -> None:
        squatted = world.new_directory(NAME)
        id = new_key(world, world.account(at=squatted)).split("/")[1]
        assert world.service.active_key(id) is None
        with refused(2001):
            world.service.issue_api_key()


class TestAsItsOwnerSeesIt:
    def test_it_has_no_secret_and_says_when_it_was_used(self, world: World) -> None:
        account = world.account()
        key = world.service.create(f"{account}/apiKeys", {"name": "Nightly backup"})
        seen = world.only(f"{account}/connectedKeys")
        assert path(seen) == f"connectedKeys/{key['id']}" and "secret" not in seen
        assert (seen["id"], seen["name"], seen["lastUsedAt"]) == (key["id"], "Nightly backup", None)

        def last_used() -> str | None:
            used: str | None = world.only(f"{account}/connectedKeys")["lastUsedAt"]
            return used

        world.items(f"{world.application}/apiKeys", id=key["id"])
        first = last_used()
        world.now += 599
        world.items(f"{world.application}/apiKeys", id=key["id"])
        assert first == last_used() is not None
        world.now += 1
        world.items(f"{world.application}/apiKeys", id=key["id"])
        assert last_used() != first

    @pytest.mark.parametrize("notify", ["true", None, "false"])
    def test_a_mail_tells_of_it_unless_it_is_not_wanted(self, sqlite_world: World, notify: str | None) -> None:
        account, params = sqlite_world.account(), {} if notify is None else {"notify": notify}
        with sqlite_world.changes() as written:
            sqlite_world.service.create(f"{account}/apiKeys", {"name": "robot"}, params)
        told = any("outbox" in made and "keyMade" in str(values) for made, values in written)
        assert told is (notify != "false")

    def test_to_delete_it_there_is_to_delete_the_key(self, world: World) -> None:
        account = world.account()
        key = new_key(world, account)
        world.service.delete(path(world.only(f"{account}/connectedKeys")))
        with refused(404):
            world.service.get(key)
