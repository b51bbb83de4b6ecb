"""Responses: a delayed ``start_response``, bodies that are produced step by step, and the headers of a session."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import TracebackType
from typing import Protocol, TypeAlias, TypeVar
from wsgiref.types import StartResponse, WSGIEnvironment

from webob import Request, Response

from stormpath_wsgi.errors import Unavailable, noticing
from stormpath_wsgi.users import HasUser, current
from stormpath_wsgi.web.environ import PAGES, UNAVAILABLE

log = logging.getLogger(__name__)

T = TypeVar("T")

Headers: TypeAlias = list[tuple[str, str]]
#: Adds to the headers of an answer what they lack.
Completes: TypeAlias = Callable[[Headers], Headers]
ExcInfo: TypeAlias = "tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]"

#: The header of a page that only pages of the same site may show in a frame.
FRAMED_FROM_HERE = ("X-Frame-Options", "SAMEORIGIN")

#: The types of bodies that are complete already.
FINISHED = (list, tuple)


class Refusals(Protocol):
    """Makes the responses to requests that are refused. It is in ``environ["stormpath.pages"]``."""

    def forbidden(self, request: Request) -> Response:
        """The application that answers a visitor who is signed in, but may not see the page."""

    def unavailable(self, request: Request, retry_after: int) -> Response:
        """The application that answers when the directory cannot be reached."""


class Session(HasUser, Protocol):
    """What a response has to know of the session of its request (:class:`~stormpath_wsgi.session.CurrentSession`)."""

    #: The WSGI environ of the request, while code of the application runs.
    environ: WSGIEnvironment | None

    @property
    def varies_by(self) -> str:
        """The headers that were looked at, as ``Vary`` names them."""

    @property
    def matters(self) -> bool:
        """Whether another visitor, or the same one later, may get another answer."""

    def headers(self) -> Headers:
        """What the answer has to tell the browser about the session."""


class HeldStart:
    """The ``start_response`` of one request. It keeps the status and the headers back until the first bytes of the
    body.

    Only then is it known whether the app has looked at the user, which decides about the headers. PEP 3333 allows this:
    a server does not send them before the first bytes either.
    """

    __slots__ = ("_complete", "_environ", "_exc_info", "_headers", "_session", "_start", "_status", "_write", "begun")

    def __init__(
        self,
        session: Session,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        complete: Completes | None,
    ) -> None:
        self._complete = complete
        self._environ = environ
        self._session = session
        self._start = start_response
        self._status = ""
        self.begun = False

    def __call__(self, status: str, headers: Headers, exc_info: ExcInfo | None = None, /) -> Callable[[bytes], object]:
        """``start_response`` for the app."""
        if self._status and exc_info is None:
            raise AssertionError("start_response was called twice without exc_info (PEP 3333)")
        self._status, self._headers, self._exc_info = status, headers, exc_info
        if self.begun:  # the server knows whether it has sent the first headers, and raises exc_info if so
            self._tell_server(unfinished=True)
        return self._write_through

    def begin(self, first: bytes | None = None) -> None:
        """Let the server have status and headers, unless it has them, or there are none yet.

        *first*: the first bytes of a body whose rest is still to be made, with perhaps another look at the user.
        """
        if not self.begun and self._status:
            self._tell_server(unfinished=first is not None and not _is_all(first, self._headers))

    def finish(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """The *body* for the server: as it is when no code of the app is left to run, else with the user bound."""
        if type(body) in FINISHED or type(body) is self._environ.get("wsgi.file_wrapper"):
            self.begin()
            return body
        return StreamedBody(body, self)

    def unavailable(self, error: Unavailable) -> Iterable[bytes]:
        """The body of a 503 in place of what the app began to say. Raises *error* when the server has that already."""
        if self.begun:
            raise error
        self._status = ""
        return unavailable(error, self._environ, self)

    def _tell_server(self, *, unfinished: bool) -> None:
        self.begun = True
        headers, exc_info = self._headers, self._exc_info
        self._exc_info = None  # a traceback holds the frames that hold us
        if self._complete is not None:
            headers = self._complete(headers)
        if self._status[:3] == "500" and UNAVAILABLE in self._environ:
            _tell_of_swallowed()
        if unfinished or self._session.matters:
            headers = _varying(headers, self._session.varies_by)
            if ours := self._session.headers():
                headers = [*_kept_private(headers), *ours]
        self._write = self._start(self._status, headers, exc_info)

    def _write_through(self, data: bytes) -> None:
        self.begin(data)
        self._write(data)

    def bound(self, step: Callable[[], T]) -> T:
        """Calls *step* while the user of this request is bound, and returns what it returns."""
        session = self._session
        token = current.set(session)
        session.environ = self._environ
        try:
            return step()
        finally:
            session.environ = None
            current.reset(token)


class StreamedBody:
    """A body whose parts are made when the server asks for them. The user is bound during each of these steps only.

    So nothing stays bound when the visitor hangs up, or when the server closes the body in another thread.
    """

    __slots__ = ("_body", "_chunks", "_start")

    def __init__(self, body: Iterable[bytes], start: HeldStart) -> None:
        self._body = body
        self._start = start
        self._chunks: Iterator[bytes] | None = None

    def __iter__(self) -> StreamedBody:
        return self

    def __next__(self) -> bytes:
        start = self._start
        try:
            chunk = start.bound(self._step)
        except Unavailable as error:
            self._chunks = iter(start.unavailable(error))
            return next(self)
        except StopIteration:
            start.begin()
            raise
        if not start.begun:
            start.begin(chunk)
        return chunk

    def close(self) -> None:
        """Called by the server at the end: closes the body of the app."""
        close = getattr(self._body, "close", None)
        if close is not None:
            self._start.bound(close)

    def _step(self) -> bytes:
        if self._chunks is None:
            self._chunks = iter(self._body)
        return next(self._chunks)


def _keep_in_mind(error: Unavailable) -> None:
    """Have the request that is being served know of *error*, if any is."""
    environ = getattr(current.get(None), "environ", None)
    if environ is not None:
        environ[UNAVAILABLE] = True


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
    pages: Refusals = environ[PAGES]
    return pages.unavailable(Request(environ), error.retry_after)(environ, start_response)


def _varying(headers: Headers, names: str) -> Headers:
    """*headers* with *names* in their Vary header. It stays one line, because some caches read only the first."""
    there = [value for name, value in headers if name.lower() == "vary"]
    if not there:
        return [*headers, ("Vary", names)]
    fields = [field.strip().lower() for value in there for field in value.split(",")]
    missing = [name for name in names.split(", ") if name.lower() not in fields]
    if not missing or "*" in fields:
        return headers
    return [*(pair for pair in headers if pair[0].lower() != "vary"), ("Vary", ", ".join([*there, *missing]))]


def varying_by(name: str, complete: Completes | None) -> Completes:
    """What completes the headers of a request whose answer depends on its header *name*, whoever sends it.

    *complete*: what is done besides.
    """
    return lambda headers: _varying(headers if complete is None else complete(headers), name)


def framed_from_here_only(headers: Headers) -> Headers:
    """*headers* with X-Frame-Options, if they belong to a page and do not mention frames.

    This prevents clickjacking.
    """
    page = False
    for name, value in headers:
        name = name.lower()
        if name == "content-type":
            page = value[:9].lower() == "text/html" or value[:21].lower() == "application/xhtml+xml"
            if not page:
                break
        elif name == "x-frame-options" or (name == "content-security-policy" and "frame-ancestors" in value.lower()):
            return headers
    return [*headers, FRAMED_FROM_HERE] if page else headers


def _is_all(data: bytes, headers: Headers) -> bool:
    """Whether *data* is as long as the whole body: nothing that the app does afterwards can change the answer."""
    return any(name.lower() == "content-length" and value == str(len(data)) for name, value in headers)


def _kept_private(headers: Headers) -> Headers:
    """*headers* of an answer with a cookie of ours, changed so that no shared cache stores it with the cookie."""
    there = ",".join(value for name, value in headers if name.lower() == "cache-control").lower()
    directives = {each.partition("=")[0].strip() for each in there.split(",")}
    if "no-store" in directives:
        return headers
    kept = [pair for pair in headers if pair[0].lower() not in ("cache-control", "expires")]
    return [*kept, ("Cache-Control", "private, no-cache" if "no-cache" in directives else "private")]
