"""The file of a single-page app, which browsers get at the addresses of our pages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from stormpath_wsgi.pages.answer import Answer


class _Version(NamedTuple):
    """The file as it was read, and what shows that it has changed since: its time, size and inode."""

    text: str
    seen: tuple[int, int, int]


class SinglePageApp:
    """The file at *path*. Read anew when it has changed; while it cannot be read the last version is sent. Threads may
    share it.

    Raises :class:`OSError` when it cannot be read at the start, and :class:`UnicodeDecodeError` when it is no UTF-8.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = self._read()

    def answer(self) -> Answer:
        """The file, as an answer. It has no content policy of ours, which forbids all scripts: that is for the app."""
        answer = Answer(self._current().text)
        del answer.headers["Content-Security-Policy"]
        return answer

    def _current(self) -> _Version:
        version = self._version
        try:
            if _seen(self._path.stat()) != version.seen:
                version = self._version = self._read()
        except (OSError, UnicodeDecodeError):
            pass  # it is being replaced
        return version

    def _read(self) -> _Version:
        seen = _seen(self._path.stat())  # before: what is written meanwhile is read the next time
        return _Version(self._path.read_text(encoding="utf-8-sig"), seen)


def _seen(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_mtime_ns, found.st_size, found.st_ino
