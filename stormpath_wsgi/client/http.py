"""The data store for a directory on another machine, through the Stormpath REST API v1."""

from __future__ import annotations

import itertools
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urljoin

from stormpath_wsgi import kinds, tickets
from stormpath_wsgi.client import payload
from stormpath_wsgi.client.agent import agent
from stormpath_wsgi.client.answers import TOO_MANY_REQUESTS, document_of, is_limit, retry_after, unavailable
from stormpath_wsgi.client.cache import CacheOptions, CachingDataStore
from stormpath_wsgi.client.concerned import Moved, concerned
from stormpath_wsgi.client.live import Shared
from stormpath_wsgi.client.remote import Remote
from stormpath_wsgi.client.transport import Reply, Transport, Unreached
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import here
from stormpath_wsgi.limits import header, visitor
from stormpath_wsgi.slots import ANY

#: The highest number of tries for one request: the first one and four more, as in the documented client.
TRIES = 5
#: The highest number of redirects that are followed. ``tenants/current`` and ``authTokens/<token>`` answer with one.
REDIRECTS = 2
#: The methods of requests that may be sent twice.
REPEATABLE = frozenset({"GET", "DELETE"})
#: The longest pause, in seconds, before a POST is repeated. A longer one does not help a sign-in, and many requests
#: that wait would hold all threads.
PATIENCE = 1
#: Collections in which a new resource makes no earlier answer wrong, unless it has said that it ended others.
QUIET = frozenset({"loginAttempts", "refreshTokens", "sessions", "token"})

#: The parameter of a new session with which it may end others.
MOST = "most"

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"

log = logging.getLogger(__name__)


class HttpDataStore(Shared):
    """A :class:`~stormpath_wsgi.client.DataStore` over HTTP. Threads, greenlets and forked workers may share it.

    Requests are repeated where that is safe. GET and DELETE are repeated after any fault of the network or the server
    (5xx). POST is repeated only if it was certainly not carried out: when no connection could be made, on 429, and on
    503 with ``Retry-After``. It is not repeated when the server asks for a pause of more than :data:`PATIENCE` seconds,
    because the visitor's request holds a thread while it waits. What was tried too often (7111) is never repeated: the
    visitor is told how long to wait. *clock* and *sleep*: as in :mod:`time`, in seconds.
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
        self._born, self._ttl = clock(), remote.ttl
        self._moved = Moved()

    def get(self, href: str, expand: str | None = None) -> dict[str, Any]:
        """See :meth:`DataStore.get`."""
        return self._read(href, {}, expand)

    def recall(self, href: str, expand: str | None = None) -> dict[str, Any]:
        """See :meth:`DataStore.recall`. It always asks the server: a cache is laid over this store."""
        return self._read(href, {}, expand)

    def list(self, href: str, query: Mapping[str, str] | None = None, expand: str | None = None) -> dict[str, Any]:
        """See :meth:`DataStore.list`."""
        return self._read(href, payload.matches(query), expand)

    def create(
        self, href: str, properties: Mapping[str, Any], params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """See :meth:`DataStore.create`."""
        target, document = self._checked(href), payload.body(href, properties)
        type, body = (_FORM, urlencode(document).encode()) if payload.is_form(href) else (_JSON, _json(document))
        request = _Request("POST", target, payload.parameters(params), type, body)
        slot = concerned(self.base_url, href, document)
        reply = self._write(request, slot)
        made = document_of(reply, self._remote, named=False)
        if made.get(kinds.ENDED_OTHERS):
            self._moved.move(slot)
        if kinds.brings_proof(document):
            made[kinds.IS_NEW_ACCOUNT] = reply.status == HTTPStatus.CREATED
        return made

    def update(self, href: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        """See :meth:`DataStore.update`."""
        target, document = self._checked(href), payload.body(href, properties)
        reply = self._write(_Request("POST", target, body=_json(document)), concerned(self.base_url, href))
        return document_of(reply, self._remote, named=False)

    def delete(self, href: str, about: str | None = None) -> None:
        """See :meth:`DataStore.delete`."""
        request = _Request("DELETE", self._checked(href))
        reply = self._write(request, concerned(self.base_url, href, about=about))
        document_of(reply, self._remote, named=False)

    def generation(self, slot: int = ANY, /) -> int:
        """A number that moves with every write through this store that may concern *slot*, and whenever ``remote.ttl``
        seconds are over.

        A client is not told what other programs write, unless they share a Redis server with it (:mod:`.cache`). So an
        answer that is kept while this number does not change is out of date for ``remote.ttl`` seconds at the most, and
        never because of a change that this process has made.
        """
        return (int((self._clock() - self._born) / self._ttl) << 40) + self._moved.read(slot)

    def close(self) -> None:
        """See :meth:`DataStore.close`."""
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
            # The query is sent again, so that links are expanded in the answer there.
            request = _Request("GET", self._target(request, reply), asked)
            reply = self._reply(request, end)
        return document_of(reply, self._remote, named=True)

    def _write(self, request: _Request, slot: int) -> Reply:
        reply = None
        try:
            reply = self._reply(request, self._clock() + self._remote.timeout)
            return reply
        finally:
            # Also after a failure, since the request may have been carried out. Sign-ins are left out: on a busy site
            # there is always one, and nothing could be cached.
            if not _is_quiet(request, reply):
                self._moved.move(slot)

    def _target(self, request: _Request, reply: Reply) -> str:
        target = urljoin(request.href, reply.headers.get("Location", "")).partition("?")[0]
        if not self._remote.below(target):
            raise unavailable(self._remote, f"it redirects out of {self.base_url}")
        return target

    def _reply(self, request: _Request, end: float) -> Reply:
        """The answer of the server to *request*, which may be an error. It is repeated until *end* (of the clock)."""
        carried_out = False  # whether an earlier try may have been carried out
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
            return Reply(204, {}, b"")  # an earlier try has removed it
        return outcome

    def _agent(self) -> str:
        """What we call ourselves, for this request: each visitor's program may say what it is."""
        return agent(self._remote.user_agent, here().stormpath_agent)

    def _try(self, request: _Request, end: float) -> Reply | Unreached:
        headers = {"Accept": _JSON, "Content-Type": request.type, **_told_of_visitor(request)}
        proof = self._remote.proof(request.method, request.url, headers, request.body)
        # Proxies may change the last two headers, so these are not signed.
        lines = {**headers, **proof, "User-Agent": self._agent(), "Accept-Encoding": "identity"}
        left = max(0.001, end - self._clock())
        try:
            return self._transport.send(request.method, request.url, lines, request.body, seconds=left)
        except Unreached as error:
            return error


def open_remote(remote: Remote, cache: CacheOptions) -> CachingDataStore:
    """The data store of the directory at *remote*, with a cache. No request is sent yet."""
    return CachingDataStore(HttpDataStore(remote), cache, owner=remote.key_pair.id)


@dataclass(frozen=True)
class _Request:
    method: str
    href: str
    query: Mapping[str, str] = field(default_factory=dict)
    type: str = _JSON
    body: bytes = b""

    @property
    def url(self) -> str:
        # A blank is "%20" and not "+", because SAuthc1 signs the encoded text.
        query = urlencode(self.query, quote_via=quote, safe="")
        return f"{self.href}?{query}" if query else self.href


def _told_of_visitor(request: _Request) -> Mapping[str, str]:
    """The headers that say who tries, the ticket of the browser, and the language of mails: the directory cannot see
    our visitors. By reading nothing is tried.
    """
    if request.method != "POST":
        return {}
    told = {
        header.NAME: header.written(visitor()),
        tickets.NAME: tickets.read(tickets.ticket()),
        "Accept-Language": here().language,
    }
    return {name: value for name, value in told.items() if value}


def _is_quiet(request: _Request, reply: Reply | None) -> bool:
    """Whether the request has made no earlier answer wrong, as far as can be known without the document in *reply*.

    A new session may end others, which its answer says. *reply*: None where there was none.
    """
    known = reply is not None and reply.status < 500
    return request.href.rpartition("/")[2] in QUIET and (known or MOST not in request.query)


def _may_repeat(request: _Request, outcome: Reply | Unreached) -> bool:
    if _is_refused(outcome):
        return request.method in REPEATABLE or _wait(outcome) <= PATIENCE
    failed = outcome.again if isinstance(outcome, Unreached) else outcome.status >= 500
    return failed and request.method in REPEATABLE


def _is_refused(outcome: Reply | Unreached) -> bool:
    """Whether the request was certainly not carried out, and may succeed soon."""
    if isinstance(outcome, Unreached):
        return outcome.again and not outcome.sent
    if outcome.status == TOO_MANY_REQUESTS:
        return not is_limit(outcome)
    return outcome.status == 503 and "Retry-After" in outcome.headers


def _wait(outcome: Reply | Unreached) -> float:
    return retry_after(outcome) if isinstance(outcome, Reply) else 0.0


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, allow_nan=False, separators=(",", ":")).encode()
