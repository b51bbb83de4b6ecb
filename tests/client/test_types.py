"""What an editor and mypy know of resources. The checker reads these; running them shows that it is true."""

from __future__ import annotations

import datetime as dt
from typing import assert_type

from stormpath_wsgi.client import (
    Account,
    AccountStoreMapping,
    Application,
    Collection,
    CustomData,
    Directory,
    Group,
    Organization,
    PasswordStrength,
)


def test_attributes_and_links_have_types(account: Account) -> None:
    assert_type(account.email, str)
    assert_type(account.middle_name, str | None)
    assert_type(account.created_at, dt.datetime)
    assert_type(account.directory, Directory)
    assert_type(account.custom_data, CustomData)
    assert_type(account.directory.password_policy.strength, PasswordStrength)


def test_collections_know_what_they_hold(account: Account) -> None:
    group = account.directory.groups.create({"name": "members"})
    assert_type(group, Group)
    assert_type(account.add_group(group).group, Group)
    assert_type(account.groups, Collection[Group])
    assert_type(account.groups[0], Group)
    assert_type(account.groups[:1].query(name="members"), Collection[Group])
    assert_type(next(iter(account.applications)).accounts.items, list[Account])


def test_some_links_may_be_none(application: Application) -> None:
    assert_type(application.default_account_store_mapping, AccountStoreMapping | None)
    assert_type(application.oauth_policy.access_token_ttl, dt.timedelta)
    for mapping in application.account_store_mappings:
        assert_type(mapping.account_store, Directory | Group | Organization)


def test_a_misspelt_attribute_is_found_by_the_checker(account: Account) -> None:
    try:
        account.givn_name = "Ada"  # type: ignore[assignment]
    except AttributeError:
        account.given_name = "Ada"
