"""Whose sessions are asked for again after a change: those of the account that it concerns, in every worker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
from sqlalchemy import Engine, event
from support.cheap import HASHER
from support.visitors import HASH, KEYS

from stormpath_wsgi.client import Account, Application, Client, Directory, Group
from stormpath_wsgi.directory import open_directory
from stormpath_wsgi.pages.about import About
from stormpath_wsgi.session import Known, Sessions
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.slots import slot_of


class Worker:
    """A process of a site, as far as its memory goes: a client and sessions of its own."""

    def __init__(self, settings: Settings) -> None:
        self.client = Client(**settings.opening())
        self.sessions = Sessions(self.client, self.client.applications[0], settings)
        mapping = self.sessions.application.default_account_store_mapping
        assert mapping
        assert isinstance(mapping.account_store, Directory)
        self.directory = mapping.account_store

    def account(self, name: str) -> Account:
        known = {"username": name, "email": f"{name}@example.org", "password": HASH}
        return self.directory.accounts.create(known, password_format="mcf")

    def looks(self, known: Known) -> str | None:
        """The surname of who is signed in, and whether in the group."""
        seen = self.sessions.recall(known.text)
        account = None if seen is None else seen.identity.account
        if account is None:
            return None
        return f"{account.account['surname']} {account.has_group('admins')}"


@pytest.fixture
def workers(database_url: str) -> Iterator[tuple[Worker, Worker]]:
    """On PostgreSQL they ask for each number, so that no test waits for a notice."""
    if "postgresql" in database_url:
        with closing(open_directory(database_url)) as service:
            service.bootstrap()
    settings = Settings(
        directory=database_url,
        secret_keys=KEYS,
        password_hasher=HASHER,
        session={"check": "strict"},
        encryption_keys=("ab" * 32,),
    )
    with ExitStack() as opened:
        made = [Worker(settings) for _ in range(2)]
        for worker in made:
            opened.enter_context(worker.client)
        yield made[0], made[1]


@contextmanager
def questions() -> Iterator[list[str]]:
    """What this thread asks meanwhile, but for the numbers of the generation."""
    asked: list[str] = []
    thread = threading.get_ident()

    def note(*arguments: object) -> None:
        if threading.get_ident() == thread and "FROM epochs" not in str(arguments[2]):
            asked.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


Change = Callable[[Worker, Account, Known], object]


def renames(worker: Worker, ada: Account, known: Known) -> None:
    ada.surname = "King"
    ada.save()


def gets_another_password(worker: Worker, ada: Account, known: Known) -> None:
    ada.password = "Another-Horse-2"
    ada.save()


def is_disabled(worker: Worker, ada: Account, known: Known) -> None:
    ada.status = "DISABLED"
    ada.save()


def joins(worker: Worker, ada: Account, known: Known) -> None:
    ada.add_group("admins")


def stores(worker: Worker, ada: Account, known: Known) -> None:
    ada.custom_data["a"] = 1
    ada.custom_data.save()


#: What one worker does to ada, and what her session shows then.
CHANGES: dict[str, tuple[Change, str | None]] = {
    "another name": (renames, "King False"),
    "another password": (gets_another_password, None),
    "disabled": (is_disabled, None),
    "a sign-out": (lambda worker, ada, known: worker.sessions.end(known), None),
    "in a group": (joins, "None True"),
    "custom data": (stores, "None False"),
    "deleted": (lambda worker, ada, known: ada.delete(), None),
}


@pytest.mark.parametrize(("change", "after"), CHANGES.values(), ids=CHANGES)
def test_a_change_of_one_account_is_seen_in_every_worker_and_asks_for_nobody_else(
    workers: tuple[Worker, Worker], change: Change, after: str | None
) -> None:
    one, other = workers
    one.directory.groups.create({"name": "admins"})
    ada, bob = one.account("ada"), one.account("bob")
    hers, his = one.sessions.start(ada), one.sessions.start(bob)
    for worker in workers:
        assert (worker.looks(hers), worker.looks(his)) == ("None False", "None False")
    change(one, ada, hers)
    for worker in (other, one):
        with questions() as asked:
            assert worker.looks(his) == "None False"
        assert asked == []
        with questions() as asked:
            assert worker.looks(hers) == after
        assert asked != []
        with questions() as asked:
            assert worker.looks(hers) == after
        assert asked == [], "and this is remembered as well"


EVERYBODY: dict[str, tuple[Change, str | None]] = {
    "the group is disabled": (lambda worker, ada, known: disable(admins(worker)), "None False"),
    "the group is deleted": (lambda worker, ada, known: admins(worker).delete(), "None False"),
    "the group is called something else": (lambda worker, ada, known: rename(admins(worker)), "None False"),
    "the directory is disabled": (lambda worker, ada, known: disable(worker.directory), None),
    "the directory is deleted": (lambda worker, ada, known: worker.directory.delete(), None),
    "the application is disabled": (lambda worker, ada, known: disable(worker.sessions.application), None),
    "the mapping is removed": (
        lambda worker, ada, known: worker.sessions.application.account_store_mappings[0].delete(),
        None,
    ),
}


def admins(worker: Worker) -> Group:
    return worker.directory.groups.search({"name": "admins"})[0]


def disable(thing: Group | Directory | Application) -> None:
    thing.status = "DISABLED"
    thing.save()


def rename(group: Group) -> None:
    group.name = "others"
    group.save()


@pytest.mark.parametrize(("change", "after"), EVERYBODY.values(), ids=EVERYBODY)
def test_what_everybody_depends_on_is_seen_by_all_in_every_worker(
    workers: tuple[Worker, Worker], change: Change, after: str | None
) -> None:
    one, other = workers
    group = one.directory.groups.create({"name": "admins"})
    people = [one.account("ada"), one.account("bob")]
    sessions = []
    for person in people:
        person.add_group(group)
        sessions.append(one.sessions.start(person))
    for worker in workers:
        assert [worker.looks(each) for each in sessions] == ["None True", "None True"]
    change(one, people[0], sessions[0])
    for worker in (other, one):
        assert [worker.looks(each) for each in sessions] == [after, after]


def test_who_joins_a_group_through_which_people_sign_in_is_let_in_by_every_worker(
    workers: tuple[Worker, Worker],
) -> None:
    """That a session has ended is remembered as well, and a membership brings it back."""
    one, other = workers
    application = one.sessions.application
    group = one.directory.groups.create({"name": "admins"})
    ada = one.account("ada")
    known = one.sessions.start(ada)
    application.account_store_mappings.create({"application": application, "account_store": group})
    application.account_store_mappings[0].delete()
    for worker in workers:
        assert worker.looks(known) is None
    ada.add_group(group)
    for worker in (other, one):
        assert worker.looks(known) == "None True"


def test_a_linked_account_changes_nothing_for_the_other(workers: tuple[Worker, Worker]) -> None:
    one, other = workers
    ada = one.account("ada")
    elsewhere = one.client.directories.create({"name": "elsewhere"}).accounts.create(
        {"username": "ada", "email": "ada@example.org", "password": HASH}, password_format="mcf"
    )
    ada.account_links.create({"left_account": ada, "right_account": elsewhere})
    known = one.sessions.start(ada)
    assert other.looks(known) == "None False"
    elsewhere.delete()
    with questions() as asked:
        assert other.looks(known) == "None False"
    assert asked == []
    is_disabled(one, ada, known)
    assert other.looks(known) is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_accounts_that_share_a_slot_are_asked_for_with_each_other(workers: tuple[Worker, Worker]) -> None:
    one, other = workers
    found: dict[int, Account] = {}
    for number in range(32769):
        ada = one.account(f"person{number}")
        bob = found.setdefault(slot_of(ada.href.rpartition("/")[2]), ada)
        if bob is not ada:
            break
    known = one.sessions.start(bob)
    assert other.looks(known) == "None False"
    renames(one, ada, known)
    with questions() as asked:
        assert other.looks(known) == "None False"
    assert asked != []


def test_what_pages_tell_of_an_application_is_asked_for_after_changes_for_everybody_only(
    workers: tuple[Worker, Worker],
) -> None:
    one, other = workers
    ada, application = one.account("ada"), one.sessions.application
    about = About(other.client.data_store, application.href, ttl=60)
    name = about.name
    with questions() as asked:
        ada.surname = "King"
        ada.save()
        asked.clear()
        assert about.name == name
    assert asked == []
    application.name = "Another name"
    application.save()
    assert about.name == "Another name"
