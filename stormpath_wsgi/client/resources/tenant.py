"""A tenant and the resources that it owns: applications, account stores, accounts, and what belongs to each of them.

Each of them links to its tenant, and the tenant to all of them, so that their classes refer to each other. They are in
one module, so that the type of every link is exact and no two modules import each other.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, Self, TypeAlias, Union
from urllib.parse import quote

from stormpath_wsgi import kinds
from stormpath_wsgi.client import other_site
from stormpath_wsgi.client.collection import Collection, Unlisted
from stormpath_wsgi.client.custom_data import HasCustomData
from stormpath_wsgi.client.expansion import Expand, wire_expand
from stormpath_wsgi.client.local import LocalDataStore, key_pair
from stormpath_wsgi.client.reference import ACCOUNT, GROUP
from stormpath_wsgi.client.resource import HasStatus, Resource, sent
from stormpath_wsgi.client.resources.mails import AccountCreationPolicy, EmailVerificationToken
from stormpath_wsgi.client.resources.passwords import PasswordPolicy
from stormpath_wsgi.client.resources.providers import AttributeStatementMappingRules, ProviderData, UserInfoMappingRules
from stormpath_wsgi.client.resources.saml import SamlServiceProvider, SamlServiceProviderMetadata, X509Certificate
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, fault

#: A group: the object, its href, its name in the directory of the account, or a search in that directory.
GroupReference: TypeAlias = Union["Group", str, Mapping[str, Any]]
#: An account: the object, its href, its username or e-mail address in the directory of the group, or a search there.
AccountReference: TypeAlias = Union["Account", str, Mapping[str, Any]]


# The tenant.


class Tenant(HasCustomData, kinds.Tenant):
    """The owner of all other resources. Names are unique within one tenant."""

    applications: kinds.Collection[Collection[Application]]
    directories: kinds.Collection[Collection[Directory]]
    organizations: kinds.Collection[Collection[Organization]]
    accounts: kinds.Collection[Accounts]
    groups: kinds.Collection[Collection[Group]]
    agents: kinds.Collection[Collection[Agent]]
    id_sites: kinds.Collection[Collection[IdSite]]
    smtp_servers: kinds.Collection[Collection[SmtpServer]]


class IdSite(Resource, kinds.IdSite):
    """The configuration of the hosted login pages of a tenant, which has one of them."""

    tenant: kinds.Link[Tenant]


class SmtpServer(HasStatus, kinds.SmtpServer):
    """The mail server of a tenant, which has at most one."""

    tenant: kinds.Link[Tenant]


# Applications, and the stores they look for accounts in.


class Application(HasCustomData, HasStatus, kinds.Application):
    """What people sign in to. Its account stores are mapped to it in an order."""

    tenant: kinds.Link[Tenant]
    default_account_store_mapping: kinds.Link[AccountStoreMapping | None]
    default_group_store_mapping: kinds.Link[AccountStoreMapping | None]
    o_auth_policy: kinds.Part[OAuthPolicy]
    account_linking_policy: kinds.Part[AccountLinkingPolicy]
    saml_policy: kinds.Part[SamlPolicy]
    web_config: kinds.Part[ApplicationWebConfig]
    accounts: kinds.Collection[Accounts]
    groups: kinds.Collection[Collection[Group]]
    account_store_mappings: kinds.Collection[Collection[AccountStoreMapping]]
    login_attempts: kinds.Collection[LoginAttempts]
    password_reset_tokens: kinds.Collection[Collection[PasswordResetToken]]
    verification_emails: kinds.Collection[VerificationEmails]
    api_keys: kinds.Collection[ApiKeys]
    invitations: kinds.Collection[Invitations]
    passkey_attempts: kinds.Collection[Collection[PasskeyAttempt]]
    authorization_requests: kinds.Collection[Collection[AuthorizationRequest]]
    spent_answers: kinds.Collection[Collection[SpentAnswer]]

    @property
    def oauth_policy(self) -> OAuthPolicy:
        """The documented name of :attr:`o_auth_policy`."""
        return self.o_auth_policy

    def authenticate_account(
        self,
        login: str,
        password: str,
        expand: Expand = None,
        account_store: Directory | Group | Organization | Mapping[str, str] | str | None = None,
        organization_name_key: str | None = None,
        keeps: bool = False,
    ) -> LoginAttempt:
        """Tries to log in with *login*, a username or an e-mail address, and *password*. The result has the
        ``account``.

        All account stores of the application are searched in their order; with *account_store*, only that one; with
        *organization_name_key*, those of the organization with that key; with both, the store in the organization.
        *keeps*: a person signs in, who by that keeps an account that is to be deleted.

        Raises :class:`~stormpath_wsgi.Error`, always with the same sentence for visitors. The codes are 7100 wrong
        password, 7101 disabled, 7102 unverified, 7103 locked, 7104 no such account, and others for the account stores.
        Raises TypeError for a login or password that is no string, so that None is not taken for the username ``None``.
        """
        for name, given in (("login", login), ("password", password)):
            if not isinstance(given, str):
                raise TypeError(f"{name} must be text, not {type(given).__name__}")
        store: dict[str, Any] = {} if account_store is None else dict(sent(LoginAttempt.account_store, account_store))
        if organization_name_key is not None:
            store["nameKey"] = organization_name_key
        return self.login_attempts.attempt(login, password, store, expand or "account", keeps=keeps)

    def send_password_reset_email(
        self, email: str, account_store: Directory | Group | Organization | Mapping[str, str] | str | None = None
    ) -> Account:
        """Mails a token for a new password to *email*, and returns the account with that address.

        *account_store*: the only store to search. Raises :class:`~stormpath_wsgi.Error` (2016) when no account has the
        address; a page should tell a visitor the same in both cases.
        """
        wish: dict[str, Any] = {"email": email}
        if account_store is not None:
            wish["account_store"] = account_store
        return self.password_reset_tokens.create(wish).account

    def verify_password_reset_token(self, token: str) -> Account:
        """The account of a mailed *token*, which stays valid.

        Raises :class:`~stormpath_wsgi.Error` with status 404 for a token that is not valid.
        """
        answer = self._client.data_store.get(self._reset_href(token))
        return Account(self._client, properties=answer["account"])

    def reset_account_password(self, token: str, password: str) -> Account:
        """Uses *token* up to set a new *password*, which ends all sessions of the account. Returns the account.

        Raises :class:`~stormpath_wsgi.Error`: with status 404 for a token that is not valid, and others for the
        password.
        """
        answer = self._client.data_store.update(self._reset_href(token), {"password": password})
        return Account(self._client, answer["account"]["href"])

    def get_provider_account(self, provider: str, **provider_data: Any) -> Account:
        """The account of the visitor whom *provider* (``google``) has given a ``code`` or an ``access_token``.

        It is made if there is none: :attr:`.Account.is_new_account`. What belongs to a code comes along, such as
        ``redirect_uri``, ``nonce`` and ``code_verifier``: see :class:`.kinds.ProviderData`. Raises
        :class:`~stormpath_wsgi.Error`: 7200 where the provider refuses, 7201 where it does not tell what an account
        must have, 5201 where the application has no directory of that provider, and 2001 where another account of that
        directory has the address.
        """
        return self.accounts.create({"provider_data": {**provider_data, "provider_id": provider}})

    def build_id_site_redirect_url(
        self,
        callback_uri: str,
        path: str | None = None,
        state: str | None = None,
        logout: bool = False,
        show_organization_field: bool = False,
        sp_token: str | None = None,
        organization_name_key: str | None = None,
        use_subdomain: bool = False,
    ) -> str:
        """Where a visitor is sent to sign in, or with *logout* to sign out, on the pages of an ID Site.

        The visitor comes back to *callback_uri*: see :meth:`handle_stormpath_callback`. *path*: the page there.
        *state*: comes back unchanged. *sp_token*: of a mail, for a new password. It is the host that serves the REST
        API, where ``idSite.enabled`` is set.
        """
        claims = {
            "sub": self.href,
            "cb_uri": callback_uri,
            "path": path,
            "state": state,
            "sof": show_organization_field,
            "sp_token": sp_token,
            "onk": organization_name_key,
            "usd": use_subdomain or None,
        }
        endpoint = other_site.sso_endpoint(self._client.base_url, logout=logout)
        return other_site.asking(key_pair(self._client), endpoint, "jwtRequest", claims)

    def build_saml_idp_redirect_url(
        self,
        callback_uri: str | None,
        saml_provider_endpoint: str,
        path: str | None = None,
        state: str | None = None,
        account_store: Directory | Group | Organization | str | None = None,
        organization: Organization | str | None = None,
        logout: bool = False,
    ) -> str:
        """Where a visitor is sent to sign in at an identity provider of SAML, by way of *saml_provider_endpoint*.

        That is the href of ``saml_policy.service_provider.sso_initiation_endpoint``. The rest is as for
        :meth:`build_id_site_redirect_url`; *organization*: it, or its name key. Raises NotImplementedError for
        *logout*, which SAML here never had. The directory that we serve does not speak SAML.
        """
        if logout:
            raise NotImplementedError("signing out at an identity provider of SAML is not there")
        claims = {
            "sub": self.href,
            "cb_uri": callback_uri,
            "path": path,
            "state": state,
            "ash": account_store.href if isinstance(account_store, Resource) else account_store,
            "onk": organization.name_key if isinstance(organization, Organization) else organization,
        }
        key = key_pair(self._client)
        return other_site.asking(key, saml_provider_endpoint, "accessToken", claims, names_key=True)

    def handle_stormpath_callback(self, url_response: str) -> StormpathCallbackResult | None:
        """Who came back from an ID Site or an identity provider, with the address *url_response*.

        None if what came back is not signed for this client, or is out of date. The account is None if it is not one of
        this application. Raises the :class:`~stormpath_wsgi.Error` that the other site tells of, and ValueError for an
        answer that was used before, in any process.
        """
        claims = self._client.answers.read(key_pair(self._client), self.href, url_response)
        if claims is None:
            return None
        account = Account(self._client, claims["sub"]) if claims.get("sub") else None
        if account is not None and not self.has_account(account):
            account = None
        if account is not None:
            account._is_new_account = claims.get("isNewSub") is True
        return StormpathCallbackResult(account, claims.get("state"), claims.get("status"))

    def mailed_code_lifetime(self) -> int | None:
        """The milliseconds for which a code in a mail is good. None: the directory is behind the REST API of an older
        version, which mails none.
        """
        try:
            return int(self._client.data_store.get(self._codes_href)["lifetime"])
        except Error as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    def answer_mailed_code(self, purpose: str, ticket: str, code: str) -> dict[str, Any]:
        """Answers a *code* that was mailed for the browser with that *ticket* (:mod:`stormpath_wsgi.tickets`).

        Returns, for the *purpose* ``reset``, a token for a new password (its ``href``); for ``verification``, the
        account whose address is verified by it. Raises :class:`~stormpath_wsgi.Error`: 7120 for a wrong code, 7121
        where there is none to answer any more.
        """
        return self._client.data_store.create(self._codes_href, {"purpose": purpose, "ticket": ticket, "code": code})

    @property
    def _codes_href(self) -> str:
        return f"{self.href}/{kinds.MailedCode.path}"

    def _reset_href(self, token: str) -> str:
        return f"{self.href}/{kinds.PasswordResetToken.path}/{_in_path(token)}"

    def verify_invitation_token(self, token: str) -> InvitationToken:
        """Who is invited by a mailed *token*, which stays valid.

        Raises :class:`~stormpath_wsgi.Error` with status 404 for a token that is not valid.
        """
        return InvitationToken(self._client, properties=self._client.data_store.get(self._invitation_href(token)))

    def accept_invitation(self, token: str, properties: Mapping[str, Any]) -> Account:
        """Uses a mailed *token* up: makes the account, and returns it. *properties*: ``password``, ``given_name``,
        ``middle_name``, ``surname``, ``username`` and ``custom_data``; the rest is the invitation's.

        Raises :class:`~stormpath_wsgi.Error`: with status 404 for a token that is not valid, and others as when an
        account is made: the token stays valid then.
        """
        href = self._invitation_href(token)
        body = self.accounts.body_of(properties)
        return Account(self._client, properties=self._client.data_store.update(href, body))

    def _invitation_href(self, token: str) -> str:
        return f"{self.href}/{kinds.InvitationToken.path}/{_in_path(token)}"

    def has_account(self, account: AccountReference) -> bool:
        """Whether *account* is in an account store of the application."""
        return ACCOUNT.holds(account, self.accounts, lambda found: self in found.applications)


class Invitation(Resource, kinds.Invitation):
    """An address that is invited to make an account. Deleting it revokes the invitation."""

    application: kinds.Link[Application]
    directory: kinds.Link[Directory]
    tenant: kinds.Link[Tenant]
    groups: kinds.Collection[Collection[Group]]

    def send_again(self) -> None:
        """Sends the mail once more. The link in it is the same, and is good for as long as a new one from now on.

        Raises :class:`~stormpath_wsgi.errors.TooManyTries` when the address was mailed too often.
        """
        wish = {"email": self.email, "directory": {"href": self.directory.href}}
        self._accept(self._client.data_store.create(f"{self.application.href}/invitations", wish))


@dataclass(frozen=True)
class StormpathCallbackResult:
    """What a visitor has brought back from the pages of another site."""

    #: The account of the visitor; None if it is not one of the application.
    account: Account | None
    #: What the application had sent along.
    state: str | None
    #: What the visitor did there: ``AUTHENTICATED``, ``REGISTERED`` or ``LOGOUT``.
    status: str | None


class Invitations(Collection[Invitation]):
    """The open invitations to an application."""

    def _creation(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        rest = {name: value for name, value in properties.items() if name != "groups"}
        groups = properties.get("groups")
        named = {} if groups is None else {"groups": [g.href if isinstance(g, Group) else g for g in groups]}
        return {**super()._creation(rest), **named}


class InvitationToken(Resource, kinds.InvitationToken):
    """Who is invited by a mailed token. It prints without the token."""

    application: kinds.Link[Application]
    directory: kinds.Link[Directory]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class AccountStoreMapping(Resource, kinds.AccountStoreMapping):
    """Maps an account store to an application, at a place in the order in which the stores are searched."""

    application: kinds.Link[Application]
    account_store: kinds.Link[Directory | Group | Organization]


class OAuthPolicy(Resource, kinds.OAuthPolicy):
    """How long the tokens of one application are valid.

    The lifetimes are timedeltas; ISO 8601 text can be written too.
    """

    token_endpoint: kinds.Part[Resource]
    application: kinds.Link[Application]
    tenant: kinds.Link[Tenant]


class ApplicationWebConfig(HasStatus, kinds.ApplicationWebConfig):
    """What the hosted pages of an application offer: ``web_config.me["expand"]["groups"] = True``."""

    signing_api_key: kinds.Link[ApiKey | None]
    application: kinds.Link[Application]
    tenant: kinds.Link[Tenant]


class Organization(HasCustomData, HasStatus, kinds.Organization):
    """A customer of an application, with account stores of its own. It is mapped to applications as a whole."""

    tenant: kinds.Link[Tenant]
    default_account_store_mapping: kinds.Link[OrganizationAccountStoreMapping | None]
    default_group_store_mapping: kinds.Link[OrganizationAccountStoreMapping | None]
    account_linking_policy: kinds.Part[AccountLinkingPolicy]
    accounts: kinds.Collection[Accounts]
    groups: kinds.Collection[Collection[Group]]
    account_store_mappings: kinds.Collection[Collection[OrganizationAccountStoreMapping]]

    @property
    def organization_account_store_mappings(self) -> Collection[OrganizationAccountStoreMapping]:
        """The documented name of :attr:`account_store_mappings`."""
        return self.account_store_mappings


class OrganizationAccountStoreMapping(Resource, kinds.OrganizationAccountStoreMapping):
    """Maps an account store to an organization, at a place in the order in which the stores are searched."""

    organization: kinds.Link[Organization]
    account_store: kinds.Link[Directory | Group]


class AccountLinkingPolicy(HasStatus, kinds.AccountLinkingPolicy):
    """Whether a login to an application or organization may answer with a linked account."""

    #: An account that has no link gets one, and is made if need be.
    AUTOMATIC_PROVISIONING_ENABLED = kinds.ENABLED
    #: Nothing is made.
    AUTOMATIC_PROVISIONING_DISABLED = kinds.DISABLED
    #: Accounts of one address are linked.
    MATCHING_PROPERTY_EMAIL = "email"
    #: No accounts are linked because of what they have in common.
    MATCHING_PROPERTY_NULL = None

    tenant: kinds.Link[Tenant]


# Directories and their groups.


class Directory(HasCustomData, HasStatus, kinds.Directory):
    """A container of accounts and groups, with its own password policy."""

    tenant: kinds.Link[Tenant]
    provider: kinds.Part[Provider]
    password_policy: kinds.Part[PasswordPolicy]
    account_creation_policy: kinds.Part[AccountCreationPolicy]
    account_schema: kinds.Part[AccountSchema]
    accounts: kinds.Collection[Accounts]
    groups: kinds.Collection[Collection[Group]]
    applications: kinds.Collection[Collection[Application]]
    application_mappings: kinds.Collection[Collection[AccountStoreMapping]]
    organizations: kinds.Collection[Collection[Organization]]
    organization_mappings: kinds.Collection[Collection[OrganizationAccountStoreMapping]]

    def save(self) -> None:
        """Sends the changes. Changes of its provider are sent as well, in a request of their own."""
        super().save()
        provider = self._related.get("provider")
        if provider is not None:
            provider.save()


class AccountSchema(Resource, kinds.AccountSchema):
    """Which attributes the accounts of one directory must have."""

    fields: kinds.Collection[Collection[Field]]
    directory: kinds.Link[Directory]


class Field(Resource, kinds.Field):
    """One attribute of the accounts of a directory."""

    schema: kinds.Link[AccountSchema]


class Provider(Resource, kinds.Provider):
    """The system that the accounts of one directory come from. It is set when the directory is made:

    ``client.directories.create({"name": "Google", "provider": {"provider_id": Provider.GOOGLE, "client_id": …,
    "client_secret": …}})``
    """

    agent: kinds.Link[Agent | None]
    user_info_mapping_rules: kinds.Link[UserInfoMappingRules | None]
    attribute_statement_mapping_rules: kinds.Link[AttributeStatementMappingRules | None]
    service_provider_metadata: kinds.Link[SamlServiceProviderMetadata | None]


class Agent(Resource, kinds.Agent):
    """The configuration of a program that mirrors a server. ``config`` is a dictionary, whose changes are saved."""

    #: The statuses of an agent.
    STATUS_ONLINE, STATUS_OFFLINE, STATUS_ERROR = kinds.Agent.status.values

    directory: kinds.Link[Directory]
    tenant: kinds.Link[Tenant]
    download: kinds.Part[Resource]


class Group(HasCustomData, HasStatus, kinds.Group):
    """A named set of accounts in a directory."""

    directory: kinds.Link[Directory]
    tenant: kinds.Link[Tenant]
    accounts: kinds.Collection[Collection[Account]]
    account_memberships: kinds.Collection[Collection[GroupMembership]]
    applications: kinds.Collection[Collection[Application]]

    # A group may have a million accounts, but an account is in few groups. So the groups of the account are read where
    # possible.

    def add_account(self, account: AccountReference) -> GroupMembership:
        """Adds *account* to the group, and returns the membership. Raises ValueError when there is no such account."""
        return self._account(account).add_group(self)

    def add_accounts(self, accounts: Iterable[AccountReference]) -> None:
        """Adds all *accounts* to the group. All of them are looked up before the first is added."""
        for account in [self._account(account) for account in accounts]:
            account.add_group(self)

    def has_account(self, account: AccountReference) -> bool:
        """Whether *account* is in the group. False for an account that does not exist."""
        return ACCOUNT.holds(account, self.accounts, lambda found: found.has_group(self))

    def has_accounts(self, accounts: Iterable[AccountReference], all: bool = True) -> bool:
        """Whether each of *accounts* is in the group, or with ``all=False`` one of them."""
        outcomes = map(self.has_account, accounts)
        return False not in outcomes if all else True in outcomes

    def remove_account(self, account: AccountReference) -> None:
        """Removes *account* from the group. Raises :class:`~stormpath_wsgi.Error` when it is not in the group."""
        self.remove_accounts([account])

    def remove_accounts(self, accounts: Iterable[AccountReference]) -> None:
        """Removes all *accounts* from the group, or none: all are looked up before the first is removed."""
        found = dict.fromkeys(self._account(account) for account in accounts)
        for membership in [account.memberships_in([self])[0] for account in found]:
            membership.delete()

    def _account(self, given: AccountReference) -> Account:
        return ACCOUNT.resolve(given, self.accounts, lambda: self.directory.accounts)


class GroupMembership(Resource, kinds.GroupMembership):
    """The link between one account and one group of the same directory.

    Deleting it removes the account from the group.
    """

    account: kinds.Link[Account]
    group: kinds.Link[Group]


# Accounts.


class Account(HasCustomData, HasStatus, kinds.Account):
    """The stored record of one person or machine."""

    #: The status of an account whose e-mail address was not verified yet.
    STATUS_UNVERIFIED = kinds.UNVERIFIED
    #: The status of an account that an administrator has locked.
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
    sessions: kinds.Collection[Collection[Session]]
    connected_keys: kinds.Collection[Collection[ConnectedKey]]
    deletions: kinds.Collection[Collection[Deletion]]
    passkeys: kinds.Collection[Collection[Passkey]]

    _is_new_account = False

    @property
    def is_new_account(self) -> bool:
        """Whether the visitor who has come back from another site had no account before."""
        return self._is_new_account or self._wire.get(kinds.IS_NEW_ACCOUNT) is True

    def is_unverified(self) -> bool:
        """Whether the status is UNVERIFIED."""
        return self.get_status() == self.STATUS_UNVERIFIED

    def is_locked(self) -> bool:
        """Whether an administrator has locked the account.

        It cannot sign in until an administrator sets another status.
        """
        return self.get_status() == self.STATUS_LOCKED

    def add_group(self, group: GroupReference) -> GroupMembership:
        """Adds the account to *group*, and returns the membership. Raises ValueError when there is no such group."""
        memberships = Unlisted.of(self._client, GroupMembership)
        return memberships.create({"account": self, "group": self._group(group)})

    def add_groups(self, groups: Iterable[GroupReference]) -> None:
        """Adds the account to all *groups*. All of them are looked up before the account is added to the first."""
        for group in [self._group(group) for group in groups]:
            self.add_group(group)

    def has_group(self, group: GroupReference) -> bool:
        """Whether the account is in *group*. False for a group that does not exist."""
        return self.has_groups([group])

    def has_groups(self, groups: Iterable[GroupReference], all: bool = True) -> bool:
        """Whether the account is in each of *groups*, or with ``all=False`` in one of them.

        Its groups are read once.
        """
        held = self.held_groups()
        outcomes = [self._is_held(group, held) for group in groups]
        return False not in outcomes if all else True in outcomes

    in_group, in_groups = has_group, has_groups

    def held_groups(self) -> list[Group]:
        """The groups of the account that :meth:`has_groups` counts: all of them."""
        return list(self.groups)

    def remove_group(self, group: GroupReference) -> None:
        """Removes the account from *group*. Raises :class:`~stormpath_wsgi.Error` when it is not in the group."""
        self.remove_groups([group])

    def remove_groups(self, groups: Iterable[GroupReference]) -> None:
        """Removes the account from all *groups*, or from none: all are looked up before the first removal."""
        for membership in self.memberships_in([self._group(group) for group in groups]):
            membership.delete()

    def memberships_in(self, groups: Iterable[Group]) -> list[GroupMembership]:
        """The memberships of the account in *groups*.

        Raises :class:`~stormpath_wsgi.Error` if one of them is missing.
        """
        ties = {membership.group: membership for membership in self.group_memberships}
        wanted = dict.fromkeys(groups)
        for group in wanted:
            if group not in ties:
                raise fault(Code.NOT_FOUND, f"This user is not part of Group {group.name}.")
        return [ties[group] for group in wanted]

    def change_own_password(self, password: str) -> None:
        """Sets a *password* that the owner of the account has chosen, and tells the account by mail.

        That ends all its sessions. Raises :class:`~stormpath_wsgi.Error` for a password that will not do.
        """
        self._client.data_store.update(f"{self.href}/{kinds.PasswordChange.path}", {"password": password})

    def second_factor(self) -> SecondFactor:
        """What the account can prove beside its password, as the directory has it now.

        Raises :class:`~stormpath_wsgi.Error` with status 404 where a directory of an older version, on another machine,
        does not know it.
        """
        answer = self._client.data_store.get(f"{self.href}/{kinds.SecondFactor.path}")
        return SecondFactor(self._client, properties=answer)

    def change_email(self, email: str) -> EmailChange:
        """Mails a link to *email*, or mails it again. The address counts once somebody has opened the link.

        Raises :class:`~stormpath_wsgi.Error` for what is no address.
        """
        wanted = {"email": email}
        answer = self._client.data_store.update(f"{self.href}/{kinds.EmailChange.path}", wanted)
        return EmailChange(self._client, properties=answer)

    def waiting_email(self) -> EmailChange | None:
        """The address that waits to be verified; None: none does."""
        try:
            answer = self._client.data_store.get(f"{self.href}/{kinds.EmailChange.path}")
        except Error as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None
        return EmailChange(self._client, properties=answer)

    def cancel_email(self) -> None:
        """Forget the address that waits. Does no harm when none does."""
        self._client.data_store.delete(f"{self.href}/{kinds.EmailChange.path}")

    def _group(self, given: GroupReference) -> Group:
        return GROUP.resolve(given, self.groups, lambda: self.directory.groups)

    def _is_held(self, given: GroupReference, held: list[Group]) -> bool:
        if isinstance(given, self.groups.kind):
            return given in held
        if isinstance(given, str):
            # An href is not compared with names: the name of a group may look like the href of another one.
            part = "href" if self.groups.is_href(given) else "name"
            return any(group[part] == given for group in held)
        if isinstance(given, Mapping):
            return GROUP.find(given, self.groups) in held
        raise TypeError(GROUP.unsupported)

    def __str__(self) -> str:
        """The username if it is loaded, otherwise the representation."""
        return self._known(kinds.Account.username) or repr(self)


class Accounts(Collection[Account]):
    """The accounts of a tenant, an application or an account store."""

    def account_of_email_token(self, token: str) -> Account:
        """The account that the *token* of a verification mail is for. The token stays valid.

        Raises :class:`~stormpath_wsgi.Error` with status 404 for a token that is not valid, and with 405 where the
        directory is behind the REST API of an older version.
        """
        answer = self._client.data_store.get(self._token_href(token))
        return Account(self._client, answer["account"]["href"])

    def verify_email_token(self, token: str) -> Account:
        """Uses the *token* of a verification mail up, and returns the account whose address is verified by it.

        Raises :class:`~stormpath_wsgi.Error` with status 404 for a token that is not valid.
        """
        answer = self._client.data_store.update(self._token_href(token), {})
        return Account(self._client, answer["href"])

    def email_change_of(self, token: str) -> EmailChangeToken:
        """What the *token* of a mail about another address would do. It stays valid.

        Raises :class:`~stormpath_wsgi.Error` with status 404 for a token that is not valid.
        """
        return EmailChangeToken(self._client, properties=self._client.data_store.get(self._change_href(token)))

    def use_email_change(self, token: str) -> Account:
        """Uses such a *token* up, and returns the account, whose address is another one now.

        Raises :class:`~stormpath_wsgi.Error`: with status 404 for a token that is not valid, and 2001 when another
        account has the address meanwhile.
        """
        return Account(self._client, self._client.data_store.update(self._change_href(token), {})["href"])

    def account_of_notice(self, token: str) -> Account:
        """The account to which a notice with that *token* was mailed. The token stays valid.

        Raises :class:`~stormpath_wsgi.Error` with status 404 for a token that is not valid.
        """
        return Account(self._client, self._client.data_store.get(self._notice_href(token))["account"]["href"])

    def secure_account(self, token: str) -> Account:
        """Uses such a *token* up: its account, which is returned, is signed out everywhere.

        Raises :class:`~stormpath_wsgi.Error` with status 404 for a token that is not valid.
        """
        return Account(self._client, self._client.data_store.update(self._notice_href(token), {})["href"])

    def _notice_href(self, token: str) -> str:
        return f"{self._client.base_url}/{kinds.Account.path}/{kinds.NoticeToken.path}/{_in_path(token)}"

    def _change_href(self, token: str) -> str:
        path = f"{kinds.Account.path}/{kinds.EmailChangeToken.path}"
        return f"{self._client.base_url}/{path}/{_in_path(token)}"

    def _token_href(self, token: str) -> str:
        path = f"{kinds.Account.path}/{kinds.EmailVerificationToken.path}"
        return f"{self._client.base_url}/{path}/{_in_path(token)}"


class EmailChange(Resource, kinds.EmailChange):
    """The new address of an account that waits to be verified."""

    account: kinds.Link[Account]


class EmailChangeToken(Resource, kinds.EmailChangeToken):
    """A mailed token that changes the address of an account, or takes that back."""

    account: kinds.Link[Account]


class NoticeToken(Resource, kinds.NoticeToken):
    """A mailed token with which somebody says that what a notice told was not his doing."""

    account: kinds.Link[Account]


class PasswordChange(Resource, kinds.PasswordChange):
    """A new password that the owner of an account has chosen. It is never read."""

    account: kinds.Link[Account]


class AccountLink(Resource, kinds.AccountLink):
    """The statement that two accounts in different directories belong to one person."""

    left_account: kinds.Link[Account]
    right_account: kinds.Link[Account]


# Logins, tokens, API keys and factors.


class LoginAttempt(Resource, kinds.LoginAttempt):
    """The result of a successful login, with its ``account``. It has no href."""

    account: kinds.Link[Account]
    account_store: kinds.Link[Directory | Group | Organization]


class LoginAttempts(Collection[LoginAttempt]):
    """The collection at an application in which logins are tried."""

    def attempt(
        self,
        login: str,
        password: str,
        account_store: Mapping[str, Any],
        expand: Expand = None,
        *,
        keeps: bool = False,
    ) -> LoginAttempt:
        """See :meth:`Application.authenticate_account`. *account_store*: in its JSON form; empty for all stores."""
        return LoginAttempt(self._client, properties=self.answer(login, password, account_store, expand, keeps=keeps))

    def answer(
        self,
        login: str,
        password: str,
        account_store: Mapping[str, Any],
        expand: Expand = None,
        *,
        naming: bool = False,
        keeps: bool = False,
    ) -> Mapping[str, Any]:
        """What :meth:`attempt` makes its result of. *naming*: whether it shall say what tells the account from others.

        A directory in this process gets both texts as they are. The REST API takes them as one text, in base64.
        """
        properties = {"accountStore": account_store} if account_store else {}
        store, params = self._client.data_store, dict[str, Any]({"expand": wire_expand(expand)} if expand else {})
        for name, wanted in (("naming", naming), ("keeps", keeps)):
            if wanted:
                params[name] = True
        if isinstance(store, LocalDataStore):
            return store.log_in(self.href, login, password, properties, params)
        return store.create(self.href, {"type": "basic", "value": _encoded(login, password), **properties}, params)


def _encoded(login: str, password: str) -> str:
    """The base64 of ``login:password``. Raises 7104 for a login with a colon, which no account can have."""
    if ":" in login:
        raise fault(Code.NO_SUCH_ACCOUNT)
    return base64.b64encode(f"{login}:{password}".encode("utf-8", "surrogatepass")).decode()


class AccessToken(Resource, kinds.AccessToken):
    """A token with which an account uses an application's own API. Deleting it revokes it."""

    account: kinds.Link[Account]
    application: kinds.Link[Application]
    tenant: kinds.Link[Tenant]


class RefreshToken(Resource, kinds.RefreshToken):
    """A token for a place where an account is signed in. Deleting it signs that place out."""

    account: kinds.Link[Account]
    application: kinds.Link[Application]
    tenant: kinds.Link[Tenant]


class Session(Resource, kinds.Session):
    """A place where an account is signed in, and what is known of it. Deleting it signs that place out.

    ``session.only = True`` and :meth:`save` sign all other places out.
    """

    account: kinds.Link[Account]
    application: kinds.Link[Application]
    tenant: kinds.Link[Tenant]


class ConnectedKey(HasStatus, kinds.ConnectedKey):
    """An API key without its secret, as its owner sees it. Deleting it removes the API key."""

    account: kinds.Link[Account]
    tenant: kinds.Link[Tenant]


class Deletion(Resource, kinds.Deletion):
    """The wish that an account be deleted. Deleting it keeps the account."""

    account: kinds.Link[Account]
    application: kinds.Link[Application | None]
    tenant: kinds.Link[Tenant]


class Passkey(Resource, kinds.Passkey):
    """A key pair of which an account has the private half, in a device or a security key."""

    account: kinds.Link[Account]
    tenant: kinds.Link[Tenant]


class PasskeyAttempt(Resource, kinds.PasskeyAttempt):
    """The result of a sign-in with a passkey, with its ``account``. It has no href."""

    account: kinds.Link[Account]
    account_store: kinds.Link[Directory | Group | Organization]
    passkey: kinds.Link[Passkey]


class AuthorizationRequest(Resource, kinds.AuthorizationRequest):
    """Where a visitor is sent to sign in at a provider: its ``location``. It has no href."""

    account_store: kinds.Link[Directory | Organization]


class SpentAnswer(Resource, kinds.SpentAnswer):
    """Notes that an application has used the answer of an ID Site. It has no href."""


class ApiKey(HasStatus, kinds.ApiKey):
    """An id and a secret, with which programs of an account authenticate at an API. It prints without the secret."""

    account: kinds.Link[Account]
    tenant: kinds.Link[Tenant]


class ApiKeys(Collection[ApiKey]):
    """The API keys of an account; or those of the accounts of an application, which can be looked up but not listed."""

    def get_key(self, id: str, secret: str | None = None) -> ApiKey | Literal[False]:
        """The API key with that *id*, and with that *secret* if one is given; False when there is none.

        Disabled keys are found as well. In the collection of an application, only keys of accounts that can sign in are
        found.
        """
        found = self.search({"id": id}).items if kinds.ID.match(id) else []
        if not found:
            return False
        (key,) = found
        if secret is not None and not hmac.compare_digest(key.secret.encode(), secret.encode("utf-8", "replace")):
            return False
        return key


class Phone(HasStatus, kinds.Phone):
    """A phone of an account. A verified number cannot be changed."""

    #: The verification status of a phone from which a code came back.
    STATUS_VERIFIED = kinds.VERIFIED
    #: The verification status of any other phone.
    STATUS_UNVERIFIED = kinds.UNVERIFIED

    account: kinds.Link[Account]

    def is_verified(self) -> bool:
        """Whether a code that was sent to the phone came back."""
        return self.verification_status == self.STATUS_VERIFIED


class Factor(HasStatus, kinds.Factor):
    """A phone that codes are sent to, or an authenticator app that makes codes. It is printed without its secret."""

    #: The verification status of a factor of which a right code was given.
    STATUS_VERIFIED = kinds.VERIFIED
    #: The verification status of any other factor.
    STATUS_UNVERIFIED = kinds.UNVERIFIED
    #: The type of a factor whose codes are sent to a phone.
    TYPE_SMS = kinds.SMS
    #: The type of a factor whose codes an authenticator app makes.
    TYPE_GOOGLE = kinds.GOOGLE_AUTHENTICATOR

    account: kinds.Link[Account]
    phone: kinds.Link[Phone]
    challenges: kinds.Collection[Collection[Challenge]]
    most_recent_challenge: kinds.Link[Challenge | None]

    def is_verified(self) -> bool:
        """Whether a right code of the factor was given."""
        return self.verification_status == self.STATUS_VERIFIED

    def is_sms(self) -> bool:
        """Whether its codes are sent to a phone."""
        return self.type == self.TYPE_SMS

    def challenge_factor(self, message: str | None = None, code: str | None = None) -> Challenge:
        """Makes a challenge, and returns it.

        To a phone it sends a code, in the text *message*, in which ``${code}`` stands for the code. For an
        authenticator app, *code* is the code that the app shows. It is checked at once: see
        :meth:`Challenge.is_successful`. Raises ValueError if it is missing.
        """
        if self.is_sms():
            challenge = self.challenges.create({"message": message})
        elif code is None:
            raise ValueError("an authenticator app sends nothing: pass the code that it shows")
        else:
            challenge = self.challenges.create({"code": code})
        self.refresh()
        return challenge


class SecondFactor(Resource, kinds.SecondFactor):
    """What an account can prove beside its password. It prints without recovery codes."""

    account: kinds.Link[Account]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.href}>"

    def prove_app(self, code: str) -> None:
        """Uses the *code* of an authenticator app up. Raises :class:`~stormpath_wsgi.Error`: 7122 for a wrong one."""
        self._post({"appCode": code})

    def prove_recovery(self, code: str) -> None:
        """Uses a recovery *code* up. Raises as :meth:`prove_app` does."""
        self._post({"recoveryCode": code})

    def send_mail(self, application: Application) -> None:
        """Mails a code to the account, for the browser whose ticket is held (:mod:`stormpath_wsgi.tickets`)."""
        self._post({"mailCode": application.href})

    def prove_mail(self, application: Application, code: str) -> None:
        """Uses a *code* up that was mailed. Raises :class:`~stormpath_wsgi.Error`: 7122 for a wrong one, 7121 where
        there is none to answer any more.
        """
        self._post({"mailedCode": {"application": application.href, "code": code}})

    def make_recovery_codes(self) -> list[str]:
        """Makes new recovery codes, and returns them this once. Those of before are worth nothing from now on."""
        codes: list[str] = self._post({"newRecoveryCodes": True})["codes"]
        return codes

    def remove_recovery_codes(self) -> None:
        """Removes the recovery codes."""
        self._post({"newRecoveryCodes": False})

    def name_factor(self, href: str, name: str | None) -> None:
        """Gives the factor with that *href* a *name*. Raises :class:`~stormpath_wsgi.Error`."""
        self._post({"naming": {"href": href, "name": name}})

    def forget_remembered_browsers(self) -> None:
        """Has no browser remembered any more: each is asked for the second factor at the next sign-in."""
        self._post({"forgetBrowsers": True})

    def _post(self, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._client.data_store.update(self.href, body)
        self._accept({name: value for name, value in answer.items() if name != "codes"})
        return answer


class Challenge(Resource, kinds.Challenge):
    """A request for a code to the owner of a factor, and its result."""

    #: The status after a right code.
    STATUS_SUCCESS = "SUCCESS"
    #: The status before a code is sent.
    STATUS_CREATED = "CREATED"
    #: A part of the statuses while an answer is awaited, such as WAITING_FOR_VALIDATION.
    STATUS_WAITING = "WAITING"

    account: kinds.Link[Account]
    factor: kinds.Link[Factor]

    def submit(self, code: str) -> Self:
        """Answers the challenge with the *code* that was sent. A wrong code does not raise: see :meth:`is_successful`.

        Raises :class:`~stormpath_wsgi.Error` when the challenge cannot be answered any more (13108 to 13113), and when
        so many wrong codes came that the factor accepts none for a while (7111).
        """
        self.code = code
        self.save()
        return self

    def is_successful(self) -> bool:
        """Whether the right code was given."""
        return self.status == self.STATUS_SUCCESS

    def is_created(self) -> bool:
        """Whether the code was made, and not given yet."""
        return self.status == self.STATUS_CREATED

    def is_waiting(self) -> bool:
        """Whether a code was sent and an answer is awaited."""
        return self.STATUS_WAITING in self.status


# Mailed tokens.


class PasswordResetToken(Resource, kinds.PasswordResetToken):
    """The request for a new password. Its href ends with the token that is mailed."""

    account: kinds.Link[Account]
    account_store: kinds.Link[Directory | Group | Organization]

    @property
    def token(self) -> str:
        """The token, which :meth:`Application.reset_account_password` takes."""
        return self.href.rpartition("/")[2]


class VerificationEmail(Resource, kinds.VerificationEmail):
    """The request for another mail with a verification token."""

    account_store: kinds.Link[Directory | Group | Organization]


class VerificationEmails(Unlisted[VerificationEmail]):
    """The collection at an application in which verification mails are asked for again."""

    def resend(self, account: Account | str, account_store: Directory | Group | Organization | str) -> None:
        """Sends the verification mail again to *account*, an object or a login name. Only *account_store* is searched.

        Raises ValueError when one of them is missing; :class:`~stormpath_wsgi.Error` when there is no such account in
        the store (2016), or when the directory sends no such mails (6101).
        """
        if not account or not account_store:
            raise ValueError("resend() needs an account and an account store")
        login = account if isinstance(account, str) else account.email
        store = account_store if isinstance(account_store, str) else account_store.href
        wish: dict[str, Any] = {"login": login, "accountStore": {"href": store}}
        self._client.data_store.create(self.href, wish)


# Applications that sign people in for others, by SAML.


class SamlPolicy(Resource, kinds.SamlPolicy):
    """The two SAML roles of one application."""

    service_provider: kinds.Part[SamlServiceProvider]
    identity_provider: kinds.Part[SamlIdentityProvider]


class SamlIdentityProvider(HasStatus, kinds.SamlIdentityProvider):
    """An application that signs people in for SAML service providers."""

    sso_login_endpoint: kinds.Part[Resource]
    x509_signing_cert: kinds.Part[X509Certificate]
    metadata: kinds.Part[SamlIdentityProviderMetadata]
    attribute_statement_mapping_rules: kinds.Part[AttributeStatementMappingRules]
    registered_saml_service_providers: kinds.Collection[Collection[RegisteredSamlServiceProvider]]
    saml_service_provider_registrations: kinds.Collection[Collection[SamlServiceProviderRegistration]]


class SamlIdentityProviderMetadata(Resource, kinds.SamlIdentityProviderMetadata):
    """The metadata of an application for service providers. At its href it is also XML."""

    identity_provider: kinds.Part[SamlIdentityProvider]
    x509_signing_cert: kinds.Part[X509Certificate]


class RegisteredSamlServiceProvider(Resource, kinds.RegisteredSamlServiceProvider):
    """A SAML service provider that an application may sign people in for."""

    tenant: kinds.Link[Tenant]


class SamlServiceProviderRegistration(HasStatus, kinds.SamlServiceProviderRegistration):
    """Connects a registered service provider with the identity provider of an application."""

    service_provider: kinds.Link[RegisteredSamlServiceProvider]
    identity_provider: kinds.Link[SamlIdentityProvider]


def _in_path(token: object) -> str:
    """*token* as a part of a path. An app may pass on what an address has, and that may be nothing.

    Raises :class:`~stormpath_wsgi.Error` with status 404 for what is no text, as for any token that is not valid.
    """
    if not isinstance(token, str) or not token:
        raise fault(Code.NOT_FOUND)
    return quote(token, safe="")
