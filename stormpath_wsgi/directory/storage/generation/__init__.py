"""The generation: numbers that move whenever any process changes something that a cache may hold.

A cache keeps, with each entry, the number that it read *before* it asked the database. It uses the entry only while the
generation still says that number. There is a number for each slot (:mod:`stormpath_wsgi.slots`): an entry that concerns
one account is kept with the number of its slot, and changes of other accounts leave it alone. What concerns everybody
changes all numbers. A number only grows, and so never comes back.

A number is *unsettled* while a change is under way, or was left unfinished by a process that died. Then every reading
is another negative number, so nothing is cached. That costs speed, but no cache gives a wrong answer.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection

from stormpath_wsgi.directory.storage.generation.file import FileGeneration, retire
from stormpath_wsgi.directory.storage.generation.memory import MemoryGeneration
from stormpath_wsgi.directory.storage.generation.notified import MOST, NotifiedGeneration, number_in
from stormpath_wsgi.slots import ANY, EVERYBODY

__all__ = ["MOST", "FileGeneration", "Generation", "MemoryGeneration", "NotifiedGeneration", "number_in", "retire"]


class Generation(Protocol):
    """What the generation of every engine offers."""

    def read(self, slot: int = ANY, /) -> int:
        """The number of *slot*, to keep and compare. Called on every request: does no I/O while it is settled."""

    def moving(self, connection: Connection, slots: Collection[int] = (EVERYBODY,)) -> AbstractContextManager[None]:
        """The block in which *connection* does the COMMIT of a change of *slots*: their numbers move."""

    def after_fork(self) -> None:
        """Called in a new child process before anything else: gives up what belongs to the parent."""

    def close(self) -> None:
        """Closes what is open. Later readings are unsettled."""
