"""Mail: the port through which it is sent, the mailers behind that port, templates, and addresses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self
from urllib.parse import urlsplit

from stormpath_wsgi.directory.mail.mailers import FolderMailer, Mailer, NoMailer, open_mailer
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.settings import MailSettings

__all__ = ["RESET", "RESET_SUCCESS", "VERIFICATION", "VERIFICATION_SUCCESS", "WELCOME", "Mail", "Mailer"]

#: The purposes of the mails that a directory sends. Two of these mails have a link with a token.
RESET, RESET_SUCCESS = "reset", "resetSuccess"
VERIFICATION, VERIFICATION_SUCCESS, WELCOME = "verification", "verificationSuccess", "welcome"


@dataclass(frozen=True, slots=True)
class Mail:
    """How mail is sent, and the defaults for what a template leaves open.

    *links*: what the link in a mail starts with, by the purpose of the mail. *verification_ttl*: the milliseconds for
    which a verification token is valid.
    """

    mailer: Mailer
    from_name: str
    from_address: str
    links: Mapping[str, str]
    verification_ttl: int

    @classmethod
    def of(cls, settings: MailSettings, base_url: str, database: Database) -> Self:
        """Mail as the *settings* ask for. Raises :class:`~stormpath_wsgi.ConfigurationError` for a wrong ``mail.url``.

        *base_url*: that of the directory, for links. *database*: the folder for mail is beside a database in a file.
        """
        base = urlsplit(base_url)
        site = f"{base.scheme}://{base.netloc}"
        links = {
            RESET: settings.reset_link or f"{site}/change",
            VERIFICATION: settings.verification_link or f"{site}/verify",
        }
        return cls(
            _mailer(settings, database),
            settings.from_name,
            settings.from_address or f"noreply@{base.hostname or 'localhost'}",
            MappingProxyType(links),
            settings.verification_ttl // dt.timedelta(milliseconds=1),
        )


def _mailer(settings: MailSettings, database: Database) -> Mailer:
    if settings.url is not None:
        return open_mailer(settings.url.get_secret_value())
    if database.path is not None:
        return FolderMailer(database.path.with_name("outbox"))
    return NoMailer(why="mail.url is not set")
