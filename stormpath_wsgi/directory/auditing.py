"""Auditing: what the directory does is written down in the transaction of the change, and put into the chain later.

A transaction adds its rows to a table where none waits for another. A thread in each process that serves puts them into
the chain, about once a second and several at once, and gives the head to the second place. When a process dies, its
rows are in that table, and another process takes them. The same thread takes away what is too old.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple

from pydantic import SecretStr

from stormpath_wsgi.audit import Head, HeadKeys, Row, Witness, entry_of
from stormpath_wsgi.audit.entry import keeping
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.storage import audit, deadline
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.errors import ConfigurationError, Unavailable
from stormpath_wsgi.events import AfterEvent, SignedOut
from stormpath_wsgi.key_file import KeyFile
from stormpath_wsgi.settings import AuditSettings

log = logging.getLogger(__name__)

_PAUSE = 1.0  # seconds in which rows are gathered before they are put into the chain
_FAREWELL = 10.0  # seconds that close() waits for the thread
_TIDIED = 3600.0  # seconds between two looks for rows that are too old
_KEY_LENGTH = 64  # hex digits
_MOST_UNSTORED = 1000  # events that wait in memory for the database; the oldest are lost when there are more


class Chain(NamedTuple):
    """A chain: *begins* and *head* as :meth:`Auditing.ends` has them. *rows*: returns all rows, as often as it is
    called.
    """

    tenant: str
    begins: Head | None
    head: Head | None
    rows: Callable[[], Iterator[Row]]


class Auditing:
    """Keeps the events of *context*. Threads and greenlets may share it, and it can be used after a fork.

    *keys*: of the settings, or those that the directory's secrets are encrypted with.
    """

    def __init__(self, context: Context, settings: AuditSettings, keys: HeadKeys) -> None:
        self._context, self._keys = context, keys
        #: Whether events are kept.
        self.enabled = settings.enabled if settings.enabled is not None else not _is_in_memory(context.database)
        self._keep = int(settings.keep.total_seconds() * 1000)
        self._every = settings.every.total_seconds()
        self._address = keeping(settings.addresses, keys.of_addresses)
        url = None if settings.url is None else settings.url.get_secret_value()
        self._witness = Witness(to_log=settings.log, file=settings.file, url=url)
        self._serves = self._is_new = False
        self._tidied = self._witnessed = float("-inf")  # of time.monotonic()
        self._told: Head | None = None  # the last head that the second place has from this process
        self._thread: threading.Thread | None = None
        self._begin()
        if self.enabled:
            context.events.listen(AfterEvent, self._hear)
            _announce_forks(self)

    def record(self, work: UnitOfWork) -> None:
        """Stores the events that *work* tells, in its transaction."""
        if self.enabled and work.told:
            self._put(work, work.told)
            for event in work.told:
                object.__setattr__(event, "is_kept", True)

    def wake(self) -> None:
        """Tells that rows were committed. In a process that serves the thread starts, if it does not run."""
        self._is_new = True
        if not (self.enabled and self._serves):
            return
        with self._lock:
            self._news.set()
            if self._thread is None or not self._thread.is_alive():  # it may have ended with an error
                thread = threading.Thread(target=self._run, name="stormpath-wsgi audit", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # too many threads, or the program ends: the rows wait
                    log.warning("rows of the audit wait for the chain: %s", error)
                else:
                    self._thread = thread

    def serve(self) -> None:
        """Says that this process serves and will not fork: from now on it takes care of rows, also of other processes.

        A thread that uses the database at a fork would do harm, so before that there is none.
        """
        if not self._serves:
            self._serves = True
            self.wake()

    def close(self) -> None:
        """Puts the rows of this process into the chain, if the directory can be reached."""
        self._closing.set()
        self._news.set()
        if (thread := self._thread) is not None:
            thread.join(_FAREWELL)
        if self._is_new and self.enabled:
            self._round()

    def seal(self) -> int:
        """Puts all rows that wait into the chain, and returns how many. Raises Unavailable and ConfigurationError."""
        sealed = 0
        while True:
            self._is_new = False
            with self._context.write(moves_generation=False) as work:
                number = audit.seal(work.connection, work.tenant_id, work.now, self._keys.sign)
            sealed += number
            if number < audit.MOST:
                return sealed

    def tidy(self) -> int:
        """Takes away rows that are too old, and returns how many transactions that took.

        Raises Unavailable and ConfigurationError.
        """
        taken, begins = 0, None
        while not self._closing.is_set():
            with self._context.write(moves_generation=False) as work:
                dropped = audit.drop(work.connection, work.tenant_id, work.now - self._keep, work.now, self._keys.sign)
            if dropped is None:
                break
            taken, begins = taken + 1, dropped
        if begins is not None:
            self._witness.tell(begins)
        return taken

    def rows(self, after: int = 0) -> Iterator[Row]:
        """The rows of the chain behind the position *after*."""
        with self._context.read() as work:
            yield from audit.rows(work.connection, work.tenant_id, after)

    def newest(self, most: int, **wanted: Any) -> list[Row]:
        """As :func:`.audit.newest`."""
        with self._context.read() as work:
            return audit.newest(work.connection, work.tenant_id, most, **wanted)

    def ends(self) -> tuple[str, Head | None, Head | None]:
        """The tenant; behind which row its chain begins, None: with the first; and where it ends, None: nowhere."""
        with self._context.read() as work:
            begins = audit.head(work.connection, work.tenant_id, begins=True)
            return work.tenant_id, begins, audit.head(work.connection, work.tenant_id)

    @contextmanager
    def chain(self) -> Iterator[Chain]:
        """All of the chain, as it is at this moment, for ten minutes at the most. Others may write meanwhile."""
        with deadline.allowing(deadline.LONG), self._context.snapshot() as work:
            connection, tenant = work.connection, work.tenant_id
            begins, head = audit.head(connection, tenant, begins=True), audit.head(connection, tenant)
            yield Chain(tenant, begins, head, lambda: audit.rows(connection, tenant))

    def waiting(self) -> int:
        """How many rows wait for the chain."""
        with self._context.read() as work:
            return audit.waiting(work.connection, work.tenant_id)

    def public_keys(self) -> list[str]:
        """The public keys that heads are verified with, in hex digits; empty: heads are not signed."""
        return self._keys.public()

    def _hear(self, event: AfterEvent) -> None:
        """Stores an event that no transaction has stored: a sign-in, one that failed, what a flow tells.

        While the database is away it waits in memory: that the database is away is such an event itself.
        """
        if event.is_kept or (isinstance(event, SignedOut) and event.account is None):
            return
        try:
            self._store(event)
        except (Unavailable, ConfigurationError) as error:
            log.warning("an event waits in memory for the audit: %s", error)
            self._unstored.append(event)
        self.wake()

    def _store(self, event: AfterEvent) -> None:
        with self._context.write(moves_generation=False) as work:
            self._put(work, [event])

    def _store_late(self) -> None:
        """Stores the events that wait in memory. Raises as :meth:`seal`."""
        while self._unstored:
            event = self._unstored.popleft()
            try:
                self._store(event)
            except (Unavailable, ConfigurationError):
                self._unstored.appendleft(event)
                raise

    def _put(self, work: UnitOfWork, events: list[AfterEvent]) -> None:
        entries = [entry_of(event, work.base_url, self._address) for event in events]
        audit.put(work.connection, work.tenant_id, entries)

    def _begin(self) -> None:
        self._lock, self._news, self._closing = threading.Lock(), threading.Event(), threading.Event()
        self._thread = None
        self._unstored: deque[AfterEvent] = deque(maxlen=_MOST_UNSTORED)

    def _run(self) -> None:
        while True:
            self._closing.wait(_PAUSE)
            self._news.clear()
            pause = self._round()
            with self._lock:
                if not self._news.is_set() and (pause is None or self._closing.is_set()):
                    self._thread = None
                    return
            self._news.wait(pause)

    def _round(self) -> float | None:
        """What is due. Returns the seconds until something else is; None: nothing is left to do for this process."""
        try:
            self._store_late()
            self.seal()
            pause = self._tell()
            if time.monotonic() - self._tidied >= _TIDIED and not self._closing.is_set():
                self._tidied = time.monotonic()
                self.tidy()
            return pause if self.waiting() == 0 else 0
        except (Unavailable, ConfigurationError) as error:
            log.warning("rows of the audit wait for the chain: %s", error)
            return 0

    def _tell(self) -> float | None:
        """Gives the head to the second place, if it is time. Returns the seconds until it is; None: it has the head."""
        _, _, head = self.ends()
        if head is None or head == self._told:
            return None
        due = self._witnessed + self._every - time.monotonic()
        if due > 0 and not self._closing.is_set():
            return due
        self._witnessed, self._told = time.monotonic(), head
        self._witness.tell(head)
        return None


def keys_of(settings: AuditSettings, database: Database, encryption_keys: Sequence[str | SecretStr]) -> HeadKeys:
    """The keys that sign the heads of a directory in *database*: of the *settings*; in a file beside the database; in
    memory; or made of those that encrypt secrets.
    """
    if database.path is not None and not settings.signing_keys:
        return HeadKeys(_key_file(database.path).make)
    given = [
        key if isinstance(key, str) else key.get_secret_value() for key in settings.signing_keys or encryption_keys
    ]
    if not given and database.embedded:
        given = [token_hex()]  # of a directory in memory, which ends with the process
    return HeadKeys(lambda: given)


def _key_file(database: Path) -> KeyFile:
    return KeyFile(
        database.with_name(f"{database.name}-audit-key"),
        least=_KEY_LENGTH,
        setting="audit.signingKeys",
        remedy="restore it from a backup, or remove it, and heads are signed with a new key from then on",
        beside=database,
    )


def _is_in_memory(database: Database) -> bool:
    return database.embedded and database.path is None


def _announce_forks(auditing: Auditing) -> None:
    """Starts anew in a forked child: the thread does not exist there, and a lock might stay locked for ever."""
    reference = weakref.ref(auditing)

    def after() -> None:
        if found := reference():
            found._begin()
            found._serves = False

    os.register_at_fork(after_in_child=after)
