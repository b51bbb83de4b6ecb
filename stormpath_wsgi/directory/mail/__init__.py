"""Mail: the port it leaves by, its ends, what a template becomes, and the outbox where it waits."""

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

#: The mails that a directory sends, and the tokens of the two that have a link.
RESET, RESET_SUCCESS = "reset", "resetSuccess"
VERIFICATION, VERIFICATION_SUCCESS, WELCOME = "verification", "verificationSuccess", "welcome"


@dataclass(frozen=True, slots=True)
class Mail:
    """How mail leaves, and what a template says that was not told otherwise.

    *links*: by the purpose of the mail, what its link starts with. *verification_ttl*: of a verification token,
    milliseconds.
    """

    mailer: Mailer
    from_name: str
    from_address: str
    links: Mapping[str, str]
    verification_ttl: int

    @classmethod
    def of(cls, settings: MailSettings, base_url: str, database: Database) -> Self:
        """What the *settings* ask for. Raises :class:`~stormpath_wsgi.ConfigurationError` for a wrong ``mail.url``."""
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
