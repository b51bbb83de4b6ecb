"""Where an import writes: the directory itself, or for a dry run a copy of it, or a transaction that is undone."""

from __future__ import annotations

import secrets as random
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.storage import deadline
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.migrate import prepare
from stormpath_wsgi.transfer.export import LONGEST


class Target(Protocol):
    """Takes batches. Each is written as a whole, or not at all if its block raises."""

    database: Database
    #: Encrypts the secrets that are imported.
    secrets: Secrets
    #: Whether the stored numbers of accounts are to follow: a row of them is shared by all who register.
    counts: bool

    def batch(self) -> AbstractContextManager[Connection]:
        """The transaction of one batch."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection that sees what was written so far. No batch may begin in this block."""


class Live:
    """The directory in *database*. What is written into it, stays."""

    counts = True

    def __init__(self, database: Database, secrets: Secrets) -> None:
        self.database, self.secrets = database, secrets

    @contextmanager
    def batch(self) -> Iterator[Connection]:
        """See :meth:`Target.batch`."""
        with deadline.allowing(deadline.LONG), self.database.write() as transaction:
            yield transaction.connection

    def reading(self) -> AbstractContextManager[Connection]:
        """See :meth:`Target.reading`."""
        return self.database.read()


class _Undone(Exception):
    """Ends a transaction of which nothing is to stay."""


class _Undoing:
    """One transaction on a server. Its batches are undone when it ends."""

    counts = False

    def __init__(self, database: Database, connection: Connection) -> None:
        self.database, self.secrets, self._connection = database, _throwaway(), connection

    @contextmanager
    def batch(self) -> Iterator[Connection]:
        """See :meth:`Target.batch`."""
        with self._connection.begin_nested():
            yield self._connection

    def reading(self) -> AbstractContextManager[Connection]:
        """See :meth:`Target.reading`."""
        return nullcontext(self._connection)


@contextmanager
def rehearsal(database: Database | None) -> Iterator[Target]:
    """What takes all that *database* would take, with the same answers, and leaves nothing. None: there is none yet.

    A SQLite file is copied into a folder for temporary files, so that nobody has to wait meanwhile. A server keeps the
    rows until the end, and then forgets them.
    """
    if database is not None and database.path is None:
        prepare(database)
        with suppress(_Undone), deadline.allowing(LONGEST), database.write(moves_generation=False) as transaction:
            yield _Undoing(database, transaction.connection)
            raise _Undone
        return
    with tempfile.TemporaryDirectory(prefix="stormpath-wsgi-") as folder:
        copy = Path(folder) / "copy.db"
        if database is not None:
            with deadline.allowing(LONGEST), database.read() as connection:
                connection.exec_driver_sql("VACUUM INTO ?", (str(copy),))
        with closing(Database(f"sqlite:///{copy}", bulk=True)) as copied:
            prepare(copied)
            yield Live(copied, _throwaway())


def _throwaway() -> Secrets:
    return Secrets([random.token_hex()])
