"""Accounts of large collections: whichever way they are found, the answer is the same, and none is missed."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import Engine, event, text
from support.world import ON_ONE_ENGINE, World, path, refused

from stormpath_wsgi.directory.rows import accounts

NAMES = ("ada", "adam", "alan", "bob", "eve", "ada.love", "zoë", "grace")
ORDERS = (None, "email", "createdAt desc", "middleName", "givenName,surname desc")


@pytest.fixture
def people(world: World) -> World:
    """Some with the same names, in two directories and in groups; several are equally old."""
    world.other = world.new_directory()  # type: ignore[attr-defined]
    world.map(world.other)  # type: ignore[attr-defined]
    world.some, world.all = world.group("some"), world.group("all")  # type: ignore[attr-defined]
    for number in range(16):
        name = NAMES[number % len(NAMES)]
        account = world.account(
            f"{name}{number}@example.org",
            givenName=name.title(),
            surname=None if number % 5 == 0 else f"Love{number % 3}",
            middleName="x" * (number % 4),
            customData={"rank": number % 3},
        )
        world.member(account, world.all)  # type: ignore[attr-defined]
        if number % 3 == 0:
            world.member(account, world.some)  # type: ignore[attr-defined]
        world.now += number % 2
        world.account(f"other{number}@example.org", at=world.other, givenName=name)  # type: ignore[attr-defined]
    return world


QUERIES: list[dict[str, str]] = [
    {},
    {"email": "ada*"},
    {"email": "ada0@example.org"},
    {"username": "*example.org"},
    {"givenName": "ada"},
    {"surname": "*ove1*", "email": "a*"},
    {"q": "ada"},
    {"q": "ËXAMPLE"},
    {"q": "ad"},
    {"q": "example.org"},
    {"q": "love", "status": "enabled"},
    {"status": "disabled"},
    {"customData.rank": "1", "q": "exam"},
    {"createdAt": "[2015,]", "givenName": "A*"},
]


def owners(world: World) -> list[str]:
    both = world.new_application("of a group")
    world.map(world.some, both)  # type: ignore[attr-defined]
    world.map(world.other, both)  # type: ignore[attr-defined]
    return [
        world.directory,
        world.tenant,
        world.application,
        both,
        world.some,  # type: ignore[attr-defined]
        world.all,  # type: ignore[attr-defined]
    ]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes few accounts many: what is said of thousands then holds for these numbers."""

    def shrink(few: int, far: int) -> None:
        for name, number in (("FEW", few), ("FAR", far), ("TIES", far // 2), ("COUNTED", few)):
            monkeypatch.setattr(accounts, name, number)

    return shrink


def emails(world: World, at: str, **query: Any) -> list[str]:
    return [item["email"] for item in world.items(f"{at}/accounts", limit=100, **query)]


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_every_way_leads_to_the_same_accounts(people: World, small: Callable[..., None], query: dict[str, str]) -> None:
    asked = [(at, {**query, **({"orderBy": order} if order else {})}) for at in owners(people) for order in ORDERS]
    usual = [emails(people, at, **one) for at, one in asked]
    for few, far in ((0, 1), (0, 6), (0, 1000)):
        small(few, far)
        assert [emails(people, at, **one) for at, one in asked] == usual
        for (at, one), found in zip(asked, usual, strict=True):
            page = people.service.list(f"{at}/accounts", {**one, "offset": "2", "limit": "3"})
            assert [item["email"] for item in page["items"]] == found[2:5]
            assert page["size"] >= len(found)
            exact = people.service.list(f"{at}/accounts", {**one, "limit": "3", "exactSize": "true"})
            assert (exact["size"], exact.get("sizeIsExact", True)) == (len(found), True)


@pytest.mark.parametrize("order", ORDERS)
def test_who_follows_the_next_hrefs_sees_each_once(
    people: World, small: Callable[..., None], order: str | None
) -> None:
    every = owners(people)
    for few, far in ((1000, 1000), (0, 5)):
        small(few, far)
        for at in every:
            for query in ({}, {"q": "ada"}, {"email": "a*"}):
                asked = {**query, **({"orderBy": order} if order else {})}
                pages = list(following(people, f"{at}/accounts", {**asked, "limit": "3"}))
                assert [item["email"] for page in pages for item in page["items"]] == emails(people, at, **asked)
                assert [page["offset"] for page in pages] == [3 * number for number in range(len(pages))]


@pytest.mark.parametrize("order", ORDERS)
def test_a_page_far_away_is_the_same(people: World, small: Callable[..., None], order: str | None) -> None:
    query = {"orderBy": order} if order else {}
    every = {at: emails(people, at, **query) for at in owners(people)}
    small(1000, 2)
    for at, found in every.items():
        for offset in range(3, len(found) + 2):
            page = people.service.list(f"{at}/accounts", {**query, "offset": offset, "limit": "2"})
            assert [item["email"] for item in page["items"]] == found[offset : offset + 2]
            assert page["size"] == len(found)


@pytest.mark.parametrize("order", [None, "createdAt", "createdAt desc"])
def test_whatever_the_ages_are_each_is_found_in_its_place(
    world: World, small: Callable[..., None], order: str | None
) -> None:
    chance, begun = random.Random(7), world.now  # noqa: S311 - the same ages each time
    ages = [begun + chance.choice((0.001, 0.04, 1, 10**4)) * chance.randint(-9, 9) for _ in range(27)]
    for number, world.now in enumerate(ages):
        world.account(f"person{number}@example.{'org' if chance.random() < 0.7 else 'net'}", givenName="Ada")
    world.now = begun
    asked = [{**query, **({"orderBy": order} if order else {})} for query in ({"q": "e.org"}, {"email": "person*"})]
    usual = [emails(world, world.directory, **query) for query in asked]
    assert [len(found) for found in usual] == [sum(one.endswith("org") for one in usual[1]), len(ages)]
    for few, far in ((0, 2), (1, 8), (0, 29), (3, 25)):
        small(few, far)
        for query, found in zip(asked, usual, strict=True):
            pages = list(following(world, f"{world.directory}/accounts", {**query, "limit": "4"}))
            assert [item["email"] for page in pages for item in page["items"]] == found
            for offset in (1, 3, len(found) - 2):
                page = world.service.list(f"{world.directory}/accounts", {**query, "offset": offset, "limit": "2"})
                assert [item["email"] for item in page["items"]] == found[offset : offset + 2]


def test_the_index_of_trigrams_is_read_no_further_than_the_page_goes(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many match, and wherever they stand."""
    world = sqlite_world
    monkeypatch.setattr(accounts, "FEW", 10)
    monkeypatch.setattr(accounts, "FAR", 20)
    monkeypatch.setattr(accounts, "COUNTED", 20)

    def steps() -> list[int]:
        with world.database.write() as transaction:  # how many parts the index has depends on who wrote when
            transaction.connection.execute(text("INSERT INTO account_grams (account_grams) VALUES ('optimize')"))
        queries: list[dict[str, str]] = [{"q": "late"}, {"email": "late*"}, {"q": "late", "orderBy": "createdAt desc"}]
        return [_steps(world, {**query, "limit": "5"}) for query in queries]

    def grow(name: str, number: int) -> None:
        for _ in range(number):
            world.now += 100
            world.account(givenName="Ada", email=f"{name}{world.now}@example.org")

    grow("early", 30)
    grow("late", 40)
    before = steps()
    grow("late", 120)
    after = steps()
    assert all(later < 1.3 * earlier for earlier, later in zip(before, after, strict=True)), (before, after)


@pytest.mark.parametrize("query", [{}, {"q": "ada"}, {"email": "p*"}, {"orderBy": "modifiedAt desc"}])
def test_those_who_were_made_at_the_same_time_are_not_all_read(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    """As an import makes them that does not know when they were made."""
    world = sqlite_world
    for name in ("FEW", "FAR", "COUNTED"):
        monkeypatch.setattr(accounts, name, 20)
    steps = []
    for number in (range(60), range(60, 240)):
        for each in number:
            world.account(f"person{each}@example.org", givenName="Ada")
        with world.database.write() as transaction:  # how many parts the index has depends on who wrote when
            transaction.connection.execute(text("INSERT INTO account_grams (account_grams) VALUES ('optimize')"))
        steps.append(_steps(world, {**query, "limit": "5"}))
    assert steps[1] < 1.3 * steps[0], steps
    pages = list(following(world, f"{world.directory}/accounts", {**query, "limit": "50"}))
    assert len({item["href"] for page in pages for item in page["items"]}) == 240


def test_a_page_says_that_more_follow_though_somebody_on_it_is_deleted_meanwhile(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sqlite_world
    for name in ("FEW", "FAR", "COUNTED"):
        monkeypatch.setattr(accounts, name, 20)
    paths = []
    for number in range(60):
        world.now += 1
        paths.append(world.account(f"late{number:02}@example.org"))
    victims = [paths[2]]

    def delete(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        # The statement of the page, after those that have said how far the index is to be read.
        if victims and "account_grams MATCH" in statement and "accounts.email" in statement.partition("FROM")[0]:
            world.service.delete(victims.pop())

    event.listen(Engine, "before_cursor_execute", delete)
    try:
        found, query = [], {"q": "late", "limit": "5"}
        while True:
            page = world.service.list(f"{world.directory}/accounts", query)
            found += [item["email"] for item in page["items"]]
            if "next" not in page:
                break
            query = dict(parse_qsl(urlsplit(page["next"]["href"]).query))
    finally:
        event.remove(Engine, "before_cursor_execute", delete)
    assert not victims
    assert found == [f"late{number:02}@example.org" for number in range(60) if number != 2]
    assert page["size"] == 59


def _steps(world: World, query: dict[str, str]) -> int:
    """How many instructions SQLite's machine takes for a page of five."""

    def ask() -> None:
        assert len(world.service.list(f"{world.directory}/accounts", query)["items"]) == 5

    ask()
    count, mine, watched = 0, threading.get_ident(), list[sqlite3.Connection]()

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    def watch(connection: Any, *_: object) -> None:
        if threading.get_ident() == mine:  # and not the thread that sends mail
            watched.append(connection.connection.driver_connection)
            watched[-1].set_progress_handler(step, 1)

    event.listen(Engine, "before_cursor_execute", watch)
    try:
        ask()
    finally:
        event.remove(Engine, "before_cursor_execute", watch)
        for each in watched:
            each.set_progress_handler(None, 1)
    assert count
    return count


def following(world: World, at: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    while True:
        page = world.service.list(at, query)
        yield page
        if "next" not in page:
            return
        assert urlsplit(page["next"]["href"]).path.endswith(at)
        query = dict(parse_qsl(urlsplit(page["next"]["href"]).query))


def test_a_next_page_does_not_move_when_accounts_go(people: World) -> None:
    at = f"{people.directory}/accounts"
    every = people.items(at, limit=100)
    page = people.service.list(at, {"limit": "4"})
    people.service.delete(path(every[0]))
    query = dict(parse_qsl(urlsplit(page["next"]["href"]).query))
    assert people.service.list(at, query)["items"] == every[4:8]


@pytest.mark.parametrize("collection", ["groups", "accounts"])
def test_a_last_page_has_no_next_one(people: World, collection: str) -> None:
    at = f"{people.directory}/{collection}"
    size = people.service.list(at)["size"]
    assert "next" in people.service.list(at, {"limit": size - 1})
    for query in ({"limit": size}, {"offset": size - 1}, {"offset": size + 5}):
        assert "next" not in people.service.list(at, query)


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    "after",
    [
        "",
        "x",
        "W10",
        "WzBd",
        "bnVsbA",
        "WzAsInoiLDFd",
        "WzAsMSwibm8iLDFd",
        "WzAsMTAwMDAwMDAwMDAwMDAwMDAwMDAwLCJ6Il0",
        "é",
        5,
    ],
)
def test_a_place_that_no_page_has_told_is_refused(world: World, after: object) -> None:
    with refused(2103):
        world.service.list(f"{world.directory}/accounts", {"after": after})


@ON_ONE_ENGINE
def test_a_place_is_of_one_order(world: World) -> None:
    for _ in range(3):
        world.account()
    page = world.service.list(f"{world.directory}/accounts", {"limit": "1"})
    query = dict(parse_qsl(urlsplit(page["next"]["href"]).query))
    for order in ("email", "middleName", "createdAt,email", "customData.a"):
        with refused(2103):
            world.service.list(f"{world.directory}/accounts", {**query, "orderBy": order})


def test_what_is_not_counted_is_said_to_be_no_more_than_there_are(people: World, small: Callable[..., None]) -> None:
    small(1, 100)
    page = people.service.list(f"{people.directory}/accounts", {"email": "a*", "limit": "2"})
    assert (page["size"], page["sizeIsExact"]) == (16, False)
    page = people.service.list(f"{people.directory}/accounts", {"email": "a*", "limit": "2", "exactSize": "true"})
    assert (page["size"], "sizeIsExact" in page) == (8, False)
    pages = following(people, f"{people.directory}/accounts", {"email": "a*", "limit": "2", "exactSize": "true"})
    assert [(each["size"], "sizeIsExact" in each) for each in pages] == [(8, False)] * 4  # each next page as well
    page = people.service.list(f"{people.some}/accounts", {"q": "example", "limit": "2"})  # type: ignore[attr-defined]
    assert (page["size"], page["sizeIsExact"]) == (6, False)
    page = people.service.list(f"{people.all}/accounts", {"limit": "2"})  # type: ignore[attr-defined]
    assert (page["size"], "sizeIsExact" in page) == (16, False)


def test_trigrams_follow_every_change(people: World, small: Callable[..., None]) -> None:
    account = people.account("quagga@example.org", surname="Okapi")
    at = people.directory
    assert emails(people, at, q="okap") == emails(people, at, q="quag") == ["quagga@example.org"]
    people.update(account, surname="Ocelot", email="zebra@example.org")
    assert emails(people, at, q="okap") == []
    assert emails(people, at, q="celo") == emails(people, at, q="ZEBRA") == ["zebra@example.org"]
    people.service.delete(account)
    assert emails(people, at, q="celo") == []
    gone = people.new_directory()
    people.account("emu@example.net", at=gone)
    people.service.delete(gone)
    assert emails(people, people.tenant, q="example.net") == []
    if people.database.path is not None or "sqlite" in repr(people.database):
        with people.database.read() as connection:
            left = connection.execute(text("SELECT count(*) FROM account_grams WHERE account_grams MATCH '\"emu\"'"))
            assert left.scalar() == 0


def test_a_group_counts_who_joins_and_leaves(world: World) -> None:
    group, members = world.group(), [world.account() for _ in range(4)]
    memberships = [world.member(account, group) for account in members]

    def size() -> int:
        return int(world.service.list(f"{group}/accounts", {"limit": "1"})["size"])

    assert size() == 4
    world.service.delete(memberships[0])
    world.service.delete(memberships[0])
    assert size() == 3
    world.service.delete(members[1])
    assert size() == 2
    assert {path(item) for item in world.items(f"{group}/accounts")} == {*members[2:]}
