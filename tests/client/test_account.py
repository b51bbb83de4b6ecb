"""Accounts: their groups, and the places where they are signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stormpath_wsgi.client import Account, Application, Client, Directory, Group
from stormpath_wsgi.errors import Error

NewAccount = Callable[..., Account]

NOBODY = "BASE/groups/7q"


@pytest.fixture
def admins(directory: Directory) -> Group:
    return directory.groups.create({"name": "admins"})


@pytest.fixture
def staff(directory: Directory) -> Group:
    return directory.groups.create({"name": "staff"})


@pytest.fixture
def twin(client: Client, application: Application) -> Group:
    """A group of the same name in another directory."""
    other = client.directories.create({"name": f"Other {application.name}"})
    return other.groups.create({"name": "admins"})


@pytest.fixture(params=["object", "href", "name", "search"])
def reference(request: pytest.FixtureRequest, admins: Group) -> Any:
    return {"object": admins, "href": admins.href, "name": "admins", "search": {"name": "adm*"}}[request.param]


def test_a_group_is_added_and_removed_by_any_reference(account: Account, admins: Group, reference: Any) -> None:
    membership = account.add_group(reference)
    assert (membership.account, membership.group) == (account, admins)
    assert account.has_group(reference) and account.in_group(reference)
    account.remove_group(reference)
    assert not account.has_group(reference)


def test_several_groups_are_added_and_removed(account: Account, admins: Group, staff: Group) -> None:
    account.add_groups([admins, "staff"])
    assert account.has_groups([admins.href, staff])
    account.remove_groups(["admins", {"name": "staff"}])
    assert not account.has_groups([admins, staff], all=False)


def test_all_or_any_of_several_groups(account: Account, admins: Group, staff: Group) -> None:
    account.add_group(admins)
    assert not account.has_groups([admins, staff])
    assert account.in_groups([admins, staff], all=False)
    assert account.has_groups([]) and not account.has_groups([], all=False)


def test_checking_groups_is_one_request(account: Account, admins: Group, staff: Group, requests: list[str]) -> None:
    account.add_groups([admins, staff])
    requests.clear()
    assert account.has_groups([admins, staff.href, "staff"])
    assert [request.rpartition("/")[2] for request in requests] == ["groups"]


def test_adding_a_group_object_is_one_request(account: Account, admins: Group, requests: list[str]) -> None:
    account.add_group(admins)
    assert requests == ["create groupMemberships"]


def test_a_group_is_told_by_identity_and_not_by_name(account: Account, admins: Group, twin: Group) -> None:
    account.add_group(admins)
    assert not account.has_group(twin)
    assert not account.has_group(twin.href)


def test_a_group_named_like_the_href_of_another_is_not_the_other(
    account: Account, directory: Directory, admins: Group
) -> None:
    account.add_group(directory.groups.create({"name": admins.href}))
    assert not account.has_group(admins.href)


@pytest.mark.parametrize("name", ["Admins", "admin*", "\uff21dmins", ""])
def test_a_name_is_compared_exactly(account: Account, admins: Group, name: str) -> None:
    account.add_group(admins)
    assert not account.has_group(name)
    with pytest.raises(ValueError, match="name"):
        account.remove_group(name)


@pytest.mark.parametrize(
    ("unknown", "fault"),
    [
        (NOBODY, "Invalid Group href specified."),
        ("nobodies", "Invalid Group name specified."),
        ({"name": "nobodies"}, "Invalid search criteria specified."),
    ],
    ids=str,
)
def test_in_a_group_that_does_not_exist_nobody_is_and_nobody_is_put(
    client: Client, account: Account, unknown: Any, fault: str
) -> None:
    unknown = client.base_url + unknown.removeprefix("BASE") if unknown == NOBODY else unknown
    assert not account.has_group(unknown)
    for change in (account.add_group, account.remove_group):
        with pytest.raises(ValueError, match=fault):
            change(unknown)


def test_what_is_no_reference_is_a_type_error(account: Account) -> None:
    for method in (account.add_group, account.has_group, account.remove_group):
        with pytest.raises(TypeError, match="Group object, href, name, or search query required"):
            method(7)  # type: ignore[arg-type]


def test_leaving_a_group_one_is_not_in_is_an_error(account: Account, admins: Group) -> None:
    with pytest.raises(Error, match=r"This user is not part of Group admins\.") as caught:
        account.remove_group(admins)
    assert caught.value.status == 404


def test_groups_are_removed_all_or_none(account: Account, admins: Group, staff: Group) -> None:
    account.add_group(admins)
    with pytest.raises(Error):
        account.remove_groups([admins, staff])
    with pytest.raises(ValueError, match="name"):
        account.remove_groups([admins, "nobodies"])
    assert account.has_group(admins)


def test_groups_are_added_only_if_all_exist(account: Account, admins: Group) -> None:
    with pytest.raises(ValueError, match="name"):
        account.add_groups([admins, "nobodies"])
    assert not account.has_group(admins)


def test_naming_a_group_twice_removes_it_once(account: Account, admins: Group) -> None:
    account.add_group(admins)
    account.remove_groups([admins, "admins"])
    assert not account.has_group(admins)


def test_places_of_signing_in_are_listed_and_ended(account: Account, application: Application) -> None:
    token = account.refresh_tokens.create({"application": application})
    assert (token.account, token.application) == (account, application)
    assert [listed.href for listed in account.refresh_tokens] == [token.href]
    token.delete()
    assert len(account.refresh_tokens) == 0


def test_disabling_an_account_ends_them_all(account: Account, application: Application) -> None:
    account.refresh_tokens.create({"application": application})
    account.access_tokens.create({"application": application})
    account.status = account.STATUS_DISABLED
    account.save()
    assert (len(account.refresh_tokens), len(account.access_tokens)) == (0, 0)
    with pytest.raises(Error) as caught:
        account.refresh_tokens.create({"application": application})
    assert caught.value.status in (400, 401)


def test_an_account_can_be_locked(account: Account, application: Application) -> None:
    account.status = account.STATUS_LOCKED
    account.save()
    account.refresh()
    assert account.is_locked() and not account.is_enabled()


def test_without_a_username_it_is_the_e_mail_address(directory: Directory, new_account: NewAccount) -> None:
    assert new_account(directory, "eve@example.org", username=None).username == "eve@example.org"
