"""How a directory in a database is opened."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pydantic import SecretStr

from stormpath_wsgi.events import Events
from stormpath_wsgi.settings.audit import AuditSettings
from stormpath_wsgi.settings.limits import LimitsSettings
from stormpath_wsgi.settings.mail import MailSettings
from stormpath_wsgi.settings.passwords import PasswordsSettings
from stormpath_wsgi.settings.providers import ProvidersSettings
from stormpath_wsgi.settings.types import SmsSender

if TYPE_CHECKING:
    from pwdlib.hashers.argon2 import Argon2Hasher


@dataclass(frozen=True, kw_only=True)
class DirectoryOptions:
    """How a directory in a database is opened: one value, made by the settings and handed down whole.

    *base_url*: what hrefs start with, without a slash at the end. *application_name*: of the application that an empty
    embedded directory gets. *encryption_keys*: those that encrypt the secrets at rest, 64 hex digits each, the first
    encrypts; none: of an embedded directory, those in a file beside its own. *sms*: sends text messages; None: they are
    files in ``outbox`` beside an embedded directory. *password_hasher*: makes the hashes of passwords; None: argon2id
    of the cost that *passwords* says. *database_timeout*: how long a transaction may wait for the database.
    *listen_url*: the address at which PostgreSQL itself is heard of changes, where the database's is a pooler's; it may
    hold a password. *session_check*: ``strict`` where no change may be noticed late on PostgreSQL. *cache_ttl*: seconds
    that anything is remembered at the most, such as an API key of the REST API. *hash_queue*: how many
    requests of a process may wait for the hash of a password. *limits*: how often something may be tried. *passwords*:
    which new ones are refused, and what a hash costs. *names_audience*: whether the JWTs of tokens have the claim
    ``aud``. *audit*: what is kept of what happens. *providers*: how providers are spoken to. *events*: who listens to
    what happens in the directory.
    """

    base_url: str = "https://localhost/v1"
    application_name: str = "My Application"
    encryption_keys: tuple[SecretStr | str, ...] = field(default=(), repr=False)
    sms: SmsSender | None = None
    mail: MailSettings = field(default_factory=MailSettings)
    password_hasher: Argon2Hasher | None = None
    database_timeout: dt.timedelta = dt.timedelta(seconds=5)
    listen_url: SecretStr | None = None
    session_check: Literal["remembered", "strict"] = "remembered"
    cache_ttl: float = 60
    hash_queue: int = 4
    limits: LimitsSettings = field(default_factory=LimitsSettings)
    passwords: PasswordsSettings = field(default_factory=PasswordsSettings)
    names_audience: bool = False
    audit: AuditSettings = field(default_factory=AuditSettings)
    providers: ProvidersSettings = field(default_factory=ProvidersSettings)
    events: Events = field(default_factory=Events)
