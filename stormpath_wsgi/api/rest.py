"""The WSGI callable: who calls, for what, and what to say when it fails."""

from __future__ import annotations

import json
import logging
import time
import traceback
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property, lru_cache
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug import Response

from stormpath_wsgi.api import openapi
from stormpath_wsgi.api.authentication import Authentication
from stormpath_wsgi.api.hosts import Hosts
from stormpath_wsgi.api.incoming import Incoming
from stormpath_wsgi.api.resources import Call, allowed, answer, respond
from stormpath_wsgi.codes import INVALID_REQUEST, Code
from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.errors import ConfigurationError, Error, Overloaded, Unavailable, fault
from stormpath_wsgi.events import Origin, at

log = logging.getLogger(__name__)

#: Where the API describes itself, below the base URL.
OPENAPI = "openapi.json"

_CALLERS = 1000  # that are remembered
_CHALLENGE = 'Basic realm="Stormpath", charset="UTF-8"'


class RestAPI:
    """Serves *service* below the path of its base URL, whose host and scheme also stand in every href.

    No header of a request changes that: what ``Host`` and ``X-Forwarded-…`` say is not believed. *hosts*: further
    names, such as ``10.0.0.5:8000``, that a signed request may be for. *clock_skew*: seconds that the clock of a client
    may be off that signs its requests. *max_body*: bytes of a request body. *clock*: seconds since the epoch, UTC.
    Raises :class:`~stormpath_wsgi.ConfigurationError` for what is no host.

    Shared by threads and greenlets; may be made before a server forks.
    """

    def __init__(
        self,
        service: DirectoryService,
        *,
        hosts: Iterable[str] = (),
        clock_skew: float = 900,
        max_body: int = 11_000_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._service, self._max_body = service, max_body
        self._mount = urlsplit(service.base_url).path
        known = Hosts(service.base_url, hosts)
        self._authentication = Authentication(service, known, clock_skew=clock_skew, clock=clock)
        self._serves = False  # a server may still fork before the first request
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
        except Exception as error:  # a mistake of ours: nobody is told about it but the log
            _log(request_id, error)
            response = self._refuse(request, fault(Code.SERVER_FAILED), request_id)
        response.headers["Stormpath-Request-Id"] = request_id
        response.headers["Cache-Control"] = "no-store"  # who may see it is decided anew each time
        return response(environ, start_response)

    def _answer(self, request: Incoming) -> Response:
        path = request.below(self._mount)
        if path == OPENAPI and request.method in ("GET", "HEAD"):  # tells nothing of anybody: it asks for no API key
            return Response(self._description, content_type="application/json")
        caller = self._authentication.caller(request)
        with at(Origin.of(request.environ, actor=caller.account_href, credential="api key")):
            return answer(Call(self._acting_for(caller.id), caller, request, path))

    def _refuse(self, request: Incoming, error: Error, request_id: str) -> Response:
        document = {**error.body(), "requestId": request_id}
        if request.path.endswith("/oauth/token") and error.status < 500:
            document["error"] = _oauth_error(error)
        response = respond(document, error.status)
        if error.status == 401:
            response.headers["WWW-Authenticate"] = _CHALLENGE
        elif error.existing:
            response.headers["Location"] = error.existing
        elif error.status == 405:
            with suppress(Error):  # the directory may just have gone
                response.headers["Allow"] = allowed(self._service, request.below(self._mount))
        elif isinstance(error, Overloaded) or (isinstance(error, Unavailable) and request.method != "POST"):
            # Whoever is told when to come back sends the same again, and a POST may have been carried out, unless it
            # was refused: the connection can break between the database's COMMIT and its answer.
            response.headers["Retry-After"] = str(error.retry_after)
        return response


def _oauth_error(error: Error) -> str:
    """The word for *error* that OAuth clients understand (RFC 6749, section 5.2)."""
    code = Code.of(error.code)
    return INVALID_REQUEST if code is None else code.oauth


def _log(request_id: str, error: Exception) -> None:
    """Where *error* was raised. Its text stays out unless it is meant for operators: it could quote a secret."""
    text = f" ({error})" if isinstance(error, ConfigurationError) else ""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("Request %s failed with %s%s\n%s", request_id, type(error).__qualname__, text, where)
