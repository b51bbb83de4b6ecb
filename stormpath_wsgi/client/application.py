"""Applications: what people sign in to."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.custom_data import HasCustomData
from stormpath_wsgi.client.expansion import Expand
from stormpath_wsgi.client.reference import ACCOUNT
from stormpath_wsgi.client.resource import HasStatus, Resource

if TYPE_CHECKING:
    from stormpath_wsgi.client.account import Account
    from stormpath_wsgi.client.directory import Directory
    from stormpath_wsgi.client.group import AccountReference, Group
    from stormpath_wsgi.client.tenant import Tenant


class Application(HasCustomData, HasStatus, kinds.Application):
    """What people sign in to; it maps account stores in an order."""

    tenant: kinds.Link[Tenant]
    default_account_store_mapping: kinds.Link[AccountStoreMapping | None]
    default_group_store_mapping: kinds.Link[AccountStoreMapping | None]
    o_auth_policy: kinds.Part[OAuthPolicy]
    accounts: kinds.Collection[Collection[Account]]
    groups: kinds.Collection[Collection[Group]]
    account_store_mappings: kinds.Collection[Collection[AccountStoreMapping]]
    login_attempts: kinds.Collection[Collection[LoginAttempt]]

    @property
    def oauth_policy(self) -> OAuthPolicy:
        """The documented name of :attr:`o_auth_policy`."""
        return self.o_auth_policy

    def authenticate_account(
        self,
        login: str,
        password: str,
        expand: Expand = None,
        account_store: Directory | Group | Mapping[str, str] | str | None = None,
    ) -> LoginAttempt:
        """Try *login*, a username or an e-mail address, with *password*; the answer has the ``account``.

        With an *account_store* only that one is searched, else those mapped to the application in their order.
        Raises :class:`~stormpath_wsgi.Error`, for visitors always with the same sentence; the codes are 7100 wrong
        password, 7101 disabled, 7102 unverified, 7104 nobody of that name, and others of the mappings.
        """
        credential = base64.b64encode(f"{login}:{password}".encode("utf-8", "surrogatepass")).decode()
        attempt: dict[str, Any] = {"type": "basic", "value": credential}
        if account_store is not None:
            attempt["account_store"] = account_store
        return self.login_attempts.create(attempt, expand=expand or "account")

    def has_account(self, account: AccountReference) -> bool:
        """Whether *account* can be reached through the account stores of the application."""
        return ACCOUNT.holds(account, self.accounts, lambda found: self in found.applications)


class AccountStoreMapping(Resource, kinds.AccountStoreMapping):
    """Says that an application looks for accounts in an account store, and when."""

    application: kinds.Link[Application]
    account_store: kinds.Link[Directory | Group]


class OAuthPolicy(Resource, kinds.OAuthPolicy):
    """How long the tokens of one application live. The lifetimes are timedeltas; ISO 8601 text may be written too."""

    token_endpoint: kinds.Part[Resource]
    application: kinds.Link[Application]
    tenant: kinds.Link[Tenant]


class LoginAttempt(Resource, kinds.LoginAttempt):
    """A login that succeeded: see its ``account``. It has no href."""

    account: kinds.Link[Account]
    account_store: kinds.Link[Directory | Group]
