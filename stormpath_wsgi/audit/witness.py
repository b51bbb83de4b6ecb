"""The second place: where heads go, so that whoever can write the table, and even the key, is found out."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stormpath_wsgi.audit.chain import Head

log = logging.getLogger("stormpath_wsgi.audit")

_TIMEOUT = 5.0  # seconds
_LONGEST_LINE = 4096
#: What stands before a head in a line of a log.
MARK = "audit head "


class Witness:
    """Gives heads to the second places. *log*: whether the log ``stormpath_wsgi.audit`` is one. *file*: where lines are
    added. *url*: what is sent a POST; it may hold a secret.
    """

    def __init__(self, *, to_log: bool = True, file: Path | None = None, url: str | None = None) -> None:
        self._to_log, self._file, self._url = to_log, file, url

    def tell(self, head: Head) -> None:
        """Gives *head* to each of them. One that fails is logged, and gets the next head."""
        text = json.dumps(head.document())
        if self._to_log:
            log.info("%s%s", MARK, text)
        try:
            if self._file is not None:
                _append(self._file, text)
            if self._url is not None:
                _post(self._url, text)
        except (OSError, HTTPException) as error:
            log.error("The head of the audit at position %d is not in its second place: %s", head.position, error)


def heads_in(lines: Iterable[str], tenant: str) -> Iterator[Head]:
    """The heads of *tenant* in *lines* of a second place: of a file, or of a log, which may write something before
    them. Other lines are left out.
    """
    for line in lines:
        if (head := head_of(line)) is not None and head.tenant == tenant:
            yield head


def head_of(line: str) -> Head | None:
    """The head in a *line*; None: there is none."""
    start = line.find('{"tenant"')
    if start < 0 or len(line) > _LONGEST_LINE:
        return None
    try:
        known, _ = json.JSONDecoder().raw_decode(line[start:])
    except (ValueError, RecursionError):
        return None
    return _checked(known)


def _checked(known: Any) -> Head | None:
    types = {"tenant": str, "position": int, "digest": str, "at": int, "begins": bool, "key": str, "signature": str}
    is_whole = {"tenant", "position", "digest", "at"} <= known.keys() <= types.keys()
    return Head(**known) if is_whole and all(type(known[name]) is types[name] for name in known) else None


def _append(file: Path, text: str) -> None:
    """Adds a line in one write, so that those of several processes do not mix."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, f"{text}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _post(url: str, text: str) -> None:
    """Raises OSError and HTTPException, without the path of *url*, which may hold a secret."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, text.encode(), {"Content-Type": "application/json"})
        status = connection.getresponse().status
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise OSError(f"{parts.hostname} answered {status}")
