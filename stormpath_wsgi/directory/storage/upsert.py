"""INSERT that says what becomes of a row that is there already: each engine has a word of its own for it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table

SQLITE = "sqlite"


def insert(table: Table, engine: str) -> Any:
    """An INSERT into *table* that has ``on_conflict_do_nothing`` and ``on_conflict_do_update``.

    *engine*: the name of the connection's dialect. What knows the SQL of the other engine is not imported.
    """
    if engine == SQLITE:
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
