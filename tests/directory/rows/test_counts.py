"""The size of a whole collection of accounts is kept, and always exact."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import UniqueConstraint
from support.world import World, refused

from stormpath_wsgi.directory.rows.counts import PARTS
from stormpath_wsgi.directory.storage import schema


def size(world: World, at: str, **query: str) -> int:
    """Of a page too small to tell it by itself."""
    return int(world.service.list(f"{at}/accounts", {"limit": "1", **query})["size"])


@pytest.fixture
def owners(world: World) -> list[str]:
    """Whoever has the accounts of one directory: itself, the tenant, an application, an organization."""
    return [world.directory, world.tenant, world.application, world.new_organization(None, world.directory)]


def test_a_size_grows_and_shrinks_with_each_account(world: World, owners: list[str]) -> None:
    accounts = []
    for number in range(1, 2 * PARTS):
        accounts.append(world.account(at=owners[number % 2 * 2]))  # made in the directory and through the application
        assert [size(world, owner) for owner in owners] == [number] * len(owners)
    while len(accounts) > 1:
        world.service.delete(accounts.pop())
        assert [size(world, owner, orderBy="email desc") for owner in owners] == [len(accounts)] * len(owners)


def test_what_fails_or_was_done_before_is_not_counted(world: World, owners: list[str]) -> None:
    account = world.account("ada@example.org")
    world.account()
    with refused(2001):
        world.account("ada@example.org")
    for _ in range(2):
        world.service.delete(account)
    assert [size(world, owner) for owner in owners] == [1] * len(owners)


def test_a_directory_takes_its_number_with_it(world: World, owners: list[str]) -> None:
    other = world.new_directory()
    world.map(other)
    for directory in (world.directory, other, other):
        world.account(at=directory)
    assert [size(world, owner) for owner in owners] == [1, 3, 3, 1]
    world.service.delete(other)
    world.account()
    assert [size(world, owner) for owner in owners] == [2] * len(owners)


def test_the_owner_of_the_tenant_is_counted_too(world: World) -> None:
    world.account()
    world.service.issue_api_key()
    assert size(world, world.tenant) == 2


def test_nobody_is_counted_twice(world: World, owners: list[str]) -> None:
    groups = [world.group(), world.group(at=world.new_directory())]
    for store in (*groups, owners[3]):
        world.map(store)
    members = [world.account(), world.account(), world.account(at=world.new_directory())]
    for member, group in ((members[0], groups[0]), (members[1], groups[0])):
        world.member(member, group)
    assert [size(world, owner) for owner in owners] == [2, 3, 2, 2]
    assert size(world, groups[0]) == 2


def test_a_search_counts_what_it_finds(world: World, owners: list[str]) -> None:
    for name in ("ada", "alan", "barbara"):
        world.account(f"{name}@example.org")
    assert [size(world, owner, email="a*") for owner in owners] == [2] * len(owners)


def test_nothing_is_lost_between_those_who_write_at_once(world: World, owners: list[str]) -> None:
    kept = [world.account() for _ in range(3)]
    gone = [world.account() for _ in range(20)]
    with ThreadPoolExecutor(4) as threads:
        made = [threads.submit(world.account, f"new{number}@example.org") for number in range(20)]
        removed = [threads.submit(world.service.delete, account) for account in gone]
    assert all(one.exception() is None for one in made)
    assert all(one.exception() is None for one in removed)
    assert [size(world, owner) for owner in owners] == [len(kept) + len(made)] * len(owners)
    assert len(world.items(f"{world.directory}/accounts", limit="100")) == len(kept) + len(made)


def test_who_makes_accounts_at_once_waits_for_few(world: World) -> None:
    """The numbers of one directory are kept apart, by the ids of the accounts."""
    for _ in range(3 * PARTS):
        world.account()
    counts = schema.account_counts
    with world.database.read() as connection:
        numbers = connection.execute(counts.select().where(counts.c.directory_id == world.directory[12:])).all()
    assert len(numbers) == PARTS
    assert sum(row.number > 0 for row in numbers) > 1


def test_what_goes_with_another_row_is_found_by_an_index() -> None:
    """Whoever removes a row looks for what names it, in each such table. Nobody removes a tenant."""
    for table in schema.metadata.sorted_tables:
        unique = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
        of_constraints = [next(iter(one.columns)) for one in (table.primary_key, *unique)]
        found = {*of_constraints, *(next(iter(one.columns)) for one in table.indexes)}
        for column in table.columns:
            names_row = [key for key in column.foreign_keys if key.column.table is not schema.tenants]
            assert not names_row or column in found, f"{table.name}.{column.name}"
