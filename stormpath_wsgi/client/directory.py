"""Directories, and what their passwords must be like."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.custom_data import HasCustomData
from stormpath_wsgi.client.resource import HasStatus, Resource

if TYPE_CHECKING:
    from stormpath_wsgi.client.account import Account
    from stormpath_wsgi.client.application import AccountStoreMapping, Application
    from stormpath_wsgi.client.group import Group
    from stormpath_wsgi.client.tenant import Tenant


class Directory(HasCustomData, HasStatus, kinds.Directory):
    """A container of accounts and groups, with its own password policy."""

    tenant: kinds.Link[Tenant]
    password_policy: kinds.Part[PasswordPolicy]
    accounts: kinds.Collection[Collection[Account]]
    groups: kinds.Collection[Collection[Group]]
    applications: kinds.Collection[Collection[Application]]
    application_mappings: kinds.Collection[Collection[AccountStoreMapping]]


class PasswordPolicy(Resource, kinds.PasswordPolicy):
    """How passwords of one directory are reset."""

    strength: kinds.Part[PasswordStrength]


class PasswordStrength(Resource, kinds.PasswordStrength):
    """What a new password of one directory must hold."""

    def validate_password(self, password: str) -> None:
        """Raise ValueError, with a sentence for the visitor, unless *password* may be set.

        The directory checks again; only it knows which passwords were used before (``prevent_reuse``).
        """
        password = unicodedata.normalize("NFC", password)  # as it is going to be judged
        if len(password) > self.max_length:
            raise ValueError("Password exceeded the maximum length.")
        if len(password) < self.min_length:
            raise ValueError("Password minimum length not satisfied.")
        for name, (called, characters) in self.counted.items():
            least = self[name]
            if len(characters.findall(password)) < least:
                raise ValueError(f"Password requires at least {least} {called} characters.")
