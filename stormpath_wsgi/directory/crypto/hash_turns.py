"""Turns at work that keeps processors busy for long: few at a time, few that wait, and the rest are told at once.

Who waits holds a thread of the server. If everybody could wait, a flood of logins would take all threads, and nobody
would be left to answer what costs nothing.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from stormpath_wsgi.errors import Overloaded

log = logging.getLogger(__name__)

T = TypeVar("T")

# How far the priority of the work is lowered (nice), so that whoever needs no more than a moment gets it first. Between
# processes of the same machine that are always busy it means a third of the others' share, never nothing.
_NICENESS = 5
_LOWEST = 19


@dataclass(frozen=True)
class _Room:
    """What the threads of one process share. *places*: of those at work and those who wait."""

    places: threading.Semaphore
    slots: threading.Semaphore
    executor: ThreadPoolExecutor


class Turns:
    """*at_once* are at work, *waiting* wait for their turn, for *timeout* seconds at the most.

    Everybody else gets :class:`~stormpath_wsgi.errors.Overloaded` at once. May be shared by threads and by greenlets.
    A forked child counts anew.
    """

    def __init__(self, at_once: int, waiting: int, timeout: float) -> None:
        self._at_once, self._waiting, self._timeout = at_once, waiting, timeout
        self._rooms: dict[int, _Room] = {}  # by the id of the process

    def take(self, work: Callable[[], T]) -> T:
        """What *work* returns or raises, when it was done in its turn, by a thread of low priority.

        Raises :class:`~stormpath_wsgi.errors.Overloaded`; *work* was not begun then.
        """
        room = self._room()
        if not room.places.acquire(blocking=False):
            raise self._full()
        try:
            if not room.slots.acquire(timeout=self._timeout):
                raise _refusal(f"its turn did not come within {self._timeout} seconds")
            try:
                return room.executor.submit(_aside, work).result()
            finally:
                room.slots.release()
        finally:
            room.places.release()

    def expect(self) -> None:
        """Raises :class:`~stormpath_wsgi.errors.Overloaded` when :meth:`take` would do so now.

        To be asked before the work is prepared: a refusal shall cost as little as can be.
        """
        room = self._room()
        if not room.places.acquire(blocking=False):
            raise self._full()
        room.places.release()

    def _full(self) -> Overloaded:
        return _refusal(f"{self._at_once} are at work and {self._waiting} wait already")

    def _room(self) -> _Room:
        """That of this process: threads of a parent do not live on in its child, and never give back their turn.

        It is made by the first who needs it: a server may load us, fork, and only then let gevent replace what threads
        wait with. Of two that are first at once, ``setdefault`` takes one.
        """
        process = os.getpid()
        return self._rooms.get(process) or self._rooms.setdefault(process, self._new_room())

    def _new_room(self) -> _Room:
        return _Room(
            threading.BoundedSemaphore(self._at_once + self._waiting),
            threading.BoundedSemaphore(self._at_once),
            _executor()(self._at_once, "hashing"),
        )


def _refusal(reason: str) -> Overloaded:
    log.warning("a password was not hashed: %s", reason)
    return Overloaded()


def _aside(work: Callable[[], T]) -> T:
    if sys.platform == "linux":  # where 0 is the calling thread, and what it starts inherits its priority
        lowered = min(os.getpriority(os.PRIO_PROCESS, os.getpid()) + _NICENESS, _LOWEST)
        if os.getpriority(os.PRIO_PROCESS, 0) < lowered:
            os.setpriority(os.PRIO_PROCESS, 0, lowered)
    return work()


def _executor() -> type[ThreadPoolExecutor]:
    """Of real threads, also where gevent has made greenlets of threads: the work would stop all of them."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("threading"):
        from gevent.threadpool import ThreadPoolExecutor as Native

        native: type[ThreadPoolExecutor] = Native
        return native
    return ThreadPoolExecutor


def processors() -> int:
    """How many this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
