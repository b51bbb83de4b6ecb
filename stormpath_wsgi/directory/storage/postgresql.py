"""Connections to PostgreSQL through psycopg 3. Every wait has an end, and they work behind a pooler.

The timeouts of the server (``statement_timeout``, ``lock_timeout``) do not help when the server itself has stopped.
Timeouts of TCP do not help either, because the kernel of a machine whose PostgreSQL hangs still acknowledges every
packet. So the client ends its waits itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
from psycopg import abc, capabilities, errors
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, create_engine, event, exc

from stormpath_wsgi.directory.storage import deadline

_Result = TypeVar("_Result")

_LEAST_TO_CONNECT = 2  # seconds: libpq and psycopg treat any smaller number like this one
_GOOD_FOR = 1.0  # seconds: a connection that was used so recently is not tested before it is used again
_FAREWELL = 0.5  # seconds, see BoundedConnection.farewell


class Overdue(psycopg.OperationalError):
    """The server did not answer in time.

    The connection is closed, because a late answer would be taken for the next one.
    """


class Server:
    """A server and how to reach it: :attr:`engine`, whose connections end their waits in time, and run each statement
    by itself. Who needs a transaction asks for another isolation level.

    *longest*: seconds that a transaction may take in all. *on_pooler* is called when a pooler is met for the first
    time. The parameter ``prepare_threshold`` of *url* is psycopg's: after how many times a statement is prepared in the
    server, or ``none``. Without it that is psycopg's own choice, and none behind a pooler, which may hand the statement
    to another server process than the one that has prepared it. Raises :class:`ValueError` for a wrong *url*.
    """

    #: The error which says that a lock was waited for in vain.
    is_locked = errors.LockNotAvailable
    #: The errors which say that the server, or a lock in it, hangs. An error about a slow statement is not among them.
    hangs = (Overdue, errors.ConnectionTimeout, is_locked)

    def __init__(self, url: URL, *, longest: float, on_pooler: Callable[[], object]) -> None:
        self._longest, self._on_pooler = longest, on_pooler
        self._threshold = _threshold(url)
        self.is_pooled = False
        url = url.set(drivername="postgresql+psycopg").difference_update_query(["prepare_threshold"])
        _check_parameters(url)
        defaults = {
            "application_name": "stormpath-wsgi",
            "tcp_user_timeout": str(round(longest * 1000)),  # milliseconds
            "keepalives_idle": "30",  # seconds
        }
        self.engine = create_engine(
            url,
            connect_args={name: value for name, value in defaults.items() if name not in url.query},
            isolation_level="AUTOCOMMIT",  # for reads, which are most; to set it and take it back would slow each
            pool_timeout=longest,
            pool_use_lifo=True,  # the connection that was used last is the least likely to be broken
            hide_parameters=True,
        )
        event.listen(self.engine, "do_connect", self._connect)
        event.listen(self.engine, "connect", self._meet)
        event.listen(self.engine, "checkin", _note_use)
        event.listen(self.engine, "checkout", self._try)

    def limits(self, longest: float, patience: float | None = None) -> dict[str, str]:
        """The parameters that make the server give up a little sooner than we do, so that the connection can be used
        again.

        *longest*: seconds until we give up. *patience*: seconds to wait for a lock, if that is less than usual.
        """
        usual = 0.8 * self._longest
        return {
            "lock_timeout": _milliseconds(usual if patience is None else min(usual, patience)),
            "statement_timeout": _milliseconds(0.9 * longest),
            "idle_in_transaction_session_timeout": _milliseconds(2 * self._longest),
        }

    def _connect(self, dialect: Any, record: Any, arguments: Any, options: dict[str, Any]) -> BoundedConnection:
        """Connects. Several hosts, and several addresses of a host, are tried one after the other, each within the
        limit.

        The resolver of the system finds the addresses of a name, within limits of its own.
        """
        seconds = round(deadline.left(self._longest))
        if seconds < _LEAST_TO_CONNECT:
            raise Overdue("no time is left to connect")
        options["connect_timeout"] = min(seconds, int(options.get("connect_timeout") or seconds))
        connection = BoundedConnection.connect(*arguments, **options)
        connection.longest = self._longest
        return connection

    def _meet(self, connection: BoundedConnection, record: Any) -> None:
        # A pooler invents the process number that it tells a client, so it differs from that of the server process.
        if connection.alone("SELECT pg_backend_pid()") == connection.info.backend_pid:
            calls = (f"set_config('{name}', '{value}', false)" for name, value in self.limits(self._longest).items())
            connection.alone(f"SELECT {', '.join(calls)}")
        else:  # nothing may be set for longer than a transaction: another client uses the server process next
            connection.prepare_threshold, connection.farewell = None, _FAREWELL
            self._greet_pooler()
        if self._threshold is not None:
            connection.prepare_threshold = self._threshold if self._threshold >= 0 else None
        _note_use(connection, record)

    def _greet_pooler(self) -> None:
        if not self.is_pooled:
            self.is_pooled = True
            self._on_pooler()

    def _try(self, connection: BoundedConnection, record: Any, _: Any) -> None:
        """Tests a connection before it is used, so that a restart of the server or of the network makes no request
        fail.
        """
        if time.monotonic() - record.info["used"] < _GOOD_FOR:
            return
        try:
            with deadline.within(min(deadline.left(self._longest), self._longest / 5)):
                connection.alone("SELECT 1")
        except psycopg.Error as error:
            raise exc.InvalidatePoolError from error


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose every wait ends with the :mod:`.deadline`; outside of any after *longest* seconds."""

    longest: float = 5
    #: Seconds before the end that are kept for asking the server to stop what it was doing, where it has no time limit
    #: of its own; 0: it is not asked.
    farewell: float = 0

    def wait(self, gen: abc.PQGen[_Result], *args: Any, **options: Any) -> _Result:
        """Waits for *gen* as psycopg does, but with an end.

        Raises :class:`Overdue`, and closes the connection, when the time is over.
        """
        end = time.monotonic() + deadline.left(self.longest) - self.farewell
        try:
            return super().wait(_until(end, gen), *args, **options)
        except Overdue:
            self._take_leave()
            raise

    def rollback(self) -> None:
        """Undoes the transaction. Where there is none, as after each read, nothing has to be waited for."""
        if self.pgconn.transaction_status != TransactionStatus.IDLE:
            super().rollback()

    def alone(self, statement: Any) -> Any:
        """The first value of the answer to one *statement*, which is run without a transaction around it."""
        before = self.autocommit
        self.autocommit = True
        try:
            row = self.execute(statement).fetchone()
        finally:
            if not self.closed:
                self.autocommit = before
        return row and row[0]

    def _take_leave(self) -> None:
        # With an older libpq the cancellation itself could wait for the server without end.
        if self.farewell and capabilities.has_cancel_safe():
            with suppress(psycopg.Error):
                self.cancel_safe(timeout=self.farewell)
        self.close()


def _until(end: float, gen: abc.PQGen[_Result]) -> Generator[Any, Any, _Result]:
    """Runs *gen*, which psycopg wakes ten times a second while it waits, until *end* (of time.monotonic) at the latest.

    Raises :class:`Overdue` then.
    """
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if time.monotonic() >= end:
                raise Overdue("there was no answer in time")
            wanted = gen.send(ready)
    except StopIteration as done:
        result: _Result = done.value
        return result


def _note_use(connection: BoundedConnection | None, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _threshold(url: URL) -> int | None:
    """The parameter ``prepare_threshold`` of the *url*; -1: never; None: the url does not say."""
    text = url.query.get("prepare_threshold")
    if text is None:
        return None
    if isinstance(text, str) and (text.isdecimal() or text.lower() == "none"):
        return int(text) if text.isdecimal() else -1
    raise ValueError("prepare_threshold: write a number, or none")


def _check_parameters(url: URL) -> None:
    try:
        psycopg.conninfo.make_conninfo(**dict.fromkeys(url.query, ""))
    except psycopg.ProgrammingError as error:
        raise ValueError(str(error).strip()) from None


def _milliseconds(seconds: float) -> str:
    """The *seconds* as the server's parameters want them: whole milliseconds."""
    return f"{round(seconds * 1000)}ms"
