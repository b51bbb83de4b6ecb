"""The database under a directory: opening it, reading, and writing in one transaction at a time.

There are three engines, which behave alike: a SQLite file, SQLite in memory, and PostgreSQL. A reader never waits for a
writer. A write happens as a whole or not at all, moves the number that every process watches (:mod:`.generation`), and
waits for its turn no longer than a set time. When the database cannot serve,
:class:`~stormpath_wsgi.errors.Unavailable` is raised. Errors of a statement, such as ``IntegrityError``, reach the
caller as they are.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import threading
import time
import weakref
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, unquote

from sqlalchemy import URL, Connection, Engine, QueuePool, StaticPool, create_engine, event, exc, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from stormpath_wsgi.breaker import Breaker
from stormpath_wsgi.directory.storage import deadline
from stormpath_wsgi.directory.storage.generation import (
    MOST,
    FileGeneration,
    Generation,
    MemoryGeneration,
    NotifiedGeneration,
    number_in,
    retire,
)
from stormpath_wsgi.directory.storage.sqlite_files import OpenConnection, SqliteFiles
from stormpath_wsgi.directory.storage.write_turns import NoTurn, WriteTurns
from stormpath_wsgi.errors import ConfigurationError, Unavailable
from stormpath_wsgi.extras import POSTGRESQL
from stormpath_wsgi.slots import ANY, EVERYBODY, slot_of
from stormpath_wsgi.slots import Generation as Numbers

if TYPE_CHECKING:
    from stormpath_wsgi.directory.storage.postgresql import Server

log = logging.getLogger(__name__)

_WHAT_TO_WRITE = (
    "write sqlite:///accounts.db for a file, sqlite:// for a directory in the memory of one process, "
    "or postgresql+psycopg://user:password@host/database"
)
# These errors are about the statement. Every other error of a driver is about the database.
_OF_THE_STATEMENT = (exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.NotSupportedError)

# After these errors another connection to the same SQLite file may work. A full disk is not among them: a new
# connection would find no room for its -shm, while the connections that are open can still read.
_OF_THE_CONNECTION = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN)

_SOON, _LONGEST_WAIT = 1.0, 2.0  # seconds to wait for the turn to write: every thread, and a few (write_turns.py)
#: What a new database in memory begins with: a database as SQLite serialises it; None: nothing. It is for tests that
#: open many: to copy our tables takes less time than to make them.
begins_with: ContextVar[bytes | None] = ContextVar("stormpath_wsgi.directory.begins_with", default=None)

#: How each connection to a SQLite file works, and how one does that writes much. Ids are random, so a batch changes
#: pages all over the indexes: they stay in memory until the batch is written (KiB), and are copied into the file when
#: 64 MiB of them are in the -wal (pages of 4 KiB). What undoes a part of a transaction is kept in memory.
_PRAGMAS = ("synchronous = FULL", "foreign_keys = ON")
_BULK = ("cache_size = -65536", "wal_autocheckpoint = 16384", "temp_store = MEMORY")

_NAP = 0.005  # seconds between two tries to write, while a program that does not take our lock is writing


#: Has a connection read anew which tables there are, if another process has changed them. Without it the first
#: statement of a write may be told that there are none, where one of FTS5 hangs on what it deletes (SQLite 3.40).
_LOOK_AT_TABLES = "SELECT 1 FROM sqlite_master LIMIT 0"


class Transaction:
    """One write in progress. *slots*: those of the accounts that it is known to concern; :data:`.EVERYBODY` is one too.
    *hold*: see :meth:`_Backend.hold`.
    """

    def __init__(self, connection: Connection, slots: set[int], hold: Callable[[Connection, int], object]) -> None:
        self.connection = connection
        self._slots, self._hold = slots, hold

    def concern(self, account_id: str) -> None:
        """Says that it changes what is known of this account, where that was not known when it began.

        To be called before it reads what the change relies on. It waits until no other change of the account is on its
        way. Has no effect in a transaction that concerns everybody.
        """
        slot = slot_of(account_id)
        if not self._slots & {EVERYBODY, slot}:
            self._hold(self.connection, slot)
            self._slots.add(slot)

    @property
    def moved(self) -> Collection[int]:
        """The slots that it moves: where none was named, everybody's."""
        return self._slots if 0 < len(self._slots) <= MOST else (EVERYBODY,)


class Database:
    """A database by its *url*. *timeout*: seconds to wait for a lock, a connection or a place in the pool, and on
    PostgreSQL the seconds that a transaction may take in all.

    *strict* and *listen_url* matter on PostgreSQL only. *strict*: each reading of the generation asks the server.
    *listen_url*: the address for hearing of changes, when *url* leads to a pooler. *bulk* matters for a SQLite file
    only: whether so much is written that 64 MiB of memory for it are well spent.

    Threads and greenlets may share it. It can be used after a fork: a child opens connections of its own and never uses
    those of its parent. Transactions do not nest. Raises :class:`~stormpath_wsgi.errors.ConfigurationError` when *url*
    cannot be understood, or names a file that cannot be made or opened.
    """

    def __init__(
        self, url: str, *, timeout: float = 5, strict: bool = False, listen_url: str | None = None, bulk: bool = False
    ) -> None:
        self._backend = _backend(url, timeout, strict=strict, listen_url=listen_url, bulk=bulk)
        #: ``database.generation(slot)``: the number a cache keeps beside what it holds (:mod:`.generation`).
        self.generation: Numbers = self._backend.generation.read
        #: Whether only this site uses the database, so that opening it may bring its tables up to date.
        self.embedded = self._backend.embedded
        #: The file it is in; None when it is in memory or on a server.
        self.path = self._backend.path
        _announce_forks(self._backend)
        if self.embedded:
            # One that is forgotten leaves no file open. Python 3.13 warns of each connection to SQLite that does.
            weakref.finalize(self, self._backend.engine.dispose).atexit = False

    def __repr__(self) -> str:
        return f"<Database {self._backend.engine.url.render_as_string(hide_password=True)}>"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading. Each statement sees what is committed when it starts."""
        with self._serving(), self._backend.turn_to_read(), self._backend.reader.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection for reading, whose statements all see what is committed when the first of them starts. It may be
        used for as long as :func:`.deadline.allowing` says, and stops no writer, but for a database in memory.
        """
        with self._serving(), self._backend.turn_to_read(), self._backend.snapshot() as connection:
            yield connection

    @contextmanager
    def write(
        self, *, moves_generation: bool = True, about: Collection[str] | None = None, patience: float | None = None
    ) -> Iterator[Transaction]:
        """One transaction: committed at the end of the block, undone if the block raises.

        *moves_generation*: whether it changes anything that a cache may hold. On SQLite such writes happen one after
        the other; on PostgreSQL those that concern the same account, or everybody, do. So they may rely on what they
        have read of it. Other writes rely on the constraints of the tables.
        *about*: the ids of the accounts that alone are concerned: no remembered answer about another account depends on
        what is changed. None: everybody may be concerned. Empty: :meth:`Transaction.concern` says it in the block.
        *patience*: seconds to wait for a lock in a table of PostgreSQL, when that shall be less than usual. A write
        that gives up so early says nothing of the server, so nobody else is refused, and nothing is logged.
        """
        slots = {EVERYBODY} if about is None else set(map(slot_of, about))
        alone = slots if moves_generation else None
        with (
            self._serving(),
            self._backend.turn_to_write(),
            self._backend.engine.connect() as connection,
            self._backend.transaction(connection, alone=alone, patience=patience),
        ):
            transaction = Transaction(connection, slots, self._backend.hold)
            yield transaction
            if not moves_generation:
                connection.commit()
                return
            with self._backend.generation.moving(connection, transaction.moved):
                connection.commit()

    def serve(self) -> None:
        """Tells the database that this process serves requests from now on: it waits less long for a locked SQLite
        file.
        """
        self._backend.serve()

    def close(self) -> None:
        """Closes every connection.

        From now on the generation is unsettled: nothing that it guards may be remembered.
        """
        self._backend.close()

    @contextmanager
    def _serving(self) -> Iterator[None]:
        """Turns errors of the database, but not those of a statement, into Unavailable and a line in the log."""
        try:
            self._backend.check()
            yield
        except _Refused as error:
            raise self._unavailable(str(error)) from error
        except exc.TimeoutError as error:
            raise self._unavailable("every connection is in use") from error
        except exc.DBAPIError as error:
            if isinstance(error, _OF_THE_STATEMENT) and not error.connection_invalidated:
                raise
            self._backend.failed(error)
            raise self._unavailable(reason(error)) from error

    def _unavailable(self, reason: str) -> Unavailable:
        log.error("%r is not available: %s", self, reason)
        return Unavailable()


class _Refused(Exception):
    """An engine cannot serve; the text says why."""


class _Backend:
    """What differs from engine to engine."""

    engine: Engine
    reader: Engine
    generation: Generation
    embedded: bool
    path: Path | None = None

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout  # seconds
        self._thread_lock = threading.Lock()
        self._thread: int | None = None  # the id of the thread that holds the lock

    def check(self) -> None:
        """Raises _Refused when the database is known to be gone."""

    def serve(self) -> None:
        """See :meth:`Database.serve`."""

    def failed(self, error: exc.DBAPIError) -> None:
        """Called after *error*, which is about the database and not about a statement."""

    def turn_to_read(self) -> AbstractContextManager[None]:
        """Waits for other threads of this process, if the engine needs that. Raises _Refused after a time."""
        return nullcontext()

    def turn_to_write(self) -> AbstractContextManager[None]:
        """Waits like :meth:`turn_to_read`, before a write."""
        return nullcontext()

    def transaction(
        self, connection: Connection, *, alone: Collection[int] | None, patience: float | None
    ) -> AbstractContextManager[None]:
        """Begins a write and ends it. *alone*: the slots whose changes wait until it ends, in any process, as it has
        waited for theirs. None: it waits for no other write. *patience*: see :meth:`Database.write`.
        """
        raise NotImplementedError

    def hold(self, connection: Connection, slot: int) -> None:
        """Has one slot more that the write of *connection* is alone in. Where writes happen one after the other anyway,
        there is nothing to do.
        """

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """See :meth:`Database.snapshot`."""
        with self.reader.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            yield connection

    def close(self) -> None:
        """Closes every connection."""
        self.generation.close()
        self.engine.dispose()

    def before_fork(self) -> None:
        """Called in a process that is about to have a child."""

    def after_fork(self) -> None:
        """Called in the child."""
        self._thread_lock, self._thread = threading.Lock(), None
        self.generation.after_fork()

    @contextmanager
    def one_thread(self) -> Iterator[None]:
        """Lets one thread at a time into the block. SQLite's own way of waiting would stop every greenlet.

        Raises _Refused when the timeout is over, and RuntimeError in a thread that is in such a block already.
        """
        if self._thread == threading.get_ident():
            raise RuntimeError("transactions do not nest")
        lock = self._thread_lock
        if not lock.acquire(timeout=self.timeout):
            raise _Refused("another thread did not finish its write")
        self._thread = threading.get_ident()
        try:
            yield
        finally:
            self._thread = None
            lock.release()


class _SqliteFile(_Backend):
    """A file in WAL mode: readers see the last commit while one process writes.

    ``synchronous=FULL``: each commit reaches the disk. With NORMAL the commits would survive the death of a worker, but
    a power cut could undo the last of them: a sign-out, or a changed password.

    The file may be deleted or replaced, read-only for a while, or on a full disk. Connections that have met such a
    state are closed, and new connections use the files that are there then.
    """

    embedded = True
    generation: FileGeneration
    path: Path

    def __init__(self, url: URL, timeout: float, *, bulk: bool) -> None:
        super().__init__(timeout)
        self._pragmas = (*_PRAGMAS, *(_BULK if bulk else ()))
        self._in_use_at_fork = self._inherited = False
        self.path = Path(url.database or "").resolve()
        _make(self.path)
        self._files = SqliteFiles(self.path)
        self._open: set[OpenConnection] = set()
        self._longest = timeout  # seconds that a thread waits for the file at the most
        self._turns = WriteTurns(soon=timeout, longest=timeout)
        self._retire_old_file(timeout)
        generation_file = self.path.with_name(self.path.name + "-generation")
        self.generation = FileGeneration(generation_file, timeout=timeout, database=self.path)
        self.engine = self.reader = create_engine(
            url,
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=0,  # as many as there are threads reading at once
            pool_timeout=timeout,
            hide_parameters=True,
        )
        event.listen(self.engine, "checkout", self._check_out)
        event.listen(self.engine, "checkin", _check_in)

    def check(self) -> None:
        if self._inherited:
            raise _Refused("the process was forked while a thread used the file; fork before threads are started")

    def serve(self) -> None:
        self._longest = min(_LONGEST_WAIT, self.timeout)
        self._turns.hurry(soon=min(_SOON, self.timeout), longest=self._longest)

    def failed(self, error: exc.DBAPIError) -> None:
        if _code(error) in _OF_THE_CONNECTION:
            self._retire()

    @contextmanager
    def turn_to_write(self) -> Iterator[None]:
        try:
            with self._turns.turn():
                yield
        except NoTurn as error:
            raise _Refused(str(error)) from error

    @contextmanager
    def transaction(
        self, connection: Connection, *, alone: Collection[int] | None, patience: float | None
    ) -> Iterator[None]:
        # SQLite can wait for its lock as well, but it sleeps so long between two tries that some processes never get
        # it.
        end = time.monotonic() + deadline.patience(self._turns.patience())
        with self.generation.locked(end - time.monotonic()):
            self._begin(connection, end)
            self._turns.got_the_file()
            self._look_again(connection)
            try:
                yield
            finally:
                connection.rollback()  # has no effect after the commit
            self._look_again(connection)  # the commit may have gone into a file that was deleted or replaced

    def before_fork(self) -> None:
        """Closes what is open. SQLite keeps one record of its locks on a file for all connections of a process.

        A child inherits that record, but not the locks. Connections of the child would rely on locks that do not exist,
        and another process could reset the file while they use it (sqlite.org/howtocorrupt.html, 2.6).
        """
        self._retire()
        self.engine.dispose()
        self._in_use_at_fork = len(self._open) > 0

    def after_fork(self) -> None:
        super().after_fork()
        self._turns.renew()
        # The second half is for programs that fork in C: there only the child is told of the fork.
        self._inherited = self._in_use_at_fork or len(self._open) > 0

    def _retire_old_file(self, timeout: float) -> None:
        old = self.path.with_name(self.path.name + "-epoch")
        try:
            retire(old, timeout)
        except OSError as error:
            raise ConfigurationError(
                f"directory: {old} is of an older version and cannot be taken out of use ({error.strerror}): stop the "
                "processes of that version, and delete the file"
            ) from error

    def _sees_lost_files(self) -> bool:
        """Whether a connection has files open that were deleted or replaced."""
        found = self._files.found()
        return any(other.files not in (None, found) for other in tuple(self._open))

    def _connect(self) -> OpenConnection:
        # Asked twice: a connection that was opened during the first look may have made a -wal and a -shm meanwhile.
        if self._sees_lost_files() and self._sees_lost_files():
            raise _Refused("files that were deleted or replaced are still being used")
        # A new -wal would not fit the -shm.
        if self._files.wal_was_deleted() and not self._files.remove_unused_shm():
            raise _Refused("its -wal was deleted; a process that has it open will save it with its next use")
        self._files.open_up()
        # mode=rw: a missing file is an error, never a new empty database.
        connection = OpenConnection(
            f"file:{quote(str(self.path))}?mode=rw",
            uri=True,
            timeout=self._longest,
            isolation_level=None,  # we send BEGIN ourselves
            check_same_thread=False,  # the pool gives a connection to one thread at a time
            siblings=self._open,
        )
        try:
            if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                # The file is new. SQLite does not wait here, so some of several processes that do this at once would
                # fail.
                with self.generation.locked(self._longest):
                    connection.execute("PRAGMA journal_mode = WAL")
            for pragma in self._pragmas:
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("PRAGMA schema_version")  # now all files are open
        except (sqlite3.Error, Unavailable):
            connection.close()
            raise
        connection.files, connection.may_write = self._files.found(), self._files.may_be_written()
        return connection

    def _check_out(self, connection: OpenConnection, *_: object) -> None:
        """Called by the pool before it lends *connection*."""
        found = self._files.found()
        if found.database is None:
            raise _Refused(f"{self.path} is not there")
        if found != connection.files:
            self._leave(connection)
        if connection.is_retired:
            raise exc.DisconnectionError  # the pool closes it and opens another one

    def _leave(self, connection: OpenConnection) -> None:
        """Saves what can be saved of the files that *connection* has open, and closes all connections to them."""
        lost = self._files.lost(connection)
        log.error("%s: deleted or replaced while in use; going on with what is there", lost)
        try:
            with (
                self.generation.locked(self._longest),
                self.generation.moving(),
            ):  # remembered answers may come from the other files
                self._files.save(connection)
        except OSError as error:
            raise _Refused(f"{lost}: deleted or replaced while in use: {error.strerror}") from error
        self._retire()

    def _retire(self) -> None:
        """Closes all connections: unused ones at once, the others when they are given back to the pool."""
        for connection in tuple(self._open):
            connection.is_retired = True
        self.engine.pool.dispose()

    def _look_again(self, connection: Connection) -> None:
        if lost := self._files.lost(_driver(connection)):
            raise _Refused(f"{lost}: deleted or replaced during a write")

    def _begin(self, connection: Connection, end: float) -> None:
        """Begins a write.

        Tries again until *end* (of time.monotonic) while a program that does not take our lock writes.
        """
        if not _driver(connection).may_write and self._files.may_be_written():
            # The file was read-only when this connection opened it, so the connection stays read-only.
            self._retire()
            connection.invalidate()
        driver = _driver(connection)
        driver.execute("PRAGMA busy_timeout = 0")  # SQLite's own way of waiting stops every greenlet
        try:
            while True:
                try:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                    driver.execute(_LOOK_AT_TABLES)
                    return
                except exc.OperationalError as error:
                    connection.rollback()
                    if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                        raise
                time.sleep(_NAP)
        finally:
            driver.execute(f"PRAGMA busy_timeout = {round(self._longest * 1000)}")


class _SqliteMemory(_Backend):
    """One connection for all threads, which use it in turn.

    The data ends with the process; a forked child has a copy.
    """

    embedded = True

    def __init__(self, url: URL, timeout: float) -> None:
        super().__init__(timeout)
        self.generation = MemoryGeneration()
        self.engine = self.reader = create_engine(
            url, creator=self._connect, poolclass=StaticPool, hide_parameters=True
        )

    def turn_to_read(self) -> AbstractContextManager[None]:
        return self.one_thread()

    turn_to_write = turn_to_read

    @contextmanager
    def transaction(
        self, connection: Connection, *, alone: Collection[int] | None, patience: float | None
    ) -> Iterator[None]:
        connection.exec_driver_sql("BEGIN")
        yield

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        if (image := begins_with.get()) is not None:
            connection.deserialize(image)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection


class _PostgreSQL(_Backend):
    """A server (:mod:`.postgresql`). Reads are single statements and need no transaction around them.

    No transaction takes longer than *timeout*, whatever the server does. While the server, or a lock in it, is known to
    hang, one thread at a time tries whether it still hangs, and all others are refused at once.
    """

    embedded = False
    generation: NotifiedGeneration

    def __init__(self, url: URL, timeout: float, *, strict: bool, listen_url: str | None) -> None:
        super().__init__(timeout)
        self._strict = strict
        self._server = _server(url, timeout, self._tell_of_pooler)
        self._direct = _server(make_url(listen_url), timeout, _nobody) if listen_url else None
        self.reader = self._server.engine
        # Once a write has its turn, it reads what the last one has committed.
        self.engine = self.reader.execution_options(isolation_level="READ COMMITTED")
        self._start()
        self.generation = NotifiedGeneration(self.reader, self._listener, self._number, longest=timeout)

    def turn_to_read(self) -> AbstractContextManager[None]:
        return self._bounded(self._reads)

    def turn_to_write(self) -> AbstractContextManager[None]:
        return self._bounded(self._writes)

    def after_fork(self) -> None:
        for server in filter(None, (self._server, self._direct)):
            server.engine.dispose(close=False)  # the sockets belong to the parent: psycopg closes them there
        self._start()
        super().after_fork()

    @contextmanager
    def transaction(
        self, connection: Connection, *, alone: Collection[int] | None, patience: float | None
    ) -> Iterator[None]:
        limits = self._server.limits(deadline.left(self.timeout), patience)
        calls = [f"set_config('{name}', '{value}', true)" for name, value in limits.items()]
        if alone is not None:
            calls.extend(_locks(alone))
        connection.exec_driver_sql(f"SELECT {', '.join(calls)}")
        try:
            yield
        except exc.OperationalError as error:
            if patience is not None and isinstance(error.orig, self._server.is_locked):
                raise Unavailable("A table of the directory is locked.") from error
            raise

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        with self.reader.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            # Whoever reads may wait for a slow disk or pipe between two statements.
            limits = self._server.limits(deadline.left(self.timeout)) | {"idle_in_transaction_session_timeout": "0"}
            calls = [f"set_config('{name}', '{value}', true)" for name, value in limits.items()]
            connection.exec_driver_sql(f"SELECT {', '.join(calls)}")
            yield connection

    def close(self) -> None:
        super().close()
        if self._direct:
            self._direct.engine.dispose()

    def _start(self) -> None:
        # One for reads and one for writes: a table may be locked against writers only, or there may be too many
        # writers.
        self._reads, self._writes = Breaker(self.timeout), Breaker(self.timeout)

    @contextmanager
    def _bounded(self, breaker: Breaker) -> Iterator[None]:
        if breaker.refuses():
            raise _Refused("it did not answer a moment ago")
        try:
            with deadline.within(deadline.allowed(self.timeout)):
                yield
        except Exception as error:  # any error is an answer of the server, unless it says that the server hangs
            hangs = isinstance(error, exc.TimeoutError) or isinstance(getattr(error, "orig", None), self._server.hangs)
            (breaker.hung if hangs else breaker.answered)()
            raise
        breaker.answered()

    def hold(self, connection: Connection, slot: int) -> None:
        connection.exec_driver_sql(f"SELECT {_lock_of(slot)}")

    def _number(self, slot: int = ANY) -> int | None:
        """The number of the generation in the database; None when the server cannot be asked."""
        try:
            with self.turn_to_read(), self.reader.connect() as connection:
                return number_in(connection, slot)
        except (_Refused, exc.SQLAlchemyError):
            return None  # the caller's next statement will fail with the reason

    def _listener(self) -> Engine | None:
        """The engine to listen through.

        None when notices would not arrive, or when each reading is to ask (*strict*).
        """
        if self._strict or (self._server.is_pooled and self._direct is None):
            return None
        return (self._direct or self._server).engine

    def _tell_of_pooler(self) -> None:
        log.info("%r is behind a pooler: no statement is prepared in the server", self.engine.url)
        if self._listener() is None and not self._strict:
            log.warning(
                "PostgreSQL is behind a pooler, through which no notices come: every signed-in request asks the "
                "database (session.check: strict). Set listenUrl to an address of the server itself to spare that."
            )


#: The advisory lock that a change of everybody holds alone, and changes of accounts together: "stormpat" in ASCII. And
#: the class of those that changes of one slot hold one after the other: "stor".
_LOCK, _LOCKS = int.from_bytes(b"stormpat"), int.from_bytes(b"stor")


def _locks(slots: Collection[int]) -> list[str]:
    """The calls that take the locks for a change of *slots*, in the order in which all take them."""
    if EVERYBODY in slots:
        return [f"pg_advisory_xact_lock({_LOCK})"]
    return [f"pg_advisory_xact_lock_shared({_LOCK})", *map(_lock_of, sorted(slots))]


def _lock_of(slot: int) -> str:
    return f"pg_advisory_xact_lock({_LOCKS}, {slot})"


#: Whether SQLAlchemy decodes the name of a database in a URL, as it does from version 2.1 on.
_DECODES = make_url("sqlite:///%25").database == "%"


def _backend(url: str, timeout: float, *, strict: bool, listen_url: str | None, bulk: bool) -> _Backend:
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):  # the URL is not repeated in our error: it may hold a password
        raise ConfigurationError(f"directory: this is no database URL; {_WHAT_TO_WRITE}") from None
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        if parsed.host or parsed.username or parsed.query:
            raise ConfigurationError(f"directory: a SQLite URL has a path and nothing else; {_WHAT_TO_WRITE}")
        if not _DECODES:
            parsed = parsed.set(database=unquote(parsed.database or ""))
        in_memory = parsed.database in (None, "", ":memory:")
        return _SqliteMemory(parsed, timeout) if in_memory else _SqliteFile(parsed, timeout, bulk=bulk)
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return _PostgreSQL(parsed, timeout, strict=strict, listen_url=listen_url)
    raise ConfigurationError(f"directory: {parsed.drivername} is not an engine we have; {_WHAT_TO_WRITE}")


def _server(url: URL | str, timeout: float, on_pooler: Callable[[], object]) -> Server:
    try:
        from stormpath_wsgi.directory.storage.postgresql import Server
    except ImportError as error:
        raise ConfigurationError(f"directory: {POSTGRESQL.advice}") from error
    try:
        return Server(make_url(url), longest=timeout, on_pooler=on_pooler)
    except (exc.ArgumentError, ValueError) as error:
        told = "listenUrl: this is no database URL" if isinstance(error, exc.ArgumentError) else f"directory: {error}"
        raise ConfigurationError(f"{told}; {_WHAT_TO_WRITE}") from None


def _make(path: Path) -> None:
    """Makes the file with mode 0600, unless it exists."""
    try:
        # Only a new file is opened here. Closing an existing one would drop every lock that SQLite holds on it in this
        # process (sqlite.org/howtocorrupt.html, 2.2).
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        status = os.stat(path)
    except OSError as error:
        raise ConfigurationError(
            f"directory: {path} cannot be made ({error.strerror}): its folder must exist and be ours to write in"
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError(f"directory: {path} is not a file")


def _check_in(connection: OpenConnection | None, record: ConnectionPoolEntry) -> None:
    if connection is not None and connection.is_retired:
        record.invalidate()


def _driver(connection: Connection) -> OpenConnection:
    return cast(OpenConnection, connection.connection.driver_connection)


def _code(error: exc.DBAPIError) -> int:
    """SQLite's primary error code; 0 when there is none."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF


def reason(error: exc.DBAPIError) -> str:
    """The driver's code and the first line of its text. The other lines are left out: they may quote stored values."""
    driver = error.orig
    code = getattr(driver, "sqlite_errorname", None) or getattr(driver, "sqlstate", None) or type(driver).__name__
    return f"{code}: {next(iter(str(driver).splitlines()), '')}"


def _nobody() -> None:
    """Does nothing. It is called where an event needs no reaction."""


def _announce_forks(backend: _Backend) -> None:
    """Calls the fork methods of *backend*, as long as something else refers to it."""
    reference = weakref.ref(backend)

    def before() -> None:
        if found := reference():
            found.before_fork()

    def after() -> None:
        if found := reference():
            found.after_fork()

    os.register_at_fork(before=before, after_in_child=after)
