"""A list of passwords as a file in which one can be looked for, and none can be read.

Of each password the file has the first bits of its SHA-1 digest, in order. The highest bits choose a bucket, of 16
passwords at most on average, and the next 24 are in it. So a password that is on the list is always found, and one
that is not is taken for one of the list once in a million times, or less. A password takes between 3.25 and 3.5 bytes.

The format: :data:`HEADER`, then where each bucket begins and the last one ends (numbers of 4 bytes), then the buckets
(numbers of 3 bytes). All numbers are big-endian. SHA-1, because the public lists of stolen passwords have these
digests; it protects nothing here.

To look for one takes three short reads of the file, and no memory. The file may be exchanged at any time
(:mod:`.build` does it in one step): the next look finds the new one.
"""

from __future__ import annotations

import hashlib
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

#: The beginning of a file: what it is, the version of the format, how many bits choose a bucket, how many passwords.
HEADER = struct.Struct(">8sBBxxxxxxQ")
MAGIC, VERSION = b"passwds\n", 1

#: The bytes of where a bucket begins, and of what is stored of each password in it.
OFFSET, STORED = 4, 3

#: The bytes of a digest that a list is made of.
DIGEST = 8

#: The highest number of passwords in a bucket, on average.
PER_BUCKET = 16

#: The highest number of passwords of a list.
MOST = 2**32 - 1

#: The 100,000 most common passwords; beside it stands where they come from.
COMMON = Path(__file__).parent / "common.list"

#: No longer password is looked for.
_LONGEST = 1024


class ListError(Exception):
    """A file is no list of passwords, or cannot be read. The message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a list of *count* passwords is laid out: *bits* of a digest choose the bucket."""

    bits: int
    count: int

    @classmethod
    def of(cls, count: int) -> Layout:
        """The layout for *count* passwords."""
        bits = 0
        while count > PER_BUCKET << bits:
            bits += 1
        return cls(bits, count)

    def place(self, digest: bytes) -> tuple[int, int]:
        """The bucket of a *digest*, and what is stored of it there."""
        number = int.from_bytes(digest[:DIGEST], "big")
        rest = 8 * DIGEST - self.bits
        return number >> rest, number >> (rest - 8 * STORED) & (1 << 8 * STORED) - 1

    @property
    def buckets_at(self) -> int:
        """Where the first bucket begins, in bytes from the start of the file."""
        return HEADER.size + OFFSET * ((1 << self.bits) + 1)

    @property
    def size(self) -> int:
        """The bytes of the whole file."""
        return self.buckets_at + STORED * self.count

    @property
    def false_positives(self) -> float:
        """How likely a password that is not on the list is taken for one that is."""
        return self.count / (1 << self.bits + 8 * STORED)


@dataclass(frozen=True, slots=True)
class PasswordList:
    """The list in the file *path*."""

    path: Path

    def layout(self) -> Layout:
        """How the file is laid out. Raises :class:`ListError` for one that is no list of passwords."""
        with _Opened(self.path) as file:
            return file.layout

    def __contains__(self, password: str) -> bool:
        """Whether *password* is on the list, as it is typed or in small letters. Raises :class:`ListError`."""
        if len(password) > _LONGEST:
            return False
        with _Opened(self.path) as file:
            return any(file.holds(digest_of(text)) for text in spellings(password))


class _Opened:
    """A file that is open for one look."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> _Opened:
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise ListError(f"The list of passwords {self._path} cannot be read: {error.strerror}.") from error
        try:
            self.layout = self._layout()
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def holds(self, digest: bytes) -> bool:
        """Whether the list has the password of *digest*."""
        bucket, stored = self.layout.place(digest)
        begin, end = struct.unpack(">II", self._read(HEADER.size + OFFSET * bucket, 2 * OFFSET))
        held = self._read(self.layout.buckets_at + STORED * begin, STORED * (end - begin))
        wanted = stored.to_bytes(STORED, "big")
        return any(held[at : at + STORED] == wanted for at in range(0, len(held), STORED))

    def _layout(self) -> Layout:
        size = os.fstat(self._descriptor).st_size
        if size >= HEADER.size:
            magic, version, bits, count = HEADER.unpack(self._read(0, HEADER.size))
            layout = Layout(bits, count)
            if (magic, version) == (MAGIC, VERSION) and layout == Layout.of(count) and layout.size == size:
                return layout
        raise ListError(f"{self._path} is no list of passwords, or not a whole one: make it with {_HOW}.")

    def _read(self, at: int, length: int) -> bytes:
        try:
            read = os.pread(self._descriptor, length, at) if length > 0 else b""
        except OSError as error:
            raise ListError(f"The list of passwords {self._path} cannot be read: {error.strerror}.") from error
        if len(read) < length:
            raise ListError(f"{self._path} has become shorter: make it with {_HOW}.")
        return read


def digest_of(password: str) -> bytes:
    """The SHA-1 digest of *password* in UTF-8."""
    return hashlib.sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()


def spellings(password: str) -> list[str]:
    """How *password* may be written on a list: as it is, in the normal form of Unicode, and in small letters."""
    normal = normalize("NFC", password)
    return list(dict.fromkeys((password, normal, normal.lower())))


_HOW = "stormpath-wsgi passwords build"
