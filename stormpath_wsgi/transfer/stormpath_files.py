"""The folder of a Stormpath export, read with distrust.

Links are not followed, no name in a file becomes a path unless it is an id, and no file is read whole that is longer
than any object can be.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from stormpath_wsgi.kinds import ID
from stormpath_wsgi.transfer import lines
from stormpath_wsgi.transfer.problems import BadRecord, TransferError

Document = dict[str, Any]

#: Folders of which an export has one at least.
KINDS = ("accounts", "directories", "applications", "groups", "organizations")

_DEEPEST = 4  # folders below the one of a kind


class File(NamedTuple):
    """One object and the path of its file, below the folder. *size*: bytes, about."""

    where: str
    content: Document
    size: int = 1000


def root_of(path: Path) -> Path:
    """The folder with the folders of kinds: *path*, or the one below it, as in ``home/<tenant>``."""
    level = [path]
    for _ in range(3):
        found = [each for each in level if any((each / name).is_dir() for name in KINDS)]
        if len(found) == 1:
            return found[0]
        if found:
            there = ", ".join(str(each) for each in sorted(found))
            raise TransferError(f"There are exports of several tenants; name one of them: {there}")
        level = [Path(each.path) for folder in level for each in _scanned(folder) if each.is_dir(follow_symlinks=False)]
    raise TransferError(f"{path} has none of the folders of a Stormpath export: {', '.join(KINDS)}.")


def json_files(folder: Path, depth: int = _DEEPEST) -> Iterator[Path]:
    """The JSON files in *folder*, and *depth* folders below it. Symbolic links are not followed."""
    for entry in _scanned(folder):
        if entry.is_dir(follow_symlinks=False):
            if depth:
                yield from json_files(Path(entry.path), depth - 1)
        elif entry.name.endswith(".json") and entry.is_file(follow_symlinks=False):
            yield Path(entry.path)


def _scanned(folder: Path) -> Iterator[os.DirEntry[str]]:
    if folder.is_symlink() or not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        yield from entries


def read(path: Path) -> Document:
    """The object in the file. Raises :class:`BadRecord`, and FileNotFoundError."""
    return lines.parsed(_text(path))


def read_file(path: Path, where: str) -> File:
    """The same, with its size. *where*: its path below the folder."""
    text = _text(path)
    return File(where, lines.parsed(text), len(text))


def _text(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BadRecord(f"it cannot be read: {error.strerror}.") from None
    with os.fdopen(descriptor, "rb") as file:
        text = file.read(lines.LONGEST + 1)
    if len(text) > lines.LONGEST:
        raise BadRecord(f"it is longer than {lines.LONGEST // 2**20} MiB.")
    return text


def id_of(content: object) -> str:
    """The id of an object: its member ``id``, or else the end of its href. Raises :class:`BadRecord`."""
    found = content if isinstance(content, dict) else {}
    id = found.get("id") or str(found.get("href", "")).rpartition("/")[2]
    if not isinstance(id, str) or not ID.match(id):
        raise BadRecord("it has no id.")
    return id


def reference(content: Document, name: str) -> str:
    """The id of what *content* links to as *name*. Raises :class:`BadRecord`."""
    try:
        return id_of(content.get(name))
    except BadRecord:
        raise BadRecord(f"its {name} has no id.") from None


def embedded(content: Document, name: str) -> Document:
    """The object that *content* has as *name*; empty where it has none."""
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def listed(content: Document, name: str) -> list[Document]:
    """The objects in the array that *content* has as *name*."""
    found = content.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
