"""SQLite databases that begin with our tables in them: to take all steps takes longer than most tests do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from typing import Any, NamedTuple

from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database


class _Template(NamedTuple):
    """A database without a tenant: as it is in memory, and the statements that make it."""

    image: bytes
    statements: list[str]


@cache
def template() -> _Template:
    """Is asked for before anything listens to :func:`fill`."""
    with closing(Database("sqlite://")) as database:
        migrate.upgrade(database)
        with database.read() as connection:
            driver: Any = connection.connection.driver_connection
            return _Template(driver.serialize(), list(driver.iterdump())[1:-1])


def fill(connection: object, _: object) -> None:
    """For SQLAlchemy's event ``connect``: makes our tables in a database that is new."""
    if not isinstance(connection, sqlite3.Connection) or _has_tables(connection):
        return
    (_number, _name, file), *_attached = connection.execute("PRAGMA database_list")
    if not file:
        connection.deserialize(template().image)
        return
    connection.execute("BEGIN IMMEDIATE")
    if not _has_tables(connection):  # nobody was faster
        for statement in template().statements:
            connection.execute(statement)
    connection.execute("COMMIT")


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA schema_version").fetchone()[0])
