"""Organizations and account links as Python objects."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest

from stormpath_wsgi.client import Account, Application, Client, Directory, Organization
from stormpath_wsgi.errors import Error

NewAccount = Callable[..., Account]

PASSWORD = "Correct-Horse-7"


@pytest.fixture
def organization(client: Client, directory: Directory, application: Application) -> Organization:
    """Has the application's directory, and is mapped to the application."""
    key = f"acme-{secrets.token_hex(8)}"
    made = client.organizations.create({"name": key, "name_key": key, "custom_data": {"plan": "gold"}})
    client.organization_account_store_mappings.create({"organization": made, "account_store": directory})
    application.account_store_mappings.create({"application": application, "account_store": made})
    return made


def test_an_organization_is_found_and_changed(client: Client, organization: Organization) -> None:
    (found,) = client.organizations.search({"name_key": organization.name_key})
    assert found == organization
    assert found.is_enabled()
    assert found.custom_data["plan"] == "gold"
    found.status = Organization.STATUS_DISABLED
    found.save()
    organization.refresh()
    assert organization.is_disabled()
    organization.delete()
    assert not client.organizations.search({"name_key": found.name_key})


def test_its_stores_are_mapped_and_made_default(
    client: Client, organization: Organization, directory: Directory, application: Application
) -> None:
    (mapping,) = organization.account_store_mappings
    assert (mapping.organization, mapping.account_store, mapping.list_index) == (organization, directory, 0)
    assert organization.default_account_store_mapping is None
    mapping.is_default_account_store = mapping.is_default_group_store = True
    mapping.save()
    organization.refresh()
    assert organization.default_account_store_mapping == organization.default_group_store_mapping == mapping
    account = organization.accounts.create({"email": "eve@example.org", "password": PASSWORD})
    assert account.directory == directory
    assert list(organization.accounts) == [account]
    assert directory.organizations[0] == organization
    assert list(directory.organization_mappings) == [mapping]
    assert [mapping.account_store for mapping in application.account_store_mappings] == [directory, organization]


def test_one_signs_in_to_an_organization(
    application: Application, organization: Organization, directory: Directory
) -> None:
    account = directory.accounts.create({"email": "eve@example.org", "password": PASSWORD})
    named = ("eve@example.org", PASSWORD)
    for store in (organization, organization.href, {"name_key": organization.name_key}):
        assert application.authenticate_account(*named, account_store=store).account == account
    key = organization.name_key
    assert application.authenticate_account(*named, organization_name_key=key).account == account
    both = application.authenticate_account(*named, account_store=directory, organization_name_key=key)
    assert both.account == account
    with pytest.raises(Error) as caught:
        application.authenticate_account(*named, organization_name_key="unknown")
    assert caught.value.code == 2016


def test_accounts_are_linked(client: Client, account: Account, new_account: NewAccount) -> None:
    elsewhere = client.directories.create({"name": f"Elsewhere {secrets.token_hex(8)}"})
    other = new_account(elsewhere, "ada@example.com")
    assert not account.account_links
    link = client.account_links.create({"left_account": account, "right_account": other})
    assert list(account.linked_accounts) == [other]
    assert list(other.account_links) == [link]
    assert (link.left_account, link.right_account) == (account, other)
    with pytest.raises(Error) as caught:
        client.account_links.create({"left_account": other, "right_account": account})
    assert (caught.value.code, caught.value.existing) == (7500, link.href)
    link.delete()
    assert not other.linked_accounts


def test_a_linking_policy_is_changed(application: Application, organization: Organization) -> None:
    for owner in (application, organization):
        policy = owner.account_linking_policy
        assert policy.is_disabled()
        assert not policy.matching_property
        policy.status, policy.matching_property = "enabled", "email"
        policy.save()
        assert policy.is_enabled()
        assert policy.tenant == owner.tenant
