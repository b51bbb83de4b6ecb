"""The epoch: one number that moves whenever something a cache may hold was changed, by any process.

A cache keeps the number it read *before* it asked the database, and trusts an entry only while the epoch is
still that number. A number never comes back. While nobody can know it, because a change is on its way or was
left half-way by a process that died, the epoch is *unsettled*: every reading is another negative number, so
that nothing is kept. That costs speed and never truth.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import logging
import mmap
import os
import selectors
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, exc

from stormpath_wsgi.errors import Unavailable

log = logging.getLogger(__name__)

# Seconds between two tries for the lock. A blocking flock would stop every greenlet of the process; a longer pause
# would starve who waits while another process writes without rest.
_POLL = 0.0005
_CHANNEL = "stormpath_epoch"


class Epoch(Protocol):
    """What every engine offers."""

    def read(self) -> int:
        """The number to keep and compare. Asked on every request: no I/O while the epoch is settled."""

    def moving(self, connection: Connection) -> AbstractContextManager[None]:
        """Brackets the COMMIT of a change, which *connection* is about to do."""

    def after_fork(self) -> None:
        """Called in a new child process, before anything else runs there."""

    def close(self) -> None:
        """Lets go of what is held. Readings afterwards are unsettled."""


class MemoryEpoch:
    """For a directory in the memory of one process, whose engine runs one transaction at a time."""

    def __init__(self) -> None:
        self._number = 0  # odd while unsettled, as the word of FileEpoch
        self._unsettled = itertools.count(-1, -1)

    def read(self) -> int:
        number = self._number
        return next(self._unsettled) if number & 1 else number

    @contextmanager
    def moving(self, connection: Connection) -> Iterator[None]:
        self._number += 1
        try:
            yield
        finally:
            self._number += 1

    def after_fork(self) -> None:
        pass

    def close(self) -> None:
        self._number |= 1


class FileEpoch:
    """For the processes of one machine: a sequence lock in a memory-mapped file beside the database.

    The file holds one 64-bit word, even when settled, odd from before the COMMIT of a change until after it.
    Writers hold a lock on the file, :meth:`locked`, and the kernel takes it from a process that dies. An odd word
    whose lock is free was therefore left behind; who finds it makes it even again.

    The file is made with mode 0600 when it is missing. Its first number is the time in nanoseconds, so that a
    file that was deleted and made anew brings no old number back. *timeout*: seconds to wait for the lock.
    *database*: whose owner gets the file when root makes it, as SQLite does with its own files.
    """

    def __init__(self, path: Path, *, timeout: float = 10, database: Path | None = None) -> None:
        self._path, self._timeout, self._database = path, timeout, database
        self._unsettled = itertools.count(-1, -1)
        self._identity: tuple[int, int] | None = None  # device and inode of the mapped file
        self._word = _nothing_mapped()
        self._closed = False
        try:
            self._unlock(self._lock(0))
        except BlockingIOError:
            pass  # a change is on its way; the first reading afterwards maps the file
        except OSError as error:
            log.error("%s cannot be used, so nothing will be cached: %s", path, error.strerror)

    def read(self) -> int:
        number = self._word[0]
        return self._mended() if number & 1 else number

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One writer at a time, of all processes. Raises Unavailable."""
        try:
            lock = self._lock(self._timeout)
        except OSError as error:  # without the file the others would go on with what they have
            log.error("%s cannot be locked, so nothing can be written: %s", self._path, error.strerror)
            raise Unavailable from error
        try:
            yield
        finally:
            self._unlock(lock)

    @contextmanager
    def moving(self, connection: Connection) -> Iterator[None]:
        """As :meth:`Epoch.moving`. Only while :meth:`locked`."""
        word = self._word
        try:
            word[0] |= 1
            yield
        finally:
            word[0] += 1

    def after_fork(self) -> None:
        pass  # the mapping is shared with the parent, and locks are taken on files of one's own

    def close(self) -> None:
        self._closed, self._word = True, _nothing_mapped()

    def _mended(self) -> int:
        """The number after mending the word if its writer has died; unsettled if he is at work."""
        if not self._closed:
            with contextlib.suppress(OSError):  # locked by a writer, or not there
                lock = self._lock(0)
                try:
                    self._word[0] += self._word[0] & 1
                    return self._word[0]
                finally:
                    self._unlock(lock)
        return next(self._unsettled)

    def _lock(self, timeout: float) -> int:
        """A locked descriptor of the file, which is mapped then. Raises OSError."""
        deadline = time.monotonic() + timeout
        while True:
            # A descriptor of its own for each holder: locks are the open file's, which threads and forks share.
            descriptor = self._open()
            try:
                _flock(descriptor, deadline)
                if os.path.samestat(os.fstat(descriptor), os.stat(self._path)):
                    self._map(descriptor)
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)  # deleted or replaced while we waited

    def _open(self) -> int:
        # Never through a link: whoever may write in the folder could have root open any other file.
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        while True:
            with contextlib.suppress(FileNotFoundError):
                return os.open(self._path, flags)
            with contextlib.suppress(FileExistsError):  # another process was faster
                descriptor = os.open(self._path, flags | os.O_CREAT | os.O_EXCL, 0o600)
                self._give_away(descriptor)
                return descriptor

    def _give_away(self, descriptor: int) -> None:
        """What root makes on the command line, the server shall be able to use."""
        if self._database is not None and os.geteuid() == 0:
            with contextlib.suppress(OSError):  # root in name only
                owner = os.stat(self._database)
                os.fchown(descriptor, owner.st_uid, owner.st_gid)

    def _unlock(self, descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing is not enough while a fork holds a copy
        os.close(descriptor)

    def _map(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        if self._identity == (status.st_dev, status.st_ino):
            return
        if status.st_size < self._word.itemsize:
            # Written and not truncated to size: on a full disk a hole would kill us when we write through the map.
            os.pwrite(descriptor, (time.time_ns() & ~1).to_bytes(8, sys.byteorder), 0)
        self._word[0] |= 1  # the file mapped before is gone: whoever still maps it shall look for the new one
        self._word = memoryview(mmap.mmap(descriptor, self._word.itemsize)).cast("Q")
        self._identity = (status.st_dev, status.st_ino)


class NotifiedEpoch:
    """For PostgreSQL: NOTIFY in the transaction of a change, and one thread in each process that listens.

    The server delivers a notification when, and only if, the transaction commits, so a writer that dies leaves
    nothing half-way. Every *beat* seconds the thread asks the server for a sign of life, and what was heard is
    trusted for *lease* seconds from the asking: a network that swallows notifications costs truth for no longer.
    Until the thread listens, and when it cannot, the epoch is unsettled.

    Listening needs a connection of its own: a pooler that hands out connections by the transaction swallows
    notifications, so the URL must lead to the server or to a pooler by the session.
    """

    def __init__(self, engine: Engine, *, beat: float = 2, lease: float = 5) -> None:
        self._engine, self._beat, self._lease = engine, beat, lease
        self._numbers, self._unsettled = itertools.count(1), itertools.count(-1, -1)
        self._closed = False
        self._trusted_until = 0.0  # seconds of time.monotonic()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._waker: socket.socket | None = None  # to interrupt the thread while it waits
        self._move()

    def read(self) -> int:
        if time.monotonic() < self._trusted_until:
            return self._number
        self._start()
        return next(self._unsettled)

    @contextmanager
    def moving(self, connection: Connection) -> Iterator[None]:
        connection.exec_driver_sql(f"NOTIFY {_CHANNEL}")
        try:
            yield
        finally:
            self._move()  # this process need not wait for its own notification

    def after_fork(self) -> None:
        self._trusted_until, self._thread, self._starting = 0.0, None, threading.Lock()
        if self._waker:
            self._waker.close()  # a copy; the parent's stays open

    def close(self) -> None:
        self._closed, self._trusted_until = True, 0.0
        with self._starting:
            if self._thread and self._waker:
                self._waker.close()
                self._thread.join(self._lease)

    def _move(self, *_: object) -> None:
        # Threads may pass each other between the two steps: the number may fall then, but none comes twice.
        self._number = next(self._numbers)

    def _start(self) -> None:
        with self._starting:
            if self._closed or (self._thread and self._thread.is_alive()):
                return
            self._waker, waiter = socket.socketpair()
            self._thread = threading.Thread(target=self._listen, args=(waiter,), name=_CHANNEL, daemon=True)
            self._thread.start()

    def _listen(self, waiter: socket.socket) -> None:
        complain, pid = log.warning, os.getpid()
        with waiter:
            while self._wanted(pid):
                try:
                    with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                        complain = log.warning
                        self._follow(connection, waiter, pid)
                except (exc.DBAPIError, exc.TimeoutError) as error:
                    complain("cannot listen for changes, so nothing is cached: %s", type(error).__name__)
                    complain = log.debug  # once is enough for one outage
                self._trusted_until = 0.0
                _wait(1, waiter)

    def _follow(self, connection: Connection, waiter: socket.socket, pid: int) -> None:
        driver: Any = connection.connection.driver_connection
        connection.detach()  # ours for good: the pool no longer counts it
        driver.add_notify_handler(self._move)
        connection.exec_driver_sql(f"LISTEN {_CHANNEL}")
        self._move()
        while self._wanted(pid):
            asked = time.monotonic()
            connection.exec_driver_sql("SELECT 1")  # takes in what was notified, and proves that the line is up
            self._trusted_until = asked + self._lease
            _wait(self._beat, driver, waiter)

    def _wanted(self, pid: int) -> bool:
        # Greenlets, unlike threads, go on in a forked child, where this connection is not theirs to use.
        return not self._closed and os.getpid() == pid


def _wait(timeout: float, *sources: Any) -> None:
    """Until one of *sources* can be read, *timeout* seconds at the most."""
    with selectors.DefaultSelector() as selector:
        for source in sources:
            selector.register(source, selectors.EVENT_READ)
        selector.select(timeout)


def _flock(descriptor: int, deadline: float) -> None:
    """Locks the file. Raises BlockingIOError at *deadline* (of time.monotonic)."""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_POLL)


def _nothing_mapped() -> memoryview[int]:
    """An odd word that no other process shares."""
    return memoryview(bytearray((1).to_bytes(8, sys.byteorder))).cast("Q")
