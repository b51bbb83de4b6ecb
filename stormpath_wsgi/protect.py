"""Policies by path: who may reach which part of an app, however the path is spelled.

An app behind us may read a path in its own way: resolve dots, drop ``;parameters``, decode twice, take a backslash for
a slash. So a path that can be read in several ways has to satisfy the policies of all of its readings.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication

from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.policy import Wrapper, groups_required, login_required


class Protected:
    """An app, and the policies that guard its paths. *protect*: policies by path, as in the settings.

    The longest path wins, by whole segments and in its own case; ``SCRIPT_NAME`` is not part of it.
    """

    def __init__(self, app: WSGIApplication, protect: Mapping[str, Any]) -> None:
        self._app = app
        self._policies = {_segments(_native(path)): _policy(path, value) for path, value in protect.items()}
        self._guarded = {segments: policy(app) for segments, policy in self._policies.items()}
        self._depths = sorted({len(segments) for segments in self._policies}, reverse=True)

    def find(self, path: str) -> WSGIApplication:
        """What answers a request for *path* (``PATH_INFO``): the app behind all policies that *path* may fall under."""
        if not self._policies:
            return self._app
        if not _AMBIGUOUS(path):
            guard = self._guard(path)
            return self._app if guard is None else self._guarded[guard]
        app = self._app
        for guard in sorted({guard for reading in readings(path) if (guard := self._guard(reading)) is not None}):
            app = self._policies[guard](app)
        return app

    def _guard(self, path: str) -> tuple[str, ...] | None:
        """The longest of the protected paths that *path* lies under."""
        segments = tuple(path.split("/")[1:])
        return next((segments[:depth] for depth in self._depths if segments[:depth] in self._policies), None)


def readings(path: str) -> set[str]:
    """Every way in which an app might read *path*; *path* as it is among them."""
    found = {path if path.startswith("/") else f"/{path}"}
    for step in _STEPS:
        found |= {step(reading) for reading in found}
    return found


#: Whether a path has more than one reading.
_AMBIGUOUS = re.compile(r"^(?!/)|//|[%;\\]|[^\x21-\x7e]|\.(?:/|\Z)").search


def _decode(path: str) -> str:
    return unquote_to_bytes(path.encode("latin-1")).decode("latin-1")


def _fold_compatible(path: str) -> str:
    # A fullwidth letter or slash is the plain one to whoever normalises Unicode (NFKC).
    return _native(unicodedata.normalize("NFKC", path.encode("latin-1").decode(errors="replace")))


def _resolve(path: str) -> str:
    """Without ``.`` and ``..`` (RFC 3986, section 5.2.4)."""
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


_STEPS: tuple[Callable[[str], str], ...] = (
    _decode,
    _decode,
    _fold_compatible,
    lambda path: path.replace("\\", "/"),
    lambda path: re.sub(r";[^/]*", "", path),
    lambda path: path.partition("\0")[0],  # where C ends a string
    # File systems that forgive blanks and dots behind a name.
    lambda path: re.sub(r"[\x00-\x20]+(?=/|\Z)", "", path),
    lambda path: re.sub(r"(?<=[^/.])\.+(?=/|\Z)", "", path),
    lambda path: re.sub(r"/{2,}", "/", path),
    _resolve,
)


def _native(text: str) -> str:
    """*text* as a WSGI native string."""
    return text.encode().decode("latin-1")


def _segments(path: str) -> tuple[str, ...]:
    return tuple(segment for segment in path.split("/") if segment)


def _policy(path: str, value: Any) -> Wrapper:
    if value == "login":
        return login_required
    if isinstance(value, list | tuple):
        return groups_required(value)
    if callable(value):
        policy: Wrapper = value
        return policy
    raise ConfigurationError(f"protect: {path} needs the word login, a list of group names, or a policy.")
