"""A database with one table of numbers, for tests that need no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Integer, MetaData, Table, insert, select

from stormpath_wsgi.directory.storage.engine import Database

metadata = MetaData()
marks = Table("marks", metadata, Column("number", Integer, primary_key=True, autoincrement=False))


@contextmanager
def opened(url: str, *, timeout: float = 10) -> Iterator[Database]:
    database = Database(url, timeout=timeout)
    try:
        yield database
    finally:
        database.close()


def mark(database: Database, *numbers: int, moves_generation: bool = True) -> None:
    with database.write(moves_generation=moves_generation) as transaction:
        for number in numbers:
            transaction.connection.execute(insert(marks), {"number": number})


def marked(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.scalars(select(marks.c.number).order_by(marks.c.number)))
