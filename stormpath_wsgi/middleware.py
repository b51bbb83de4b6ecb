"""The middleware: one WSGI callable that reads the session, sets the user, and serves a page or passes on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any, TypeVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webob import Request

from stormpath_wsgi.client import Application, Client
from stormpath_wsgi.errors import ConfigurationError, Error, Unavailable
from stormpath_wsgi.pages import Pages
from stormpath_wsgi.policy import ExcInfo, Headers, challenge_on_401
from stormpath_wsgi.protect import Protected
from stormpath_wsgi.session import CurrentSession, Sessions
from stormpath_wsgi.settings import ApplicationSettings, Settings
from stormpath_wsgi.user import current

log = logging.getLogger(__name__)

T = TypeVar("T")

#: The header of a page that only pages of the same site may show in a frame.
FRAMED_FROM_HERE = ("X-Frame-Options", "SAMEORIGIN")

#: Bodies that are there already, whole.
FINISHED = (list, tuple)


class StormpathMiddleware:
    """*app*, with user accounts. Every setting of :class:`~stormpath_wsgi.Settings` may be given as a keyword.

    Each request finds in its environ ``stormpath.user`` (who sent it), ``stormpath.session`` (the
    :class:`~stormpath_wsgi.session.CurrentSession`), ``stormpath.application``, and ``REMOTE_USER`` when somebody is
    signed in. ``Vary: Cookie`` is added when the user was looked at, or still may be when the headers leave; a look at
    ``REMOTE_USER`` we cannot see, so an app that shows it to people and lets caches keep its pages has to say so
    itself.

    The application object is shared by all requests: to change it, get one of your own from the client. Raises
    :class:`~stormpath_wsgi.ConfigurationError` when a setting or the application is wrong.
    """

    def __init__(self, app: WSGIApplication, **settings: Any) -> None:
        self.settings = Settings.load(**settings)
        check_app(app, self.settings)
        self.client = Client(**self.settings.opening())
        self.application = find_application(self.client, self.settings.application)
        tell_what_is_not_mapped(self.application)
        self.sessions = Sessions(self.client, self.application, self.settings)
        self.pages = Pages(self.settings, self.client, self.application)
        app = self.pages.around(app)
        app = challenge_on_401(app) if self.settings.challenge_on_401 else app
        self.protected = Protected(app, self.settings.protect, self.settings.preflight)
        self._complete = _framed_from_here_only if self.settings.same_origin_frames else None
        self._serves = False  # a server may still fork before the first request

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self._serves:
            self._serves = True
            self.client.serve()
        environ["stormpath.application"], environ["stormpath.pages"] = self.application, self.pages
        environ["stormpath.mount"] = environ.get("SCRIPT_NAME", "")  # an app that mounts others changes it
        try:
            session = self.sessions.open(environ)
        except Unavailable as error:
            return unavailable(error, environ, start_response)
        answer = Answer(session, environ, start_response, self._complete)
        token = current.set(session)
        try:
            body = self._serve(environ, answer)
        except Unavailable as error:
            body = answer.unavailable(error)
        finally:
            session.environ = None
            current.reset(token)
        return answer.finish(body)

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        page = self.pages.find(path)
        response = None if page is None else page(Request(environ))
        app = self.protected.find(path) if response is None else response
        return app(environ, start_response)


class Answer:
    """The ``start_response`` of one request. What the app says is held back until the first bytes of the body.

    Only then is it known whether the app looked at the user, which the headers have to tell. PEP 3333 allows the
    delay: a server sends nothing before the first bytes either.
    """

    __slots__ = ("_complete", "_environ", "_exc_info", "_headers", "_session", "_start", "_status", "_write", "begun")

    def __init__(
        self,
        session: CurrentSession,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        complete: Callable[[Headers], Headers] | None,
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
        if unfinished or self._session.matters:
            headers = _varying_by_cookie(headers)
            if ours := self._session.headers():
                headers = [*_kept_private(headers), *ours]
        self._write = self._start(self._status, headers, exc_info)

    def _write_through(self, data: bytes) -> None:
        self.begin(data)
        self._write(data)

    def bound(self, step: Callable[[], T]) -> T:
        session = self._session
        token = current.set(session)
        session.environ = self._environ
        try:
            return step()
        finally:
            session.environ = None
            current.reset(token)


class StreamedBody:
    """A body whose chunks are made while the server asks for them. The user is bound during each step, and only then.

    So nothing is left behind when the visitor hangs up, or when the server closes the body in another thread.
    """

    __slots__ = ("_answer", "_body", "_chunks")

    def __init__(self, body: Iterable[bytes], answer: Answer) -> None:
        self._body = body
        self._answer = answer
        self._chunks: Iterator[bytes] | None = None

    def __iter__(self) -> StreamedBody:
        return self

    def __next__(self) -> bytes:
        answer = self._answer
        try:
            chunk = answer.bound(self._step)
        except Unavailable as error:
            self._chunks = iter(answer.unavailable(error))
            return next(self)
        except StopIteration:
            answer.begin()
            raise
        if not answer.begun:
            answer.begin(chunk)
        return chunk

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            self._answer.bound(close)

    def _step(self) -> bytes:
        if self._chunks is None:
            self._chunks = iter(self._body)
        return next(self._chunks)


def check_app(app: Any, settings: Settings) -> None:
    """Raise :class:`ConfigurationError` when *app* is none, or has a middleware of ours around it already."""
    if not callable(app):
        raise ConfigurationError(
            f"{app!r} is no WSGI application: write StormpathMiddleware(application) with what a server calls with "
            "environ and start_response."
        )
    names = [layer.settings.session.cookie_name for layer in _layers(app) if isinstance(layer, StormpathMiddleware)]
    if settings.session.cookie_name in names:
        raise ConfigurationError(
            "There is a StormpathMiddleware around this application already (a StormpathManager of Flask is one too), "
            "and each would take the other's cookie away: keep one, or give each its own session.cookieName."
        )


def _layers(app: Any) -> Iterator[Any]:
    """*app*, and what it wraps, as far as it says so in the usual way: ``wsgi_app`` of Flask, ``app`` of the others."""
    seen: list[Any] = []
    while callable(app) and not any(app is layer for layer in seen):
        yield app
        seen.append(app)
        app = getattr(app, "wsgi_app", None) or getattr(app, "app", None)


def tell_what_is_not_mapped(application: Application) -> None:
    """Log what keeps everybody out of *application*: no account store, or none for new accounts."""
    remedy = (
        "map a directory with client.account_store_mappings.create({'application': application, 'account_store': "
        "directory, 'is_default_account_store': True, 'is_default_group_store': True})"
    )
    if not len(application.account_store_mappings):
        log.warning("The application %r has no account store, so nobody can sign in: %s.", application.name, remedy)
    elif application.default_account_store_mapping is None:
        log.warning(
            "The application %r has no default account store, so nobody can register: %s.", application.name, remedy
        )


def find_application(client: Client, wanted: ApplicationSettings) -> Application:
    """The application that people sign in to: by href, by name, or the only one there is.

    Raises :class:`ConfigurationError` when that is none or not one, and when the directory does not let us in.
    """
    try:
        return _found(client, wanted)
    except Error as error:
        if error.status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise
        raise ConfigurationError(f"client.apiKey: the directory refuses the API key ({error})") from error


def _found(client: Client, wanted: ApplicationSettings) -> Application:
    if wanted.href is not None:
        return _application_at(client, wanted.href)
    names = {"name": wanted.name} if wanted.name is not None else {}
    # The search forgives case and knows wildcards; a name is meant as it is written.
    found = [each for each in client.applications.search(names) if wanted.name in (None, each.name)]
    if len(found) == 1:
        return found[0]
    if wanted.name is not None:
        raise ConfigurationError(f"application.name: the directory has no application named {wanted.name!r}.")
    there = ", ".join(repr(each.name) for each in found) or "none"
    raise ConfigurationError(
        f"application: the directory has not one application but {there}; set application.name or application.href."
    )


def _application_at(client: Client, href: str) -> Application:
    application = client.applications.get(href)
    try:
        application.refresh()
    except Unavailable:
        raise
    except Error as error:
        raise ConfigurationError(f"application.href: {href} is no application of this directory ({error})") from error
    return application


def unavailable(error: Unavailable, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """503 with Retry-After, and a line for the log."""
    log.error("The directory is unavailable: %s", error)
    pages: Pages = environ["stormpath.pages"]
    return pages.unavailable(Request(environ), error.retry_after)(environ, start_response)


def _varying_by_cookie(headers: Headers) -> Headers:
    """*headers* with Cookie in their Vary, which stays one line: there are caches that read no second one."""
    there = [value for name, value in headers if name.lower() == "vary"]
    fields = [field.strip().lower() for value in there for field in value.split(",")]
    if "cookie" in fields or "*" in fields:
        return headers
    return [*(pair for pair in headers if pair[0].lower() != "vary"), ("Vary", ", ".join([*there, "Cookie"]))]


def _framed_from_here_only(headers: Headers) -> Headers:
    """*headers* with X-Frame-Options, when they are of a page that says nothing of frames (clickjacking)."""
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
    """*headers* of an answer with a cookie of ours: whoever stored it for others would hand out the cookie."""
    there = ",".join(value for name, value in headers if name.lower() == "cache-control").lower()
    directives = {each.partition("=")[0].strip() for each in there.split(",")}
    if "no-store" in directives:
        return headers
    kept = [pair for pair in headers if pair[0].lower() not in ("cache-control", "expires")]
    return [*kept, ("Cache-Control", "private, no-cache" if "no-cache" in directives else "private")]
