"""Writing a directory into a file of JSON Lines: a header, a line for each row of each section, and an end.

All lines are of one moment, whatever is written meanwhile. The file appears under its name when it is whole.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, func, select

from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.storage import deadline, schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.migrate import HEAD
from stormpath_wsgi.transfer import keys, lines
from stormpath_wsgi.transfer.layout import SECTIONS, Section
from stormpath_wsgi.transfer.staying import Staying

#: What the first line of a file says that it is.
FORMAT, VERSION = "stormpath-wsgi export", 1

#: Seconds that an export or an import may take.
LONGEST = 7 * 24 * 3600.0

#: The words of the header for what becomes of secrets.
LEFT_OUT, ENCRYPTED, PLAIN = "left out", "encrypted", "plain"

_AT_ONCE = 500  # rows that are fetched at once

#: Rows that are of no use without their secret: an app's codes could never be checked.
_USELESS = frozenset({schema.factors.c.secret})

#: Columns that point at rows that may be left out, and tables whose rows are parts of such.
_POINTERS = (schema.application_web_configs.c.signing_api_key_id,)
_PARTS = {schema.invitation_groups}


@dataclass
class Written:
    """What an export holds: rows by section, and those that were left out because their secret was."""

    counts: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    digest: str = ""


@dataclass(frozen=True)
class _Cipher:
    """What becomes of secrets. *own* decrypts those of the database; *theirs* encrypts them for the file."""

    own: Secrets
    word: str = LEFT_OUT
    theirs: Secrets | None = None
    key: dict[str, Any] | None = None

    def carried(self, section: Section, document: dict[str, Any]) -> dict[str, Any] | None:
        """*document* as it goes into the file; None where it is left out."""
        for member in section.secrets:
            stored = document.get(member.name)
            if stored is None or member.place is None:
                continue
            if self.word == LEFT_OUT:
                if not member.column.nullable or member.column in _USELESS:
                    return None
                del document[member.name]
                continue
            place = member.place(document[section.members[0].name])
            text = self.own.decrypt(stored, place)
            document[member.name] = text if self.theirs is None else self.theirs.encrypt(text, place)
        if self.word == LEFT_OUT:
            for name in _pointing(section):
                document.pop(name, None)
        return document


def export(
    database: Database,
    secrets: Secrets,
    output: BinaryIO,
    *,
    base_url: str,
    passphrase: str | None = None,
    cost: int = keys.COST,
    plain: bool = False,
    progress: Callable[[int], object] = lambda rows: None,
) -> Written:
    """Writes all of *database* into *output*, but for what is being removed.

    *secrets*: those of the database. *base_url*: what its hrefs begin with. *passphrase*: encrypts what the database
    has encrypted, and *cost* says how hard it is to try another one; without one that is left out, unless it is to be
    *plain*. *progress* is called with numbers of rows.
    """
    cipher = _cipher(secrets, passphrase, cost, plain)
    writer, written = lines.Writer(output), Written()
    writer.write(_header(cipher, base_url))
    with deadline.allowing(LONGEST), database.snapshot() as connection:
        staying = Staying(connection)
        for section in SECTIONS:
            _write_section(connection, section, staying, cipher, writer, written, progress)
    written.digest = writer.digest()
    end = {"end": True, "counts": written.counts, "leftOut": written.left_out, "sha256": written.digest}
    output.write(lines.dumped(end))
    return written


def rows(database: Database) -> int:
    """How many rows an export has, about."""
    with deadline.allowing(LONGEST), database.read() as connection:
        counts = (select(func.count()).select_from(section.table) for section in SECTIONS)
        return sum(connection.execute(count).scalar_one() for count in counts)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write into, with mode 0600. It gets the name *path* when the block has ended without an error.

    Until then it has another name in the same folder, and afterwards it is on the disk.
    """
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(draft, path)
        _sync(path.parent)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cipher(secrets: Secrets, passphrase: str | None, cost: int, plain: bool) -> _Cipher:
    if passphrase is not None:
        theirs, key = keys.new_key(passphrase, cost)
        return _Cipher(secrets, ENCRYPTED, theirs, key)
    return _Cipher(secrets, PLAIN if plain else LEFT_OUT)


def _header(cipher: _Cipher, base_url: str) -> dict[str, Any]:
    header = {
        "format": FORMAT,
        "version": VERSION,
        "made": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "by": f"stormpath-wsgi {version('stormpath-wsgi')}",
        "tables": HEAD,
        "baseUrl": base_url,
        "secrets": cipher.word,
    }
    return header if cipher.key is None else {**header, "key": cipher.key}


def _write_section(
    connection: Connection,
    section: Section,
    staying: Staying,
    cipher: _Cipher,
    writer: lines.Writer,
    written: Written,
    progress: Callable[[int], object],
) -> None:
    if cipher.word == LEFT_OUT and section.table in _PARTS:
        count = select(func.count()).select_from(section.table).where(*staying.conditions(section.table))
        if number := connection.execute(count).scalar_one():
            written.left_out[section.name] = number
        return
    columns = [staying.value(member.column) for member in section.members]
    statement = select(*columns).where(*staying.conditions(section.table)).order_by(*section.table.primary_key)
    statement = statement.execution_options(yield_per=_AT_ONCE)
    made = left_out = 0
    for part in connection.execute(statement).partitions():
        for row in part:
            document = cipher.carried(section, section.document(row))
            if document is None:
                left_out += 1
            else:
                made += 1
                writer.write(document)
        progress(len(part))
    if made:
        written.counts[section.name] = made
    if left_out:
        written.left_out[section.name] = left_out


def _pointing(section: Section) -> Iterator[str]:
    for column in _POINTERS:
        if column.table is section.table:
            yield next(member.name for member in section.members if member.column is column)
