"""Statements for SQLite are compiled once in a process, and not once for each database that a test opens.

SQLAlchemy keeps what it has compiled for each engine. Most tests open an engine of their own, and without this they
would spend most of their time on compiling.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

_Key = tuple[Any, ...]


class _Statements(dict[_Key, Any]):
    """SQLAlchemy asks with a key that begins with the engine's dialect. All of one class say the same here."""

    def get(self, key: _Key, default: Any = None) -> Any:
        return super().get(_common(key), default)

    def __setitem__(self, key: _Key, compiled: Any) -> None:
        super().__setitem__(_common(key), compiled)


def _common(key: _Key) -> _Key:
    return type(key[0]), *key[1:]


_STATEMENTS = _Statements()


def share(connection: Connection) -> None:
    """For SQLAlchemy's event ``engine_connect``."""
    if connection.dialect.name == "sqlite":
        connection.execution_options(compiled_cache=_STATEMENTS)
