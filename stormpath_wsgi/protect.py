"""Policies by path: who may reach which part of an app, however the path is spelled.

An app behind us may read a path in its own way: resolve dots, drop ``;parameters``, decode twice, take a backslash for
a slash. So a path that can be read in several ways has to satisfy the policies of all of its readings.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any
from urllib.parse import unquote, unquote_to_bytes
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webob import Response

from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.policy import Wrapper, groups_required, login_required

#: A path that can be read in more ways than this is no honest one.
MOST_READINGS = 128

#: Marks upon one letter in honest text (Unicode Standard Annex 15, "Stream-Safe Text Format"). To sort them takes the
#: square of their number.
MOST_MARKS = 30


#: Headers by which some frameworks take a request for one of another method.
OVERRIDES = ("HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_X_METHOD_OVERRIDE", "HTTP_X_HTTP_METHOD")


#: The field of a query by which some frameworks take a request for one of another method: no browser adds it to a
#: preflight of its own.
METHOD_FIELD = "_method"


class Unreadable(Exception):
    """A path whose readings are too many, or too much work."""


class Protected:
    """An app, and the policies that guard its paths. *protect*: policies by path, as in the settings.

    The longest path wins, by whole segments and in its own case; ``SCRIPT_NAME`` is not part of it. *preflight*: those
    of the paths at which CORS preflights pass without being asked who they are from.
    """

    def __init__(self, app: WSGIApplication, protect: Mapping[str, Any], preflight: Iterable[str] = ()) -> None:
        self._app = app
        self._policies = {_segments(_native(path)): _policy(path, value) for path, value in protect.items()}
        self._guarded = {segments: _guarded(segments, policy, app) for segments, policy in self._policies.items()}
        for path in preflight:
            segments = _segments(_native(path))
            self._guarded[segments] = _open_to_preflights(self._guarded[segments], app)
        self._depths = sorted({len(segments) for segments in self._policies}, reverse=True)

    def find(self, path: str) -> WSGIApplication:
        """What answers a request for *path* (``PATH_INFO``): the app behind all policies that *path* may fall under."""
        if not self._policies:
            return self._app
        if not _AMBIGUOUS(path):
            guard = self._guard(path)
            return self._app if guard is None else self._guarded[guard]
        try:
            found = readings(path)
        except Unreadable:
            return bad_request
        app = self._app
        for guard in sorted({guard for reading in found if (guard := self._guard(reading)) is not None}):
            app = self._policies[guard](app)
        return app

    def _guard(self, path: str) -> tuple[str, ...] | None:
        """The longest of the protected paths that *path* lies under."""
        segments = tuple(path.split("/")[1:])
        return next((segments[:depth] for depth in self._depths if segments[:depth] in self._policies), None)


def readings(path: str) -> set[str]:
    """Every way in which an app might read *path*; *path* as it is among them. Raises :class:`Unreadable`."""
    found = {path if path.startswith("/") else f"/{path}"}
    for step in _STEPS:
        found |= {step(reading) for reading in found}
        if len(found) > MOST_READINGS:
            raise Unreadable
    return found


def _open_to_preflights(guarded: WSGIApplication, app: WSGIApplication) -> WSGIApplication:
    """*guarded*, and for CORS preflights *app* itself. Browsers send those without cookies, so nobody could pass."""

    def choose(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not _is_preflight(environ):
            return guarded(environ, start_response)
        for name in OVERRIDES:
            environ.pop(name, None)
        return app(environ, start_response)

    return choose


def _is_preflight(environ: WSGIEnvironment) -> bool:
    """Whether a request is what a browser sends as a CORS preflight (Fetch, section 4.8), and nothing more."""
    return (
        environ["REQUEST_METHOD"] == "OPTIONS"
        and bool(environ.get("HTTP_ORIGIN"))
        and bool(environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD"))
        and environ.get("CONTENT_LENGTH") in (None, "", "0")
        and "HTTP_TRANSFER_ENCODING" not in environ
        and METHOD_FIELD not in unquote(environ.get("QUERY_STRING", "")).lower()
    )


def bad_request(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """What a path gets that cannot be judged: 400. A WSGI app."""
    answer = Response("This address can be read in too many ways.\n", status=400, content_type="text/plain")
    return answer(environ, start_response)


#: Whether a path has more than one reading.
_AMBIGUOUS = re.compile(r"^(?!/)|//|[%;?#\\]|[^\x21-\x7e]|\.(?:/|\Z)|:\$").search

_BLANKS = "".join(map(chr, range(0x21)))


def _decode(path: str) -> str:
    return unquote_to_bytes(path.encode("latin-1")).decode("latin-1")


def _fold_compatible(path: str) -> str:
    # A fullwidth letter or slash is the plain one to whoever normalises Unicode (NFKC).
    if path.isascii():
        return path
    text = path.encode("latin-1").decode(errors="replace")
    if any(marks and len(list(run)) > MOST_MARKS for marks, run in groupby(text, _is_mark)):
        raise Unreadable
    return _native(unicodedata.normalize("NFKC", text))


def _is_mark(character: str) -> bool:
    # There are marks that show only when they are taken apart (U+0F73).
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0


def _resolve(path: str) -> str:
    """Without ``.`` and ``..`` (RFC 3986, section 5.2.4)."""
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


def _by_segment(read: Callable[[str], str]) -> Callable[[str], str]:
    return lambda path: "/".join(map(read, path.split("/")))


def _without_end(segment: str) -> str:
    """As Windows opens it: without the blanks and dots behind a name, in whatever order they stand."""
    return segment.rstrip(_BLANKS + ".") if segment.strip(".") else segment


def _parent(segment: str) -> str:
    """``..`` for what begins with it and has only blanks and dots behind it."""
    return ".." if segment.startswith("..") and not segment.strip(_BLANKS + ".") else segment


# Each takes time in proportion to the path: a run of characters is tried from its beginning only.
_STEPS: tuple[Callable[[str], str], ...] = (
    _decode,
    _decode,
    _fold_compatible,
    lambda path: path.replace("\\", "/"),
    lambda path: re.sub(r";[^/]*", "", path),
    lambda path: re.split("[?#]", path, maxsplit=1)[0],  # where an address ends that is put together without quoting
    lambda path: path.partition("\0")[0],  # where C ends a string
    lambda path: re.sub(r"(:[^/:]*)?:\$[^/]*", "", path),  # NTFS: admin::$DATA, admin:$i30:$INDEX_ALLOCATION
    _by_segment(lambda segment: segment.strip(_BLANKS)),
    _by_segment(_parent),
    _by_segment(_without_end),
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


def _guarded(segments: tuple[str, ...], policy: Wrapper, app: WSGIApplication) -> WSGIApplication:
    """*app* behind *policy*. Raises :class:`ConfigurationError`, at the start, for what is no policy at all."""
    try:
        guarded = policy(app)
    except TypeError as error:
        raise _no_policy(segments, policy) from error
    if not callable(guarded):
        raise _no_policy(segments, policy)
    return guarded


def _no_policy(segments: tuple[str, ...], policy: Wrapper) -> ConfigurationError:
    return ConfigurationError(
        f"protect: /{'/'.join(segments)}: {policy!r} is no policy: write login_required or groups_required([…]), or a "
        "function that is given a WSGI application and answers one."
    )
