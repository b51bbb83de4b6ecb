"""Responses: a delayed ``start_response``, bodies that are produced step by step, and the headers of a session."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from types import TracebackType
from typing import Any, Protocol, TypeAlias, TypeVar
from wsgiref.types import StartResponse, WSGIEnvironment

from webob import Request, Response

from stormpath_wsgi.errors import Unavailable, noticing
from stormpath_wsgi.events import Origin
from stormpath_wsgi.users import AnonymousUser, RememberedAccount, User, current
from stormpath_wsgi.web.environ import pages_of

log = logging.getLogger(__name__)

T = TypeVar("T")

Headers: TypeAlias = list[tuple[str, str]]
ExcInfo: TypeAlias = "tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]"

#: The header of a page that only pages of the same site may show in a frame.
FRAMED_FROM_HERE = ("X-Frame-Options", "SAMEORIGIN")

#: The header of an answer that no shared cache may store.
PRIVATE = ("Cache-Control", "private")

#: Headers that say what caches may do.
_ABOUT_CACHES = frozenset({"vary", "cache-control", "expires"})


class Refusals(Protocol):
    """Makes the responses to requests that are refused."""

    def forbidden(self, request: Request) -> Response:
        """The application that answers a visitor who is signed in, but may not see the page."""

    def unavailable(self, request: Request, retry_after: int) -> Response:
        """The application that answers when the directory cannot be reached."""


@dataclass(slots=True)
class Particulars:
    """What is particular about a request and its session. Nearly all requests share one of these, in which nothing is:
    to make as many attributes for each request would take as long as the look at its cookie.
    """

    #: Whether a page of the app that says nothing of frames may be shown in those of the same site only.
    framed_from_here: bool = False
    #: The headers of the request that were looked at to know who sends it, as ``Vary`` names them.
    varies_by: str = "Cookie"
    #: A header that the answer depends on, whoever sends the request; None: there is none.
    varies_always_by: str | None = None
    #: Whether the app was told that the directory is unavailable, by an exception.
    is_disturbed: bool = False
    #: What the app has given to ``start_response``.
    exc_info: ExcInfo | None = None
    #: Whether a sign-out took the cookie away and could not end the session in the directory.
    lives_on: bool = False
    #: Whether somebody would be signed in by this request at another host, and is not at this one.
    elsewhere: bool = False
    #: The hrefs of the accounts whose sessions the last sign-in or sign-out has ended in this browser.
    ended: Sequence[str] = ()
    #: Who may be signed in by this request; None: everybody.
    admits: Callable[[RememberedAccount], bool] | None = None
    #: ``Set-Cookie`` headers of ours besides those of the session.
    added: Sequence[tuple[str, str]] = ()
    #: Whether the object belongs to one request only.
    is_own: bool = False


class HeldStart(ABC):
    """The ``start_response`` of one request. It keeps the status and the headers back until the first bytes of the
    body.

    Only then is it known whether the app has looked at the user, which decides about the headers. PEP 3333 allows this:
    a server does not send them before the first bytes either.

    The session of the request (:class:`~stormpath_wsgi.session.CurrentSession`) is one of these: a second object for
    each request would take time.
    """

    __slots__ = (
        "_headers",
        "_particulars",
        "_status",
        "_write",
        "begun",
        "cookies",
        "environ",
        "mount",
        "start",
        "user",
    )

    #: The ``start_response`` of the server.
    start: StartResponse
    #: ``SCRIPT_NAME`` as the middleware saw it. An application that mounts others changes the one in the environ.
    mount: str
    #: Whether the server has status and headers.
    begun: bool
    #: The user who is signed in now, or an anonymous one.
    user: User | AnonymousUser
    #: What the answer has to tell the browser: ``Set-Cookie`` headers of ours.
    cookies: Sequence[tuple[str, str]]
    #: The WSGI environ of the request. None between its steps, so that no cycle (environ, session, environ) is left for
    #: the garbage collector.
    environ: WSGIEnvironment | None

    # Who makes one sets them, and those above: to call an __init__ for each request would take time too.
    _headers: Headers
    _particulars: Particulars
    _status: str  # empty until the app has called us
    _write: Callable[[bytes], object]

    @abstractmethod
    def origin(self) -> Origin:
        """Where the request comes from."""

    @property
    def particulars(self) -> Particulars:
        """What is particular about this request, to change it."""
        if not self._particulars.is_own:
            self._particulars = replace(self._particulars, is_own=True)
        return self._particulars

    def __call__(self, status: str, headers: Headers, exc_info: ExcInfo | None = None, /) -> Callable[[bytes], object]:
        """``start_response`` for the app."""
        if exc_info is not None:
            self.particulars.exc_info = exc_info
        elif self._status:
            raise AssertionError("start_response was called twice without exc_info (PEP 3333)")
        self._status, self._headers = status, headers
        if self.begun:  # the server knows whether it has sent the first headers, and raises exc_info if so
            self.begun = False
            self.tell_server(True)
        return self._write_through

    def begin(self, first: bytes | None = None) -> None:
        """Let the server have status and headers, unless it has them, or there are none yet.

        *first*: the first bytes of a body whose rest is still to be made, with perhaps another look at the user.
        """
        if not self.begun and self._status:
            self.tell_server(first is not None and not _is_all(first, self._headers))

    def unavailable(self, error: Unavailable, environ: WSGIEnvironment) -> Iterable[bytes]:
        """The body of a 503 in place of what the app began to say. Raises *error* when the server has that already."""
        if self.begun:
            raise error
        self._status = ""
        return unavailable(error, environ, self)

    def let_go(self) -> None:
        """Forget the server, which may know the environ, in which we are: so no cycle is left."""
        self.start = self._write = _too_late

    def tell_server(self, unfinished: bool, last: bool = False) -> None:
        """Let the server have status and headers, unless it has them, or there are none yet. *unfinished*: the app may
        still look at the user. *last*: it calls nothing of ours any more, so the server is forgotten.
        """
        if not self.begun and self._status:
            self.begun = True
            headers, its = self._headers, self._particulars
            varies = self.user.looked_at or unfinished
            kind, has_vary = None, False
            # One look at the headers: whether this is a page, and whether the app has a Vary of its own.
            for name, value in headers:
                if name == "Content-Type" or (name := name.lower()) == "content-type":
                    kind = kind or value
                    if not varies:
                        break
                elif name == "vary":
                    has_vary = True
            if its.framed_from_here and kind is not None and _is_page(kind):
                headers = _framed_from_here(headers)
            # Whether another visitor, or the same one later, may get another answer.
            if self.cookies:
                headers = _with_cookies(headers, self.cookies, its.varies_by)
            elif varies:
                headers = _varying(headers, its.varies_by) if has_vary else [*headers, ("Vary", its.varies_by)]
            exc_info = None
            if its.is_own:
                if its.varies_always_by is not None:
                    headers = _varying(headers, its.varies_always_by)
                if its.is_disturbed and self._status[:3] == "500":
                    _tell_of_swallowed()
                exc_info, its.exc_info = its.exc_info, None  # a traceback holds the frames that hold us
            self._write = self.start(self._status, headers, exc_info)
        if last:
            self.start = self._write = _too_late

    def _write_through(self, data: bytes) -> None:
        self.begin(data)
        self._write(data)

    def bound(self, step: Callable[[], T], environ: WSGIEnvironment) -> T:
        """Calls *step* while the user of this request is bound, and returns what it returns."""
        token = current.set(self)
        self.environ = environ
        try:
            return step()
        finally:
            self.environ = None
            current.reset(token)


class StreamedBody:
    """A body whose parts are made when the server asks for them. The user is bound during each of these steps only.

    So nothing stays bound when the visitor hangs up, or when the server closes the body in another thread.
    """

    __slots__ = ("_body", "_chunks", "_environ", "_start")

    def __init__(self, body: Iterable[bytes], start: HeldStart, environ: WSGIEnvironment) -> None:
        self._body, self._start, self._environ = body, start, environ
        self._chunks: Iterator[bytes] | None = None

    def __iter__(self) -> StreamedBody:
        return self

    def __next__(self) -> bytes:
        # As HeldStart.bound, without its calls: there is a step for each part of the body.
        start, environ = self._start, self._environ
        token = current.set(start)
        start.environ = environ
        try:
            if self._chunks is None:
                self._chunks = iter(self._body)
            chunk = next(self._chunks)
        except Unavailable as error:
            self._chunks = iter(start.unavailable(error, environ))
            return next(self)
        except StopIteration:
            start.begin()
            start.let_go()
            raise
        finally:
            start.environ = None
            current.reset(token)
        if not start.begun:
            start.begin(chunk)
        return chunk

    def close(self) -> None:
        """Called by the server at the end: closes the body of the app."""
        close = getattr(self._body, "close", None)
        try:
            if close is not None:
                self._start.bound(close, self._environ)
        finally:
            self._start.let_go()


def _too_late(*_: Any) -> Any:
    raise AssertionError("start_response or write was called after the end of the body (PEP 3333)")


def _keep_in_mind(error: Unavailable) -> None:
    """Have the request that is being served know of *error*, if any is."""
    serving = current.get(None)
    if isinstance(serving, HeldStart):
        serving.particulars.is_disturbed = True


noticing.append(_keep_in_mind)


@cache
def _tell_of_swallowed() -> None:
    """Warn once in a process that something made a 500 of our exception."""
    log.warning(
        "The directory was unavailable, and the application answered 500 all the same: its framework swallows our "
        "exception. Let stormpath_wsgi.errors.Unavailable through, and visitors get a page of ours with status 503. In "
        "Bottle write app.catchall = False, in Falcon an error handler that raises it again."
    )


def unavailable(error: Unavailable, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A WSGI answer to *error*: 503 with Retry-After. Writes a line into the log."""
    log.error("The directory is unavailable: %s", error)
    pages: Refusals = pages_of(environ)
    return pages.unavailable(Request(environ), error.retry_after)(environ, start_response)


def _varying(headers: Headers, names: str) -> Headers:
    """*headers* with *names* in their Vary header. It stays one line, because some caches read only the first."""
    for name, _ in headers:
        if name == "Vary" or name.lower() == "vary":
            break
    else:
        return [*headers, ("Vary", names)]
    there = [value for name, value in headers if name.lower() == "vary"]
    fields = [field.strip().lower() for value in there for field in value.split(",")]
    missing = [name for name in names.split(", ") if name.lower() not in fields]
    if not missing or "*" in fields:
        return headers
    return [*(pair for pair in headers if pair[0].lower() != "vary"), ("Vary", ", ".join([*there, *missing]))]


def _with_cookies(headers: Headers, cookies: Sequence[tuple[str, str]], names: str) -> Headers:
    """*headers* with *cookies* of ours and with *names* in their Vary header. No shared cache stores such an answer."""
    for name, _ in headers:
        if name.lower() in _ABOUT_CACHES:
            return [*_kept_private(_varying(headers, names)), *cookies]
    return [*headers, ("Vary", names), PRIVATE, *cookies]


def _framed_from_here(headers: Headers) -> Headers:
    """*headers* of a page with X-Frame-Options, if they do not mention frames. This prevents clickjacking."""
    for name, value in headers:
        name = name.lower()
        if name == "x-frame-options" or (name == "content-security-policy" and "frame-ancestors" in value.lower()):
            return headers
    return [*headers, FRAMED_FROM_HERE]


@lru_cache(100)
def _is_page(content_type: str) -> bool:
    """Whether a browser shows what is of this type as a page."""
    return content_type[:9].lower() == "text/html" or content_type[:21].lower() == "application/xhtml+xml"


def _is_all(data: bytes, headers: Headers) -> bool:
    """Whether *data* is as long as the whole body: nothing that the app does afterwards can change the answer."""
    for name, value in headers:
        if name == "Content-Length" or name.lower() == "content-length":
            return value == str(len(data))
    return False


def _kept_private(headers: Headers) -> Headers:
    """*headers* of an answer with a cookie of ours, changed so that no shared cache stores it with the cookie."""
    there = ",".join(value for name, value in headers if name.lower() == "cache-control").lower()
    directives = {each.partition("=")[0].strip() for each in there.split(",")}
    if "no-store" in directives:
        return headers
    kept = [pair for pair in headers if pair[0].lower() not in ("cache-control", "expires")]
    return [*kept, ("Cache-Control", "private, no-cache") if "no-cache" in directives else PRIVATE]
