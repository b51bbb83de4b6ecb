"""Directories, and what their passwords must be like."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.custom_data import HasCustomData
from stormpath_wsgi.client.resource import HasStatus, Resource

if TYPE_CHECKING:
    from stormpath_wsgi.client.account import Accounts
    from stormpath_wsgi.client.application import AccountStoreMapping, Application
    from stormpath_wsgi.client.group import Group
    from stormpath_wsgi.client.mail import AccountCreationPolicy, AccountSchema, EmailTemplate
    from stormpath_wsgi.client.organization import Organization, OrganizationAccountStoreMapping
    from stormpath_wsgi.client.provider import Provider
    from stormpath_wsgi.client.tenant import Tenant


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
        """Send what was written; what was written to its provider is saved too, by a request of its own."""
        super().save()
        provider = self._related.get("provider")
        if provider is not None:
            provider.save()


class PasswordPolicy(Resource, kinds.PasswordPolicy):
    """How passwords of one directory are reset."""

    strength: kinds.Part[PasswordStrength]
    reset_email_templates: kinds.Collection[Collection[EmailTemplate]]
    reset_success_email_templates: kinds.Collection[Collection[EmailTemplate]]


class PasswordStrength(Resource, kinds.PasswordStrength):
    """What a new password of one directory must hold."""

    def validate_password(self, password: str) -> None:
        """Raise ValueError, with a sentence for the visitor, unless *password* may be set.

        The directory checks again; only it knows which passwords were used before (``prevent_reuse``).
        """
        if len(password) > kinds.Account.password.length[1]:
            raise ValueError("Password exceeded the maximum length.")
        password = unicodedata.normalize("NFC", password)  # as it is going to be judged
        if len(password) > self.max_length:
            raise ValueError("Password exceeded the maximum length.")
        if len(password) < self.min_length:
            raise ValueError("Password minimum length not satisfied.")
        for name, (called, is_one) in self.counted.items():
            least = self[name]
            if sum(map(bool, map(is_one, password))) < least:
                raise ValueError(f"Password requires at least {least} {called} characters.")
