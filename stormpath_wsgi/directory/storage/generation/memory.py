"""The generation of a directory in the memory of one process."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from stormpath_wsgi.slots import ANY, EVERYBODY, WORDS


class MemoryGeneration:
    """The generation of a directory in memory, whose engine runs one transaction at a time."""

    def __init__(self) -> None:
        self._words = [0] * WORDS
        self._moving = set[int]()
        self._unsettled = itertools.count(-1, -1)

    def read(self, slot: int = ANY, /) -> int:
        """See :meth:`Generation.read`."""
        if self._moving and not self._moving.isdisjoint((EVERYBODY, slot)):
            return next(self._unsettled)
        return self._words[EVERYBODY] + self._words[slot]

    @contextmanager
    def moving(self, connection: Connection, slots: Collection[int] = (EVERYBODY,)) -> Iterator[None]:
        """See :meth:`Generation.moving`."""
        moved = {EVERYBODY} if EVERYBODY in slots else {ANY, *slots}
        self._moving |= moved
        try:
            yield
        finally:
            for word in moved:
                self._words[word] += 1
            self._moving -= moved

    def after_fork(self) -> None:
        """See :meth:`Generation.after_fork`. The child has a copy of the words."""
        pass

    def close(self) -> None:
        """See :meth:`Generation.close`."""
        self._moving = {EVERYBODY}
