"""JSON Lines, written with a digest and read with distrust: nothing is read whole, and no line without a limit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from stormpath_wsgi.transfer.problems import BadRecord, TransferError

#: Bytes of one line. The custom data of one resource, the longest that there is, has 10 MB at the most.
LONGEST = 16 * 2**20

#: Levels of objects and arrays. Custom data has 100 of them at the most.
DEEPEST = 110

_PACKED = {b"\x1f\x8b": "gzip", b"PK": "zip", b"BZ": "bzip2", b"\xfd7": "xz", b"\x28\xb5": "zstd"}


class Writer:
    """Writes documents into *output*, one a line, and digests them."""

    def __init__(self, output: BinaryIO) -> None:
        self._output, self._digest = output, hashlib.sha256()

    def write(self, document: Mapping[str, Any]) -> None:
        """Writes one line."""
        line = dumped(document)
        self._digest.update(line)
        self._output.write(line)

    def digest(self) -> str:
        """SHA-256 of all bytes so far, 64 hex digits."""
        return self._digest.hexdigest()


def dumped(document: Mapping[str, Any]) -> bytes:
    """The line of *document*, in UTF-8."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines of *file*, numbered from 1. Raises :class:`TransferError` for one that is too long."""
    number = 0
    while line := file.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise TransferError(f"line {number}: it is longer than {LONGEST // 2**20} MiB.")
        yield number, line


def refuse_packed(beginning: bytes) -> None:
    """Raises :class:`TransferError` when a file with this *beginning* is a packed one."""
    for magic, name in _PACKED.items():
        if beginning.startswith(magic):
            raise TransferError(f"The file is packed ({name}); unpack it first.")


def parsed(text: bytes | str) -> dict[str, Any]:
    """The JSON object *text*. Raises :class:`BadRecord`."""
    try:
        document = json.loads(text if isinstance(text, str) else text.decode("utf-8-sig"), parse_constant=_refuse)
    except RecursionError:
        raise BadRecord(_TOO_DEEP) from None
    except UnicodeDecodeError:
        raise BadRecord("it is not written in UTF-8.") from None
    except ValueError:
        raise BadRecord("it is no JSON.") from None
    if not isinstance(document, dict):
        raise BadRecord("it is no JSON object.")
    _check_depth(document)
    return document


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _check_depth(document: dict[str, Any]) -> None:
    level: list[Any] = [document]
    for _ in range(DEEPEST):
        values = (value for each in level for value in (each.values() if isinstance(each, dict) else each))
        level = [value for value in values if isinstance(value, dict | list)]
        if not level:
            return
    raise BadRecord(_TOO_DEEP)


_TOO_DEEP = "it is nested too deeply."
