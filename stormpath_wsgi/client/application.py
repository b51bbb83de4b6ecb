"""Applications: what people sign in to."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.custom_data import HasCustomData
from stormpath_wsgi.client.expansion import Expand
from stormpath_wsgi.client.reference import ACCOUNT
from stormpath_wsgi.client.resource import HasStatus, Resource, sent

if TYPE_CHECKING:
    from stormpath_wsgi.client.account import Account, Accounts
    from stormpath_wsgi.client.api_key import ApiKeys
    from stormpath_wsgi.client.directory import Directory
    from stormpath_wsgi.client.group import AccountReference, Group
    from stormpath_wsgi.client.mail import PasswordResetToken, VerificationEmails
    from stormpath_wsgi.client.organization import AccountLinkingPolicy, Organization
    from stormpath_wsgi.client.saml import SamlPolicy
    from stormpath_wsgi.client.tenant import Tenant
    from stormpath_wsgi.client.web_config import ApplicationWebConfig


class Application(HasCustomData, HasStatus, kinds.Application):
    """What people sign in to; it maps account stores in an order."""

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
    login_attempts: kinds.Collection[Collection[LoginAttempt]]
    password_reset_tokens: kinds.Collection[Collection[PasswordResetToken]]
    verification_emails: kinds.Collection[VerificationEmails]
    api_keys: kinds.Collection[ApiKeys]

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
    ) -> LoginAttempt:
        """Try *login*, a username or an e-mail address, with *password*; the answer has the ``account``.

        With an *account_store*, or in the organization with the key *organization_name_key*, only that one is
        searched (of both: the store in the organization), else those mapped to the application in their order.
        Raises :class:`~stormpath_wsgi.Error`, for visitors always with the same sentence; the codes are 7100 wrong
        password, 7101 disabled, 7102 unverified, 7103 locked, 7104 nobody of that name, and others of the mappings.
        Raises TypeError for a login or password that is no text: None is nobody, and not the account with the username
        ``None``.
        """
        for name, given in (("login", login), ("password", password)):
            if not isinstance(given, str):
                raise TypeError(f"{name} must be text, not {type(given).__name__}")
        credential = base64.b64encode(f"{login}:{password}".encode("utf-8", "surrogatepass")).decode()
        attempt: dict[str, Any] = {"type": "basic", "value": credential}
        store: dict[str, Any] = {} if account_store is None else dict(sent(LoginAttempt.account_store, account_store))
        if organization_name_key is not None:
            store["name_key"] = organization_name_key
        if store:
            attempt["account_store"] = store
        return self.login_attempts.create(attempt, expand=expand or "account")

    def send_password_reset_email(
        self, email: str, account_store: Directory | Group | Organization | Mapping[str, str] | str | None = None
    ) -> Account:
        """Mail a token for a new password to *email*, and answer the account that has that address.

        With an *account_store* only that one is searched. Raises :class:`~stormpath_wsgi.Error` (2016) when nobody has
        it; a page should tell a visitor the same in either case.
        """
        wish: dict[str, Any] = {"email": email}
        if account_store is not None:
            wish["account_store"] = account_store
        return self.password_reset_tokens.create(wish).account

    def verify_password_reset_token(self, token: str) -> Account:
        """Whose *token* it is; it stays good. Raises :class:`~stormpath_wsgi.Error` with status 404 for a bad one."""
        answer = self._client.data_store.get(self._reset_href(token))
        return cast("Account", self._client.resource(answer["account"], kinds.Account.title()))

    def reset_account_password(self, token: str, password: str) -> None:
        """Spend *token* on a new *password*, which signs the account out everywhere.

        Raises :class:`~stormpath_wsgi.Error`: with status 404 if the token is no good, others for the password.
        """
        self._client.data_store.update(self._reset_href(token), {"password": password})

    def _reset_href(self, token: str) -> str:
        return f"{self.href}/{kinds.PasswordResetToken.path}/{quote(token, safe='')}"

    def has_account(self, account: AccountReference) -> bool:
        """Whether *account* can be reached through the account stores of the application."""
        return ACCOUNT.holds(account, self.accounts, lambda found: self in found.applications)


class AccountStoreMapping(Resource, kinds.AccountStoreMapping):
    """Says that an application looks for accounts in an account store, and when."""

    application: kinds.Link[Application]
    account_store: kinds.Link[Directory | Group | Organization]


class OAuthPolicy(Resource, kinds.OAuthPolicy):
    """How long the tokens of one application live. The lifetimes are timedeltas; ISO 8601 text may be written too."""

    token_endpoint: kinds.Part[Resource]
    application: kinds.Link[Application]
    tenant: kinds.Link[Tenant]


class LoginAttempt(Resource, kinds.LoginAttempt):
    """A login that succeeded: see its ``account``. It has no href."""

    account: kinds.Link[Account]
    account_store: kinds.Link[Directory | Group | Organization]
