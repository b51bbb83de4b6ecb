"""Groups, and the memberships that tie accounts to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.custom_data import HasCustomData
from stormpath_wsgi.client.reference import ACCOUNT
from stormpath_wsgi.client.resource import HasStatus, Resource

if TYPE_CHECKING:
    from stormpath_wsgi.client.account import Account
    from stormpath_wsgi.client.application import Application
    from stormpath_wsgi.client.directory import Directory
    from stormpath_wsgi.client.tenant import Tenant

#: An account: the object, its href, its username or e-mail address in the group's directory, or a search there.
AccountReference: TypeAlias = Union["Account", str, Mapping[str, Any]]


class Group(HasCustomData, HasStatus, kinds.Group):
    """A named set of accounts in a directory."""

    directory: kinds.Link[Directory]
    tenant: kinds.Link[Tenant]
    accounts: kinds.Collection[Collection[Account]]
    account_memberships: kinds.Collection[Collection[GroupMembership]]
    applications: kinds.Collection[Collection[Application]]

    # A group may hold a million accounts, an account is in few groups: so the account is asked wherever it can be.

    def add_account(self, account: AccountReference) -> GroupMembership:
        """Put *account* into the group. Raises ValueError when there is no such account."""
        return self._account(account).add_group(self)

    def add_accounts(self, accounts: Iterable[AccountReference]) -> None:
        """Put all *accounts* into the group; they are looked up before the first is put in."""
        for account in [self._account(account) for account in accounts]:
            account.add_group(self)

    def has_account(self, account: AccountReference) -> bool:
        """Whether *account* is in the group. An account that does not exist is not."""
        return ACCOUNT.holds(account, self.accounts, lambda found: found.has_group(self))

    def has_accounts(self, accounts: Iterable[AccountReference], all: bool = True) -> bool:
        """Whether each of *accounts* is in the group, or with ``all=False`` one of them."""
        outcomes = map(self.has_account, accounts)
        return False not in outcomes if all else True in outcomes

    def remove_account(self, account: AccountReference) -> None:
        """Take *account* out of the group. Raises :class:`~stormpath_wsgi.Error` when it is not in it."""
        self.remove_accounts([account])

    def remove_accounts(self, accounts: Iterable[AccountReference]) -> None:
        """Take all *accounts* out of the group, or none: each is looked up before the first is taken out."""
        found = dict.fromkeys(self._account(account) for account in accounts)
        for membership in [account.memberships_in([self])[0] for account in found]:
            membership.delete()

    def _account(self, given: AccountReference) -> Account:
        return ACCOUNT.resolve(given, self.accounts, lambda: self.directory.accounts)


class GroupMembership(Resource, kinds.GroupMembership):
    """The link between one account and one group of the same directory. Deleting it takes the account out."""

    account: kinds.Link[Account]
    group: kinds.Link[Group]
