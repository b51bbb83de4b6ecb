"""The WSGI application of the REST API: authenticates a request, answers it, and turns errors into responses."""

from __future__ import annotations

import json
import logging
import time
import traceback
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, lru_cache
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

from stormpath_wsgi import tickets
from stormpath_wsgi.api import openapi
from stormpath_wsgi.api.authentication import ActiveKey, Authentication
from stormpath_wsgi.api.hosts import Hosts
from stormpath_wsgi.api.incoming import Incoming
from stormpath_wsgi.api.reply import Reply
from stormpath_wsgi.api.resources import Call, allowed, answer, respond
from stormpath_wsgi.codes import INVALID_REQUEST, Code
from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.errors import ConfigurationError, Error, Overloaded, TooManyTries, Unavailable, fault
from stormpath_wsgi.events import API_KEY, LONGEST, Origin, SignInFailed, at
from stormpath_wsgi.limits import NOBODY, Visitor, header, visited
from stormpath_wsgi.tickets import holding
from stormpath_wsgi.web.address import Proxies, ProxyHint

log = logging.getLogger(__name__)

#: The path of the OpenAPI document, below the base URL.
OPENAPI = "openapi.json"

_CALLERS = 1000  # the highest number of callers that are remembered
#: The headers that tell of a site's visitor, as the environ names them.
_VISITOR, _TICKET = (f"HTTP_{name.upper().replace('-', '_')}" for name in (header.NAME, tickets.NAME))
_CHALLENGE = 'Basic realm="Stormpath", charset="UTF-8"'


class RestAPI:
    """Serves *service* below the path of its base URL. Every href begins with that base URL.

    Headers of a request do not change that: ``Host`` and ``X-Forwarded-…`` are not used for hrefs. *hosts*: further
    names, such as ``10.0.0.5:8000``, for which a request may be signed. *clock_skew*: seconds that the clock of a
    client which signs its requests may be early or late. *max_body*: the highest number of bytes of a request body.
    *proxies*: who may say which address a client has, as in the setting of that name. *clock*: returns seconds since
    the epoch, UTC. Raises :class:`~stormpath_wsgi.ConfigurationError` for a text that is no host.

    Threads and greenlets may share it, and it may be made before a server forks.
    """

    def __init__(
        self,
        service: DirectoryService,
        *,
        hosts: Iterable[str] = (),
        clock_skew: float = 900,
        max_body: int = 11_000_000,
        proxies: Iterable[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        #: The directory that it serves.
        self.service = self._service = service
        self._max_body, self._proxies = max_body, Proxies(proxies)
        service.events.listen(SignInFailed, ProxyHint(self._proxies))
        self._mount = urlsplit(service.base_url).path
        known = Hosts(service.base_url, hosts)
        self._authentication = Authentication(service, known, clock_skew=clock_skew, clock=clock)
        self._serves = False  # the service is told only on the first request, since a server may still fork before
        self._acting_for = lru_cache(_CALLERS)(service.called_with)

    @cached_property
    def _description(self) -> bytes:
        """The OpenAPI document of this API."""
        return json.dumps(openapi.document(self._service.verbs, self._service.base_url)).encode()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self._serves:
            self._serves = True
            self._service.serve()
        request, request_id = Incoming(environ, self._max_body), str(uuid.uuid4())
        try:
            response = self._answer(request)
        except Error as error:
            response = self._refuse(request, error, request_id)
        except Exception as error:  # an error in this program: only the log tells about it
            _log(request_id, error)
            response = self._refuse(request, fault(Code.SERVER_FAILED), request_id)
        response.headers["Stormpath-Request-Id"] = request_id
        response.headers["Cache-Control"] = "no-store"  # each request has to be authorised anew
        return response(environ, start_response)

    def _answer(self, request: Incoming) -> Reply:
        path = request.below(self._mount)
        if path == OPENAPI and request.method in ("GET", "HEAD"):  # public: the document needs no API key
            return Reply(self._description, content_type="application/json")
        told = _OriginOfCall(request, self._proxies)
        with at(told.origin):
            caller = told.caller = self._authentication.caller(request)
            with visited(_visitor(request)), holding(_ticket(request)):
                return answer(Call(self._acting_for(caller.id), caller, request, path))

    def _refuse(self, request: Incoming, error: Error, request_id: str) -> Reply:
        document = {**error.body(), "requestId": request_id}
        if request.path.endswith("/oauth/token") and error.status < 500:
            document["error"] = _oauth_error(error)
        response = respond(document, error.status)
        if error.status == 401:
            response.headers["WWW-Authenticate"] = _CHALLENGE
        elif error.existing:
            response.headers["Location"] = error.existing
        elif error.status == 405:
            with suppress(Error):  # the directory may have become unavailable
                response.headers["Allow"] = allowed(self._service, request.below(self._mount))
        elif isinstance(error, Overloaded | TooManyTries) or (
            isinstance(error, Unavailable) and request.method != "POST"
        ):
            # A client that gets Retry-After repeats the request. So a POST gets it only if it was refused. Otherwise it
            # may have been carried out: the connection can break between the COMMIT of the database and its answer.
            response.headers["Retry-After"] = str(error.retry_after)
        return response


class _OriginOfCall:
    """Where *request* comes from. It is worked out when an event asks for it, and then kept.

    *caller*: None before it is known.
    """

    __slots__ = ("_made", "_proxies", "_request", "caller")

    def __init__(self, request: Incoming, proxies: Proxies) -> None:
        self._request, self._proxies = request, proxies
        self.caller: ActiveKey | None = None
        self._made: Origin | None = None  # with the caller

    def origin(self) -> Origin:
        """What is known of it by now."""
        if self._made is not None:
            return self._made
        environ = self._request.environ
        origin = Origin.of(environ, address=self._proxies.address(environ))
        if self.caller is None:
            return origin
        actor, language = self.caller.account_href, _language(self._request)
        self._made = replace(origin, actor=actor, credential=API_KEY, language=language)
        return self._made


def _visitor(request: Incoming) -> Visitor:
    """Whom the caller has told of as its visitor. Its own address is that of a site, which many visitors share.

    Raises a 400 for what cannot be read.
    """
    told = request.environ.get(_VISITOR)
    if told is None:
        return NOBODY
    try:
        return header.read(told)
    except ValueError as error:
        raise fault(Code.MALFORMED_REQUEST, f"{error}.") from None


def _language(request: Incoming) -> str | None:
    """The language of mails that the request causes. A site says the one of its visitor, without others behind it."""
    return request.environ.get("HTTP_ACCEPT_LANGUAGE", "")[:LONGEST].partition(",")[0].partition(";")[0].strip() or None


def _ticket(request: Incoming) -> str | None:
    """That of the browser for which the caller asks. Raises a 400 for what can be none."""
    told = request.environ.get(_TICKET)
    found = tickets.read(told)
    if told is not None and found is None:
        raise fault(Code.MALFORMED_REQUEST, f"{tickets.NAME} must have 22 to 128 letters, digits, - and _.")
    return found


def _oauth_error(error: Error) -> str:
    """The OAuth error code for *error* (RFC 6749, section 5.2)."""
    code = Code.of(error.code)
    return INVALID_REQUEST if code is None else code.oauth


def _log(request_id: str, error: Exception) -> None:
    """Logs where *error* was raised.

    Its text could quote a secret, so it is logged only if it is meant for operators.
    """
    text = f" ({error})" if isinstance(error, ConfigurationError) else ""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("Request %s failed with %s%s\n%s", request_id, type(error).__qualname__, text, where)
