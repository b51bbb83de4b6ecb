"""Directories and groups with much in them: hidden at once, and removed in steps between which others write."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import select
from support.post import Post, token_in
from support.world import BASE, PASSWORD, World, link, path, refused

from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rules.accounts import accounts
from stormpath_wsgi.directory.rules.stores import removals
from stormpath_wsgi.directory.rules.stores.mappings import Store
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.events import ConfigurationChanged
from stormpath_wsgi.kinds import Application, Directory, id_of


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {
        kind: tuple((statement, 2 if most == removals.BATCH else 3) for statement, most in each)
        for kind, each in removals._PARTS.items()
    }
    monkeypatch.setattr(removals, "_PARTS", parts)


@pytest.fixture
def idle(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Nobody removes rows but who calls :func:`finish`."""
    monkeypatch.setattr(world.service._context, "deliver", lambda: None)
    return world


def finish(world: World) -> int:
    """Removes everything that waits, and returns the number of transactions."""
    steps, waiting = 0, removals.Removals(world.service._context)
    while waiting.round() is not None:
        steps += 1
    return steps


def left(world: World) -> dict[str, int]:
    tables = schema.accounts, schema.groups, schema.group_memberships, schema.login_names, schema.removals
    with world.database.read() as connection:
        rows = {table.name: len(connection.execute(select(table)).all()) for table in tables}
    return {name: number for name, number in rows.items() if number}


def filled(world: World, at: str, accounts: int) -> list[str]:
    group = world.group("all", at=at)
    members = [world.account(f"a{number}@example.org", at=at, customData={"a": 1}) for number in range(accounts)]
    for account in members:
        world.member(account, group)
    return [group, *members]


def test_a_large_directory_is_gone_at_once_and_its_rows_go_in_steps(idle: World) -> None:
    world, other = idle, idle.new_directory()
    world.map(other)
    group, *accounts = filled(world, other, 7)
    session = world.session(accounts[0])
    named = world.service.get(other)["name"]
    told: list[ConfigurationChanged] = []
    world.service.events.listen(ConfigurationChanged, told.append)
    world.service.delete(other)
    assert [(event.what, event.action) for event in told] == [("Directory", "removed")]
    assert left(world)["accounts"] == 7
    for gone in (other, group, *accounts):
        with refused(404):
            world.service.get(gone)
    for gone in (f"{other}/accounts", f"{group}/accounts", f"{accounts[0]}/groups"):
        with refused(404):
            world.service.list(gone)
    with refused(404):
        world.account(at=other)
    with refused(7104):
        world.login("a0@example.org")
    with refused(10016):
        world.service.get(f"{world.application}/authTokens/{session.rpartition('/')[2]}")
    for owner in (world.tenant, world.application):
        assert world.service.list(f"{owner}/accounts", {"limit": "1"})["size"] == 0
        assert world.items(f"{owner}/accounts", q="example") == world.items(f"{owner}/groups") == []
    world.service.delete(other)  # once more
    again = world.service.create("directories", {"name": named})
    assert world.service.get(path(again))["name"] == named
    assert finish(world) >= 7
    assert left(world) == {}


def test_a_person_may_register_again_while_the_rows_go(idle: World) -> None:
    world, other = idle, idle.new_directory()
    world.map(other)
    filled(world, other, 5)
    world.service.delete(other)
    account = world.account("a0@example.org", at=world.application)
    assert account in str(world.login("a0@example.org"))
    finish(world)
    assert left(world) == {"accounts": 1, "login_names": 1}


def test_a_large_group_leaves_its_accounts(idle: World) -> None:
    world = idle
    group, *accounts = filled(world, world.directory, 8)
    world.map(group)
    world.service.delete(group)
    assert left(world)["group_memberships"] == 8
    with refused(404):
        world.service.get(group)
    assert world.items(f"{accounts[0]}/groups") == world.items(f"{accounts[0]}/groupMemberships") == []
    assert world.items(f"{world.directory}/groups", name="all") == []
    assert world.group("all")
    assert finish(world) >= 3
    assert left(world) == {"accounts": 8, "groups": 1, "login_names": 8}
    assert len(world.items(f"{world.directory}/accounts")) == 8


def test_others_write_between_the_steps(idle: World) -> None:
    world, other = idle, idle.new_directory()
    filled(world, other, 6)
    world.service.delete(other)
    waiting, made = removals.Removals(world.service._context), 0
    while waiting.round() is not None:
        world.account()
        made += 1
    assert left(world) == {"accounts": made, "login_names": made}


def test_what_has_little_in_it_goes_in_one_transaction(idle: World) -> None:
    world, other = idle, idle.new_directory()
    filled(world, other, 2)
    world.service.delete(other)
    assert left(world) == {}


def test_the_next_process_goes_on(idle: World) -> None:
    """What was marked is in the database, so whoever serves next removes it."""
    world, other = idle, idle.new_directory()
    filled(world, other, 6)
    world.service.delete(other)
    removals.Removals(world.service._context).round()  # and here the process ends
    successor = DirectoryService(world.database, world.service.base_url)
    successor.serve()
    until(lambda: left(world) == {})
    successor._delivery.close()


def test_the_thread_removes_the_rows_by_itself(world: World) -> None:
    other = world.new_directory()
    filled(world, other, 6)
    world.service.delete(other)
    until(lambda: left(world) == {})


def test_an_account_whose_time_is_over_waits_for_nobody(idle: World) -> None:
    """It is to be deleted by itself, and goes with its directory."""
    world, other = idle, idle.new_directory()
    world.map(other)
    _, *accounts = filled(world, other, 5)
    world.service.create(f"{accounts[0]}/deletions", {"grace": "PT1S"})
    world.now += 5
    world.service.delete(other)
    assert world.service._delivery._deletions.round() in (0, 1)
    finish(world)
    assert left(world) == {}


def test_what_belongs_to_it_cannot_be_found_either(idle: World) -> None:
    world, other = idle, idle.new_directory()
    world.map(other)
    group, *accounts = filled(world, other, 5)
    account, own = accounts[0], world.account("own@example.org")
    session, id = f"refreshTokens/{world.session(account)}", other.partition("/")[2]
    factor = path(world.service.create(f"{account}/factors", {"type": "google-authenticator"}))
    application = link(world.application)
    belonging = [
        f"{account}/customData", f"{group}/customData", f"{other}/customData", f"{other}/provider", session, factor,
        f"passwordPolicies/{id}", f"passwordPolicies/{id}/strength", f"accountCreationPolicies/{id}",
        path(world.service.create(f"{account}/apiKeys", {})),
        path(world.service.create(f"{account}/accessTokens", {"application": application})),
        path(world.service.create(f"{account}/phones", {"number": "+4915112345678"})),
        path(world.service.create("accountLinks", {"leftAccount": link(own), "rightAccount": link(account)})),
        path(world.service.create(f"{accounts[1]}/deletions", {"grace": "P1D"})),
    ]  # fmt: skip
    for each in belonging:
        assert world.service.get(each)
    world.service.delete(other)
    for each in belonging:
        with refused(404):
            world.service.get(each)
    for each in (f"{account}/customData", f"passwordPolicies/{id}"):
        with refused(404):
            world.service.update(each, {})
    for listed in (f"{own}/accountLinks", f"{own}/linkedAccounts"):
        assert world.items(listed) == []
    with refused(404):
        world.service.create(f"{factor}/challenges", {"code": "123456"})


def test_no_name_keeps_others_from_being_removed(idle: World) -> None:
    world, other = idle, idle.new_directory()
    filled(world, other, 5)
    group, *_ = filled(world, world.directory, 5)
    world.new_directory(f"removed/{other.partition('/')[2]}")
    world.group(f"removed/{group.partition('/')[2]}")
    for gone in (other, group):
        world.service.delete(gone)
        with refused(404):
            world.service.get(gone)


INVITED = {"givenName": "Bob", "surname": "Byron", "password": PASSWORD}


def test_an_invitation_into_what_is_removed_is_worth_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    post, other = Post(world), world.new_directory()
    world.map(other)
    filled(world, other, 5)
    made = world.service.create(
        f"{world.application}/invitations", {"email": "b@example.org", "directory": link(other)}
    )
    token = f"{world.application}/invitationTokens/{token_in(post.only())}"
    monkeypatch.setattr(world.service._context, "deliver", lambda: None)
    world.service.delete(other)
    for gone in (token, path(made)):
        with refused(404):
            world.service.get(gone)
    assert world.items(f"{world.application}/invitations") == []
    with refused(404):
        world.service.update(token, INVITED)
    assert left(world)["accounts"] == 5


def test_a_group_that_is_removed_is_in_no_invitation(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    post, (group, *_) = Post(world), filled(world, world.directory, 5)
    invitations = f"{world.application}/invitations"
    world.service.create(invitations, {"email": "b@example.org", "groups": ["all"]})
    token = f"{world.application}/invitationTokens/{token_in(post.only())}"
    monkeypatch.setattr(world.service._context, "deliver", lambda: None)
    world.service.delete(group)
    with world.database.read() as connection:
        name = connection.execute(select(schema.groups.c.name)).scalar_one()
    for named in (name, f"{BASE}/{group}"):
        with refused(2016):
            world.service.create(invitations, {"email": "c@example.org", "groups": [named]})
    world.service.update(token, INVITED)
    assert left(world)["group_memberships"] == 5


def test_a_directory_that_is_marked_meanwhile_takes_no_account(idle: World) -> None:
    """As on PostgreSQL, where it may be marked after somebody has begun to register."""
    target, among = (
        Resource(kind, id_of(at)) for kind, at in ((Directory, idle.directory), (Application, idle.application))
    )
    context, store = idle.service._context, Store(target.id)

    def mark(work: UnitOfWork) -> list[str]:
        removals._mark(work, target)
        return []

    with refused(2020):
        accounts.create_invited(context, store, among, {**INVITED, "email": "b@example.org"}, mark)
    values = accounts.as_listeners_want(context, {**INVITED, "email": "b@example.org"})[0].values
    del values["password"]
    with refused(2020), context.write() as work:
        mark(work)
        accounts.make_proved(work, new_id(), store, {**values, "username": "b"}, None)
    assert left(idle) == {}


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_password_of_who_is_gone_opens_nothing(idle: World) -> None:
    world, other = idle, idle.new_directory()
    world.map(other)
    _, account, *_ = filled(world, other, 5)
    world.service.delete(other)
    with refused(404):
        world.service.update(account, {"password": PASSWORD + "x"})
    with refused(10016):
        world.session(account)
