"""The rules for the passwords of one directory, and for resetting them."""

from __future__ import annotations

import unicodedata

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.resource import Resource
from stormpath_wsgi.client.resources.mails import EmailTemplate


class PasswordStrength(Resource, kinds.PasswordStrength):
    """What a new password in one directory must contain."""

    def validate_password(self, password: str) -> None:
        """Raises ValueError, with a sentence for the visitor, unless *password* may be set.

        The directory checks it again. Only the directory knows which passwords were used before (``prevent_reuse``).
        """
        if len(password) > kinds.Account.password.length[1]:
            raise ValueError("Password exceeded the maximum length.")
        password = unicodedata.normalize("NFC", password)  # the form that the directory checks
        if len(password) > self.max_length:
            raise ValueError("Password exceeded the maximum length.")
        if len(password) < self.min_length:
            raise ValueError("Password minimum length not satisfied.")
        for name, (called, is_one) in self.counted.items():
            least = self[name]
            if sum(map(bool, map(is_one, password))) < least:
                raise ValueError(f"Password requires at least {least} {called} characters.")


class PasswordPolicy(Resource, kinds.PasswordPolicy):
    """How passwords of one directory are reset."""

    #: The status of a mail that is sent.
    RESET_EMAIL_STATUS_ENABLED = kinds.ENABLED
    #: The status of a mail that is not sent.
    RESET_EMAIL_STATUS_DISABLED = kinds.DISABLED

    strength: kinds.Part[PasswordStrength]
    reset_email_templates: kinds.Collection[Collection[EmailTemplate]]
    reset_success_email_templates: kinds.Collection[Collection[EmailTemplate]]
