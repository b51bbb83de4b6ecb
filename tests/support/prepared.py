"""SQLite databases that begin with our tables in them: to take all steps takes longer than most tests do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from functools import cache
from typing import NamedTuple

from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.migrate import HEAD
from stormpath_wsgi.testing import quick_databases


class _Template(NamedTuple):
    """A database without a tenant: as it is in memory, and the statements that make it. *set_up*: one with a tenant."""

    image: bytes
    statements: list[str]
    set_up: bytes


@cache
def template() -> _Template:
    """Is asked for before anything listens to :func:`fill`."""
    with quick_databases(), closing(Database("sqlite://")) as database:
        with _driver(database) as driver:
            image, statements = driver.serialize(), list(_statements(driver))
        DirectoryService(database, "http://localhost/v1").bootstrap()
        with _driver(database) as driver:
            return _Template(image, statements, driver.serialize())


def _statements(driver: sqlite3.Connection) -> Iterator[str]:
    """SQLite cannot dump a table of FTS5 that has no content, and makes the tables below it by itself."""
    made = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'account\\_grams\\__%' ESCAPE '\\'"
    triggers = "SELECT sql FROM sqlite_master WHERE type = 'trigger'"
    for sql in dict.fromkeys((*driver.execute(made), *driver.execute(triggers))):
        yield sql[0]
    yield f"INSERT INTO stormpath_wsgi_version VALUES ('{HEAD}')"  # noqa: S608


@contextmanager
def _driver(database: Database) -> Iterator[sqlite3.Connection]:
    with database.read() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        yield driver


_set_up: ContextVar[bool] = ContextVar("set_up", default=False)


@contextmanager
def set_up() -> Iterator[None]:
    """A new database in memory begins with what bootstrapping makes, too. It is the same in each, down to the ids."""
    token = _set_up.set(True)
    try:
        yield
    finally:
        _set_up.reset(token)


def fill(connection: object, _: object) -> None:
    """For SQLAlchemy's event ``connect``: makes our tables in a database that is new."""
    if not isinstance(connection, sqlite3.Connection) or _has_tables(connection):
        return
    (_number, _name, file), *_attached = connection.execute("PRAGMA database_list")
    if not file:
        connection.deserialize(template().set_up if _set_up.get() else template().image)
        return
    connection.execute("BEGIN IMMEDIATE")
    if not _has_tables(connection):  # nobody was faster
        for statement in template().statements:
            connection.execute(statement)
    connection.execute("COMMIT")


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA schema_version").fetchone()[0])
