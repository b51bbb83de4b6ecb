"""The embedded identity service: tenants, applications, directories, groups, accounts, tokens, in a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack, closing
from typing import Any

from pydantic import SecretStr

from stormpath_wsgi.directory.engine import Database
from stormpath_wsgi.directory.mail import Mail
from stormpath_wsgi.directory.migrate import prepare
from stormpath_wsgi.directory.secrets import Secrets
from stormpath_wsgi.directory.service import DirectoryService
from stormpath_wsgi.directory.sms import Send
from stormpath_wsgi.settings import MailSettings

__all__ = ["DirectoryService", "open_directory"]


def open_directory(
    url: str,
    *,
    base_url: str = "https://localhost/v1",
    encryption_keys: Iterable[str | SecretStr] = (),
    sms: Send | None = None,
    mail: MailSettings | Mapping[str, Any] | None = None,
) -> DirectoryService:
    """The service over the database *url*: ``sqlite:///accounts.db``, ``sqlite://``, ``postgresql+psycopg://…``.

    The tables of an embedded database are brought up to date. *encryption_keys*: see :class:`.secrets.Secrets`. *sms*
    sends text messages, see :data:`.sms.Send`; without it they are files in ``outbox`` beside an embedded database.
    *mail*: the settings of that section, or a mapping of them.
    Raises :class:`~stormpath_wsgi.errors.ConfigurationError` when the URL or the tables will not do.
    """
    with ExitStack() as opened:
        database = opened.enter_context(closing(Database(url)))
        secrets = Secrets.of(database, encryption_keys)
        outgoing = Mail.of(MailSettings.model_validate(mail or {}), base_url, database)
        prepare(database)
        opened.pop_all()  # it is good: leave it open
    return DirectoryService(database, base_url, secrets=secrets, sms=sms, mail=outgoing)
