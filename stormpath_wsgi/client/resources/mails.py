"""The mails of a directory: their texts, and whether they are sent."""

from __future__ import annotations

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.resource import Resource


class EmailTemplate(Resource, kinds.EmailTemplate):
    """The text of one of the mails that a directory sends."""


class AccountCreationPolicy(Resource, kinds.AccountCreationPolicy):
    """Which mails the new accounts of one directory get, and which addresses may have one."""

    verification_email_templates: kinds.Collection[Collection[EmailTemplate]]
    verification_success_email_templates: kinds.Collection[Collection[EmailTemplate]]
    welcome_email_templates: kinds.Collection[Collection[EmailTemplate]]


class MailedCode(Resource, kinds.MailedCode):
    """A code that was mailed, as somebody types it. See :meth:`.Application.answer_mailed_code`."""


class EmailVerificationToken(Resource, kinds.EmailVerificationToken):
    """A mailed token that verifies an e-mail address. Its href ends with the token."""
