"""The data store that is elsewhere: a directory on another machine, through the Stormpath REST API v1."""

from __future__ import annotations

import itertools
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any
from urllib.parse import quote, urlencode, urljoin

from stormpath_wsgi.client import payload
from stormpath_wsgi.client.answers import TOO_MANY_REQUESTS, document_of, retry_after, unavailable
from stormpath_wsgi.client.cache import CacheOptions, CachingDataStore
from stormpath_wsgi.client.live import Shared
from stormpath_wsgi.client.remote import Remote
from stormpath_wsgi.client.transport import Reply, Transport, Unreached
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import fault

#: Tries of one request at the most: the first, and four more, as the documented client.
TRIES = 5
#: Redirects followed at the most. ``tenants/current`` and ``authTokens/<token>`` answer with one.
REDIRECTS = 2
#: What may be asked for twice.
REPEATABLE = frozenset({"GET", "DELETE"})
#: Seconds of a pause that a POST waits for: a sign-in does no better by it, and a flood of them would take all threads.
PATIENCE = 1
#: Collections in which something can be made without making any earlier answer untrue.
QUIET = frozenset({"loginAttempts", "refreshTokens", "token"})

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"

log = logging.getLogger(__name__)


class HttpDataStore(Shared):
    """A :class:`~stormpath_wsgi.client.DataStore` over HTTP. Threads, greenlets and forked workers may share it.

    A request is repeated where that can harm nobody: GET and DELETE after any fault of the network or the server
    (5xx); POST only when it was certainly not carried out, which is when no connection could be made, on 429, and on
    503 with ``Retry-After``, which a server says instead of doing what was asked, and not when the server asks for a
    pause that is too long for a visitor of ours, who holds a thread while he waits. *clock* and *sleep* as in
    :mod:`time`, in seconds.
    """

    def __init__(
        self,
        remote: Remote,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base_url = remote.base_url
        self._remote, self._clock, self._sleep = remote, clock, sleep
        self._transport = Transport(remote.base_url, proxies=remote.proxies, ca_bundle=remote.ca_bundle, clock=clock)
        self._agent = " ".join(filter(None, (remote.user_agent, f"stormpath-wsgi/{version('stormpath-wsgi')}")))
        self._born, self._ttl = clock(), remote.ttl
        self._writes, self._numbers = 0, itertools.count(1)

    def get(self, href: str, expand: str | None = None) -> dict[str, Any]:
        return self._read(href, {}, expand)

    def recall(self, href: str, expand: str | None = None) -> dict[str, Any]:
        return self._read(href, {}, expand)

    def list(self, href: str, query: Mapping[str, str] | None = None, expand: str | None = None) -> dict[str, Any]:
        return self._read(href, payload.matches(query), expand)

    def create(
        self, href: str, properties: Mapping[str, Any], params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        target, document = self._checked(href), payload.body(href, properties)
        type, body = (_FORM, urlencode(document).encode()) if payload.is_form(href) else (_JSON, _json(document))
        return self._write(_Request("POST", target, payload.parameters(params), type, body))

    def update(self, href: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        target, document = self._checked(href), payload.body(href, properties)
        return self._write(_Request("POST", target, body=_json(document)))

    def delete(self, href: str) -> None:
        self._write(_Request("DELETE", self._checked(href)))

    def generation(self) -> int:
        """A number that moves with every write through this store, and each time that ``remote.ttl`` seconds are over.

        What others write is not told to a client, unless they share a Redis server with it (:mod:`.cache`). So whoever
        keeps an answer while this number stands still is wrong for that time at the most, and never about what this
        process has changed itself.
        """
        return (int((self._clock() - self._born) / self._ttl) << 40) + self._writes

    def close(self) -> None:
        self._transport.close()

    def _checked(self, href: str) -> str:
        if not self._remote.below(href):
            raise fault(Code.NOT_FOUND, f"{href} is not below {self.base_url}.")
        return href

    def _read(self, href: str, query: Mapping[str, str], expand: str | None) -> dict[str, Any]:
        target, names = self._checked(href), payload.expansion(expand)
        asked = {**query, "expand": names} if names else query
        request = _Request("GET", target, asked)
        end = self._clock() + self._remote.timeout
        reply = self._reply(request, end)
        for _ in range(REDIRECTS):
            if not 300 <= reply.status < 400:
                break
            # The query goes along: what was to be expanded is expanded there.
            request = _Request("GET", self._target(request, reply), asked)
            reply = self._reply(request, end)
        return document_of(reply, self._remote, named=True)

    def _write(self, request: _Request) -> dict[str, Any]:
        try:
            reply = self._reply(request, self._clock() + self._remote.timeout)
            return document_of(reply, self._remote, named=False)
        finally:
            # Even when it failed: it may have been carried out. But on a busy site somebody signs in at every moment,
            # and if that counted nothing could be kept.
            if request.href.rpartition("/")[2] not in QUIET:
                self._writes = next(self._numbers)

    def _target(self, request: _Request, reply: Reply) -> str:
        target = urljoin(request.href, reply.headers.get("Location", "")).partition("?")[0]
        if not self._remote.below(target):
            raise unavailable(self._remote, f"it redirects out of {self.base_url}")
        return target

    def _reply(self, request: _Request, end: float) -> Reply:
        """What the server says in the end, which may be that it cannot. It is asked again until *end*."""
        carried_out = False  # perhaps
        for tries in itertools.count(1):
            outcome = self._try(request, end)
            pause = max(self._remote.backoff(tries) / 1000, _wait(outcome))
            if not _may_repeat(request, outcome) or tries == TRIES or self._clock() + pause >= end:
                break
            log.info("%s: %s; the next try is in %.1f s", self._remote.host, outcome, pause)
            carried_out = carried_out or not _is_refused(outcome)
            self._sleep(pause)
        if isinstance(outcome, Unreached):
            raise unavailable(self._remote, str(outcome))
        if carried_out and request.method == "DELETE" and outcome.status == 404:
            return Reply(204, {}, b"")  # it is gone by an earlier try of ours
        return outcome

    def _try(self, request: _Request, end: float) -> Reply | Unreached:
        headers = {"Accept": _JSON, "Content-Type": request.type}
        proof = self._remote.proof(request.method, request.url, headers, request.body)
        # Proxies may change these two, so they are not signed.
        lines = {**headers, **proof, "User-Agent": self._agent, "Accept-Encoding": "identity"}
        left = max(0.001, end - self._clock())
        try:
            return self._transport.send(request.method, request.url, lines, request.body, seconds=left)
        except Unreached as error:
            return error


def open_remote(remote: Remote, cache: CacheOptions) -> CachingDataStore:
    """The data store of the directory at *remote*, with a cache. Nothing is asked for yet."""
    return CachingDataStore(HttpDataStore(remote), cache, owner=remote.credential.id)


@dataclass(frozen=True)
class _Request:
    method: str
    href: str
    query: Mapping[str, str] = field(default_factory=dict)
    type: str = _JSON
    body: bytes = b""

    @property
    def url(self) -> str:
        # "%20" and not "+": SAuthc1 signs the spelling.
        query = urlencode(self.query, quote_via=quote, safe="")
        return f"{self.href}?{query}" if query else self.href


def _may_repeat(request: _Request, outcome: Reply | Unreached) -> bool:
    if _is_refused(outcome):
        return request.method in REPEATABLE or _wait(outcome) <= PATIENCE
    failed = outcome.again if isinstance(outcome, Unreached) else outcome.status >= 500
    return failed and request.method in REPEATABLE


def _is_refused(outcome: Reply | Unreached) -> bool:
    """Whether the request was certainly not carried out, and may be another time."""
    if isinstance(outcome, Unreached):
        return outcome.again and not outcome.sent
    return outcome.status == TOO_MANY_REQUESTS or (outcome.status == 503 and "Retry-After" in outcome.headers)


def _wait(outcome: Reply | Unreached) -> float:
    return retry_after(outcome) if isinstance(outcome, Reply) else 0.0


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, allow_nan=False, separators=(",", ":")).encode()
