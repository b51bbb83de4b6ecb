"""Turns: who of a process may write next, and who does not wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class NoTurn(Exception):
    """It is not our turn, and will not be soon. The text says why."""


class WriteTurns:
    """One thread at a time, which then waits for the file that all processes share.

    Other processes may hold that file for long, and each thread that waits for it meanwhile serves nobody. So a thread
    waits *soon* seconds for those before it. If that is not enough only *patient* threads wait on, *longest* seconds at
    the most; the others are refused, and while it is known that the file is held they are refused at once.

    Locks of Python and not of the database, whose own way of waiting stops every greenlet.
    """

    def __init__(self, *, soon: float, longest: float, patient: int = 1) -> None:
        self._patient = patient
        self.hurry(soon=soon, longest=longest)
        self.renew()

    def hurry(self, *, soon: float, longest: float) -> None:
        """Lets nobody wait for longer from now on."""
        self._soon, self._longest = soon, longest

    def renew(self) -> None:
        """For a forked child: the threads that had or awaited their turn do not live there."""
        self._lock, self._places = threading.Lock(), threading.BoundedSemaphore(self._patient)
        self._thread: int | None = None  # whose turn it is
        self._blocked_since: float | None = None  # since when nobody got the file, in seconds of time.monotonic()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Raises :class:`NoTurn`, and RuntimeError in a thread that has its turn already."""
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
        """How many seconds the thread whose turn it is shall wait for the file."""
        return max(self._soon, self._left(self._longest))

    def got_the_file(self) -> None:
        """Says that it waits no more."""
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
        """What is left of *seconds* that began when the file was got for the last time."""
        since = self._blocked_since
        return seconds if since is None else since + seconds - time.monotonic()
