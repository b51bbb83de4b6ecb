"""How a list of passwords is made of text files, in a bounded amount of memory.

The digests of all passwords go to a file, which is sorted by their first bytes, part by part, until a part fits into
memory. So the size of a list is limited by the disk: it takes 16 bytes there for each password while it is made.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from stormpath_wsgi.passwords.lists import DIGEST, HEADER, MAGIC, MOST, STORED, VERSION, Layout, digest_of, spellings

#: The bytes of digests that are sorted in memory at once. They take about 15 times as many there.
AT_ONCE = 4 * 2**20

#: The longest line that is read, in bytes. What is longer is no password.
LONGEST = 1024

#: A line of Have I Been Pwned: the SHA-1 digest in hex, and how often the password was seen.
_DIGEST_LINE = re.compile(rb"([0-9A-Fa-f]{40})(?::([0-9]{1,12}))?")


def build(lines: Iterable[bytes], out: Path, *, least: int = 1) -> Layout:
    """Make the list *out* of *lines*, and return how it is laid out. A file of that name is replaced, in one step.

    A line is a password, or the SHA-1 digest of one in hex, as Have I Been Pwned writes it: ``DIGEST:COUNT``. Of these
    only passwords are taken that were seen *least* times. A password in text is found in small letters as well. Raises
    OSError where the disk is full; ValueError for more than :data:`.lists.MOST` passwords.
    """
    with TemporaryDirectory(prefix=".passwords-", dir=out.parent) as folder:
        unsorted, in_order, made = (Path(folder) / name for name in ("unsorted", "sorted", "list"))
        with unsorted.open("wb") as file:
            for digest in _digests(lines, least):
                file.write(digest[:DIGEST])
        with in_order.open("wb") as file:
            for part in _sorted(unsorted):
                file.write(part)
        layout = Layout.of(in_order.stat().st_size // DIGEST)
        if layout.count > MOST:
            raise ValueError(f"a list has {MOST} passwords at most")
        _write(in_order, made, layout)
        made.replace(out)
    return layout


def lines_of(paths: Iterable[Path]) -> Iterator[bytes]:
    """The lines of all these files, without their ends. What is longer than :data:`LONGEST` is left out."""
    for path in paths:
        with path.open("rb") as file:
            yield from _lines(iter(lambda file=file: file.readline(LONGEST + 2), b""))  # type: ignore[misc]  # of this turn


def _lines(read: Iterable[bytes]) -> Iterator[bytes]:
    whole = True  # whether the last piece ended its line
    for piece in read:
        ends = piece.endswith(b"\n")
        line = piece.rstrip(b"\r\n")
        if whole and len(line) <= LONGEST:
            yield line
        whole = ends


def _digests(lines: Iterable[bytes], least: int) -> Iterator[bytes]:
    for line in lines:
        found = _DIGEST_LINE.fullmatch(line)
        if found is not None:
            if found[2] is None or int(found[2]) >= least:
                yield bytes.fromhex(found[1].decode())
        elif line:
            # What is in no UTF-8 was typed in another one of the old encodings, of which this is the most common.
            yield from map(digest_of, spellings(_text(line)))


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _sorted(path: Path, depth: int = 0) -> Iterator[bytes]:
    """The digests in the file *path*, in order and each once, in parts. They begin with the same *depth* bytes. The
    file is removed.
    """
    if path.stat().st_size <= AT_ONCE or depth == DIGEST:
        held = path.read_bytes()
        path.unlink()
        yield b"".join(sorted({held[at : at + DIGEST] for at in range(0, len(held), DIGEST)}))
        return
    for part in _split(path, depth):
        yield from _sorted(part, depth + 1)


def _split(path: Path, depth: int) -> list[Path]:
    """The files, in order, to which the digests of the file *path* are distributed by their byte at *depth*."""
    parts: dict[int, Path] = {}
    with path.open("rb") as file:
        while held := file.read(AT_ONCE):
            gathered: dict[int, bytearray] = {}
            for at in range(0, len(held), DIGEST):
                gathered.setdefault(held[at + depth], bytearray()).extend(held[at : at + DIGEST])
            for byte, digests in gathered.items():
                part = parts.setdefault(byte, path.with_name(f"{path.name}-{byte:02x}"))
                with part.open("ab") as appended:
                    appended.write(digests)
    path.unlink()
    return [parts[byte] for byte in sorted(parts)]


def _write(in_order: Path, out: Path, layout: Layout) -> None:
    """Write the list of the digests in the file *in_order*. Where buckets begin and what is in them is written side by
    side, so that nothing is kept.
    """
    with out.open("wb") as offsets, out.open("r+b") as buckets:
        offsets.write(HEADER.pack(MAGIC, VERSION, layout.bits, layout.count))
        buckets.seek(layout.buckets_at)
        begun = 0
        for number, digest in enumerate(_read(in_order)):
            bucket, stored = layout.place(digest)
            while begun <= bucket:
                offsets.write(struct.pack(">I", number))
                begun += 1
            buckets.write(stored.to_bytes(STORED, "big"))
        offsets.write(struct.pack(">I", layout.count) * ((1 << layout.bits) + 1 - begun))
        for file in (offsets, buckets):
            file.flush()
        os.fsync(buckets.fileno())


def _read(in_order: Path) -> Iterator[bytes]:
    with in_order.open("rb") as file:
        while held := file.read(AT_ONCE):
            for at in range(0, len(held), DIGEST):
                yield held[at : at + DIGEST]
