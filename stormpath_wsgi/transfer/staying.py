"""Which rows of a database stay: all but those of the directories and groups that are being removed.

A large directory is marked first, and its rows are removed later. An export that had these rows would bring them back
with the import.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, and_, case, not_, or_, select

from stormpath_wsgi.directory.storage import schema


class Staying:
    """What stays at the moment of *connection*'s transaction. Where nothing is being removed, it asks no more."""

    def __init__(self, connection: Connection) -> None:
        self._all = connection.execute(select(schema.removals.c.id).limit(1)).first() is None

    def conditions(self, table: Table) -> list[ColumnElement[bool]]:
        """The conditions for rows of *table* that stay."""
        going = [] if self._all else _going(table)
        return [not_(or_(*going))] if going else []

    def value(self, column: Column[Any]) -> ColumnElement[Any]:
        """*column*, null where it would be set to null because the row that it points at is being removed."""
        for key in column.foreign_keys:
            going = [] if self._all else _going(key.column.table)
            if going and key.ondelete == "SET NULL":
                return case((column.in_(_ids(key.column, going)), None), else_=column)
        return column


def _going(table: Table) -> list[ColumnElement[bool]]:
    """The conditions of which each is true for rows of *table* that are going to be removed, and none is null."""
    going: list[ColumnElement[bool]] = []
    if table in (schema.directories, schema.groups):
        going.append(table.c.id.in_(select(schema.removals.c.id)))
    for column, owner in _owners(table):
        if of_owner := _going(owner.table):
            condition = column.in_(_ids(owner, of_owner))
            going.append(and_(column.is_not(None), condition) if column.nullable else condition)
    return going


def _owners(table: Table) -> list[tuple[Column[Any], Column[Any]]]:
    """The columns of *table* that say with which rows a row is removed, each with the column that it points at."""
    if table is schema.custom_data:
        owners = schema.directories, schema.groups, schema.accounts
        return [(table.c.owner_id, owner.c.id) for owner in owners]
    return [(column, key.column) for column in table.c for key in column.foreign_keys if key.ondelete == "CASCADE"]


def _ids(column: Column[Any], going: list[ColumnElement[bool]]) -> Select[Any]:
    return select(column).where(or_(*going)).correlate(None)
