"""Turns: which thread of a process may write next, and which threads are refused instead of waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class NoTurn(Exception):
    """The thread is refused, because it would wait too long for its turn. The text says why."""


class WriteTurns:
    """Gives one thread of the process at a time the turn to write; that thread then waits for the file of all
    processes.

    Other processes may lock the file for long, and a thread that waits cannot serve other requests. So a thread waits
    *soon* seconds for the threads before it. After that only *patient* threads wait on, for *longest* seconds at the
    most, and the others are refused. While the file is known to be locked, they are refused at once.

    The locks are Python's: SQLite's own way of waiting would stop every greenlet.
    """

    def __init__(self, *, soon: float, longest: float, patient: int = 1) -> None:
        self._patient = patient
        self.hurry(soon=soon, longest=longest)
        self.renew()

    def hurry(self, *, soon: float, longest: float) -> None:
        """Sets new limits, in seconds, for every thread that begins to wait from now on."""
        self._soon, self._longest = soon, longest

    def renew(self) -> None:
        """Starts anew in a forked child, where the threads that had their turn, or waited for it, do not exist."""
        self._lock, self._places = threading.Lock(), threading.BoundedSemaphore(self._patient)
        self._thread: int | None = None  # the id of the thread that has its turn
        self._blocked_since: float | None = None  # when the wait for the file began, in seconds of time.monotonic()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for the turn, and holds it in the block.

        Raises :class:`NoTurn` when the thread is refused, and RuntimeError in a thread that has its turn already.
        """
        if self._thread == threading.get_ident():
            raise RuntimeError("transactions do not nest")
        lock = self._lock
        if not self._awaited(lock):
            raise NoTurn("other writes of this process are waiting already, or take too long")
        self._thread = threading.get_ident()
        if self._blocked_since is None:
            self._blocked_since = time.monotonic()
        try:
            yield
        finally:
            self._thread = None
            lock.release()

    def patience(self) -> float:
        """How many seconds the thread that has its turn shall wait for the file."""
        return max(self._soon, self._left(self._longest))

    def got_the_file(self) -> None:
        """Called by the thread that has its turn, once it has locked the file."""
        self._blocked_since = None

    def _awaited(self, lock: threading.Lock) -> bool:
        if lock.acquire(timeout=max(0, self._left(self._soon))):
            return True
        places = self._places
        if not places.acquire(blocking=False):
            return False
        try:
            return lock.acquire(timeout=self._longest)
        finally:
            places.release()

    def _left(self, seconds: float) -> float:
        """The seconds that are left of *seconds*, which began when the wait for the file began; all, without a wait."""
        since = self._blocked_since
        return seconds if since is None else since + seconds - time.monotonic()
