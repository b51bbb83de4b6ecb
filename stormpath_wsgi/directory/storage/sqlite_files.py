"""The files of a SQLite database, and whether connections have open what everybody else finds under their names.

SQLite does not look at the names again. It goes on with a file that was deleted or replaced, and what it commits there
is gone when the process ends. So the names are looked at whenever a connection is about to be used, and after each
COMMIT, before anybody is told of it.
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

_BUSY = 1000  # milliseconds that saving waits for readers

#: Device and inode; None where there is no file.
Identity = tuple[int, int] | None


class Found(NamedTuple):
    """What is found under the three names."""

    database: Identity
    wal: Identity  # -wal: the commits that are not in the database yet
    shm: Identity  # -shm: where they are in it, and who reads and writes


class OpenConnection(sqlite3.Connection):
    """A connection that knows its files. *siblings*: all connections of its pool that are open."""

    def __init__(self, *arguments: Any, siblings: set[OpenConnection], **options: Any) -> None:
        super().__init__(*arguments, **options)
        #: None until it has opened them.
        self.files: Found | None = None
        self.may_write = True
        #: Whether it is to be closed as soon as nobody uses it.
        self.is_retired = False
        self._siblings = siblings
        siblings.add(self)

    def close(self) -> None:
        super().close()
        self._siblings.discard(self)


class SqliteFiles:
    """The files of the database *path*."""

    def __init__(self, path: Path) -> None:
        self._database, self._wal, self._shm = (f"{path}{suffix}" for suffix in ("", "-wal", "-shm"))

    def found(self) -> Found:
        return Found(_identity(self._database), _identity(self._wal), _identity(self._shm))

    def lost(self, connection: OpenConnection) -> str:
        """The names under which other files than those of *connection* are found, or none; empty when all is well."""
        if connection.files is None or (found := self.found()) == connection.files:
            return ""
        names = (self._database, self._wal, self._shm)
        changed = zip(names, connection.files, found, strict=True)
        return ", ".join(name for name, was, now in changed if was != now)

    def wal_was_deleted(self) -> bool:
        """Whether -wal is gone and -shm is not. SQLite makes -wal first and removes it last."""
        # The second look: both may have been made after the first one.
        return _identity(self._wal) is None and _identity(self._shm) is not None and _identity(self._wal) is None

    def remove_unused_shm(self) -> bool:
        """Removes a -shm whose users have all died. False: some process has the database open, and it stays."""
        probe = sqlite3.connect(f"file:{quote(self._database)}?mode=rw", uri=True, timeout=0, isolation_level=None)
        try:
            # Does without a -shm, and so needs the database for itself.
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
        return os.access(self._database, os.W_OK, effective_ids=True)

    def open_up(self) -> None:
        """Lets -wal and -shm be written wherever the database may be: SQLite makes them as read-only as it was then."""
        with suppress(OSError):  # they are not there, or not ours
            mode = stat.S_IMODE(os.stat(self._database).st_mode)
            for path in (self._wal, self._shm):
                own = os.lstat(path)
                if mode & ~own.st_mode and stat.S_ISREG(own.st_mode):
                    os.chmod(path, stat.S_IMODE(own.st_mode) | mode)

    def save(self, connection: OpenConnection) -> None:
        """Puts the commits of a -wal that only *connection* has into its database, and removes what belongs to them.

        To be called while no process writes. Raises OSError as long as others read them, or when it cannot.
        """
        files, found = connection.files, self.found()
        if files is None:
            return
        # Not when others have begun a new -wal of the same database: the pages in ours are older than theirs.
        if found.wal in (None, files.wal) or found.database != files.database:
            _checkpoint(connection)
        if found.shm == files.shm:
            _remove(self._shm)
        if found.wal == files.wal:
            self._clear_wal(is_left_over=found.database != files.database)

    def _clear_wal(self, *, is_left_over: bool) -> None:
        """Removes -wal, which would be taken for that of the next database. What is only there is kept."""
        if not os.path.getsize(self._wal):
            _remove(self._wal)
        elif is_left_over:
            os.replace(self._wal, f"{self._wal}.old")
            log.error("%s.old holds commits of a database that another one has replaced", self._wal)


def _checkpoint(connection: OpenConnection) -> None:
    try:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY}")
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:  # the disk is full, perhaps: that must not keep us from the files that are there
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
