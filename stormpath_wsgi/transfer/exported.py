"""Reading our own export: first whether it is whole, then its rows."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select

from stormpath_wsgi.directory.crypto import foreign_hashes
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.migrate import HEAD
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.transfer import keys, lines
from stormpath_wsgi.transfer.export import ENCRYPTED, FORMAT, LEFT_OUT, PLAIN, VERSION
from stormpath_wsgi.transfer.layout import BY_NAME, Section
from stormpath_wsgi.transfer.problems import MOST_SHOWN, BadRecord, TransferError
from stormpath_wsgi.transfer.targets import Target
from stormpath_wsgi.transfer.writing import Item, Mistake, Record

_KIND = re.compile(rb'\{"kind":"([A-Za-z0-9]{1,60})"')
_END = b'{"end":true'
_BEGINNING = b'{"format":"' + FORMAT.encode() + b'"'


@dataclass(frozen=True)
class Export:
    """A file that was looked through once. *counts*: its rows by section; *tenants*: their ids. *left_out*: how many
    rows of a section it has not, because secrets were left out. *faults*: what is wrong
    with the file as a whole; empty when it is just as it was written. *too_dear*: what is to be said of hashes of
    passwords that cost too much to be checked.
    """

    path: Path
    header: dict[str, Any]
    counts: dict[str, int]
    tenants: frozenset[str]
    left_out: Mapping[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    too_dear: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """The number of its rows."""
        return sum(self.counts.values())

    @property
    def is_encrypted(self) -> bool:
        """Whether a passphrase is needed."""
        return bool(self.header["secrets"] == ENCRYPTED)

    @property
    def has_secrets(self) -> bool:
        """Whether the secrets of the directory are in it."""
        return bool(self.header["secrets"] != LEFT_OUT)

    def key(self, passphrase: str) -> Secrets:
        """What decrypts its secrets. Raises :class:`TransferError` for another passphrase."""
        return keys.known_key(passphrase, self.header.get("key") or {})

    def read(self, key: Secrets | None) -> Iterator[Item]:
        """Its rows, in their order. *key*: what decrypts its secrets, if they are encrypted. The hash of a password
        that costs too much to be checked is a mistake.
        """
        with self.path.open("rb") as file:
            for number, line in lines.lines(file):
                if number > 1 and not line.startswith(_END):
                    yield _item(number, line, key)


def is_export(path: Path) -> bool:
    """Whether the file at *path* begins as our exports do."""
    with path.open("rb") as file:
        return file.read(len(_BEGINNING)) == _BEGINNING


def look_through(path: Path, progress: Callable[[int], object] = lambda length: None) -> Export:
    """Reads the whole file once, and checks its digest. *progress* is called with numbers of bytes.

    Raises :class:`TransferError` when its first line is none of ours, or of a version that is not known.
    """
    with path.open("rb") as file:
        header = _header(file)
        file.seek(0)
        look = _Look()
        for number, line in lines.lines(file):
            look.at(number, line)
            progress(len(line))
    return Export(path, header, dict(look.counts), frozenset(look.tenants), look.left_out, look.faults(), look.too_dear)


def check_tenants(target: Target, export: Export) -> None:
    """Raises :class:`TransferError` unless the directory is empty, or of the tenant of the *export*: two sites in one
    directory would find the accounts of each other.
    """
    with target.reading() as connection:
        there = set(connection.execute(select(schema.tenants.c.id)).scalars())
    if there and not export.tenants <= there:
        raise TransferError(
            "The directory belongs to another tenant than the file, as one does that stormpath-wsgi init has made. "
            "Name one that is not there yet, which is made then: --directory sqlite:///new.db"
        )


class _Look:
    """What is known of a file so far."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.tenants: set[str] = set()
        self.too_dear: list[str] = []
        self._digest = hashlib.sha256()
        self._end: dict[str, Any] | None = None
        self._behind = 0

    def at(self, number: int, line: bytes) -> None:
        """Takes the next *line*."""
        if self._end is not None:
            self._behind = self._behind or number
        elif line.startswith(_END):
            self._take_end(line)
        else:
            self._digest.update(line)
            if found := _KIND.match(line):
                kind = found[1].decode()
                self.counts[kind] += 1
                if kind == "tenants":
                    self._take_tenant(line)
                elif kind == "passwords" and len(self.too_dear) < MOST_SHOWN:
                    self._take_password(number, line)

    @property
    def left_out(self) -> dict[str, int]:
        """What the last line says of rows that are not in the file."""
        told = (self._end or {}).get("leftOut")
        return {k: v for k, v in told.items() if isinstance(v, int)} if isinstance(told, dict) else {}

    def faults(self) -> list[str]:
        """What is wrong, once all lines were taken."""
        if self._end is None:
            return ["The file was cut off: it has no line that ends it."]
        faults = [f"line {self._behind}: the file goes on behind its end."] if self._behind else []
        if self._end.get("counts") != dict(self.counts):
            faults.append("The file does not hold the records that its last line counts.")
        if self._end.get("sha256") != self._digest.hexdigest():
            faults.append("The file was changed after it was written: its digest is another.")
        return faults

    def _take_end(self, line: bytes) -> None:
        with suppress(BadRecord):  # it was cut off in the middle of this line
            self._end = lines.parsed(line)

    def _take_tenant(self, line: bytes) -> None:
        with suppress(BadRecord):  # it is told when its turn comes
            self.tenants.add(str(lines.parsed(line).get("id")))

    def _take_password(self, number: int, line: bytes) -> None:
        try:
            document = lines.parsed(line)
        except BadRecord:
            return  # it is told when its turn comes
        try:
            _check_cost(document.get("hash"))
        except BadRecord as error:
            self.too_dear.append(f"line {number}: {error}")


def _header(file: BinaryIO) -> dict[str, Any]:
    first = file.readline(lines.LONGEST)
    lines.refuse_packed(first)
    try:
        header = lines.parsed(first)
    except BadRecord as error:
        raise TransferError(f"line 1: {error} This is no export of stormpath-wsgi.") from None
    if header.get("format") != FORMAT:
        raise TransferError("line 1: this is no export of stormpath-wsgi.")
    if header.get("version") != VERSION or str(header.get("tables")) > HEAD:
        raise TransferError(
            "The file was written by a newer stormpath-wsgi "
            f"(version {header.get('version')!r:.20}, tables {header.get('tables')!r:.20}); install that one here."
        )
    if header.get("secrets") not in (LEFT_OUT, ENCRYPTED, PLAIN):
        raise TransferError("line 1: it does not say what became of the secrets.")
    return header


def _item(number: int, line: bytes, key: Secrets | None) -> Item:
    where = f"line {number}"
    name = "lines"
    try:
        document = lines.parsed(line)
        section = BY_NAME.get(str(document.get("kind")))
        if section is None:
            raise BadRecord(f"there is no kind {document.get('kind')!r:.60}.")
        name = section.name
        values = section.values(document)
        if section.table is schema.passwords:
            _check_cost(values.get("hash"))
        if key is not None:
            _decrypt(section, values, key)
    except BadRecord as error:
        return Mistake(where, name, str(error), len(line))
    return Record(where, section.table, values, size=len(line))


def _check_cost(hash: Any) -> None:
    """Raises :class:`BadRecord` for the *hash* of a password whose cost is higher than any that we compute."""
    found = foreign_hashes.find(hash) if isinstance(hash, str) else None
    if found is not None and not found.is_bearable:
        raise BadRecord("its password costs too much to be checked.")


def _decrypt(section: Section, values: dict[str, Any], key: Secrets) -> None:
    for member in section.secrets:
        if (text := values.get(member.column.name)) is not None and member.place is not None:
            try:
                values[member.column.name] = key.decrypt(text, member.place(values[section.key[0]]))
            except ConfigurationError:
                raise BadRecord(f"{member.name} was changed after the file was written.") from None
