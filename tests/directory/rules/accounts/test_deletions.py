"""Accounts that are to be deleted: for some days their owners may change their minds, then they are gone."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from support.waiting import eventually
from support.world import PASSWORD, World, link, path, refused

from stormpath_wsgi.directory.rules.accounts.deletions import DueDeletions
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import AccountDeleted, AfterEvent, DeletionAsked, DeletionStopped, StatusChanged

ADA = "ada@example.org"
DAY = 86_400


def ask(world: World, account: str, grace: str = "P14D") -> dict[str, Any]:
    return world.service.create(f"{account}/deletions", {"grace": grace, "application": link(world.application)})


def come_back(world: World, password: str = PASSWORD) -> str:
    """The path of the account that signs in as a person does on a page."""
    found = world.service.log_in(f"{world.application}/loginAttempts", ADA, password, {}, {"keeps": "true"})
    return path(found["account"])


def due(world: World) -> DueDeletions:
    return DueDeletions(world.service._context)


def heard(world: World) -> list[AfterEvent]:
    events: list[AfterEvent] = []
    world.service.events.listen(AfterEvent, events.append)
    return events


def test_an_account_that_is_to_be_deleted_is_disabled_and_signed_out(world: World) -> None:
    account = world.account(ADA)
    session, told = world.session(account), heard(world)
    made = ask(world, account)
    assert (made["grace"], made["account"]) == ("P14D", link(account))
    assert world.only(f"{account}/deletions") == made
    assert world.service.get(account)["status"] == "DISABLED" and not world.is_good(session)
    assert {type(event) for event in told} == {StatusChanged, DeletionAsked}
    with refused(7101):
        world.login(ADA)


def test_its_owner_is_told_by_mail_until_when(sqlite_world: World) -> None:
    account = sqlite_world.account(ADA)
    with sqlite_world.changes() as written:
        ask(sqlite_world, account)
    assert [made for made, values in written if "outbox" in made and "deletionAsked" in str(values)]


def test_whoever_signs_in_in_time_has_it_back(world: World) -> None:
    account = world.account(ADA)
    ask(world, account)
    told = heard(world)
    assert come_back(world) == account
    assert world.service.get(account)["status"] == "ENABLED" and world.items(f"{account}/deletions") == []
    assert DeletionStopped in {type(event) for event in told}
    world.now += 15 * DAY
    assert due(world).pause() is None and due(world).round() == 0
    assert world.login(ADA) == account


def test_a_wrong_password_says_no_more_than_elsewhere(world: World) -> None:
    account = world.account(ADA)
    ask(world, account)
    with refused(7100):
        come_back(world, "Wrong-Horse-1")
    assert world.service.get(account)["status"] == "DISABLED"


def test_a_program_with_the_password_does_not_keep_it(world: World) -> None:
    """A password that is stored somewhere is sent again and again: that is nobody's change of mind."""
    account = world.account(ADA)
    ask(world, account)
    with refused(7101):
        world.login(ADA)
    assert world.service.get(account)["status"] == "DISABLED"


def test_when_the_time_is_over_it_is_deleted_with_all_that_it_held(world: World) -> None:
    account = world.account(ADA, customData={"colour": "green"})
    world.member(account, world.group())
    ask(world, account)
    assert due(world).pause() == 14 * DAY
    world.now += 14 * DAY - 1
    assert due(world).round() == 0 and world.service.get(account)
    world.now += 1
    told = heard(world)
    assert due(world).pause() in (0, None)
    due(world).round()  # the thread that sends mail may have been faster
    with refused(404):
        world.service.get(account)
    eventually(lambda: len(told) > 0)  # that thread tells it a moment after its commit
    assert [(type(event), event.account) for event in told] == [(AccountDeleted, link(account)["href"])]
    assert due(world).pause() is None
    assert world.service.list(f"{world.directory}/accounts")["size"] == 0
    with refused(7104):
        come_back(world)


def test_of_several_machines_one_deletes_it(world: World) -> None:
    account = world.account(ADA)
    ask(world, account, "PT1S")
    world.now += 2
    told, done = heard(world), []
    threads = [threading.Thread(target=lambda: done.append(due(world).round())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually(lambda: len(told) > 0)
    assert sum(done) <= 1 and len(told) == 1  # the thread that sends mail may have been faster


def test_the_thread_that_sends_mail_deletes_it_unasked(sqlite_world: World) -> None:
    deleted = threading.Event()
    sqlite_world.service.events.listen(AccountDeleted, lambda event: deleted.set())
    account = sqlite_world.account(ADA)
    ask(sqlite_world, account)
    sqlite_world.now += 15 * DAY
    sqlite_world.service._delivery.wake()
    assert deleted.wait(10)
    with refused(404):
        sqlite_world.service.get(account)


@pytest.mark.parametrize("way", ["status", "deletion"])
def test_an_administrator_keeps_it(world: World, way: str) -> None:
    account = world.account(ADA)
    made = ask(world, account)
    if way == "status":
        world.update(account, status="ENABLED")
    else:
        world.service.delete(path(made))
    assert world.service.get(account)["status"] == "ENABLED" and world.items(f"{account}/deletions") == []


def test_who_is_locked_meanwhile_does_not_come_back_by_signing_in(world: World) -> None:
    account = world.account(ADA)
    ask(world, account)
    world.update(account, status="LOCKED")
    with refused(7103):
        come_back(world)
    assert world.service.get(account)["status"] == "LOCKED"


def test_it_is_asked_once_and_of_an_enabled_account_only(sqlite_world: World) -> None:
    account, disabled = sqlite_world.account(ADA), sqlite_world.account(status="DISABLED")
    ask(sqlite_world, account)
    with refused(2001):
        ask(sqlite_world, account)
    with refused(2002):
        ask(sqlite_world, disabled)
    with refused(404):
        ask(sqlite_world, "accounts/nobody")


@pytest.mark.parametrize("grace", ["", "soon", "PT0S", "P10Y", 14, None])
def test_a_grace_of_another_form_or_length_is_refused(sqlite_world: World, grace: Any) -> None:
    account = sqlite_world.account(ADA)
    with pytest.raises(Error, match="Deletion grace"):
        ask(sqlite_world, account, grace)
    assert sqlite_world.service.get(account)["status"] == "ENABLED"


def test_the_owner_of_the_tenant_stays(sqlite_world: World) -> None:
    id, _ = sqlite_world.service.issue_api_key()
    owner = path(sqlite_world.service.get(f"apiKeys/{id}", "account")["account"])
    with refused(4001):
        ask(sqlite_world, owner)
