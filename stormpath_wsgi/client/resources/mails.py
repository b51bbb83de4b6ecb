"""The mails of a directory: their texts, and whether they are sent."""

from __future__ import annotations

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.resource import Resource


class EmailTemplate(Resource, kinds.EmailTemplate):
    """The text of one of the mails that a directory sends."""

    #: The form of a mail that has no HTML.
    MIME_TYPE_PLAIN_TEXT = "text/plain"
    #: The form of a mail that is HTML only.
    MIME_TYPE_HTML = "text/html"

    def get_link_base_url(self) -> str | None:
        """The address that the link in the mail leads to, without its token; None for a mail without a link."""
        return (self.default_model or {}).get("link_base_url") if "default_model" in self else None

    def set_link_base_url(self, url: str) -> None:
        """Lets the link in the mail lead to *url*, once the template is saved."""
        self.default_model = {"link_base_url": url}


class AccountCreationPolicy(Resource, kinds.AccountCreationPolicy):
    """Which mails the new accounts of one directory get, and which addresses may have one."""

    #: The status of a mail that is sent.
    EMAIL_STATUS_ENABLED = kinds.ENABLED
    #: The status of a mail that is not sent.
    EMAIL_STATUS_DISABLED = kinds.DISABLED

    verification_email_templates: kinds.Collection[Collection[EmailTemplate]]
    verification_success_email_templates: kinds.Collection[Collection[EmailTemplate]]
    welcome_email_templates: kinds.Collection[Collection[EmailTemplate]]


class MailedCode(Resource, kinds.MailedCode):
    """A code that was mailed, as somebody types it. See :meth:`.Application.answer_mailed_code`."""


class EmailVerificationToken(Resource, kinds.EmailVerificationToken):
    """A mailed token that verifies an e-mail address. Its href ends with the token."""
