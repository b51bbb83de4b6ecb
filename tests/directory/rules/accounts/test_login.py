"""Login: the stores in order, one first match, and nothing told to who does not know the password."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, update
from support.world import BASE, PASSWORD, World, link, path, refused

from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.directory.storage.schema import passwords
from stormpath_wsgi.errors import Error


def test_one_signs_in_by_address_or_username_in_any_case(world: World) -> None:
    account = world.account("Ada@Example.org", username="Countess")
    for login in ("ada@example.org", "ADA@EXAMPLE.ORG", "countess", "COUNTESS", "\uff43ountess", " countess "):
        assert world.login(login) == account


def test_the_answer_is_a_link_or_the_account(world: World) -> None:
    account = world.account("ada@example.org")
    body = {"value": base64.b64encode(f"ada@example.org:{PASSWORD}".encode()).decode()}
    attempts = f"{world.application}/loginAttempts"
    assert world.service.create(attempts, body) == {"account": link(account)}
    answer = world.service.create(attempts, {"type": "BASIC", **body}, {"expand": "account(directory)"})
    assert answer["account"] == world.service.get(account, "directory")


def test_a_password_may_hold_anything(world: World) -> None:
    for number, password in enumerate(("Colon:In:It1", "Ünïcödé-A-1", "W00t123!" + "é" * 91, "Aa1 " + "x" * 96)):
        account = world.account(f"{number}@example.org", password=password)
        assert world.login(f"{number}@example.org", password) == account
        with refused(7100):
            world.login(f"{number}@example.org", password[:-1])


def test_wrong_and_unknown_are_told_apart_for_developers_only(world: World) -> None:
    world.account("ada@example.org")
    errors = []
    for login in ("ada@example.org", "nobody@example.org"):
        with pytest.raises(Error) as caught:
            world.login(login, "wrong")
        errors.append(caught.value)
    assert [error.code for error in errors] == [7100, 7104]
    assert {(error.status, error.user_message) for error in errors} == {(400, "Invalid username or password.")}


def test_stores_are_asked_in_their_order_and_the_first_match_counts(world: World) -> None:
    first, second = world.account("ada@example.org"), world.new_directory()
    mapping = world.map(second)
    other = world.account("ada@example.org", at=second, password="Another-Horse-2")
    assert world.login("ada@example.org") == first
    with refused(7100):  # later stores are not tried, even when the password is wrong
        world.login("ada@example.org", "Another-Horse-2")
    world.update(mapping, listIndex=0)
    assert world.login("ada@example.org", "Another-Horse-2") == other
    world.update(second, status="DISABLED")
    with refused(7100):
        world.login("ada@example.org")


def test_a_group_store_lets_only_its_members_in(world: World) -> None:
    member, group = world.account("ada@example.org"), world.group()
    world.account("bob@example.org")
    world.member(member, group)
    application = world.new_application()
    world.map(group, application)
    assert world.login("ada@example.org", at=application) == member
    with refused(7104):
        world.login("bob@example.org", at=application)
    world.map(world.directory, application)
    assert world.login("bob@example.org", at=application)


def test_one_store_can_be_named(world: World) -> None:
    group, other = world.group(), world.new_directory()
    account = world.account("ada@example.org")
    elsewhere = world.account("ada@example.org", at=other)
    world.map(other)
    assert world.login("ada@example.org", store=other) == elsewhere
    assert world.login("ada@example.org", store=world.directory) == account
    with refused(5114):
        world.login("ada@example.org", store=group)
    world.map(group)
    with refused(7104):
        world.login("ada@example.org", store=group)
    for store, code in (("directories/unknown", 2016), ("applications/x", 2014)):
        with refused(code):
            world.login("ada@example.org", store=store)


def test_an_organization_stands_for_its_stores_in_their_order(world: World) -> None:
    """``ada`` is in all of them, each with a password that tells which it is."""
    first, inner, last = world.new_directory(), world.new_directory(), world.new_directory()
    passwords = {store: f"Correct-Horse-{number}" for number, store in enumerate((first, inner, last))}
    accounts = {store: world.account("ada@example.org", at=store, password=passwords[store]) for store in passwords}
    application, organization = world.new_application(), world.new_organization()
    world.map(first, application)
    world.map(organization, application)
    world.map(last, application)
    mapping = world.map(inner, organization)
    assert world.login("ada@example.org", passwords[first], at=application) == accounts[first]
    world.service.delete(accounts[first])
    assert world.login("ada@example.org", passwords[inner], at=application) == accounts[inner]
    with refused(7100):
        world.login("ada@example.org", passwords[last], at=application)
    world.service.delete(mapping)
    assert world.login("ada@example.org", passwords[last], at=application) == accounts[last]
    group = world.group(at=inner)
    world.map(group, organization)
    assert world.login("ada@example.org", passwords[last], at=application) == accounts[last]  # no member yet
    world.member(accounts[inner], group)
    assert world.login("ada@example.org", passwords[inner], at=application) == accounts[inner]


def test_an_organization_can_be_named_by_href_or_key(world: World) -> None:
    directory = world.new_directory()
    organization = world.new_organization("acme", directory)
    world.account("ada@example.org")
    account = world.account("ada@example.org", at=directory)
    with refused(5114):
        world.login("ada@example.org", organization="acme")
    world.map(organization)
    for store in ({"organization": "ACME"}, {"store": organization}, {"store": directory}):
        assert world.login("ada@example.org", **store) == account
    for code, password in ((7104, PASSWORD), (7104, "wrong")):
        with refused(code):
            world.login("bob@example.org", password, organization="acme")
    with refused(2016):
        world.login("ada@example.org", organization="emca")


def test_an_organization_without_stores_says_so_when_it_is_named(world: World) -> None:
    world.account("ada@example.org")
    world.map(world.new_organization("acme"), listIndex=0)
    with refused(4605):
        world.login("ada@example.org", organization="acme")
    assert world.login("ada@example.org")


def test_a_disabled_organization_is_told_to_who_knows_the_password(world: World) -> None:
    directory = world.new_directory()
    organization = world.new_organization("acme", directory)
    world.map(organization, listIndex=0)
    account = world.account("ada@example.org", at=directory)
    world.update(organization, status="DISABLED")
    for named in ({}, {"organization": "acme"}, {"store": directory}):
        with refused(7107):
            world.login("ada@example.org", **named)
        with refused(7100):
            world.login("ada@example.org", "wrong", **named)
        with refused(7104):
            world.login("nobody", **named)
    world.map(directory)  # behind the organization: the first match still counts, unless the directory is named
    with refused(7107):
        world.login("ada@example.org")
    assert world.login("ada@example.org", store=directory) == account


@pytest.mark.parametrize("status", [("DISABLED", 7101), ("UNVERIFIED", 7102), ("LOCKED", 7103)])
def test_the_status_is_told_to_who_knows_the_password(world: World, status: tuple[str, int]) -> None:
    account = world.account("ada@example.org", status=status[0])
    with refused(status[1]):
        world.login("ada@example.org")
    with refused(7100):
        world.login("ada@example.org", "wrong")
    world.update(account, status="ENABLED")
    assert world.login("ada@example.org") == account


def test_so_is_that_of_the_store(world: World) -> None:
    account, group = world.account("ada@example.org"), world.group()
    world.member(account, group)
    world.map(group, listIndex=0)
    world.update(group, status="DISABLED")
    with refused(7105):
        world.login("ada@example.org")
    world.update(group, status="ENABLED")
    world.update(world.directory, status="DISABLED")
    with refused(7106):
        world.login("ada@example.org")
    with refused(7100):
        world.login("ada@example.org", "wrong")


def test_a_disabled_application_knows_nobody(world: World) -> None:
    world.account("ada@example.org")
    world.update(world.application, status="DISABLED")
    with refused(7104):
        world.login("ada@example.org")


def test_an_application_without_stores_says_so(world: World) -> None:
    with refused(5105):
        world.login("ada@example.org", at=world.new_application())
    with refused(404):
        world.login("ada@example.org", at="applications/unknown")


def test_an_account_without_a_password_cannot_sign_in(world: World) -> None:
    world.account("ada@example.org")
    with world.database.write() as transaction:
        transaction.connection.execute(delete(passwords))
    for password in (PASSWORD, ""):
        with refused(7100):
            world.login("ada@example.org", password)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 2000),
        ({"value": None}, 2000),
        ({"value": ""}, 2000),
        ({"value": "not base64!"}, 2006),
        ({"value": "YWJj"}, 2006),  # abc
        ({"value": base64.b64encode(b"\xff:\xff").decode()}, 2006),
        ({"value": 5}, 2006),
        ({"value": ["YTpi"]}, 2004),
        ({"value": "A" * 8193}, 2008),
        ({"value": "YTpi", "type": "digest"}, 2003),
        ({"value": "YTpi", "accountStore": "x"}, 2002),
        ({"value": "YTpi", "accountStore": 5}, 2004),
        ({"value": "YTpi", "accountStore": {}}, 2004),
        ({"value": "YTpi", "accountStore": {"nameKey": 5}}, 2004),
        ({"value": "YTpi", "accountStore": {"nameKey": "unknown"}}, 2016),
        ({"value": "YTpi", "accountStore": {"nameKey": "a\0"}}, 2016),
        ({"value": "YTpi", "accountStore": {"href": "x"}}, 2002),
        ({"value": "YTpi", "accountStore": {"href": f"{BASE}/accounts/x"}}, 2014),
        ({"value": "YTpi", "remember": True}, 2015),
        ({"value": "Og=="}, 7104),  # nothing but a colon
        ({"value": base64.b64encode(b"a\0b:c").decode()}, 7104),
        ({"value": base64.b64encode("a\udc00:c".encode("utf-8", "surrogatepass")).decode()}, 7104),
        ({"value": base64.b64encode(b"x" * 5000 + b":c").decode()}, 7104),
        ({"value": base64.b64encode(b"a:" + b"x" * 5000).decode()}, 7104),
        (None, 400),
    ],
)
def test_odd_attempts_are_answered(world: World, body: Any, code: int) -> None:
    with refused(code):
        world.service.create(f"{world.application}/loginAttempts", body)


def test_attempts_can_only_be_made(world: World) -> None:
    for verb in (world.service.get, world.service.list):
        with refused(405):
            verb(f"{world.application}/loginAttempts")
    with refused(404):
        world.service.create("loginAttempts", {})
    with refused(2107):
        world.service.get(world.application, "loginAttempts")


class Watched(Argon2Hasher):
    """Calls *meanwhile* before it verifies, and counts how often it computes."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.meanwhile, self.computed = meanwhile, 0

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:
        self.computed += 1
        self.meanwhile()
        return super().verify(password, hash)


class WatchedAtNew(Watched):
    """Calls *meanwhile* before it makes a new hash."""

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.meanwhile()
        return super().hash(password, salt=salt)


def watched(world: World, meanwhile: Callable[[], object]) -> tuple[DirectoryService, Watched]:
    """The same directory, its hasher under watch, after a first unknown login."""
    hasher = Watched(meanwhile)
    service = DirectoryService(world.database, BASE, passwords=Passwords(hasher), clock=lambda: world.now)
    with refused(7104):
        service.create(f"{world.application}/loginAttempts", {"value": "YTpi"})
    return service, hasher


def test_no_attempt_holds_a_lock_while_a_password_is_verified(world: World) -> None:
    """Logins must neither wait for each other nor keep a write waiting."""
    account = world.account("ada@example.org")
    service, _ = watched(world, lambda: world.update(account, surname="changed meanwhile"))
    value = base64.b64encode(f"ada@example.org:{PASSWORD}".encode()).decode()
    assert service.create(f"{world.application}/loginAttempts", {"value": value})["account"] == link(account)
    assert world.service.get(account)["surname"] == "changed meanwhile"


@pytest.mark.parametrize("expand", [None, "account"])
def test_a_password_that_is_changed_while_it_is_verified_lets_nobody_in(world: World, expand: str | None) -> None:
    account = world.account("ada@example.org")
    service, _ = watched(world, lambda: world.update(account, password="Another-Horse-2"))
    value = base64.b64encode(f"ada@example.org:{PASSWORD}".encode()).decode()
    with refused(7100):
        service.create(f"{world.application}/loginAttempts", {"value": value}, {"expand": expand})
    assert world.login("ada@example.org", "Another-Horse-2") == account


def test_the_answer_belongs_to_the_password_that_was_proved(world: World) -> None:
    """However soon the next one comes: a session can then not be had by the old one."""
    account = world.account("ada@example.org")
    value = base64.b64encode(f"ada@example.org:{PASSWORD}".encode()).decode()
    attempts, params = f"{world.application}/loginAttempts", {"expand": "account"}
    answer = world.service.create(attempts, {"value": value}, params)["account"]
    changed = world.update(account, password="Another-Horse-2")  # within the same millisecond
    assert changed["passwordModifiedAt"] > answer["passwordModifiedAt"]
    with refused(7100):
        world.service.create(
            f"{account}/refreshTokens",
            {"application": link(world.application)},
            {"passwordModifiedAt": answer["passwordModifiedAt"]},
        )


def test_an_older_hash_that_two_logins_replace_at_once_lets_both_in(world: World) -> None:
    account = world.account("ada@example.org")
    older = Passwords(Argon2Hasher(time_cost=2, memory_cost=8, parallelism=1)).hash(PASSWORD)
    with world.database.write() as transaction:
        transaction.connection.execute(update(passwords).values(hash=older))
    other: list[str] = []

    def meanwhile() -> None:
        if not other:
            other.append(world.login("ada@example.org"))

    passwords_watched = Passwords(WatchedAtNew(meanwhile))
    service = DirectoryService(world.database, BASE, passwords=passwords_watched, clock=lambda: world.now)
    value = base64.b64encode(f"ada@example.org:{PASSWORD}".encode()).decode()
    assert service.create(f"{world.application}/loginAttempts", {"value": value})["account"] == link(account)
    assert other == [account]


@pytest.mark.parametrize(
    "login", ["ada@example.org", "nobody", "disabled@example.org", "locked@example.org", "a\0b", "x" * 3000]
)
def test_every_refusal_costs_one_verification(world: World, login: str) -> None:
    world.account("ada@example.org")
    world.account("disabled@example.org", status="DISABLED")
    world.account("locked@example.org", status="LOCKED")
    world.map(world.new_organization("acme", world.directory))
    world.map(world.new_organization("closed", world.directory, status="DISABLED"))
    service, hasher = watched(world, lambda: None)
    before = hasher.computed
    named = (None, {"nameKey": "acme"}, {"nameKey": "closed"}, link(world.directory))
    for store in named:
        with pytest.raises(Error) as caught:
            value = base64.b64encode(f"{login}:wrong".encode()).decode()
            service.create(f"{world.application}/loginAttempts", {"value": value, "accountStore": store})
        assert caught.value.user_message == "Invalid username or password."
    assert hasher.computed == before + len(named)


def test_a_disabled_application_costs_as_much(world: World) -> None:
    world.account("ada@example.org")
    service, hasher = watched(world, lambda: None)
    world.update(world.application, status="DISABLED")
    before = hasher.computed
    with refused(7104):
        value = base64.b64encode(f"ada@example.org:{PASSWORD}".encode()).decode()
        service.create(f"{world.application}/loginAttempts", {"value": value})
    assert hasher.computed == before + 1


def test_the_account_that_is_found_is_the_one_that_has_the_name(world: World) -> None:
    accounts = {f"{number}@example.org": world.account(f"{number}@example.org") for number in range(5)}
    for login, account in accounts.items():
        assert world.login(login) == account == path(world.service.get(account))
