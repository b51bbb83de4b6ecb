"""The mail that a directory sends."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import Field, SecretStr

from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import Accent, DomainName, Duration, Link, MailAddress, OneLine, SiteUrl


class NoticeSettings(Section):
    """Which mails tell people what has happened to their accounts, each with a button for who has not done it."""

    new_browser: bool = Field(True, description="Somebody has signed in in a browser that is new to the account.")
    password: bool = Field(True, description="The account has another password.")
    email: bool = Field(True, description="The account has another address. This goes to the address of before.")
    factor: bool = Field(
        True, description="A second factor or a passkey was added or removed, or the account has new recovery codes."
    )
    recovery_code: bool = Field(True, description="A recovery code was used.")
    api_key: bool = Field(True, description="The account has a new API key, or one that no longer works.")
    failures: bool = Field(
        True,
        description="Somebody has guessed at the password or at codes until a limit held him up; once a day.",
    )


#: What stands in a link for the id of the application that a mail is about.
APPLICATION = "{application}"


class MailSettings(Section):
    """The mail that a directory sends: how it leaves, from whom it is, and where its links lead."""

    url: SecretStr | None = Field(
        None,
        description="How it leaves: smtp://USER:PASSWORD@HOST (port 587, encrypted by STARTTLS or not sent), "
        "smtps://USER:PASSWORD@HOST (port 465), smtp+plain://HOST (port 25, not encrypted: for a relay on the same "
        "machine), folder:///PATH for .eml files, or null: for nowhere. Not set: the folder outbox beside the file of "
        "an embedded directory; of another one no mail is sent. An SMTP server of the tenant comes before it.",
    )
    from_name: OneLine = Field("Accounts", description="Name of the sender, where a template has no other.")
    from_address: MailAddress | None = Field(
        None, description="Address of the sender, where a template has no other. Not set: noreply@ the host of baseUrl."
    )
    reset_link: Link | None = Field(
        None,
        description="Where the links of password reset mails lead, where a template has no other; ?sptoken=TOKEN is "
        "added. {application} in it stands for the id of the application. Not set: web.changePassword.uri of the site "
        "at web.baseUrl; with idSite.enabled, of the pages of the ID Site.",
    )
    verification_link: Link | None = Field(
        None, description="The same for verification mails. Not set: web.verifyEmail.uri of the site at web.baseUrl."
    )
    site: SiteUrl | None = Field(
        None,
        description="The address of the site, for the other links of mails. Not set: web.baseUrl, with web.basePath.",
    )
    site_name: OneLine | None = Field(
        None, description="What the site is called in mails. Not set: web.look.name, or the name of the application."
    )
    domain: DomainName | None = Field(
        None,
        description="The domain below which each organization has a host. Links to this domain lead to the host of an "
        "organization instead, in mails that its people have asked for. Not set: web.domainName, where "
        "web.multiTenancy is enabled.",
    )
    logo: Link | None = Field(
        None,
        description="The address of a picture for the head of mails. Not set: web.look.logo, or the first letter of "
        "the name.",
    )
    accent: Accent | None = Field(
        None, description="The colour of buttons in mails, such as #2563eb. Not set: web.look.accent."
    )
    local_links: bool | None = Field(
        None,
        description="Whether links lead to the host that a request names, if that is a name of this machine and the "
        "request comes from it, as in development. Not set: where nothing else says where the site is.",
    )
    templates: Path | None = Field(
        None, description="A folder whose files mail.html and mail.txt replace the layout of the mails in our words."
    )
    code_ttl: Duration = Field(
        dt.timedelta(minutes=10), description="How long the code in a mail is good, which is typed into a page."
    )
    invitation_link: Link | None = Field(
        None, description="The same for invitations. Not set: web.invitation.uri of the site at web.baseUrl."
    )
    invitation_ttl: Duration = Field(dt.timedelta(days=7), description="How long the link of an invitation is good.")
    verification_ttl: Duration = Field(
        dt.timedelta(days=7), description="How long the token of a verification mail is good."
    )

    notices: NoticeSettings = NoticeSettings()

    @property
    def is_sent(self) -> bool:
        """Whether mail goes to a mail server."""
        return self.url is not None and self.url.get_secret_value().startswith("smtp")
