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


#: The highest number of values in a list for which the SQL is kept.
_FEW = 4


class _Compiled(NamedTuple):
    """A statement as the driver of one engine takes it."""

    sql: str
    #: The parameters that the statement has in itself, by name.
    fixed: Parameters
    #: By the name of a list: the names of the parameters that its values are.
    lists: Mapping[str, Sequence[str]]
    #: The names of all parameters in their order; None: the driver takes them by name.
    order: Sequence[str] | None
    #: Which of the values the driver does not return as they shall be: their place in the row, and the function.
    converted: Sequence[tuple[int, Callable[[Any], Any]]]


class Query:
    """A *statement* that is run often. One with a list of parameters that is empty or long is run by SQLAlchemy all the
    same.
    """

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement
        self._lists = sorted({bind.key for bind in _binds(statement) if bind.expanding and bind.required})
        # By the name of the engine, and the length of each list.
        self._compiled: dict[tuple[object, ...], _Compiled] = {}

    def rows(self, connection: Connection, parameters: Parameters) -> Sequence[Sequence[Any]]:
        """All rows, within the transaction of *connection*, if it has one. *parameters*: by name, and no others than
        texts, numbers, and lists of them.

        Raises the same errors as ``connection.execute``.
        """
        dialect = connection.dialect
        lengths = [len(parameters[name]) for name in self._lists]
        if lengths and not 1 <= min(lengths) <= max(lengths) <= _FEW:
            return connection.execute(self.statement, parameters).all()
        key = (dialect.name, *lengths)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = self._compile(dialect, parameters)
        values: Any = {**compiled.fixed, **parameters} if compiled.fixed else parameters
        if compiled.lists:
            values = dict(values)
            for name, names in compiled.lists.items():
                values.update(zip(names, values.pop(name), strict=True))
        if compiled.order is not None:
            values = tuple([values[name] for name in compiled.order])
        driver: Any = connection.connection.driver_connection
        for listener in connection.engine.dispatch.before_cursor_execute:
            listener(connection, None, compiled.sql, values, None, False)
        try:
            rows: list[tuple[Any, ...]] = driver.execute(compiled.sql, values).fetchall()
        except BaseException as error:
            raise _told(connection, compiled.sql, error) from error
        return [_convert(row, compiled.converted) for row in rows] if compiled.converted else rows

    def first(self, connection: Connection, parameters: Parameters) -> Sequence[Any] | None:
        """The first row; None where there is none. See :meth:`rows`."""
        return next(iter(self.rows(connection, parameters)), None)

    def _compile(self, dialect: Dialect, parameters: Parameters) -> _Compiled:
        made: Any = self.statement.compile(dialect=dialect)
        fixed = {name: bind.value for name, bind in made.binds.items() if not bind.required}
        converters = [
            one["type"].dialect_impl(dialect).result_processor(dialect, None)
            for one in self.statement.column_descriptions
        ]
        converted = [(at, convert) for at, convert in enumerate(converters) if convert is not None]
        expanded = made.construct_expanded_state(parameters)
        order = expanded.positiontup if made.positional else None
        return _Compiled(expanded.statement, fixed, expanded.parameter_expansion, order, converted)


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
