"""The embedded identity service: tenants, applications, directories, groups, accounts, tokens, in a database."""

from __future__ import annotations

from contextlib import ExitStack, closing

from stormpath_wsgi.directory.engine import Database
from stormpath_wsgi.directory.migrate import prepare
from stormpath_wsgi.directory.service import DirectoryService

__all__ = ["DirectoryService", "open_directory"]


def open_directory(url: str, *, base_url: str = "https://localhost/v1") -> DirectoryService:
    """The service over the database *url*: ``sqlite:///accounts.db``, ``sqlite://``, ``postgresql+psycopg://…``.

    The tables of an embedded database are brought up to date. Raises
    :class:`~stormpath_wsgi.errors.ConfigurationError` when the URL or the tables will not do.
    """
    with ExitStack() as opened:
        database = opened.enter_context(closing(Database(url)))
        prepare(database)
        opened.pop_all()  # it is good: leave it open
    return DirectoryService(database, base_url)
