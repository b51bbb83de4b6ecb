"""SELECTs that are run with nearly every request. Their SQL is made once, and the driver runs it.

SQLAlchemy does much for each execution that is the same each time, and takes longer for that than SQLite for its
answer. Types, errors and lost connections are what they are when SQLAlchemy runs the statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, Dialect, Select, exc
from sqlalchemy.sql import visitors

Parameters = Mapping[str, Any]


class _Compiled(NamedTuple):
    """A statement as the driver of one engine takes it."""

    sql: str
    #: The parameters that the statement has in itself, by name.
    fixed: Parameters
    #: The names of all parameters in their order; None: the driver takes them by name.
    order: Sequence[str] | None
    #: Which of the values the driver does not return as they shall be: their place in the row, and the function.
    converted: Sequence[tuple[int, Callable[[Any], Any]]]


class Query:
    """A *statement* that is run often. One with lists of parameters, which have another length each time, is run by
    SQLAlchemy all the same.
    """

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement
        self._compiled: dict[str, _Compiled] = {}
        self._has_lists = any(bind.expanding for bind in _binds(statement))

    def rows(self, connection: Connection, parameters: Parameters) -> Sequence[Sequence[Any]]:
        """All rows, within the transaction of *connection*, if it has one. *parameters*: by name, and no others than
        texts and numbers.

        Raises the same errors as ``connection.execute``.
        """
        if self._has_lists:
            return connection.execute(self.statement, parameters).all()
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name) or self._compile(dialect)
        values: Any = {**compiled.fixed, **parameters} if compiled.fixed else parameters
        if compiled.order is not None:
            values = tuple([values[name] for name in compiled.order])
        driver: Any = connection.connection.driver_connection
        for listener in connection.dispatch.before_cursor_execute:
            listener(connection, None, compiled.sql, values, None, False)
        try:
            rows: list[tuple[Any, ...]] = driver.execute(compiled.sql, values).fetchall()
        except BaseException as error:
            raise _told(connection, compiled.sql, error) from error
        return [_convert(row, compiled.converted) for row in rows] if compiled.converted else rows

    def first(self, connection: Connection, parameters: Parameters) -> Sequence[Any] | None:
        """The first row; None where there is none. See :meth:`rows`."""
        return next(iter(self.rows(connection, parameters)), None)

    def _compile(self, dialect: Dialect) -> _Compiled:
        made: Any = self.statement.compile(dialect=dialect)
        fixed = {name: bind.value for name, bind in made.binds.items() if not bind.required}
        converters = [
            one["type"].dialect_impl(dialect).result_processor(dialect, None)
            for one in self.statement.column_descriptions
        ]
        converted = [(at, convert) for at, convert in enumerate(converters) if convert is not None]
        compiled = _Compiled(made.string, fixed, made.positiontup if made.positional else None, converted)
        self._compiled[dialect.name] = compiled
        return compiled


def _binds(statement: Select[Any]) -> Iterator[BindParameter[Any]]:
    return (part for part in visitors.iterate(statement) if isinstance(part, BindParameter))


def _convert(row: tuple[Any, ...], converted: Sequence[tuple[int, Callable[[Any], Any]]]) -> Sequence[Any]:
    values = list(row)
    for at, convert in converted:
        values[at] = convert(values[at])
    return values


def _told(connection: Connection, sql: str, error: BaseException) -> BaseException:
    """*error* of a driver as SQLAlchemy raises it. A connection that is lost goes to nobody else."""
    dialect = connection.dialect
    driver: Any = dialect.loaded_dbapi
    if not isinstance(error, driver.Error):
        if not isinstance(error, Exception):  # the wait was ended from outside, and the answer may still come
            connection.invalidate(error)
        return error
    is_lost = dialect.is_disconnect(error, connection.connection.driver_connection, None)
    told: BaseException = exc.DBAPIError.instance(
        sql, None, error, driver.Error, hide_parameters=True, connection_invalidated=is_lost, dialect=dialect
    )
    if is_lost:
        connection.invalidate(error)
    return told
