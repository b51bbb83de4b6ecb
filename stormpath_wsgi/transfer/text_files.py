"""Rows out of files: CSV, and the JSON Lines of Django's ``dumpdata``. No file is read whole."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from stormpath_wsgi.transfer import lines
from stormpath_wsgi.transfer.of_others import COLUMNS, DATA, Reader
from stormpath_wsgi.transfer.people import Person
from stormpath_wsgi.transfer.problems import BadRecord, TransferError
from stormpath_wsgi.transfer.writing import Mistake

_SAMPLE = 64 * 2**10  # bytes to guess the delimiter from
_DELIMITERS = ",;\t|"
_SEPARATORS = re.compile("[;,|]")  # between groups in one field

Progress = Callable[[int], object]


def of_csv(
    path: Path, read: Reader, rename: Mapping[str, str] | None = None, progress: Progress = lambda length: None
) -> Iterator[Person | Mistake]:
    """The persons in a CSV file. The first line names the columns.

    *rename*: what each column holds, by its name; None: *read* knows the columns as they are. The column ``groups``
    holds names with ``;``, ``,`` or ``|`` between them. *progress* is called with numbers of bytes. Raises
    :class:`TransferError` when the file is no such table.
    """
    with path.open("rb") as file:
        delimiter = _delimiter(file)
        reader = csv.reader(_decoded(file, progress), delimiter=delimiter, strict=True)
        header = [name.strip() for name in _next(reader) or []]
        if len(header) != len(set(header)) or not any(header):
            raise TransferError("line 1: it names no columns, or one of them twice.")
        names = [name if rename is None else rename.get(name, "") for name in header]
        while True:
            where = f"line {reader.line_num + 1}"
            fields = _next(reader)
            if fields is None:
                return
            if not fields:
                continue
            if len(fields) != len(header):
                yield Mistake(where, "accounts", f"it has {len(fields)} fields, and the first line has {len(header)}.")
                continue
            row = dict(zip(names, fields, strict=True))
            groups = (group.strip() for group in _SEPARATORS.split(row.get("groups", "")))
            yield read(where, row, tuple(filter(None, groups)))


def columns(path: Path, told: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """What each column of a CSV file holds, by its name: as *told*, what it holds and the name of the column, or as the
    name says; and the names of those that are not read. Raises :class:`TransferError`.
    """
    with path.open("rb") as file:
        delimiter = _delimiter(file)
        header = [name.strip() for name in _next(csv.reader(_decoded(file), delimiter=delimiter)) or []]
    for holds, name in told.items():
        if holds not in COLUMNS and not holds.startswith(DATA):
            raise TransferError(f"{holds} is nothing that a column can hold: {', '.join(COLUMNS)} or {DATA}NAME.")
        if name not in header:
            raise TransferError(f"There is no column {name!r}, but {', '.join(map(repr, header))}.")
    rename = {name: holds for holds, name in told.items()}
    for name in header:
        guessed = _guessed(name)
        if name not in rename and guessed is not None and guessed not in rename.values():
            rename[name] = guessed
    if not {"email", "username"} & {*rename.values()}:
        raise TransferError("No column holds an e-mail address or a username; name it: --column email=COLUMN")
    return rename, [name for name in header if name not in rename]


def of_dumpdata(path: Path, read: Reader, progress: Progress = lambda length: None) -> Iterator[Person | Mistake]:
    """The persons in the output of ``manage.py dumpdata --format jsonl auth``, in which groups stand before users."""
    groups: dict[Any, str] = {}
    with path.open("rb") as file:
        for number, line in lines.lines(file):
            progress(len(line))
            where = f"line {number}"
            try:
                record = lines.parsed(line)
                fields = record.get("fields")
                if not isinstance(fields, dict):
                    raise BadRecord("it is no object of dumpdata: it has no fields.")
                if record.get("model") == "auth.group":
                    groups[record.get("pk")] = str(fields.get("name"))
                elif "password" in fields and ("username" in fields or "email" in fields):
                    joined = fields.get("groups")
                    names = [groups.get(each) for each in (joined if isinstance(joined, list) else [])]
                    yield read(where, fields, tuple(filter(None, names)))
            except (BadRecord, TypeError) as error:
                yield Mistake(
                    where, "accounts", str(error) if isinstance(error, BadRecord) else "it is no such object."
                )


def _guessed(name: str) -> str | None:
    """What a column called *name* holds."""
    if name.startswith(DATA):
        return name
    plain = re.sub(r"[\s_.-]", "", name).lower()
    return next((holds for holds, others in COLUMNS.items() if plain in (holds.lower(), *others)), None)


def _delimiter(file: BinaryIO) -> str:
    sample = file.read(_SAMPLE)
    file.seek(0)
    lines.refuse_packed(sample)
    first = sample.split(b"\n", 1)[0].decode("utf-8", "replace")
    return max(_DELIMITERS, key=first.count)


def _decoded(file: BinaryIO, progress: Progress = lambda length: None) -> Iterator[str]:
    for number, line in lines.lines(file):
        progress(len(line))
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise TransferError(f"line {number}: it is not written in UTF-8.") from None
        if "\0" in text:
            raise TransferError(f"line {number}: it holds a NUL, which no text has.")
        yield text


def _next(reader: Any) -> list[str] | None:
    """The next row; None at the end."""
    try:
        row: list[str] | None = next(reader, None)
    except csv.Error as error:
        raise TransferError(f"line {reader.line_num}: {error}; a quotation mark may be missing.") from None
    return row
