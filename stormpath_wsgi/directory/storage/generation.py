"""The generation: one number that moves whenever something a cache may hold was changed, by any process.

A cache keeps the number it read *before* it asked the database, and trusts an entry only while the generation is
still that number. A number never comes back. While nobody can know it, because a change is on its way or was
left half-way by a process that died, the generation is *unsettled*: every reading is another negative number, so
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
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, exc

from stormpath_wsgi.directory.storage import deadline
from stormpath_wsgi.errors import Unavailable

log = logging.getLogger(__name__)

# Seconds between two tries for the lock. A blocking flock would stop every greenlet of the process; a longer pause
# would starve who waits while another process writes without rest.
_POLL = 0.0005
_CHANNEL = "stormpath_epoch"
_SIZE = 8  # bytes of the word
_LOW = 0 if sys.byteorder == "little" else _SIZE - 1  # where its last bit is: odd or even
# Seconds that a change waits at the most until this process has heard of it.
_ECHO = 0.1

_ASK = "SELECT number FROM epoch"
# It is no less than the time in microseconds: where a backup was put back, no later change gets a number that another
# one has had before.
_MOVE = f"""
    INSERT INTO epoch AS its (id, number) VALUES (1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
    ON CONFLICT (id) DO UPDATE SET number = greatest(its.number + 1, excluded.number)
    RETURNING pg_notify('{_CHANNEL}', %(mark)s)
"""  # noqa: S608  (no value of anybody's)


class Generation(Protocol):
    """What every engine offers."""

    def read(self) -> int:
        """The number to keep and compare. Asked on every request: no I/O while the generation is settled."""

    def moving(self, connection: Connection) -> AbstractContextManager[None]:
        """Brackets the COMMIT of a change, which *connection* is about to do."""

    def after_fork(self) -> None:
        """Called in a new child process, before anything else runs there."""

    def close(self) -> None:
        """Lets go of what is held. Readings afterwards are unsettled."""


class MemoryGeneration:
    """For a directory in the memory of one process, whose engine runs one transaction at a time."""

    def __init__(self) -> None:
        self._number = 0  # odd while unsettled, as the word of FileGeneration
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


class FileGeneration:
    """For the processes of one machine: a sequence lock in a memory-mapped file beside the database.

    The file holds one 64-bit word, even when settled, odd from before the COMMIT of a change until after it.
    Writers hold a lock on the file, :meth:`locked`, and the kernel takes it from a process that dies. An odd word
    whose lock is free was therefore left behind; who finds it makes it even again.

    The file is made with mode 0600 when it is missing. Its first number is the time in nanoseconds, so that a
    file that was deleted and made anew brings no old number back. *timeout*: seconds to wait for the lock.
    *database*: whose owner gets the file when root makes it, as SQLite does with its own files.

    To read a mapped file that was truncated kills a process (SIGBUS). So readers look at the file itself first, unless
    they did so *glance* seconds ago or less, and writers use the file and never the map. What is left is a reading
    that comes less than *glance* seconds after another one, with the truncation between the two. Such a look also
    finds a file that was deleted or replaced. A file that is too short is filled again by whoever finds it.
    """

    def __init__(self, path: Path, *, timeout: float = 10, database: Path | None = None, glance: float = 0.001) -> None:
        self._path, self._timeout, self._database, self._glance = path, timeout, database, glance
        self._unsettled = itertools.count(-1, -1)
        self._identity: tuple[int, int] | None = None  # device and inode of the file that is mapped, or was last
        self._map: mmap.mmap | None = None
        self._word = _nothing_mapped()
        self._sound_until = 0.0  # seconds of time.monotonic()
        self._held: dict[int, int] = {}  # by thread, the descriptor that it has locked
        self._closed = False
        try:
            self._unlock(self._lock(0))
        except BlockingIOError:
            pass  # a change is on its way; the first reading afterwards maps the file
        except OSError as error:
            log.error("%s cannot be used, so nothing will be cached: %s", path, error.strerror)

    def read(self) -> int:
        if time.monotonic() >= self._sound_until:
            self._look()
        number = self._word[0]
        return self._mended() if number & 1 else number

    @contextmanager
    def locked(self, timeout: float | None = None) -> Iterator[None]:
        """One writer at a time, of all processes. *timeout*: seconds, if other than usual. Raises Unavailable."""
        try:
            lock = self._lock(self._timeout if timeout is None else timeout)
        except OSError as error:  # without the file the others would go on with what they have
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
        """As :meth:`Generation.moving`. Only while :meth:`locked`."""
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
            with contextlib.suppress(OSError):  # the disk is full: the file is short, which is as good as an odd word
                _settle(lock, (before | 1) + 1)

    def after_fork(self) -> None:
        # The mapping is shared with the parent, and locks are taken on files of one's own.
        self._sound_until = 0.0
        self._held = {}

    def close(self) -> None:
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
        """The number after mending the word if its writer has died; unsettled if he is at work."""
        if not self._closed:
            with contextlib.suppress(OSError):  # locked by a writer, or not there
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
        """A locked descriptor of the file, which is mapped then. Raises OSError."""
        deadline = time.monotonic() + timeout
        while True:
            # A descriptor of its own for each holder: locks are the open file's, which threads and forks share.
            descriptor = self._open()
            try:
                _flock(descriptor, deadline)
                if os.path.samestat(os.fstat(descriptor), os.stat(self._path)):
                    self._use(descriptor)
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

    def _use(self, descriptor: int) -> None:
        """Maps the file that *descriptor* has locked, unless it is mapped. Sees to it that it holds a new number."""
        status = os.fstat(descriptor)
        identity, is_short = (status.st_dev, status.st_ino), status.st_size < _SIZE
        if identity == self._identity and self._word.obj is self._map and not is_short:
            return
        last = self._leave_map() if self._identity not in (None, identity) else -1
        # Whoever put another file there may have brought an old number back. A short file is written and not truncated
        # to size: on a full disk a hole could not be read through the map.
        if is_short or last is None or _number(descriptor) <= last:
            _settle(descriptor, time.time_ns() & ~1)
        self._map = mmap.mmap(descriptor, _SIZE)
        self._word = memoryview(self._map).cast("Q")
        self._identity = identity

    def _leave_map(self) -> int | None:
        """The number of the file that was mapped, if it can be read. Who still maps it shall look for the new one."""
        mapped, self._map = self._map, None
        if mapped is None or mapped.size() < _SIZE:
            return None
        mapped[_LOW] |= 1
        return int.from_bytes(mapped, sys.byteorder)


class NotifiedGeneration:
    """For PostgreSQL: a number in a row of the database, which each change moves in its own transaction.

    Who needs to know it asks for that row. One thread in each process spares this: it listens for the NOTIFY that goes
    with each change, asks whenever one comes in, and every *beat* seconds in any case. What it has learned is trusted
    from then on for *lease* seconds from the asking, or until the next notice: a network that swallows notices costs
    truth for no longer. The server sends a notice when, and only if, the transaction commits, so a writer that dies
    leaves nothing half-way. While the thread knows nothing, each reading asks.

    A notice takes a moment to arrive, and on a busy machine the thread a moment more to take it in. So whoever has made
    a change waits until this process has its own notice; mostly the others have theirs by then. Who must know of every
    change lets each reading ask: *listener* answers None then, and otherwise the engine to listen through.
    Listening needs a connection of its own: a pooler that hands out connections by the transaction swallows notices.
    Whether they do come in is tried out first.

    *engine*: for asking. *ask*: the number, or None when the server cannot be asked. *longest*: seconds that the thread
    waits for an answer.
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
        self._known = (0.0, 0)  # until when, of time.monotonic(), it is trusted; the number
        self._doubts = 0
        self._marks, self._echoes = itertools.count(), dict[str, threading.Event]()
        self._waker: socket.socket | None = None  # to interrupt the thread while it waits
        self._begin()

    def read(self) -> int:
        until, number = self._known
        if time.monotonic() < until:
            return number
        asked = None if self._closed else self._ask()
        self._start()
        return next(self._unsettled) if asked is None else asked

    @contextmanager
    def moving(self, connection: Connection) -> Iterator[None]:
        mark = f"{os.getpid()}-{next(self._marks)}"
        echo = self._echoes[mark] = threading.Event()
        listens = time.monotonic() < self._known[0]
        try:
            connection.exec_driver_sql(_MOVE, {"mark": mark})
            try:
                yield
            finally:
                self._doubt()  # this process need not wait for its own notice
            if listens:
                echo.wait(_ECHO)  # mostly the others have theirs by then
        finally:
            del self._echoes[mark]

    def after_fork(self) -> None:
        self._known = (0.0, 0)
        self._begin()
        if self._waker:
            self._waker.close()  # a copy; the parent's stays open

    def close(self) -> None:
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
        """Whether nobody has had doubts since there were *doubts*, which is before the *number* was asked for."""
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
                    complain = log.debug  # once is enough for one outage
                self._doubt()
                _wait(1, waiter)

    def _follow(self, connection: Connection, waiter: socket.socket, pid: int) -> None:
        if self._listener() is None:
            return  # a pooler was met on the way
        driver: Any = connection.connection.driver_connection
        connection.detach()  # ours for good: the pool no longer counts it
        driver.add_notify_handler(lambda notice: self._hear(notice.payload))
        self._said(connection, f"LISTEN {_CHANNEL}")
        self._deaf = not self._hears(driver, waiter)
        while self._wanted(pid):
            doubts, asked = self._doubts, time.monotonic()
            number = self._said(connection, _ASK) or 0  # which proves too that the line is up
            while notice := driver.pgconn.notifies():  # what came in behind the answer
                self._hear(notice.extra.decode())
            if self._trust(number, asked + self._lease, doubts) and driver in _wait(self._beat, driver, waiter):
                self._doubt()  # before anything is read: that takes a moment

    def _hears(self, driver: Any, waiter: socket.socket) -> bool:
        """Whether a notice comes in while nothing is asked."""
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
        """The first value that the server answers to *statement*, if any."""
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
        # Greenlets, unlike threads, go on in a forked child, where this connection is not theirs to use.
        return not (self._closed or self._deaf) and os.getpid() == pid


def number_in(connection: Connection) -> int:
    """The number as the database has it."""
    return connection.exec_driver_sql(_ASK).scalar() or 0


def _wait(timeout: float, *sources: Any) -> list[Any]:
    """Until one of *sources* can be read, *timeout* seconds at the most. Answers which can."""
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
    """Writes an even *number*. The last byte comes last: what is read of a half-written number is odd."""
    os.pwrite(descriptor, (number | 1).to_bytes(_SIZE, sys.byteorder), 0)
    os.pwrite(descriptor, bytes([number & 0xFE]), _LOW)


def _nothing_mapped() -> memoryview[int]:
    """An odd word that no other process shares."""
    return memoryview(bytearray((1).to_bytes(8, sys.byteorder))).cast("Q")
