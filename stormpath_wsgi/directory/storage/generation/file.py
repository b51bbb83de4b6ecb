"""The generation of the processes of one machine: words in a memory-mapped file."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import logging
import mmap
import os
import stat
import sys
import threading
import time
from array import array
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from stormpath_wsgi.errors import Unavailable
from stormpath_wsgi.slots import ANY, EVERYBODY, WORDS

log = logging.getLogger(__name__)

# Seconds between two tries for the lock. A blocking flock would stop every greenlet of the process. With a longer pause
# a waiting process might never get the lock while another process writes without rest.
_POLL = 0.0005
_WORD = 8  # bytes of a word
_ALL, _SIZE = range(WORDS), WORDS * _WORD
_LOW = 0 if sys.byteorder == "little" else _WORD - 1  # where in a word its last bit is
_EVEN = bytes(byte & 0xFE for byte in range(256))


class FileGeneration:
    """The generation of the processes of one machine: sequence locks in a memory-mapped file beside the database.

    The file holds a 64-bit word for each slot. It is odd when settled, and even from before the COMMIT of a change
    until after it. Writers hold a lock on the file (:meth:`locked`), which the kernel releases when a process dies. So
    an even word whose lock is free was left by a process that died, and the next reader of that word makes all such
    words odd again. A word of zero was never written: the file has lost a part, and is filled anew.

    The file is made with mode 0600 when it is missing. Its first numbers are the time in nanoseconds, so that a file
    that was deleted and made anew has no number of before. *timeout*: seconds to wait for the lock. *database*: the
    database file; when root makes the file of the generation, it gets the same owner, as SQLite does with its own
    files.

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
        self._words = _NOTHING_MAPPED
        self._sound_until = 0.0  # seconds of time.monotonic()
        self._held: dict[int, int] = {}  # by the id of a thread: the descriptor that it has locked
        self._closed = False
        try:
            self._unlock(self._lock(0))
        except BlockingIOError:
            pass  # a change is under way; the next reading maps the file
        except OSError as error:
            log.error("%s cannot be used, so nothing will be cached: %s", path, error.strerror)

    def read(self, slot: int = ANY, /) -> int:
        """See :meth:`Generation.read`."""
        if time.monotonic() >= self._sound_until:
            self._look()
        number = self._words[slot]
        return number if number & 1 else self._mended(slot)

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
    def moving(self, connection: Connection | None = None, slots: Collection[int] = (EVERYBODY,)) -> Iterator[None]:
        """See :meth:`Generation.moving`. To be used within :meth:`locked`."""
        lock = self._held[threading.get_ident()]
        try:
            self._use(lock)  # it may have been truncated since it was locked
            before = [(words, _read(lock, words)) for words in _moved_with(slots)]
            for words, numbers in before:
                _unsettle(lock, words, numbers)
        except OSError as error:
            log.error("%s cannot be written, so nothing else can: %s", self._path, error.strerror)
            raise Unavailable from error
        try:
            yield
        finally:
            # If it was truncated meanwhile, it stays short: readers treat that like an even word, and fill it.
            with contextlib.suppress(OSError):
                if os.fstat(lock).st_size >= _SIZE:
                    for words, numbers in before:
                        _settle(lock, words, numbers)

    def after_fork(self) -> None:
        """See :meth:`Generation.after_fork`."""
        # The child may use the mapping, which it shares with the parent, and opens files of its own to lock them.
        self._sound_until = 0.0
        self._held = {}

    def close(self) -> None:
        """See :meth:`Generation.close`."""
        self._closed, self._words, self._map, self._sound_until = True, _NOTHING_MAPPED, None, float("inf")

    def _look(self) -> None:
        """Whether what is mapped is the file that is there, and long enough."""
        self._sound_until = time.monotonic() + self._glance
        try:
            found = os.stat(self._path)
            sound = (found.st_dev, found.st_ino) == self._identity and found.st_size >= _SIZE
        except OSError:
            sound = False
        if not sound:
            self._words = _NOTHING_MAPPED  # its words are even, so that they are mended, with a new map

    def _mended(self, slot: int) -> int:
        """Makes the words odd whose writer has died, and returns the number of *slot*; unsettled while a writer is at
        work.
        """
        if not self._closed:
            with contextlib.suppress(OSError):  # the file is locked by a writer, or missing
                lock = self._lock(0)
                try:
                    return _mend(lock, slot)
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

        Fills it with new words if that is needed.
        """
        status = os.fstat(descriptor)
        identity, is_short = (status.st_dev, status.st_ino), status.st_size < _SIZE
        if identity == self._identity and self._words.obj is self._map and not is_short:
            return
        last = self._leave_map() if self._identity not in (None, identity) else 0
        # A file that was put in the place of another one may hold numbers of before.
        if is_short or last is None or min(_read(descriptor)) <= last:
            _fill(descriptor, last or 0)
        self._map = mmap.mmap(descriptor, _SIZE)
        self._words = memoryview(self._map).cast("Q")
        self._identity = identity

    def _leave_map(self) -> int | None:
        """Makes the words even in the file that was mapped, so that processes that still map it look for the new file.

        Returns the highest number that it had; None when it cannot be read.
        """
        mapped, self._map = self._map, None
        if mapped is None or mapped.size() < _SIZE:
            return None
        mapped[_LOW::_WORD] = mapped[_LOW::_WORD].translate(_EVEN)
        return max(array("Q", mapped[:])) | 1


def retire(path: Path, timeout: float) -> None:
    """Takes the file of an older version out of use, which had one word only, if there is one at *path*.

    A process of that version may still run. It does not look at the file of today, and we do not look at its file. So a
    link takes its place, which that process refuses to open: from then on it remembers nothing and writes nothing, and
    so gives no wrong answer, until it is started again. *timeout*: seconds to wait for what it is writing just now.
    Raises OSError.
    """
    deadline = time.monotonic() + timeout
    with contextlib.suppress(FileNotFoundError):  # there is none
        while stat.S_ISREG(path.lstat().st_mode):
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                _flock(descriptor, deadline)
                if os.path.samestat(os.fstat(descriptor), path.lstat()):
                    link = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
                    link.symlink_to("no-longer-used")
                    link.replace(path)
            finally:
                os.close(descriptor)


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


def _mend(descriptor: int, slot: int) -> int:
    """Makes all words odd, and returns the number of *slot*. A change of an even one may have been committed."""
    word = range(slot, slot + 1)
    (number,) = _read(descriptor, word)
    if number & 1:  # its writer has done that meanwhile
        return number
    words = _read(descriptor)
    if 0 in words:
        _fill(descriptor, max(words))
    else:
        for at, left in enumerate(words):
            if not left & 1:
                _settle(descriptor, range(at, at + 1), array("Q", [left]))
    return _read(descriptor, word)[0]


def _read(descriptor: int, words: range = _ALL) -> array[int]:
    """The numbers of *words*; those that the file does not have are zero."""
    found = os.pread(descriptor, len(words) * _WORD, words.start * _WORD)
    return array("Q", found.ljust(len(words) * _WORD, b"\0"))


def _write(descriptor: int, words: range, numbers: bytearray | array[int]) -> None:
    if os.pwrite(descriptor, numbers, words.start * _WORD) < len(words) * _WORD:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _unsettle(descriptor: int, words: range, before: array[int]) -> None:
    """Makes *words* even, whose numbers are *before*. Nothing but their last bits is changed."""
    text = bytearray(before)
    text[_LOW::_WORD] = text[_LOW::_WORD].translate(_EVEN)
    _write(descriptor, words, text)


def _settle(descriptor: int, words: range, before: array[int]) -> None:
    """Gives *words*, which are even, an odd number above all of *before*. Their last bits are written last, so that a
    number that is only half written is even.
    """
    after = array("Q", [(max(before) | 1) + 2]) * len(words)
    _unsettle(descriptor, words, after)
    _write(descriptor, words, after)


def _fill(descriptor: int, last: int) -> None:
    """Gives all words a number above *last*.

    They are written, and the file is not stretched with ftruncate: that leaves a hole, which on a full disk could not
    be read through the map.
    """
    _unsettle(descriptor, _ALL, _read(descriptor))
    _settle(descriptor, _ALL, array("Q", [max(time.time_ns(), last)]))


def _moved_with(slots: Collection[int]) -> list[range]:
    """The words that move with a change of these *slots*: for everybody all, so that a reader looks at one."""
    return [_ALL] if EVERYBODY in slots else [range(slot, slot + 1) for slot in (ANY, *slots)]


#: Even words of this process only.
_NOTHING_MAPPED = memoryview(bytes(_SIZE)).cast("Q")
