"""Turns at work that keeps processors busy for long: a few threads work, a few wait, and all others are refused at
once.

A request that waits holds a thread of the server. If every request could wait, a flood of logins would hold all
threads, and cheap requests would get no answer.
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

# How far the priority of the work is lowered (nice), so that short work of other threads comes first. When the
# processors are always busy, the work still gets about a third of the time that an ordinary thread gets.
_NICENESS = 5
_LOWEST = 19


@dataclass(frozen=True)
class _Room:
    """What the threads of one process share. *places*: one for each thread that works or waits."""

    places: threading.Semaphore
    slots: threading.Semaphore
    executor: ThreadPoolExecutor


class Turns:
    """Lets *at_once* calls work and *waiting* more wait for their turn, for *timeout* seconds at the most.

    Every other call is refused at once with :class:`~stormpath_wsgi.errors.Overloaded`. Threads and greenlets may share
    an object. A forked child counts anew.
    """

    def __init__(self, at_once: int, waiting: int, timeout: float) -> None:
        self._at_once, self._waiting, self._timeout = at_once, waiting, timeout
        self._rooms: dict[int, _Room] = {}  # the key is the id of the process

    def take(self, work: Callable[[], T]) -> T:
        """Waits for the turn, calls *work* in a thread of low priority, and returns or raises what *work* does.

        Raises :class:`~stormpath_wsgi.errors.Overloaded` when the call is refused. Then *work* was not called.
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

        To be called before the work is prepared, so that a refusal costs as little as possible.
        """
        room = self._room()
        if not room.places.acquire(blocking=False):
            raise self._full()
        room.places.release()

    def _full(self) -> Overloaded:
        return _refusal(f"{self._at_once} are at work and {self._waiting} wait already")

    def _room(self) -> _Room:
        """The room of this process. A forked child needs its own: the threads of its parent would never end their
        turns.

        It is made when it is first needed. A server may import this module, then fork, and only then let gevent replace
        the locks of threads. When two threads make one at the same time, ``setdefault`` keeps one of them.
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
    if sys.platform == "linux":  # there 0 means the calling thread, and threads that it starts inherit its priority
        lowered = min(os.getpriority(os.PRIO_PROCESS, os.getpid()) + _NICENESS, _LOWEST)
        if os.getpriority(os.PRIO_PROCESS, 0) < lowered:
            os.setpriority(os.PRIO_PROCESS, 0, lowered)
    return work()


def _executor() -> type[ThreadPoolExecutor]:
    """The class of a pool of real threads, even if gevent replaces threads by greenlets: the work would stop all
    greenlets.
    """
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("threading"):
        from gevent.threadpool import ThreadPoolExecutor as Native

        native: type[ThreadPoolExecutor] = Native
        return native
    return ThreadPoolExecutor


def processors() -> int:
    """The number of processors that this process may use, where the system tells it; otherwise of all processors."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
