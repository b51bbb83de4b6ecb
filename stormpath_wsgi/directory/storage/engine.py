"""The database under a directory: opening it, reading, and writing in one transaction at a time.

Three engines, one behaviour: a SQLite file, SQLite in memory, and PostgreSQL. A reader never waits for a
writer. A write happens as a whole or not at all, is told to every process (:mod:`.generation`), and waits for its
turn no longer than a set time. A database that cannot serve raises :class:`~stormpath_wsgi.errors.Unavailable`;
what is wrong with a statement (``IntegrityError`` among it) is left to the caller.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, unquote

from sqlalchemy import URL, Connection, Engine, QueuePool, StaticPool, create_engine, event, exc, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from stormpath_wsgi.breaker import Breaker
from stormpath_wsgi.directory.storage import deadline
from stormpath_wsgi.directory.storage.generation import (
    FileGeneration,
    Generation,
    MemoryGeneration,
    NotifiedGeneration,
    number_in,
)
from stormpath_wsgi.directory.storage.sqlite_files import OpenConnection, SqliteFiles
from stormpath_wsgi.directory.storage.write_turns import NoTurn, WriteTurns
from stormpath_wsgi.errors import ConfigurationError, Unavailable

if TYPE_CHECKING:
    from stormpath_wsgi.directory.storage.postgresql import Server

log = logging.getLogger(__name__)

_WHAT_TO_WRITE = (
    "write sqlite:///accounts.db for a file, sqlite:// for a directory in the memory of one process, "
    "or postgresql+psycopg://user:password@host/database"
)
# These tell of the statement. Every other error of a driver tells of the database.
_OF_THE_STATEMENT = (exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.NotSupportedError)

# These may end with another connection to the same SQLite file. A full disk is none of them: another connection would
# find no room for its -shm, and those that are open go on reading.
_OF_THE_CONNECTION = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN)

_SOON, _LONGEST_WAIT = 0.5, 2.0  # seconds that many threads, and few, wait for their turn to write (write_turns.py)
_NAP = 0.005  # seconds between two looks whether a program that takes no turns with us is still writing


class Transaction:
    """One write in progress."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection


class Database:
    """A database by its *url*. *timeout*: seconds to wait for a lock, a connection or a place in the pool, and on
    PostgreSQL the seconds that a transaction may take in all.

    *strict* and *listen_url* matter on PostgreSQL only: whether each reading of the generation asks the server, and
    where it can be heard of changes when *url* leads to a pooler.

    May be shared by threads and greenlets, and is itself again after a fork: a child never uses what its parent
    opened. Transactions do not nest. Raises :class:`~stormpath_wsgi.errors.ConfigurationError` when *url* means
    nothing, or names a file that cannot be made or opened.
    """

    def __init__(self, url: str, *, timeout: float = 5, strict: bool = False, listen_url: str | None = None) -> None:
        self._backend = _backend(url, timeout, strict=strict, listen_url=listen_url)
        #: ``database.generation()``: the number a cache keeps beside what it holds (:mod:`.generation`).
        self.generation: Callable[[], int] = self._backend.generation.read
        #: Whether the database is this program's own, so that opening it may bring its tables up to date.
        self.embedded = self._backend.embedded
        #: The file it is in; None when it is in memory or on a server.
        self.path = self._backend.path
        _announce_forks(self._backend)

    def __repr__(self) -> str:
        return f"<Database {self._backend.engine.url.render_as_string(hide_password=True)}>"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading. Each statement sees what is committed when it starts."""
        with self._serving(), self._backend.turn_to_read(), self._backend.reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, moves_generation: bool = True) -> Iterator[Transaction]:
        """One transaction: committed at the end of the block, undone if the block raises.

        *moves_generation*: whether it changes anything that a cache may hold. Such writes come one after the other on
        every engine, so they may decide on what they read. Others rely on the constraints of the tables.
        """
        with (
            self._serving(),
            self._backend.turn_to_write(),
            self._backend.engine.connect() as connection,
            self._backend.transaction(connection, alone=moves_generation),
        ):
            yield Transaction(connection)
            if not moves_generation:
                connection.commit()
                return
            with self._backend.generation.moving(connection):
                connection.commit()

    def serve(self) -> None:
        """Says that people wait for this process from now on, so it does not wait long for a SQLite file."""
        self._backend.serve()

    def close(self) -> None:
        """Closes every connection. The generation is unsettled from now on."""
        self._backend.close()

    @contextmanager
    def _serving(self) -> Iterator[None]:
        """Turns what tells of the database, and not of a statement, into Unavailable and a line in the log."""
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
        self._thread: int | None = None  # that holds it

    def check(self) -> None:
        """Raises _Refused when the database is known to be gone."""

    def serve(self) -> None:
        """As :meth:`Database.serve`."""

    def failed(self, error: exc.DBAPIError) -> None:
        """Called when *error*, which tells of the database, has ended a use of it."""

    def turn_to_read(self) -> AbstractContextManager[None]:
        """Waits for other threads of this process, if that must be. Raises _Refused after a time."""
        return nullcontext()

    def turn_to_write(self) -> AbstractContextManager[None]:
        """The same for a write."""
        return nullcontext()

    def transaction(self, connection: Connection, *, alone: bool) -> AbstractContextManager[None]:
        """Begins a write and ends it. *alone*: no other such write, of any process, runs meanwhile."""
        raise NotImplementedError

    def close(self) -> None:
        """Lets go of everything."""
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
        """Here and not in the database, whose own way of waiting stops every greenlet."""
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

    ``synchronous=FULL``: each commit reaches the disk. NORMAL would survive the death of a worker too, but a power
    cut could take back the last commits, among them a sign-out or a changed password.

    The file may be deleted, replaced, full or read-only for a while. Connections that saw such a thing are closed, and
    the next ones use what is there then.
    """

    embedded = True
    generation: FileGeneration
    path: Path

    def __init__(self, url: URL, timeout: float) -> None:
        super().__init__(timeout)
        self._in_use_at_fork = self._inherited = False
        self.path = Path(url.database or "").resolve()
        _make(self.path)
        self._files = SqliteFiles(self.path)
        self._open: set[OpenConnection] = set()
        self._longest = timeout  # seconds that one waits for the file
        self._turns = WriteTurns(soon=timeout, longest=timeout)
        generation_file = self.path.with_name(self.path.name + "-epoch")
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
    def transaction(self, connection: Connection, *, alone: bool) -> Iterator[None]:
        # SQLite itself lets processes wait for its lock too, but with naps so long that some never get it.
        end = time.monotonic() + self._turns.patience()
        with self.generation.locked(end - time.monotonic()):
            self._begin(connection, end)
            self._turns.got_the_file()
            self._look_again(connection)
            try:
                yield
            finally:
                connection.rollback()  # nothing, once it is committed
            self._look_again(connection)  # or the commit is where nobody finds it

    def before_fork(self) -> None:
        """Closes what is open. SQLite keeps one record of its locks on a file for all connections of a process.

        A child inherits that record without the locks themselves, and its own connections would trust it: another
        process could take the file for unused and reset it under their hands (sqlite.org/howtocorrupt.html, 2.6).
        """
        self._retire()
        self.engine.dispose()
        self._in_use_at_fork = len(self._open) > 0

    def after_fork(self) -> None:
        super().after_fork()
        self._turns.renew()
        # The second half is for programs that fork in C and announce it to the child only.
        self._inherited = self._in_use_at_fork or len(self._open) > 0

    def _sees_lost_files(self) -> bool:
        """Whether a connection has other files open than those that are there."""
        found = self._files.found()
        return any(other.files not in (None, found) for other in tuple(self._open))

    def _connect(self) -> OpenConnection:
        # Once more, because a connection that was opened between the two looks has just made a -wal and a -shm.
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
            isolation_level=None,  # BEGIN is ours to say
            check_same_thread=False,  # the pool gives a connection to one thread at a time
            siblings=self._open,
        )
        try:
            if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                # A new file. SQLite does not wait here: of several processes that do this at once some would fail.
                with self.generation.locked(self._longest):
                    connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA schema_version")  # now all files are open
        except (sqlite3.Error, Unavailable):
            connection.close()
            raise
        connection.files, connection.may_write = self._files.found(), self._files.may_be_written()
        return connection

    def _check_out(self, connection: OpenConnection, *_: object) -> None:
        """Called by the pool before it gives *connection* to anybody."""
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
            ):  # what is remembered may be of other files
                self._files.save(connection)
        except OSError as error:
            raise _Refused(f"{lost}: deleted or replaced while in use: {error.strerror}") from error
        self._retire()

    def _retire(self) -> None:
        """Closes all connections: those that nobody uses at once, the others when they are given back."""
        for connection in tuple(self._open):
            connection.is_retired = True
        self.engine.pool.dispose()

    def _look_again(self, connection: Connection) -> None:
        if lost := self._files.lost(_driver(connection)):
            raise _Refused(f"{lost}: deleted or replaced during a write")

    def _begin(self, connection: Connection, end: float) -> None:
        """Begins a write as soon as no program is writing that does not take turns with us."""
        if not _driver(connection).may_write and self._files.may_be_written():
            # The file was read-only when it was opened, and this connection stays so.
            self._retire()
            connection.invalidate()
        driver = _driver(connection)
        driver.execute("PRAGMA busy_timeout = 0")  # SQLite's own way of waiting stops every greenlet
        try:
            while True:
                try:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                    return
                except exc.OperationalError as error:
                    connection.rollback()
                    if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                        raise
                time.sleep(_NAP)
        finally:
            driver.execute(f"PRAGMA busy_timeout = {round(self._longest * 1000)}")


class _SqliteMemory(_Backend):
    """One connection for all threads, used in turn. Gone with the process; a forked child has a copy."""

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
    def transaction(self, connection: Connection, *, alone: bool) -> Iterator[None]:
        connection.exec_driver_sql("BEGIN")
        yield

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection


class _PostgreSQL(_Backend):
    """A server (:mod:`.postgresql`). Reads are single statements and need no transaction around them.

    No transaction takes longer than *timeout*, whatever the server does. While it, or a lock in it, is known to hang,
    nobody waits but one at a time who finds out whether it still does.
    """

    embedded = False
    generation: NotifiedGeneration

    def __init__(self, url: URL, timeout: float, *, strict: bool, listen_url: str | None) -> None:
        super().__init__(timeout)
        self._strict = strict
        self._server = _server(url, timeout, self._tell_of_pooler)
        self._direct = _server(make_url(listen_url), timeout, _nobody) if listen_url else None
        self.engine = self._server.engine
        self.reader = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._start()
        self.generation = NotifiedGeneration(self.reader, self._listener, self._number, longest=timeout)

    def turn_to_read(self) -> AbstractContextManager[None]:
        return self._bounded(self._reads)

    def turn_to_write(self) -> AbstractContextManager[None]:
        return self._bounded(self._writes)

    def after_fork(self) -> None:
        for server in filter(None, (self._server, self._direct)):
            server.engine.dispose(
                close=False
            )  # the parent's sockets; psycopg closes them in the process that opened them
        self._start()
        super().after_fork()

    @contextmanager
    def transaction(self, connection: Connection, *, alone: bool) -> Iterator[None]:
        limits = self._server.limits(deadline.left(self.timeout))
        calls = [f"set_config('{name}', '{value}', true)" for name, value in limits.items()]
        if alone:
            calls.append(f"pg_advisory_xact_lock({_LOCK})")
        connection.exec_driver_sql(f"SELECT {', '.join(calls)}")
        yield

    def close(self) -> None:
        super().close()
        if self._direct:
            self._direct.engine.dispose()

    def _start(self) -> None:
        # Apart: one table may be locked against writers only, and many writers may be too many.
        self._reads, self._writes = Breaker(self.timeout), Breaker(self.timeout)

    @contextmanager
    def _bounded(self, breaker: Breaker) -> Iterator[None]:
        if breaker.refuses():
            raise _Refused("it did not answer a moment ago")
        try:
            with deadline.within(deadline.allowed(self.timeout)):
                yield
        except Exception as error:  # any is an answer, but for those that say that it hangs; it is raised again
            hangs = isinstance(error, exc.TimeoutError) or isinstance(getattr(error, "orig", None), self._server.hangs)
            (breaker.hung if hangs else breaker.answered)()
            raise
        breaker.answered()

    def _number(self) -> int | None:
        """Of the generation, as the server has it; None when it cannot be asked."""
        try:
            with self.turn_to_read(), self.reader.connect() as connection:
                return number_in(connection)
        except (_Refused, exc.SQLAlchemyError):
            return None  # whoever needs more than this number finds out why

    def _listener(self) -> Engine | None:
        """What to listen through; None: nobody would be heard, or each reading shall ask."""
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


#: The advisory lock of writes that come one after the other: "stormpat" in ASCII.
_LOCK = int.from_bytes(b"stormpat")


#: Whether SQLAlchemy decodes the name of a database in a URL, as it does from version 2.1 on.
_DECODES = make_url("sqlite:///%25").database == "%"


def _backend(url: str, timeout: float, *, strict: bool, listen_url: str | None) -> _Backend:
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):  # its text is not repeated: a password may be in it
        raise ConfigurationError(f"directory: this is no database URL; {_WHAT_TO_WRITE}") from None
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        if parsed.host or parsed.username or parsed.query:
            raise ConfigurationError(f"directory: a SQLite URL has a path and nothing else; {_WHAT_TO_WRITE}")
        if not _DECODES:
            parsed = parsed.set(database=unquote(parsed.database or ""))
        in_memory = parsed.database in (None, "", ":memory:")
        return _SqliteMemory(parsed, timeout) if in_memory else _SqliteFile(parsed, timeout)
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return _PostgreSQL(parsed, timeout, strict=strict, listen_url=listen_url)
    raise ConfigurationError(f"directory: {parsed.drivername} is not an engine we have; {_WHAT_TO_WRITE}")


def _server(url: URL | str, timeout: float, on_pooler: Callable[[], object]) -> Server:
    try:
        from stormpath_wsgi.directory.storage.postgresql import Server
    except ImportError as error:
        raise ConfigurationError(
            "directory: PostgreSQL needs psycopg; install it with: pip install 'psycopg[binary]'"
        ) from error
    try:
        return Server(make_url(url), longest=timeout, on_pooler=on_pooler)
    except (exc.ArgumentError, ValueError) as error:
        told = "listenUrl: this is no database URL" if isinstance(error, exc.ArgumentError) else f"directory: {error}"
        raise ConfigurationError(f"{told}; {_WHAT_TO_WRITE}") from None


def _make(path: Path) -> None:
    """Makes the file, for the owner's eyes only, unless it is there."""
    try:
        # Only a new file is opened here. Closing it again would drop every lock that SQLite holds on it in this
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
    """What went wrong in SQLite, without the details."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF


def reason(error: exc.DBAPIError) -> str:
    """The driver's code and the first line of its text; further lines may quote what was stored."""
    driver = error.orig
    code = getattr(driver, "sqlite_errorname", None) or getattr(driver, "sqlstate", None) or type(driver).__name__
    return f"{code}: {next(iter(str(driver).splitlines()), '')}"


def _nobody() -> None:
    """Does nothing. For events of which nobody wants to be told."""


def _announce_forks(backend: _Backend) -> None:
    """Tells *backend* of forks, as long as somebody else holds it."""
    reference = weakref.ref(backend)

    def before() -> None:
        if found := reference():
            found.before_fork()

    def after() -> None:
        if found := reference():
            found.after_fork()

    os.register_at_fork(before=before, after_in_child=after)
