"""The generation: one number that moves whenever any process changes something that a cache may hold.

A cache keeps, with each entry, the number that it read *before* it asked the database. It uses the entry only while the
generation is still that number. A number never comes back. The generation is *unsettled* while a change is under way,
or was left unfinished by a process that died. Then every reading is another negative number, so nothing is cached. That
costs speed, but no cache gives a wrong answer.
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
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, exc

from stormpath_wsgi.directory.storage import deadline
from stormpath_wsgi.errors import Unavailable

log = logging.getLogger(__name__)

# Seconds between two tries for the lock. A blocking flock would stop every greenlet of the process. With a longer pause
# a waiting process might never get the lock while another process writes without rest.
_POLL = 0.0005
_CHANNEL = "stormpath_epoch"
_SIZE = 8  # bytes of the word
_LOW = 0 if sys.byteorder == "little" else _SIZE - 1  # where its last bit is: odd or even
# Seconds that a change waits at the most for its own notice to arrive in this process.
_ECHO = 0.1

_ASK = "SELECT number FROM epoch"
# The number is at least the time in microseconds. So after a backup was restored, no change gets a number that an
# earlier change has had.
_MOVE = f"""
    INSERT INTO epoch AS its (id, number) VALUES (1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
    ON CONFLICT (id) DO UPDATE SET number = greatest(its.number + 1, excluded.number)
    RETURNING pg_notify('{_CHANNEL}', %(mark)s)
"""  # noqa: S608  (no value of anybody's)


class Generation(Protocol):
    """What the generation of every engine offers."""

    def read(self) -> int:
        """The number to keep and compare. Called on every request: does no I/O while the generation is settled."""

    def moving(self, connection: Connection) -> AbstractContextManager[None]:
        """The block in which *connection* does the COMMIT of a change: the number moves before it and after it."""

    def after_fork(self) -> None:
        """Called in a new child process before anything else: gives up what belongs to the parent."""

    def close(self) -> None:
        """Closes what is open. Later readings are unsettled."""


class MemoryGeneration:
    """The generation of a directory in the memory of one process, whose engine runs one transaction at a time."""

    def __init__(self) -> None:
        self._number = 0  # odd while unsettled, like the word of FileGeneration
        self._unsettled = itertools.count(-1, -1)

    def read(self) -> int:
        """See :meth:`Generation.read`."""
        number = self._number
        return next(self._unsettled) if number & 1 else number

    @contextmanager
    def moving(self, connection: Connection) -> Iterator[None]:
        """See :meth:`Generation.moving`."""
        self._number += 1
        try:
            yield
        finally:
            self._number += 1

    def after_fork(self) -> None:
        """See :meth:`Generation.after_fork`. The child has a copy of the number."""
        pass

    def close(self) -> None:
        """See :meth:`Generation.close`."""
        self._number |= 1


class FileGeneration:
    """The generation of the processes of one machine: a sequence lock in a memory-mapped file beside the database.

    The file holds one 64-bit word. It is even when settled, and odd from before the COMMIT of a change until after it.
    Writers hold a lock on the file (:meth:`locked`), which the kernel releases when a process dies. So an odd word
    whose lock is free was left by a process that died, and the next reader makes it even again.

    The file is made with mode 0600 when it is missing. Its first number is the time in nanoseconds, so that a file that
    was deleted and made anew has no number of before. *timeout*: seconds to wait for the lock. *database*: the database
    file; when root makes the file of the generation, it gets the same owner, as SQLite does with its own files.

    When a process reads a mapped file that was truncated, the kernel kills it (SIGBUS). So readers look at the file
    itself first, unless they did so at most *glance* seconds ago, and writers use the file and never the map. One case
    is left: the file is truncated between two readings that are less than *glance* seconds apart. The look also finds a
    file that was deleted or replaced. The process that finds a file too short fills it again.
    """

    def __init__(self, path: Path, *, timeout: float = 10, database: Path | None = None, glance: float = 0.001) -> None:
        self._path, self._timeout, self._database, self._glance = path, timeout, database, glance
        self._unsettled = itertools.count(-1, -1)
        self._identity: tuple[int, int] | None = None  # device and inode of the file that was mapped last
        self._map: mmap.mmap | None = None
        self._word = _nothing_mapped()
        self._sound_until = 0.0  # seconds of time.monotonic()
        self._held: dict[int, int] = {}  # by the id of a thread: the descriptor that it has locked
        self._closed = False
        try:
            self._unlock(self._lock(0))
        except BlockingIOError:
            pass  # a change is under way; the next reading maps the file
        except OSError as error:
            log.error("%s cannot be used, so nothing will be cached: %s", path, error.strerror)

    def read(self) -> int:
        """See :meth:`Generation.read`."""
        if time.monotonic() >= self._sound_until:
            self._look()
        number = self._word[0]
        return self._mended() if number & 1 else number

    @contextmanager
    def locked(self, timeout: float | None = None) -> Iterator[None]:
        """Lets one writer of all processes into the block. *timeout*: seconds to wait, if other than usual.

        Raises :class:`~stormpath_wsgi.errors.Unavailable` when the time is over, or when the file cannot be opened.
        """
        try:
            lock = self._lock(self._timeout if timeout is None else timeout)
        except OSError as error:  # without the file, other processes would go on using their cached answers
            log.error("%s cannot be locked, so nothing can be written: %s", self._path, error.strerror)
            raise Unavailable from error
        self._held[threading.get_ident()] = lock
        try:
            yield
        finally:
            del self._held[threading.get_ident()]
            self._unlock(lock)

    @contextmanager
    def moving(self, connection: Connection | None = None) -> Iterator[None]:
        """See :meth:`Generation.moving`. To be used within :meth:`locked`."""
        lock = self._held[threading.get_ident()]
        try:
            before = _number(lock)
            os.pwrite(lock, bytes([before & 0xFF | 1]), _LOW)
        except OSError as error:
            log.error("%s cannot be written, so nothing else can: %s", self._path, error.strerror)
            raise Unavailable from error
        try:
            yield
        finally:
            # The disk is full and the file short: readers treat that like an odd word.
            with contextlib.suppress(OSError):
                _settle(lock, (before | 1) + 1)

    def after_fork(self) -> None:
        """See :meth:`Generation.after_fork`."""
        # The child may use the mapping, which it shares with the parent, and opens files of its own to lock them.
        self._sound_until = 0.0
        self._held = {}

    def close(self) -> None:
        """See :meth:`Generation.close`."""
        self._closed, self._word, self._map, self._sound_until = True, _nothing_mapped(), None, float("inf")

    def _look(self) -> None:
        """Whether what is mapped is the file that is there, and long enough."""
        self._sound_until = time.monotonic() + self._glance
        try:
            found = os.stat(self._path)
            sound = (found.st_dev, found.st_ino) == self._identity and found.st_size >= _SIZE
        except OSError:
            sound = False
        if not sound:
            self._word = _nothing_mapped()  # which is odd, so that it is mended, with a new map

    def _mended(self) -> int:
        """Makes the word even if its writer has died, and returns the number; unsettled while a writer is at work."""
        if not self._closed:
            with contextlib.suppress(OSError):  # the file is locked by a writer, or missing
                lock = self._lock(0)
                try:
                    number = _number(lock)
                    if number & 1:
                        number += 1
                        _settle(lock, number)
                    return number
                finally:
                    self._unlock(lock)
        return next(self._unsettled)

    def _lock(self, timeout: float) -> int:
        """Locks and maps the file. Returns the locked descriptor. *timeout*: seconds. Raises OSError."""
        deadline = time.monotonic() + timeout
        while True:
            # Each holder of the lock opens the file itself: a flock belongs to the open file, which threads and
            # children of the process would share.
            descriptor = self._open()
            try:
                _flock(descriptor, deadline)
                if os.path.samestat(os.fstat(descriptor), os.stat(self._path)):
                    self._use(descriptor)
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)  # the file was deleted or replaced while we waited

    def _open(self) -> int:
        # O_NOFOLLOW: otherwise a user who may write in the folder could let root open any other file through a link.
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        while True:
            with contextlib.suppress(FileNotFoundError):
                return os.open(self._path, flags)
            with contextlib.suppress(FileExistsError):  # another process has made the file meanwhile
                descriptor = os.open(self._path, flags | os.O_CREAT | os.O_EXCL, 0o600)
                self._give_away(descriptor)
                return descriptor

    def _give_away(self, descriptor: int) -> None:
        """Gives a file that root has made, on the command line, to the owner of the database, so that the server can
        use it.
        """
        if self._database is not None and os.geteuid() == 0:
            with contextlib.suppress(OSError):  # this root may not change owners, as in some containers
                owner = os.stat(self._database)
                os.fchown(descriptor, owner.st_uid, owner.st_gid)

    def _unlock(self, descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing alone does not unlock while a forked child has a copy
        os.close(descriptor)

    def _use(self, descriptor: int) -> None:
        """Maps the file that *descriptor* has locked, unless it is mapped already.

        Writes a new number if that is needed.
        """
        status = os.fstat(descriptor)
        identity, is_short = (status.st_dev, status.st_ino), status.st_size < _SIZE
        if identity == self._identity and self._word.obj is self._map and not is_short:
            return
        last = self._leave_map() if self._identity not in (None, identity) else -1
        # A file that was put in the place of another one may hold a number of before. A short file is filled by writing
        # and not with ftruncate: that leaves a hole, which on a full disk could not be read through the map.
        if is_short or last is None or _number(descriptor) <= last:
            _settle(descriptor, time.time_ns() & ~1)
        self._map = mmap.mmap(descriptor, _SIZE)
        self._word = memoryview(self._map).cast("Q")
        self._identity = identity

    def _leave_map(self) -> int | None:
        """Makes the number in the file that was mapped odd, so that processes that still map it look for the new file.

        Returns the number that it had; None when it cannot be read.
        """
        mapped, self._map = self._map, None
        if mapped is None or mapped.size() < _SIZE:
            return None
        mapped[_LOW] |= 1
        return int.from_bytes(mapped, sys.byteorder)


class NotifiedGeneration:
    """The generation on PostgreSQL: a number in a row of the database, which each change moves in its own transaction.

    A reading could ask for that row each time. One thread in each process makes this unnecessary. It listens for the
    NOTIFY that goes with each change, and asks for the row when a notice arrives, and every *beat* seconds in any case.
    The answer is used for *lease* seconds after the question, or until the next notice. So if the network loses
    notices, cached answers are wrong for no longer than *lease*. The server sends a notice if the transaction commits,
    and only then, so a writer that dies leaves nothing unfinished. While the thread has no answer, each reading asks
    the server.

    A notice takes a moment to arrive, and on a busy machine the thread needs a moment to read it. So the process that
    has made a change waits until it has got its own notice: by then the other processes mostly have theirs. With
    *strict* each reading asks the server. Then *listener* returns None, and otherwise the engine to listen through.
    Listening needs a connection of its own, because a pooler that lends connections for one transaction loses notices.
    So the thread tries out first whether notices arrive.

    *engine*: for asking. *ask*: returns the number, or None when the server cannot be asked. *beat*, *lease*: seconds.
    *longest*: seconds that the thread waits for an answer.
    """

    def __init__(
        self,
        engine: Engine,
        listener: Callable[[], Engine | None],
        ask: Callable[[], int | None],
        *,
        beat: float = 2,
        lease: float = 5,
        longest: float = 5,
    ) -> None:
        self._engine, self._listener, self._ask = engine, listener, ask
        self._beat, self._lease, self._longest = beat, lease, longest
        self._unsettled = itertools.count(-1, -1)
        self._closed = self._deaf = False
        self._known = (0.0, 0)  # the end of the lease, of time.monotonic(); the number
        self._doubts = 0
        self._marks, self._echoes = itertools.count(), dict[str, threading.Event]()
        self._waker: socket.socket | None = None  # to interrupt the thread while it waits
        self._begin()

    def read(self) -> int:
        """See :meth:`Generation.read`."""
        until, number = self._known
        if time.monotonic() < until:
            return number
        asked = None if self._closed else self._ask()
        self._start()
        return next(self._unsettled) if asked is None else asked

    @contextmanager
    def moving(self, connection: Connection) -> Iterator[None]:
        """See :meth:`Generation.moving`."""
        mark = f"{os.getpid()}-{next(self._marks)}"
        echo = self._echoes[mark] = threading.Event()
        listens = time.monotonic() < self._known[0]
        try:
            connection.exec_driver_sql(_MOVE, {"mark": mark})
            try:
                yield
            finally:
                self._doubt()  # this process knows of its own change at once
            if listens:
                echo.wait(_ECHO)  # when our notice is here, the other processes mostly have theirs
        finally:
            del self._echoes[mark]

    def after_fork(self) -> None:
        """See :meth:`Generation.after_fork`. The child starts a thread of its own."""
        self._known = (0.0, 0)
        self._begin()
        if self._waker:
            self._waker.close()  # this is the child's copy; the parent's stays open

    def close(self) -> None:
        """See :meth:`Generation.close`. Ends the thread."""
        self._closed = True
        self._doubt()
        with self._starting:
            if self._thread and self._waker:
                self._waker.close()
                self._thread.join(self._lease)

    def _begin(self) -> None:
        self._thread: threading.Thread | None = None
        self._starting, self._knowing = threading.Lock(), threading.Lock()

    def _hear(self, mark: str) -> None:
        self._doubt()
        if echo := self._echoes.get(mark):
            echo.set()

    def _doubt(self) -> None:
        with self._knowing:
            self._known = (0.0, 0)
            self._doubts += 1

    def _trust(self, number: int, until: float, doubts: int) -> bool:
        """Keeps the *number* until *until* (of time.monotonic), unless a change was noticed since it was asked for.

        *doubts*: how often :meth:`_doubt` had been called when it was asked for. Returns whether the number was kept.
        """
        with self._knowing:
            if self._doubts == doubts and not self._closed:
                self._known = (until, number)
            return self._doubts == doubts

    def _start(self) -> None:
        with self._starting:
            if not self._wanted(os.getpid()) or self._listener() is None or (self._thread and self._thread.is_alive()):
                return
            self._waker, waiter = socket.socketpair()
            self._thread = threading.Thread(target=self._listen, args=(waiter,), name=_CHANNEL, daemon=True)
            self._thread.start()

    def _listen(self, waiter: socket.socket) -> None:
        complain, pid = log.warning, os.getpid()
        with waiter:
            while self._wanted(pid) and (engine := self._listener()) is not None:
                try:
                    with self._connected(engine) as connection:
                        complain = log.warning
                        self._follow(connection, waiter, pid)
                except (exc.DBAPIError, exc.TimeoutError) as error:
                    complain("cannot listen for changes, so each request asks for them: %s", type(error).__name__)
                    complain = log.debug  # warn once for each outage
                self._doubt()
                _wait(1, waiter)

    def _follow(self, connection: Connection, waiter: socket.socket, pid: int) -> None:
        if self._listener() is None:
            return  # a pooler was met on the way
        driver: Any = connection.connection.driver_connection
        connection.detach()  # the pool no longer counts this connection
        driver.add_notify_handler(lambda notice: self._hear(notice.payload))
        self._said(connection, f"LISTEN {_CHANNEL}")
        self._deaf = not self._hears(driver, waiter)
        while self._wanted(pid):
            doubts, asked = self._doubts, time.monotonic()
            number = self._said(connection, _ASK) or 0  # also proves that the connection works
            while notice := driver.pgconn.notifies():  # notices that arrived with the answer
                self._hear(notice.extra.decode())
            if self._trust(number, asked + self._lease, doubts) and driver in _wait(self._beat, driver, waiter):
                self._doubt()  # at once, before the notice is read: reading takes a moment

    def _hears(self, driver: Any, waiter: socket.socket) -> bool:
        """Whether notices arrive on this connection: sends one and waits for it."""
        with self._connected(self._engine) as other:
            self._said(other, f"NOTIFY {_CHANNEL}")
        if driver in _wait(self._lease, driver, waiter) or self._closed:
            return True
        log.error(
            "no notices come in through %r, so each request asks for changes; write an address of the server itself "
            "into listenUrl",
            self._listener(),
        )
        return False

    def _said(self, connection: Connection, statement: str) -> Any:
        """The first value of the server's answer to *statement*; None if there is none."""
        with deadline.within(self._longest):
            answer = connection.exec_driver_sql(statement)
            return answer.scalar() if answer.returns_rows else None

    @contextmanager
    def _connected(self, engine: Engine) -> Iterator[Connection]:
        with deadline.within(self._longest):
            connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        with connection:
            yield connection

    def _wanted(self, pid: int) -> bool:
        # Unlike threads, greenlets go on running in a forked child, which must not use this connection.
        return not (self._closed or self._deaf) and os.getpid() == pid


def number_in(connection: Connection) -> int:
    """The number in the database."""
    return connection.exec_driver_sql(_ASK).scalar() or 0


def _wait(timeout: float, *sources: Any) -> list[Any]:
    """Waits until one of *sources* can be read, *timeout* seconds at the most. Returns those that can be read."""
    with selectors.DefaultSelector() as selector:
        for source in sources:
            selector.register(source, selectors.EVENT_READ)
        return [key.fileobj for key, _ in selector.select(timeout)]


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


def _number(descriptor: int) -> int:
    return int.from_bytes(os.pread(descriptor, _SIZE, 0), sys.byteorder)


def _settle(descriptor: int, number: int) -> None:
    """Writes an even *number*. Its lowest byte is written last, so that a half-written number is odd."""
    os.pwrite(descriptor, (number | 1).to_bytes(_SIZE, sys.byteorder), 0)
    os.pwrite(descriptor, bytes([number & 0xFE]), _LOW)


def _nothing_mapped() -> memoryview[int]:
    """An odd word of this process only."""
    return memoryview(bytearray((1).to_bytes(8, sys.byteorder))).cast("Q")
