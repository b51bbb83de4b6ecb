"""What is asked of the database: how often, and that an index answers."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from support.world import PASSWORD, World, part


@pytest.fixture
def account(world: World) -> str:
    """An account that is in a group, signed in, and not alone."""
    group = world.group("admins")
    world.map(group)
    for number in range(3):
        account = world.account(f"ada{number}@example.org", givenName="Ada", surname="L", customData={"a": number})
        world.member(account, group)
        world.session(account)
    world.map(world.new_organization("acme", world.new_directory(), group, world.directory))
    return account


#: What ``next`` says behind an account that was made in 1970.
BEHIND_NOBODY = base64.urlsafe_b64encode(b'[0,0,""]').decode().rstrip("=")

CALLS: dict[str, tuple[Callable[[World, str], Any], int]] = {
    "an account": (lambda world, account: world.service.get(account), 1),
    "an account and its groups": (lambda world, account: world.service.get(account, "groups"), 2),
    "the groups of an account": (lambda world, account: world.service.list(f"{account}/groups", {"limit": "100"}), 1),
    "whether it is in a group": (
        lambda world, account: world.service.list(f"{account}/groups", {"name": "ADMINS", "limit": "100"}),
        1,
    ),
    "a session and its account": (
        lambda world, account: world.service.get(
            f"{world.application}/authTokens/{world.items(f'{account}/refreshTokens')[0]['href'].split('/')[-1]}",
            "account",
        ),
        2,  # one of them to find the session for this test
    ),
    "a page of accounts": (lambda world, account: world.service.list(f"{world.directory}/accounts"), 1),
    "a full page of accounts": (lambda world, _: world.service.list(f"{world.directory}/accounts", {"limit": "2"}), 1),
    "a full page in order": (
        lambda world, _: world.service.list(f"{world.directory}/accounts", {"limit": "2", "orderBy": "surname desc"}),
        1,
    ),
    "a page far down": (lambda world, _: world.service.list(f"{world.tenant}/accounts", {"limit": 1, "offset": 1}), 1),
    "the page behind a place": (
        lambda world, _: world.service.list(f"{world.directory}/accounts", {"limit": "1", "after": BEHIND_NOBODY}),
        1,
    ),
    "accounts by beginning": (
        lambda world, _: world.items(f"{world.directory}/accounts", email="ada*"),
        2,  # one of them to see that they are few
    ),
    "accounts by username": (
        lambda world, _: world.items(f"{world.directory}/accounts", username="ada0@example.org"),
        1,
    ),
    "accounts by name": (lambda world, _: world.items(f"{world.directory}/accounts", surname="l", givenName="a*"), 2),
    "accounts by age": (lambda world, _: world.items(f"{world.directory}/accounts", createdAt="[2015,]"), 1),
    "accounts in order": (lambda world, _: world.items(f"{world.directory}/accounts", orderBy="email desc"), 1),
    "accounts of the tenant": (lambda world, _: world.items(f"{world.tenant}/accounts", email="ada0@example.org"), 1),
    "accounts of an application": (lambda world, _: world.items(f"{world.application}/accounts", email="ada*"), 3),
    "accounts of a group": (
        lambda world, _: world.items(f"{world.items(f'{world.directory}/groups')[0]['href'][26:]}/accounts"),
        2,
    ),
    "groups of a directory": (lambda world, _: world.items(f"{world.directory}/groups", name="a*"), 1),
    "an application by name": (lambda world, _: world.items(f"{world.tenant}/applications", name="my application"), 1),
    "a directory by name": (lambda world, _: world.items(f"{world.tenant}/directories", name="My*"), 1),
    "each account with its directory and data": (
        lambda world, _: world.items(f"{world.directory}/accounts", "directory,customData"),
        4,  # one for how much data there is
    ),
    "a login": (
        lambda world, _: world.service.create(
            f"{world.application}/loginAttempts",
            {"value": base64.b64encode(f"ada0@example.org:{PASSWORD}".encode()).decode()},
        ),
        3,  # the account once more, after its password was verified
    ),
    "a login at an organization": (
        lambda world, _: world.login("ada0@example.org", organization="acme"),
        5,  # two of them to find the organization, and that it is mapped
    ),
    "accounts of an organization": (
        lambda world, _: world.items(
            f"{part(world.only(f'{world.directory}/organizationMappings'), 'organization')}/accounts", email="ada*"
        ),
        4,
    ),
    "the applications of an account": (lambda world, account: world.items(f"{account}/applications"), 1),
    "an organization by its key": (lambda world, _: world.items(f"{world.tenant}/organizations", nameKey="acme"), 1),
    "the links of an account": (lambda world, account: world.items(f"{account}/accountLinks"), 2),
    "the linked accounts of an account": (lambda world, account: world.items(f"{account}/linkedAccounts"), 2),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_costs_few_statements_and_an_index_answers_each(world: World, account: str, name: str) -> None:
    call, number = CALLS[name]
    with world.statements() as ran:
        call(world, account)
    assert len(ran) == number
    for statement, parameters in ran:
        assert "SCAN" not in plan(world, statement, parameters), statement


def plan(world: World, statement: str, parameters: Any) -> str:
    """How the database would answer if the tables were large; SCAN in it means that it reads a whole table."""
    with world.database.read() as connection:
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            seen_again = "CONSTANT ROW", "SCAN anon_1"  # the second: rows that a statement inside has found
            return "\n".join(row[-1] for row in rows if not any(one in row[-1] for one in seen_again))
        connection.exec_driver_sql("SET enable_seqscan = off")  # small tables are always read as a whole
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        text = "\n".join(row[0] for row in rows)
        connection.exec_driver_sql("SET enable_seqscan = on")
        return text.replace("Seq Scan", "SCAN")


@pytest.mark.parametrize("query", [{}, {"orderBy": "email"}, {"orderBy": "username desc"}, {"createdAt": "[2015,]"}])
@pytest.mark.parametrize("owner", ["directory", "application", "tenant"])
def test_no_page_of_a_large_collection_is_sorted(sqlite_world: World, owner: str, query: dict[str, str]) -> None:
    """An index has the order, so that a page of a million accounts costs what a page of a hundred does."""
    sqlite_world.account()
    with sqlite_world.statements() as ran:
        sqlite_world.items(f"{getattr(sqlite_world, owner)}/accounts", **query)
    assert "TEMP B-TREE FOR ORDER BY" not in plan(sqlite_world, *ran[-1])


@pytest.mark.parametrize("order", ["surname", "surname desc", "givenName"])
@pytest.mark.parametrize("owner", ["directory", "application", "tenant"])
def test_nor_are_those_who_have_the_same_name(sqlite_world: World, owner: str, order: str) -> None:
    sqlite_world.account()
    with sqlite_world.statements() as ran:
        sqlite_world.items(f"{getattr(sqlite_world, owner)}/accounts", orderBy=order)
    assert "TEMP B-TREE" not in plan(sqlite_world, *ran[-1])


@pytest.mark.parametrize("owner", ["directory", "application", "tenant"])
def test_the_whole_of_a_collection_of_accounts_is_not_counted(world: World, owner: str) -> None:
    for _ in range(2):
        world.account()
    with world.statements() as ran:
        assert world.service.list(f"{getattr(world, owner)}/accounts", {"limit": "1", "orderBy": "email"})["size"] == 2
    assert not any("count(" in statement for statement, _ in ran)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({"email": "ada@example.org"}, "email_folded=?"),
        ({"email": "ada*"}, "email_folded>? AND email_folded<?"),
        ({"username": "ada@example.org", "orderBy": "email"}, "username_folded=?"),
        ({"username": "ada@example.org", "orderBy": "createdAt desc"}, "username_folded=?"),
    ],
)
@pytest.mark.parametrize("owner", ["directory", "application", "tenant", "group"])
def test_an_account_is_found_by_what_few_have(
    sqlite_world: World, owner: str, query: dict[str, str], index: str
) -> None:
    """Without figures about its tables SQLite likes an index that saves it from sorting, and reads a million rows."""
    group = sqlite_world.group()
    sqlite_world.map(group)
    sqlite_world.member(sqlite_world.account("ada@example.org"), group)
    at = group if owner == "group" else getattr(sqlite_world, owner)
    with sqlite_world.statements() as ran:
        assert len(sqlite_world.items(f"{at}/accounts", **query)) == 1
    if owner == "group" and query["email" if "email" in query else "username"].endswith("*"):
        index = "(group_id=?"  # it has few members
    assert index in plan(sqlite_world, *ran[-1])


def test_a_page_that_is_not_full_is_not_counted(world: World) -> None:
    for number in range(3):
        world.group(str(number))
    listed = f"{world.directory}/groups"
    for offset, limit, counted in ((0, 25, False), (0, 3, False), (0, 2, True), (3, 25, True), (2, 25, False)):
        with world.statements() as ran:
            assert world.service.list(listed, {"offset": offset, "limit": limit})["size"] == 3
        assert any("count(" in statement for statement, _ in ran) == counted


def test_that_an_owner_exists_is_asked_for_empty_pages_only(world: World) -> None:
    account = world.account()
    with world.statements() as ran:
        assert world.items(f"{account}/groups") == []
    assert len(ran) == 2
