"""Whom a change concerns: the numbers of which accounts move with it, for every process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from support.world import PASSWORD, World, link, path

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.errors import Error
from stormpath_wsgi.slots import ANY, EVERYBODY, slot_of


@pytest.fixture
def other(world: World) -> Iterator[Database]:
    """The same database in another process, which asks for each number, so that no test waits for a notice."""
    with closing(Database(world.url, strict=True)) as database:
        yield database


def slot(account: str) -> int:
    return slot_of(account.split("/")[1])


def two_accounts(world: World) -> tuple[str, str]:
    """The paths of two that do not share a slot."""
    ada = world.account()
    while slot(bob := world.account()) == slot(ada):
        pass
    return ada, bob


Change = Callable[[], object]
#: Makes what a change needs, and returns the change.
Prepare = Callable[[World, str], Change]


def deleting(collection: str, **properties: object) -> Prepare:
    def prepare(world: World, ada: str) -> Change:
        made = path(world.service.create(f"{ada}/{collection}", properties))
        return lambda: world.service.delete(made)

    return prepare


def changing(collection: str, made_of: dict[str, object], **properties: object) -> Prepare:
    def prepare(world: World, ada: str) -> Change:
        made = path(world.service.create(f"{ada}/{collection}", made_of))
        return lambda: world.update(made, **properties)

    return prepare


def signing_out(world: World, ada: str) -> Change:
    session = world.session(ada)
    return lambda: world.service.delete(f"refreshTokens/{session}")


def ending_an_access_token(world: World, ada: str) -> Change:
    token = path(world.service.create(f"{ada}/accessTokens", {"application": link(world.application)}))
    return lambda: world.service.delete(token)


def ending_a_session(world: World, ada: str) -> Change:
    made = path(world.service.create(f"{ada}/sessions", {"application": link(world.application)}))
    return lambda: world.service.delete(made)


def ending_the_other_sessions(world: World, ada: str) -> Change:
    made = path(world.service.create(f"{ada}/sessions", {"application": link(world.application)}))
    return lambda: world.update(made, only=True)


def one_session_too_many(world: World, ada: str) -> Change:
    body = {"application": link(world.application)}
    world.service.create(f"{ada}/sessions", body)
    return lambda: world.service.create(f"{ada}/sessions", body, {"most": "1"})


def leaving_a_group(world: World, ada: str) -> Change:
    membership = world.member(ada, world.group())
    return lambda: world.service.delete(membership)


def joining_a_group(world: World, ada: str) -> Change:
    group = world.group()
    return lambda: world.member(ada, group)


def a_key_of_custom_data(world: World, ada: str) -> Change:
    world.service.update(f"{ada}/customData", {"a": 1})
    return lambda: world.service.delete(f"{ada}/customData/a")


def a_new_password_by_mail(world: World, ada: str) -> Change:
    email = world.service.get(ada)["email"]
    token = path(world.service.create(f"{world.application}/passwordResetTokens", {"email": email}))
    return lambda: world.update(token, password="Another-Horse-2")


def keeping_what_was_to_be_deleted(world: World, ada: str) -> Change:
    deletion = path(world.service.create(f"{ada}/deletions", {"grace": "P1D"}))
    return lambda: world.service.delete(deletion)


#: What concerns one account.
NARROW: dict[str, Prepare] = {
    "a name": lambda world, ada: lambda: world.update(ada, surname="L"),
    "an address": lambda world, ada: lambda: world.update(ada, email="other@example.org"),
    "a status": lambda world, ada: lambda: world.update(ada, status="DISABLED"),
    "a password": lambda world, ada: lambda: world.update(ada, password="Another-Horse-2"),
    "an own password": lambda world, ada: lambda: world.update(f"{ada}/passwordChange", password="Another-Horse-2"),
    "a password by mail": a_new_password_by_mail,
    "custom data": lambda world, ada: lambda: world.service.update(f"{ada}/customData", {"a": 1}),
    "one key of custom data": a_key_of_custom_data,
    "all custom data": lambda world, ada: lambda: world.service.delete(f"{ada}/customData"),
    "a sign-out": signing_out,
    "an access token": ending_an_access_token,
    "a session": ending_a_session,
    "the other sessions": ending_the_other_sessions,
    "one session too many": one_session_too_many,
    "joining a group": joining_a_group,
    "leaving a group": leaving_a_group,
    "an API key": changing("apiKeys", {}, status="DISABLED"),
    "an API key that goes": deleting("apiKeys"),
    "a phone": changing("phones", {"number": "+4915112345678"}, number="+4915112345679"),
    "a phone that goes": deleting("phones", number="+4915112345678"),
    "a factor": changing("factors", {"type": "google-authenticator"}, status="DISABLED"),
    "a factor that goes": deleting("factors", type="google-authenticator"),
    "a wish to be deleted": lambda world, ada: lambda: world.service.create(f"{ada}/deletions", {"grace": "P1D"}),
    "staying after all": keeping_what_was_to_be_deleted,
    "deletion": lambda world, ada: lambda: world.service.delete(ada),
}


@pytest.mark.parametrize("prepare", NARROW.values(), ids=NARROW)
def test_what_concerns_one_account_moves_its_number_everywhere_and_that_of_no_other(
    world: World, other: Database, prepare: Prepare
) -> None:
    ada, bob = two_accounts(world)
    change = prepare(world, ada)
    before = [other.generation(each) for each in (slot(ada), slot(bob), EVERYBODY, ANY)]
    here = world.service.generation(slot(ada))
    change()
    after = [other.generation(each) for each in (slot(ada), slot(bob), EVERYBODY, ANY)]
    assert [was != now for was, now in zip(before, after, strict=True)] == [True, False, False, True]
    assert world.service.generation(slot(ada)) != here


#: What everybody may depend on.
WIDE: dict[str, Prepare] = {
    "a group": lambda world, ada: world.group,
    "a group with another status": lambda world, ada: lambda: world.update(groups(world)[0], status="DISABLED"),
    "a group that goes": lambda world, ada: lambda: world.service.delete(groups(world)[0]),
    "custom data of a group": lambda world, ada: (
        lambda: world.service.update(f"{groups(world)[0]}/customData", {"a": 1})
    ),
    "an application": lambda world, ada: lambda: world.update(world.application, status="DISABLED"),
    "a directory": lambda world, ada: lambda: world.update(world.directory, status="DISABLED"),
    "a mapping": lambda world, ada: lambda: world.map(groups(world)[0]),
    "a mapping that goes": lambda world, ada: lambda: world.service.delete(world.mapping()),
    "an organization": lambda world, ada: world.new_organization,
    "a policy": lambda world, ada: lambda: world.update(policy(world), accessTokenTtl="PT5M"),
    "the tenant": lambda world, ada: lambda: world.update(world.tenant, name="another"),
    "a link between accounts": lambda world, ada: lambda: linked(world, ada),
}


def groups(world: World) -> list[str]:
    return [path(each) for each in world.items(f"{world.directory}/groups")] or [world.group()]


def policy(world: World) -> str:
    return path(world.service.get(world.application)["oAuthPolicy"])


def linked(world: World, ada: str) -> None:
    elsewhere = world.account(at=world.new_directory())
    world.service.create("accountLinks", {"leftAccount": link(ada), "rightAccount": link(elsewhere)})


@pytest.mark.parametrize("prepare", WIDE.values(), ids=WIDE)
def test_what_everybody_may_depend_on_moves_all_numbers(world: World, other: Database, prepare: Prepare) -> None:
    ada, bob = two_accounts(world)
    groups(world)
    readings = [slot(ada), slot(bob), slot_of("nobody"), EVERYBODY, ANY]
    before = [other.generation(each) for each in readings]
    prepare(world, ada)()
    assert all(was != other.generation(each) for each, was in zip(readings, before, strict=True))


def test_whoever_registers_or_signs_in_moves_no_number(world: World, other: Database) -> None:
    ada = world.account()
    before = other.generation()
    world.account()
    world.login(world.service.get(ada)["email"])
    world.service.create(f"{ada}/sessions", {"application": link(world.application)}, {"most": "9"})
    assert other.generation() == before


def test_what_is_refused_moves_no_number(world: World, other: Database) -> None:
    ada, bob = two_accounts(world)
    before = other.generation()
    for change in (
        lambda: world.update(ada, email=world.service.get(bob)["email"]),
        lambda: world.service.delete("refreshTokens/0000000000000000000000"),
        lambda: world.service.update("accounts/emailVerificationTokens/unknown", {}),
    ):
        with pytest.raises(Error):
            change()
    assert other.generation() == before


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
def test_a_change_of_an_account_waits_for_one_of_the_same_account_alone(world: World) -> None:
    """On SQLite one process writes at a time."""
    ada, bob = two_accounts(world)
    done: list[str] = []

    def rename(account: str) -> None:
        world.update(account, surname="L")
        done.append(account)

    with closing(Database(world.url)) as database, database.write(about=[ada.split("/")[1]]):
        waits = threading.Thread(target=rename, args=(ada,))
        waits.start()
        rename(bob)
        assert done == [bob]
    waits.join()
    assert done == [bob, ada]


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
def test_a_change_of_everybody_waits_for_those_of_accounts_and_they_for_it(world: World) -> None:
    ada = world.account()
    done: list[str] = []

    def run(name: str, change: Change) -> threading.Thread:
        def work() -> None:
            change()
            done.append(name)

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    with closing(Database(world.url)) as database:
        with database.write(about=[ada.split("/")[1]]):
            everybody = run("group", lambda: world.group())
            assert done == []
        everybody.join()
        with database.write():
            one = run("ada", lambda: world.update(ada, surname="L"))
            assert done == ["group"]
        one.join()
    assert done == ["group", "ada"]


def test_two_accounts_that_want_each_others_names_do_not_wait_for_each_other_for_ever(world: World) -> None:
    ada, bob = two_accounts(world)
    names = {each: world.service.get(each)["email"] for each in (ada, bob)}
    refused: list[int] = []
    barrier = threading.Barrier(2)

    def take(account: str, email: str) -> None:
        barrier.wait()
        try:
            world.update(account, email=email)
        except Error as error:
            refused.append(error.code)

    for _ in range(10):
        threads = [threading.Thread(target=take, args=pair) for pair in ((ada, names[bob]), (bob, names[ada]))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(refused) == {Code.NOT_UNIQUE}


def test_what_an_account_is_changed_into_by_two_at_once_is_both(world: World) -> None:
    """Custom data is read, merged and written: a change must not be lost because another one ran beside it."""
    ada = world.account()
    threads = [
        threading.Thread(target=world.service.update, args=(f"{ada}/customData", {f"key{number}": number}))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = world.service.get(f"{ada}/customData")
    assert {f"key{number}" for number in range(8)} <= stored.keys()
    assert world.login(world.service.get(ada)["email"], PASSWORD) == ada


def test_a_write_finds_its_tables_after_another_process_has_changed_some(sqlite_world: World) -> None:
    """SQLite told the first statement of the write after the second change that there were no tables."""
    sqlite_world.account()

    def run(statement: str) -> None:
        with pytest.raises(ZeroDivisionError), sqlite_world.database.write() as transaction:
            assert transaction.connection.connection.cursor().execute(statement).rowcount == 1
            raise ZeroDivisionError

    run("DELETE FROM tenants")
    with closing(Database(sqlite_world.url)) as other:
        for name in ("first", "second"):
            with other.write() as transaction:
                transaction.connection.exec_driver_sql(f"CREATE TABLE {name} (id INTEGER)")
            run("DELETE FROM tenants" if name == "second" else "INSERT INTO first VALUES (1)")
    with sqlite_world.database.write() as transaction:
        for name in ("first", "second"):
            transaction.connection.exec_driver_sql(f"DROP TABLE {name}")
