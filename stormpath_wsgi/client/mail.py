"""What a directory mails, to whom, and what comes back: templates, policies, tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection, Unlisted
from stormpath_wsgi.client.resource import HasStatus, Resource

if TYPE_CHECKING:
    from stormpath_wsgi.client.account import Account
    from stormpath_wsgi.client.directory import Directory
    from stormpath_wsgi.client.group import Group
    from stormpath_wsgi.client.organization import Organization
    from stormpath_wsgi.client.tenant import Tenant


class AccountCreationPolicy(Resource, kinds.AccountCreationPolicy):
    """Which mails a new account of one directory gets, and which addresses may have one."""

    verification_email_templates: kinds.Collection[Collection[EmailTemplate]]
    verification_success_email_templates: kinds.Collection[Collection[EmailTemplate]]
    welcome_email_templates: kinds.Collection[Collection[EmailTemplate]]


class EmailTemplate(Resource, kinds.EmailTemplate):
    """The text of one of the mails that a directory sends."""


class AccountSchema(Resource, kinds.AccountSchema):
    """Which attributes the accounts of one directory must have."""

    fields: kinds.Collection[Collection[Field]]
    directory: kinds.Link[Directory]


class Field(Resource, kinds.Field):
    """One attribute of the accounts of a directory."""

    schema: kinds.Link[AccountSchema]


class SmtpServer(HasStatus, kinds.SmtpServer):
    """The mail server of a tenant, of which it has one at the most."""

    tenant: kinds.Link[Tenant]


class PasswordResetToken(Resource, kinds.PasswordResetToken):
    """The wish of somebody who forgot a password. Its href ends with the token that is mailed to them."""

    account: kinds.Link[Account]
    account_store: kinds.Link[Directory | Group | Organization]


class VerificationEmail(Resource, kinds.VerificationEmail):
    """The wish for another mail with a verification token."""

    account_store: kinds.Link[Directory | Group | Organization]


class EmailVerificationToken(Resource, kinds.EmailVerificationToken):
    """What proves that mail reaches an account. Its href ends with the token that was mailed."""


class VerificationEmails(Unlisted[VerificationEmail]):
    """Where another mail with a verification token is asked for."""

    def resend(self, account: Account | str, account_store: Directory | Group | Organization | str) -> None:
        """Send *account*, or who has that login, the verification mail once more. Only *account_store* is searched.

        Raises ValueError when one of them is missing; :class:`~stormpath_wsgi.Error` when nobody has that login there
        (2016), or the directory sends no such mails (6101).
        """
        if not account or not account_store:
            raise ValueError("resend() needs an account and an account store")
        login = account if isinstance(account, str) else account.email
        store = account_store if isinstance(account_store, str) else account_store.href
        wish: dict[str, Any] = {"login": login, "accountStore": {"href": store}}
        self._client.data_store.create(self.href, wish)
