"""Mail: the port through which it is sent, the mailers behind that port, templates, and addresses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self
from urllib.parse import quote, urlencode, urlsplit

from stormpath_wsgi.directory.mail.colours import colours
from stormpath_wsgi.directory.mail.layout import Layout
from stormpath_wsgi.directory.mail.mailers import FolderMailer, Mailer, NoMailer, open_mailer
from stormpath_wsgi.directory.mail.purposes import (
    INVITATION,
    RESET,
    RESET_SUCCESS,
    VERIFICATION,
    VERIFICATION_SUCCESS,
    WELCOME,
    silent,
)
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.settings import MailSettings

__all__ = ["RESET", "RESET_SUCCESS", "VERIFICATION", "VERIFICATION_SUCCESS", "WELCOME", "Mail", "Mailer"]

#: What stays as it is in the path of an address.
_PATH = "/:@!$&'()*+,;=-._~"


@dataclass(frozen=True, slots=True)
class Mail:
    """How mail is sent, and the defaults for what a template leaves open.

    *links*: what the link in a mail starts with, by the purpose of the mail. *verification_ttl*: the milliseconds for
    which a verification token is valid. *code_ttl*: the same of a code. *invitation_ttl*: the same of an invitation.
    *site*: the address of the site, for other links. *site_name*: what the site is called in mails whose words are
    ours; None: as the application. *domain*: below which each organization has a host of its own; None: none has.
    *silent*: the notices that are not sent. *layout*: draws these mails. *local_links*: whether
    links lead to a development server (:attr:`.Origin.site`) where one is asked.
    """

    mailer: Mailer
    from_name: str
    from_address: str
    links: Mapping[str, str]
    verification_ttl: int
    code_ttl: int = 600_000
    invitation_ttl: int = 604_800_000
    site: str = ""
    site_name: str | None = None
    domain: str | None = None
    local_links: bool = False
    silent: frozenset[str] = frozenset()
    layout: Layout = field(default_factory=lambda: Layout.of(None, None))

    @classmethod
    def of(cls, settings: MailSettings, base_url: str, database: Database) -> Self:
        """Mail as the *settings* ask for. Raises :class:`~stormpath_wsgi.ConfigurationError` for a wrong ``mail.url``,
        and for a layout that cannot be used.

        *base_url*: that of the directory, for links. *database*: the folder for mail is beside a database in a file.
        """
        base = urlsplit(base_url)
        site = settings.site or f"{base.scheme}://{base.netloc}"
        links = {
            RESET: settings.reset_link or f"{site}/change",
            VERIFICATION: settings.verification_link or f"{site}/verify",
            INVITATION: settings.invitation_link or f"{site}/invitation",
        }
        return cls(
            _mailer(settings, database),
            settings.from_name,
            settings.from_address or f"noreply@{base.hostname or 'localhost'}",
            MappingProxyType(links),
            settings.verification_ttl // dt.timedelta(milliseconds=1),
            invitation_ttl=settings.invitation_ttl // dt.timedelta(milliseconds=1),
            code_ttl=settings.code_ttl // dt.timedelta(milliseconds=1),
            site=site,
            site_name=settings.site_name,
            domain=settings.domain,
            silent=silent(settings.notices),
            layout=Layout.of(settings.templates, settings.logo, colours(settings.accent)),
            local_links=bool(settings.local_links),
        )

    def at(self, path: str, **query: str) -> str:
        """The address of the page of the site at *path*, such as ``/account``. No request has a say in it."""
        parameters = f"?{urlencode(query)}" if query else ""
        return f"{self.site}{quote(path, safe=_PATH)}{parameters}"


def _mailer(settings: MailSettings, database: Database) -> Mailer:
    if settings.url is not None:
        return open_mailer(settings.url.get_secret_value())
    if database.path is not None:
        return FolderMailer(database.path.with_name("outbox"))
    return NoMailer(why="mail.url is not set")
