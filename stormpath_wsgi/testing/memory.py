"""Directories in memory: how they begin, how they are brought back, and what several tests make is made once."""

from __future__ import annotations

import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from typing import Any, NamedTuple, TypeVar, cast

from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database, begins_with

T = TypeVar("T")

#: How many states of a directory are kept at the most; each takes a megabyte.
MOST = 20
#: Seconds for which what was made may be brought back: its times are then so much in the past.
_GOOD_FOR = 60.0


@cache
def tables() -> bytes:
    """A database with our tables in it, and no rows."""
    with closing(Database("sqlite://")) as database:
        migrate.upgrade(database)
        with _driver(database) as driver:
            return driver.serialize()


@contextmanager
def quick_databases() -> Iterator[None]:
    """A directory in memory that is opened in the block begins with copied tables. To make them takes a second."""
    token = begins_with.set(tables())
    try:
        yield
    finally:
        begins_with.reset(token)


@contextmanager
def _driver(database: Database) -> Iterator[sqlite3.Connection]:
    with database.read() as connection:
        yield cast(sqlite3.Connection, connection.connection.driver_connection)


class Memory:
    """The rows of a directory that lives in *database*, which is in memory."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def changes(self) -> int:
        """How many rows were changed so far."""
        with _driver(self._database) as driver:
            return driver.total_changes

    def image(self) -> bytes:
        """All that is in the database now."""
        with _driver(self._database) as driver:
            return driver.serialize()

    def bring_back(self, image: bytes) -> None:
        """Have the database be as it was when :meth:`image` was asked. Nothing that was read since is believed."""
        with _driver(self._database) as driver:
            driver.deserialize(image)
        with self._database.write():  # moves the generation
            pass


class _Step(NamedTuple):
    image: bytes
    result: Any
    since: float  # seconds of time.monotonic()


class Shortcuts:
    """What tests make, one after the other, from the same beginning on. What was made before is brought back.

    It holds as long as nobody else writes into the directory in between; from then on all is made for real.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._steps: OrderedDict[tuple[Hashable, ...], _Step] = OrderedDict()
        self._path: tuple[Hashable, ...] = ()
        self._begins_with = b""
        self._changes = -1

    def begin(self) -> None:
        """A test begins, with the directory as it is now."""
        if self._changes != self._memory.changes:  # somebody has written since the last test
            self._steps.clear()
            self._begins_with = self._memory.image()
        self._path, self._changes = (), self._memory.changes

    def begin_anew(self) -> None:
        """The test is over: the directory is as it was at its beginning."""
        self._memory.bring_back(self._begins_with)
        self._path, self._changes = (), self._memory.changes

    def made(self, what: Hashable, make: Callable[[], T]) -> T:
        """What *make* answers, which says *what* it makes. It must answer plain values, which know no directory."""
        if self._changes != self._memory.changes:
            return make()
        path = (*self._path, what)
        step = self._steps.get(path)
        if step is not None and time.monotonic() < step.since + _GOOD_FOR:
            self._memory.bring_back(step.image)
        else:
            step = _Step(image=b"", result=make(), since=time.monotonic())
            step = self._steps[path] = step._replace(image=self._memory.image())
            self._steps.move_to_end(path)
            if len(self._steps) > MOST:
                self._steps.popitem(last=False)
        self._path, self._changes = path, self._memory.changes
        return cast(T, step.result)
