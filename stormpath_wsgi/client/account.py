"""Accounts and the tokens they are signed in with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, Union
from urllib.parse import quote

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.custom_data import HasCustomData
from stormpath_wsgi.client.reference import GROUP
from stormpath_wsgi.client.resource import HasStatus, Resource
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import fault

if TYPE_CHECKING:
    from stormpath_wsgi.client.api_key import ApiKeys
    from stormpath_wsgi.client.application import Application
    from stormpath_wsgi.client.directory import Directory
    from stormpath_wsgi.client.factor import Factor, Phone
    from stormpath_wsgi.client.group import Group, GroupMembership
    from stormpath_wsgi.client.mail import EmailVerificationToken
    from stormpath_wsgi.client.organization import AccountLink
    from stormpath_wsgi.client.provider import ProviderData
    from stormpath_wsgi.client.tenant import Tenant

#: A group: the object, its href, its name in the account's directory, or a search there.
GroupReference: TypeAlias = Union["Group", str, Mapping[str, Any]]


class Account(HasCustomData, HasStatus, kinds.Account):
    """The stored record of one person or machine."""

    STATUS_UNVERIFIED = kinds.UNVERIFIED
    STATUS_LOCKED = kinds.LOCKED

    directory: kinds.Link[Directory]
    tenant: kinds.Link[Tenant]
    groups: kinds.Collection[Collection[Group]]
    group_memberships: kinds.Collection[Collection[GroupMembership]]
    applications: kinds.Collection[Collection[Application]]
    access_tokens: kinds.Collection[Collection[AccessToken]]
    refresh_tokens: kinds.Collection[Collection[RefreshToken]]
    linked_accounts: kinds.Collection[Collection[Account]]
    account_links: kinds.Collection[Collection[AccountLink]]
    api_keys: kinds.Collection[ApiKeys]
    provider_data: kinds.Part[ProviderData]
    email_verification_token: kinds.Link[EmailVerificationToken | None]
    factors: kinds.Collection[Collection[Factor]]
    phones: kinds.Collection[Collection[Phone]]

    def is_unverified(self) -> bool:
        return self.get_status() == self.STATUS_UNVERIFIED

    def is_locked(self) -> bool:
        """Whether an administrator has locked it. It cannot sign in until one sets another status."""
        return self.get_status() == self.STATUS_LOCKED

    def add_group(self, group: GroupReference) -> GroupMembership:
        """Put the account into *group*. Raises ValueError when there is no such group."""
        return self._client.group_memberships.create({"account": self, "group": self._group(group)})

    def add_groups(self, groups: Iterable[GroupReference]) -> None:
        """Put the account into all *groups*, which are looked up before the first is joined."""
        for group in [self._group(group) for group in groups]:
            self.add_group(group)

    def has_group(self, group: GroupReference) -> bool:
        """Whether the account is in *group*. In a group that does not exist nobody is."""
        return self.has_groups([group])

    def has_groups(self, groups: Iterable[GroupReference], all: bool = True) -> bool:
        """Whether the account is in each of *groups*, or with ``all=False`` in one of them, by one look at its own."""
        held = self.held_groups()
        outcomes = [self._is_held(group, held) for group in groups]
        return False not in outcomes if all else True in outcomes

    in_group, in_groups = has_group, has_groups

    def held_groups(self) -> list[Group]:
        """The groups that :meth:`has_groups` finds the account in: all of its own."""
        return list(self.groups)

    def remove_group(self, group: GroupReference) -> None:
        """Take the account out of *group*. Raises :class:`~stormpath_wsgi.Error` when it is not in it."""
        self.remove_groups([group])

    def remove_groups(self, groups: Iterable[GroupReference]) -> None:
        """Take the account out of all *groups*, or of none: each is looked up before the first is left."""
        for membership in self.memberships_in([self._group(group) for group in groups]):
            membership.delete()

    def memberships_in(self, groups: Iterable[Group]) -> list[GroupMembership]:
        """The memberships that tie the account to *groups*. Raises :class:`~stormpath_wsgi.Error` if one is not."""
        ties = {membership.group: membership for membership in self.group_memberships}
        wanted = dict.fromkeys(groups)
        for group in wanted:
            if group not in ties:
                raise fault(Code.NOT_FOUND, f"This user is not part of Group {group.name}.")
        return [ties[group] for group in wanted]

    def _group(self, given: GroupReference) -> Group:
        return GROUP.resolve(given, self.groups, lambda: self.directory.groups)

    def _is_held(self, given: GroupReference, held: list[Group]) -> bool:
        if isinstance(given, self.groups.kind):
            return given in held
        if isinstance(given, str):
            # An href is never compared with names: a group may be named like the href of another one.
            part = "href" if self.groups.is_href(given) else "name"
            return any(group[part] == given for group in held)
        if isinstance(given, Mapping):
            return GROUP.find(given, self.groups) in held
        raise TypeError(GROUP.unsupported)

    def __str__(self) -> str:
        """The username if that is known already, else the representation."""
        return self._known(kinds.Account.username) or repr(self)


class Accounts(Collection[Account]):
    """The accounts of a tenant, an application or an account store."""

    def verify_email_token(self, token: str) -> Account:
        """Spend the *token* of a verification mail, and answer the account whose address it proves.

        Raises :class:`~stormpath_wsgi.Error` with status 404 for a token that is no good, or no longer.
        """
        path = f"{kinds.Account.path}/{kinds.EmailVerificationToken.path}/{quote(token, safe='')}"
        answer = self._client.data_store.update(f"{self._client.base_url}/{path}", {})
        return Account(self._client, answer["href"])


class AccessToken(Resource, kinds.AccessToken):
    """A token that opens an application's own API for an account. Deleting it revokes it."""

    account: kinds.Link[Account]
    application: kinds.Link[Application]
    tenant: kinds.Link[Tenant]


class RefreshToken(Resource, kinds.RefreshToken):
    """A place where an account is signed in. Deleting it signs that place out."""

    account: kinds.Link[Account]
    application: kinds.Link[Application]
    tenant: kinds.Link[Tenant]
