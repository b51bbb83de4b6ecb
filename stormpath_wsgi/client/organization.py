"""Organizations, and the links between accounts of different directories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.custom_data import HasCustomData
from stormpath_wsgi.client.resource import HasStatus, Resource

if TYPE_CHECKING:
    from stormpath_wsgi.client.account import Account, Accounts
    from stormpath_wsgi.client.directory import Directory
    from stormpath_wsgi.client.group import Group
    from stormpath_wsgi.client.tenant import Tenant


class Organization(HasCustomData, HasStatus, kinds.Organization):
    """A customer of an application: its own account stores under one key, mapped to applications as a whole."""

    tenant: kinds.Link[Tenant]
    default_account_store_mapping: kinds.Link[OrganizationAccountStoreMapping | None]
    default_group_store_mapping: kinds.Link[OrganizationAccountStoreMapping | None]
    account_linking_policy: kinds.Part[AccountLinkingPolicy]
    accounts: kinds.Collection[Accounts]
    groups: kinds.Collection[Collection[Group]]
    account_store_mappings: kinds.Collection[Collection[OrganizationAccountStoreMapping]]


class OrganizationAccountStoreMapping(Resource, kinds.OrganizationAccountStoreMapping):
    """Says that an organization looks for accounts in an account store, and when."""

    organization: kinds.Link[Organization]
    account_store: kinds.Link[Directory | Group]


class AccountLinkingPolicy(HasStatus, kinds.AccountLinkingPolicy):
    """Whether a login to an application or organization may answer with a linked account."""

    tenant: kinds.Link[Tenant]


class AccountLink(Resource, kinds.AccountLink):
    """Says that two accounts of different directories are one person's."""

    left_account: kinds.Link[Account]
    right_account: kinds.Link[Account]
