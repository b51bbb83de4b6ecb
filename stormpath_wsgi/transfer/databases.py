"""Rows out of the databases of others: SQLite files, and PostgreSQL. Nothing is written there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    Connection,
    Engine,
    StaticPool,
    column,
    create_engine,
    exc,
    func,
    inspect,
    make_url,
    select,
    table,
)

from stormpath_wsgi.transfer.of_others import Reader
from stormpath_wsgi.transfer.people import Person
from stormpath_wsgi.transfer.problems import TransferError

_AT_ONCE = 250  # rows that are fetched at once
_SQLITE = b"SQLite format 3\0"


class Tables:
    """How a system keeps its users. *users*, *groups* and *members* are tables: of users, of groups with their names,
    and of who is in which; *group_id*: the column of the last that names the group.
    """

    def __init__(self, users: str, groups: str, members: str, group_id: str) -> None:
        self.users, self.groups, self.members, self.group_id = users, groups, members, group_id

    def with_users(self, name: str) -> Tables:
        """The same where the users are in a table called *name*; its members are in one that is called after it."""
        members = f"{name}_groups" if self.members == f"{self.users}_groups" else self.members
        return Tables(name, self.groups, members, self.group_id)


DJANGO = Tables("auth_user", "auth_group", "auth_user_groups", "group_id")
FLASK_SECURITY = Tables("user", "role", "roles_users", "role_id")


def is_sqlite(path: Path) -> bool:
    """Whether the file at *path* is a database of SQLite."""
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def persons(source: str | Path, tables: Tables, read: Reader) -> Iterator[Person]:
    """The users in a database: the path of a SQLite file, or ``postgresql://user@host/database``, whose password libpq
    finds in ``PGPASSWORD`` or ``~/.pgpass``.

    Raises :class:`TransferError` when it cannot be opened, or has no such table.
    """
    with _opened(source) as connection:
        try:
            yield from _persons(connection, tables, read)
        except exc.DBAPIError as error:
            raise TransferError(f"The database cannot be read: {str(error.orig).splitlines()[0]:.200}") from None


def number(source: str | Path, tables: Tables) -> int | None:
    """How many users there are; None where that cannot be told."""
    with _opened(source) as connection:
        try:
            return connection.execute(
                select(func.count()).select_from(table(_checked(connection, tables.users)))
            ).scalar()
        except exc.DBAPIError:
            return None


def _persons(connection: Connection, tables: Tables, read: Reader) -> Iterator[Person]:
    names = _columns(connection, tables.users)
    if "password" not in names or not {"email", "username"} & {*names} or "id" not in names:
        raise TransferError(f"The table {tables.users} has no columns id, password, and email or username.")
    users = table(tables.users, *map(column, names))
    member_of = _member_column(connection, tables)
    statement = select(users).order_by(users.c.id).execution_options(yield_per=_AT_ONCE)
    rows = connection.execute(statement).mappings()
    for part in rows.partitions():
        groups = _groups(connection, tables, member_of, [row["id"] for row in part]) if member_of else {}
        for row in part:
            yield read(f"{tables.users} {row['id']}", dict(row), groups.get(row["id"], ()))


def _groups(connection: Connection, tables: Tables, member_of: str, ids: Sequence[Any]) -> dict[Any, tuple[str, ...]]:
    """The names of the groups of the users with *ids*, by id."""
    members = table(tables.members, column(member_of), column(tables.group_id))
    groups = table(tables.groups, column("id"), column("name"))
    statement = (
        select(members.c[member_of], groups.c.name)
        .join(groups, groups.c.id == members.c[tables.group_id])
        .where(members.c[member_of].in_(ids))
        .order_by(members.c[member_of], groups.c.name)
    )
    found = connection.execute(statement).all()
    return {id: tuple(row[1] for row in part) for id, part in groupby(found, key=lambda row: row[0])}


def _member_column(connection: Connection, tables: Tables) -> str | None:
    """The column that names the user in the table of members; None where there are no groups."""
    there = inspect(connection)
    if not there.has_table(tables.members) or not there.has_table(tables.groups):
        return None
    names = _columns(connection, tables.members)
    rest = [name for name in names if name.endswith("_id") and name != tables.group_id]
    return rest[0] if tables.group_id in names and len(rest) == 1 else None


def _columns(connection: Connection, name: str) -> list[str]:
    return [each["name"] for each in inspect(connection).get_columns(_checked(connection, name))]


def _checked(connection: Connection, name: str) -> str:
    if not inspect(connection).has_table(name):
        raise TransferError(f"The database has no table {name}; name another one: --table")
    return name


@contextmanager
def _opened(source: str | Path) -> Iterator[Connection]:
    engine = _engine(source)
    try:
        with engine.connect() as connection:
            yield connection
    except exc.DBAPIError as error:
        raise TransferError(f"The database cannot be opened: {str(error.orig).splitlines()[0]:.200}") from None
    finally:
        engine.dispose()


def _engine(source: str | Path) -> Engine:
    if isinstance(source, Path):
        address = f"file:{quote(str(source.resolve()))}?mode=ro"
        return create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=StaticPool, hide_parameters=True
        )
    try:
        url = make_url(source).set(drivername="postgresql+psycopg")
        return create_engine(url, isolation_level="REPEATABLE READ", hide_parameters=True)
    except (exc.ArgumentError, ValueError):  # the URL is not repeated: it may hold a password
        raise TransferError("This is no address of a database: write postgresql://user@host/database") from None
    except ImportError:
        raise TransferError("PostgreSQL needs psycopg; install it with: pip install 'psycopg[binary]'") from None
