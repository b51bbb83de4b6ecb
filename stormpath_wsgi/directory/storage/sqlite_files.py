"""The files of a SQLite database, and whether a connection still has those files open that bear their names now.

SQLite does not look at the names again. It goes on with a file that was deleted or replaced, and what it commits there
is lost when the process ends. So we compare the files before each use of a connection, and after each COMMIT before the
caller learns that it succeeded.
"""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

log = logging.getLogger(__name__)

_BUSY = 1000  # milliseconds that SqliteFiles.save waits for readers

#: Device and inode; None where there is no file.
Identity = tuple[int, int] | None


class Found(NamedTuple):
    """The three files that are found under the names of the database."""

    database: Identity
    wal: Identity  # -wal: commits that are not in the database file yet
    shm: Identity  # -shm: the index of -wal, and the locks of readers and writers


class OpenConnection(sqlite3.Connection):
    """A connection that knows which files it has open. *siblings*: all open connections of its pool."""

    def __init__(self, *arguments: Any, siblings: set[OpenConnection], **options: Any) -> None:
        super().__init__(*arguments, **options)
        #: The files that the connection has open; None until it has opened them.
        self.files: Found | None = None
        self.may_write = True
        #: Whether the connection is to be closed when it is given back to the pool.
        self.is_retired = False
        self._siblings = siblings
        siblings.add(self)

    def close(self) -> None:
        """Closes the connection and takes it out of *siblings*."""
        super().close()
        self._siblings.discard(self)


class SqliteFiles:
    """The files of the database *path*."""

    def __init__(self, path: Path) -> None:
        self._database, self._wal, self._shm = (f"{path}{suffix}" for suffix in ("", "-wal", "-shm"))

    def found(self) -> Found:
        """The files that are there now."""
        return Found(_identity(self._database), _identity(self._wal), _identity(self._shm))

    def lost(self, connection: OpenConnection) -> str:
        """The names whose files were deleted or replaced since *connection* opened them, for a log; empty if there are
        none.
        """
        if connection.files is None or (found := self.found()) == connection.files:
            return ""
        names = (self._database, self._wal, self._shm)
        changed = zip(names, connection.files, found, strict=True)
        return ", ".join(name for name, was, now in changed if was != now)

    def wal_was_deleted(self) -> bool:
        """Whether -wal is gone and -shm is not. SQLite makes -wal first and removes it last."""
        # -wal is looked at twice: both files may have been made after the first look.
        return _identity(self._wal) is None and _identity(self._shm) is not None and _identity(self._wal) is None

    def remove_unused_shm(self) -> bool:
        """Removes -shm, if no process has the database open. Returns whether it did."""
        probe = sqlite3.connect(f"file:{quote(self._database)}?mode=rw", uri=True, timeout=0, isolation_level=None)
        try:
            # In this mode SQLite uses no -shm. It fails when any process has the database open.
            probe.execute("PRAGMA locking_mode = EXCLUSIVE")
            probe.execute("BEGIN EXCLUSIVE")
            _remove(self._shm)
        except sqlite3.OperationalError:
            return False
        else:
            return True
        finally:
            probe.close()

    def may_be_written(self) -> bool:
        """Whether this process may write into the database file."""
        return os.access(self._database, os.W_OK, effective_ids=True)

    def open_up(self) -> None:
        """Gives -wal and -shm the write permissions of the database file.

        SQLite makes them with the permissions that the database file has at that moment, which may have been read-only.
        """
        with suppress(OSError):  # they do not exist, or belong to another user
            mode = stat.S_IMODE(os.stat(self._database).st_mode)
            for path in (self._wal, self._shm):
                own = os.lstat(path)
                if mode & ~own.st_mode and stat.S_ISREG(own.st_mode):
                    os.chmod(path, stat.S_IMODE(own.st_mode) | mode)

    def save(self, connection: OpenConnection) -> None:
        """Writes the commits of a lost -wal, which only *connection* still has open, into its database file.

        Then removes the -wal and -shm of the lost database. To be called while no process writes. Raises OSError while
        other processes still read these files, or when they cannot be removed.
        """
        files, found = connection.files, self.found()
        if files is None:
            return
        # Not when a new -wal of the same database was begun: the pages in the lost -wal are older than those in it.
        if found.wal in (None, files.wal) or found.database != files.database:
            _checkpoint(connection)
        if found.shm == files.shm:
            _remove(self._shm)
        if found.wal == files.wal:
            self._clear_wal(is_left_over=found.database != files.database)

    def _clear_wal(self, *, is_left_over: bool) -> None:
        """Removes -wal, which SQLite would otherwise use with the next database.

        If it holds commits, it is renamed instead.
        """
        if not os.path.getsize(self._wal):
            _remove(self._wal)
        elif is_left_over:
            os.replace(self._wal, f"{self._wal}.old")
            log.error("%s.old holds commits of a database that another one has replaced", self._wal)


def _checkpoint(connection: OpenConnection) -> None:
    try:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY}")
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:  # for example a full disk: the new files are to be used all the same
        log.error("the last commits cannot be saved: %s", error)
    else:
        if busy:
            raise OSError(errno.EBUSY, "the files that were deleted or replaced are still being read")


def _identity(path: str) -> Identity:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
