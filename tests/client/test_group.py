"""Groups: the accounts in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stormpath_wsgi.client import Account, Client, Directory, Group
from stormpath_wsgi.errors import Error

NOBODY = "BASE/accounts/7q"


@pytest.fixture
def members(directory: Directory) -> Group:
    return directory.groups.create({"name": "members", "description": "all of us"})


@pytest.fixture
def eve(directory: Directory, new_account: Callable[..., Account]) -> Account:
    return new_account(directory, "eve@example.org")


@pytest.fixture(params=["object", "href", "username", "email", "search"])
def reference(request: pytest.FixtureRequest, account: Account) -> Any:
    return {
        "object": account,
        "href": account.href,
        "username": "ada",
        "email": "ada@example.org",
        "search": {"surname": "Love*"},
    }[request.param]


def test_an_account_is_added_and_removed_by_any_reference(members: Group, account: Account, reference: Any) -> None:
    membership = members.add_account(reference)
    assert (membership.account, membership.group) == (account, members)
    assert members.has_account(reference)
    assert list(members.accounts) == [account]
    members.remove_account(reference)
    assert not members.has_account(reference)


def test_several_accounts_are_added_and_removed(members: Group, account: Account, eve: Account) -> None:
    members.add_accounts([account, "eve@example.org"])
    assert members.has_accounts([account, eve])
    members.remove_accounts(["ada", eve.href])
    assert not members.has_accounts([account, eve], all=False)


def test_all_or_any_of_several_accounts(members: Group, account: Account, eve: Account) -> None:
    members.add_account(account)
    assert not members.has_accounts([account, eve])
    assert members.has_accounts([account, eve], all=False)
    assert members.has_accounts([]) and not members.has_accounts([], all=False)


@pytest.mark.parametrize(
    ("unknown", "fault"),
    [
        (NOBODY, "Invalid Account href specified."),
        ("nobody", "Invalid Account specified."),
        ({"surname": "Nobody"}, "Invalid search criteria specified."),
    ],
    ids=str,
)
def test_an_account_that_does_not_exist_is_in_no_group(
    client: Client, members: Group, unknown: Any, fault: str
) -> None:
    unknown = client.base_url + unknown.removeprefix("BASE") if unknown == NOBODY else unknown
    assert not members.has_account(unknown)
    for change in (members.add_account, members.remove_account):
        with pytest.raises(ValueError, match=fault):
            change(unknown)


def test_what_is_no_reference_is_a_type_error(members: Group) -> None:
    for method in (members.add_account, members.has_account, members.remove_account):
        with pytest.raises(TypeError, match="Account object, href, username, or email required"):
            method(members)  # type: ignore[arg-type]


def test_accounts_are_removed_all_or_none(members: Group, account: Account, eve: Account) -> None:
    members.add_account(account)
    with pytest.raises(Error, match=r"This user is not part of Group members\."):
        members.remove_accounts([account, eve])
    assert members.has_account(account)


def test_a_deleted_group_leaves_its_accounts(members: Group, account: Account) -> None:
    members.add_account(account)
    members.delete()
    account.refresh()
    assert len(account.groups) == 0
