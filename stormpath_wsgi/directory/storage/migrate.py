"""Bringing the tables of a database up to date.

The migrations are in :mod:`.migrations`, numbered with four digits. Each database keeps the number of its last
migration in a table with a name of ours, so that an application that uses Alembic itself may share the database.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy import Connection, column, inspect, select, table
from sqlalchemy.exc import ProgrammingError

from stormpath_wsgi.directory.storage import deadline, schema
from stormpath_wsgi.directory.storage.engine import Database, reason
from stormpath_wsgi.errors import ConfigurationError

#: The number of the newest migration, and where Alembic finds all of them.
HEAD, STEPS = "0021", "stormpath_wsgi.directory.storage:migrations"

_VERSION_TABLE = "stormpath_wsgi_version"


def prepare(database: Database) -> None:
    """Makes sure that the tables are up to date. An embedded database is upgraded, one on a server is only checked.

    Raises :class:`~stormpath_wsgi.errors.ConfigurationError` when a command must be run first.
    """
    if not pending(database):
        return
    if not database.embedded:
        raise ConfigurationError(f"directory: the tables of {database} are not up to date; run: stormpath-wsgi init")
    upgrade(database)


def pending(database: Database) -> bool:
    """Whether migrations have to be run.

    Raises ConfigurationError when a newer version of this package ran more of them.
    """
    with database.read() as connection:
        return _revision(database, connection) != HEAD


def has_tables(database: Database) -> bool:
    """Whether any migration was run."""
    with database.read() as connection:
        return _revision(database, connection) is not None


def upgrade(database: Database) -> None:
    """Runs the migrations that are left, all or none. Several processes may call it at once: one works, the others
    wait.

    Raises :class:`~stormpath_wsgi.errors.ConfigurationError` when the database belongs to another program, or the
    user of the URL may not make tables.
    """
    from alembic import command  # imported here: it takes a quarter of a second, which is only needed for an upgrade
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", STEPS)
    try:
        with deadline.allowing(deadline.LONG), database.write() as transaction:
            connection = transaction.connection
            if _revision(database, connection) is None:
                _refuse_foreign_tables(database, connection)
            _require_trigrams(connection)
            config.attributes.update(connection=connection, version_table=_VERSION_TABLE)
            command.upgrade(config, "head")
    except ProgrammingError as error:
        raise ConfigurationError(f"directory: the tables of {database} cannot be made: {reason(error)}") from error


def _revision(database: Database, connection: Connection) -> str | None:
    """The number of the last migration that was run; None before the first."""
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    revision = connection.scalar(select(column("version_num")).select_from(table(_VERSION_TABLE)))
    if revision is not None and revision > HEAD:
        raise ConfigurationError(
            f"directory: {database} was written by a newer stormpath-wsgi (step {revision}, this one knows {HEAD}); "
            "install that one here"
        )
    return revision


def _require_trigrams(connection: Connection) -> None:
    """Raises ConfigurationError where SQLite cannot find text by its trigrams."""
    if connection.dialect.name != "sqlite":
        return
    has_fts5 = connection.exec_driver_sql("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'").first() is not None
    if not has_fts5 or sqlite3.sqlite_version_info < (3, 34):
        raise ConfigurationError(
            f"directory: this Python has SQLite {sqlite3.sqlite_version}{'' if has_fts5 else ' without FTS5'}; "
            "SQLite 3.34 or later with FTS5 is needed, or PostgreSQL"
        )


def _refuse_foreign_tables(database: Database, connection: Connection) -> None:
    foreign = sorted(set(inspect(connection).get_table_names()) & schema.metadata.tables.keys())
    if foreign:
        raise ConfigurationError(
            f"directory: {database} holds tables of another program ({', '.join(foreign)}); name another database, "
            "or on PostgreSQL another schema: ?options=-csearch_path%3Dstormpath"
        )
