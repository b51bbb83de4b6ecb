"""The embedded identity service: tenants, applications, directories, groups, accounts, tokens, in a database."""

from __future__ import annotations

from contextlib import ExitStack, closing

from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.mail import Mail
from stormpath_wsgi.directory.rules.factors.passkeys import check_library
from stormpath_wsgi.directory.service import DirectoryService
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.migrate import prepare
from stormpath_wsgi.settings import DirectoryOptions

__all__ = ["DirectoryOptions", "DirectoryService", "open_directory"]


def open_directory(url: str, options: DirectoryOptions | None = None) -> DirectoryService:
    """Opens the service over the database *url*: ``sqlite:///accounts.db``, ``sqlite://``, ``postgresql+psycopg://…``.

    The tables of an embedded database are brought up to date. *options*: see
    :class:`~stormpath_wsgi.settings.DirectoryOptions`; None means the defaults. Raises
    :class:`~stormpath_wsgi.errors.ConfigurationError` when the URL or an option is wrong, when the tables have to be
    upgraded first, or when accounts have passkeys and the library for them is missing.
    """
    options = options or DirectoryOptions()
    with ExitStack() as opened:
        database = opened.enter_context(closing(_database(url, options)))
        secrets = Secrets.of(database, options.encryption_keys)
        mail = Mail.of(options.mail, options.base_url, database)
        prepare(database)
        check_library(database)
        opened.pop_all()  # it is good: leave it open
    return DirectoryService(
        database,
        options.base_url,
        passwords=Passwords(
            options.password_hasher or options.passwords.hash_cost.hasher(), waiting=options.hash_queue
        ),
        secrets=secrets,
        sms=options.sms,
        mail=mail,
        cache_ttl=options.cache_ttl,
        events=options.events,
        limits=options.limits,
        new_passwords=options.passwords,
        names_audience=options.names_audience,
        audit=options.audit,
        encryption_keys=options.encryption_keys,
        providers=options.providers,
    )


def _database(url: str, options: DirectoryOptions) -> Database:
    return Database(
        url,
        timeout=options.database_timeout.total_seconds(),
        strict=options.session_check == "strict",
        listen_url=None if options.listen_url is None else options.listen_url.get_secret_value(),
    )
