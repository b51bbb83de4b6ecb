"""Policies by path: who may reach which part of an app, in whatever way the path is written.

The wrapped app may read a path in a way of its own: it may resolve dots, drop ``;parameters``, decode twice, or treat a
backslash as a slash. So a path that can be read in several ways must satisfy the policies of all these readings.
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

from stormpath_wsgi.checks import Check
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.policy import (
    Rule,
    Visit,
    Wrapper,
    fresh_required,
    groups_required,
    login_required,
    second_factor_required,
)
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.environ import OFFERS_BASIC
from stormpath_wsgi.web.language import texts_of

TOO_MANY = marked("This address can be read in too many ways.")

#: The highest number of readings of a path. Only an attack has a path that can be read in more ways.
MOST_READINGS = 128

#: The highest number of marks upon one letter in ordinary text (Unicode Standard Annex 15, "Stream-Safe Text Format").
#: The time to sort them grows with the square of their number.
MOST_MARKS = 30


#: Headers that change the method of a request for some frameworks.
OVERRIDES = ("HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_X_METHOD_OVERRIDE", "HTTP_X_HTTP_METHOD")


#: The parameter of a query that changes the method of a request for some frameworks. Browsers do not add it to a
#: preflight.
METHOD_FIELD = "_method"


class TooManyReadings(Exception):
    """The path has too many readings, or finding them would take too long."""


class Protected:
    """An app, and the policies for its paths. *protect*: policies by path, as in the settings.

    Of several paths that fit, the longest decides. Paths are compared by whole segments, and upper and lower case
    differ. ``SCRIPT_NAME`` is not part of them. *preflight*: the paths at which CORS preflights are allowed without a
    session.
    """

    def __init__(self, app: WSGIApplication, protect: Mapping[str, Any], preflight: Iterable[str] = ()) -> None:
        self._app = app
        self._policies = {_segments(_native(path)): _policy(path, value) for path, value in protect.items()}
        self._guarded = {segments: _guarded(segments, policy, app) for segments, policy in self._policies.items()}
        self._preflights = {_segments(_native(path)) for path in preflight}
        for segments in self._preflights:
            self._guarded[segments] = _open_to_preflights(self._guarded[segments], app)
        self._rules = {_segments(_native(path)): _policy(path, _named(value)) for path, value in protect.items()}
        self._basic = {_segments(_native(path)) for path, value in protect.items() if isinstance(value, Mapping)}
        #: The app, where there are no policies for any path; None: :meth:`find` knows.
        self.whole: WSGIApplication | None = None if self._policies else app
        self._depths = sorted({len(segments) for segments in self._policies}, reverse=True)

    def find(self, path: str) -> WSGIApplication:
        """The app for *path* (``PATH_INFO``), wrapped in all policies that may apply to *path*."""
        if not self._policies:
            return self._app
        if not _AMBIGUOUS(path):
            guard = self._guard(path)
            return self._app if guard is None else self._guarded[guard]
        try:
            found = readings(path)
        except TooManyReadings:
            return bad_request
        app = self._app
        for guard in sorted(self._guards(found)):
            app = self._policies[guard](app)
        return app

    def explain(self, method: str, path: str, visit: Visit) -> dict[str, Check | None]:
        """What the policies of *path* (``PATH_INFO``) say of whoever asks, by the protected path; empty: nothing guards
        it. None stands for a policy that is a function of the site's own, which explains nothing.

        *method*: of the request. Raises :class:`TooManyReadings`.
        """
        found = readings(path) if _AMBIGUOUS(path) else {path}
        guards = sorted(self._guards(found))
        if method == "OPTIONS" and len(guards) == 1 and guards[0] in self._preflights:
            return {}
        told = {guard: self._rules[guard] for guard in guards}
        return {
            "/" + "/".join(guard): rule.check(visit) if isinstance(rule, Rule) else None for guard, rule in told.items()
        }

    def offers_basic(self, path: str) -> bool:
        """Whether an API key may be brought to *path* (``PATH_INFO``) by HTTP Basic: some reading of it offers that."""
        if not self._basic:
            return False
        try:
            found = readings(path) if _AMBIGUOUS(path) else {path}
        except TooManyReadings:
            return False
        return not self._basic.isdisjoint(self._guards(found))

    def _guards(self, found: Iterable[str]) -> set[tuple[str, ...]]:
        """The protected paths that the readings *found* lie under."""
        return {guard for reading in found if (guard := self._guard(reading)) is not None}

    def _guard(self, path: str) -> tuple[str, ...] | None:
        """The longest of the protected paths that *path* is below, as segments; None when there is none."""
        segments = tuple(path.split("/")[1:])
        return next((segments[:depth] for depth in self._depths if segments[:depth] in self._policies), None)


def readings(path: str) -> set[str]:
    """Every path that an app might read in *path*, which is one of them itself. Raises :class:`TooManyReadings`."""
    found = {path if path.startswith("/") else f"/{path}"}
    for step in _STEPS:
        found |= {step(reading) for reading in found}
        if len(found) > MOST_READINGS:
            raise TooManyReadings
    return found


def _open_to_preflights(guarded: WSGIApplication, app: WSGIApplication) -> WSGIApplication:
    """*guarded*, but for CORS preflights *app* itself: browsers send those without cookies, so no policy would let them
    pass.
    """

    def choose(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not _is_preflight(environ):
            return guarded(environ, start_response)
        for name in OVERRIDES:
            environ.pop(name, None)
        return app(environ, start_response)

    return choose


def _is_preflight(environ: WSGIEnvironment) -> bool:
    """Whether a request is exactly what a browser sends as a CORS preflight (Fetch, section 4.8)."""
    return (
        environ["REQUEST_METHOD"] == "OPTIONS"
        and bool(environ.get("HTTP_ORIGIN"))
        and bool(environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD"))
        and environ.get("CONTENT_LENGTH") in (None, "", "0")
        and "HTTP_TRANSFER_ENCODING" not in environ
        and METHOD_FIELD not in unquote(environ.get("QUERY_STRING", "")).lower()
    )


def bad_request(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A WSGI app that answers 400, for a path that is :class:`TooManyReadings`."""
    text = texts_of(environ).gettext(TOO_MANY)
    answer = Response(f"{text}\n", status=400, content_type="text/plain", charset="utf-8")
    return answer(environ, start_response)


#: Whether a path has more than one reading.
_AMBIGUOUS = re.compile(r"^(?!/)|//|[%;?#\\]|[^\x21-\x7e]|\.(?:/|\Z)|:\$").search

_BLANKS = "".join(map(chr, range(0x21)))


def _decode(path: str) -> str:
    return unquote_to_bytes(path.encode("latin-1")).decode("latin-1")


def _fold_compatible(path: str) -> str:
    # A program that normalises Unicode (NFKC) reads a fullwidth letter or slash as the ordinary one.
    if path.isascii():
        return path
    text = path.encode("latin-1").decode(errors="replace")
    if any(marks and len(list(run)) > MOST_MARKS for marks, run in groupby(text, _is_mark)):
        raise TooManyReadings
    return _native(unicodedata.normalize("NFKC", text))


def _is_mark(character: str) -> bool:
    # Some characters are marks only after they are decomposed (U+0F73).
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0


def _resolve(path: str) -> str:
    """*path* without ``.`` and ``..`` (RFC 3986, section 5.2.4)."""
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
    """*segment* as Windows reads it: without blanks and dots at the end, in any order."""
    return segment.rstrip(_BLANKS + ".") if segment.strip(".") else segment


def _parent(segment: str) -> str:
    """``..`` for a *segment* that begins with ``..`` and continues with blanks and dots only."""
    return ".." if segment.startswith("..") and not segment.strip(_BLANKS + ".") else segment


# The time of each step is proportional to the length of the path: no run of characters is tried from each of its
# places.
_STEPS: tuple[Callable[[str], str], ...] = (
    _decode,
    _decode,
    _fold_compatible,
    lambda path: path.replace("\\", "/"),
    lambda path: re.sub(r";[^/]*", "", path),
    # A program that makes an address without quoting the path ends the path here.
    lambda path: re.split("[?#]", path, maxsplit=1)[0],
    lambda path: path.partition("\0")[0],  # the end of a string in C
    lambda path: re.sub(r"(:[^/:]*)?:\$[^/]*", "", path),  # NTFS: admin::$DATA, admin:$i30:$INDEX_ALLOCATION
    _by_segment(lambda segment: segment.strip(_BLANKS)),
    _by_segment(_parent),
    _by_segment(_without_end),
    lambda path: re.sub(r"/{2,}", "/", path),
    _resolve,
)


def _native(text: str) -> str:
    """*text* as a WSGI string, in which each character stands for one byte (PEP 3333)."""
    return text.encode().decode("latin-1")


def _segments(path: str) -> tuple[str, ...]:
    return tuple(segment for segment in path.split("/") if segment)


def _named(value: Any) -> Any:
    """What names the policy in a *value* of ``protect``, which may say more."""
    return value["policy"] if isinstance(value, Mapping) else value


def _policy(path: str, value: Any) -> Wrapper:
    if isinstance(value, Mapping):
        return _asking_for_basic(_policy(path, value["policy"]))
    if value == "login":
        return login_required
    if value == "fresh":
        return fresh_required
    if value == "secondFactor":
        return second_factor_required
    if isinstance(value, list | tuple):
        return groups_required(value)
    if callable(value):
        policy: Wrapper = value
        return policy
    raise ConfigurationError(
        f"protect: {path} needs the word login, fresh or secondFactor, a list of group names, or a policy."
    )


def _asking_for_basic(policy: Wrapper) -> Wrapper:
    """*policy*, whose challenge is Basic; and so is that of every policy further in."""

    def wrap(app: WSGIApplication) -> WSGIApplication:
        guarded = policy(app)
        if not callable(guarded):
            raise TypeError(f"{guarded!r} is no WSGI application")

        def offering(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            environ[OFFERS_BASIC] = True
            return guarded(environ, start_response)

        return offering

    return wrap


def _guarded(segments: tuple[str, ...], policy: Wrapper, app: WSGIApplication) -> WSGIApplication:
    """*app* wrapped in *policy*. Raises :class:`ConfigurationError`, at the start, for an object that is no policy."""
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
