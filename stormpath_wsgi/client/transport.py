"""Sending one request to a server and reading its answer: connections, time limits, sizes.

It knows nothing of Stormpath.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

#: Seconds to wait for a connection, and for the next bytes of an answer.
CONNECT, READ = 3.05, 10.0
#: The number of connections that one process keeps open. More are made when needed, and closed after use.
POOL = 100
#: The highest number of bytes of an answer. A page of accounts with some custom data each has a few hundred thousand.
LARGEST = 64 * 1024 * 1024
_CHUNK = 64 * 1024


class Unreached(Exception):
    """There is no answer. The text says why; it does not repeat the address, which may contain a token."""

    def __init__(self, reason: str, *, sent: bool, again: bool = True) -> None:
        super().__init__(reason)
        #: Whether the server may have got the request and carried it out.
        self.sent = sent
        #: Whether another try may succeed.
        self.again = again


@dataclass(frozen=True)
class Reply:
    """The answer of a server. *headers*: upper and lower case of the names make no difference."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Transport:
    """Connections to one server, kept open between requests.

    Threads, greenlets and forked processes may share it. Each process makes connections of its own: two processes on
    one connection would read each other's answers. Certificates are always verified, with *ca_bundle* (a file), or the
    file in ``REQUESTS_CA_BUNDLE``, or the usual authorities. *proxies*: as for ``requests``; without them the
    environment variables ``HTTPS_PROXY`` and ``NO_PROXY`` are used. *clock*: returns seconds, like
    :func:`time.monotonic`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        proxies: Mapping[str, str] | None = None,
        ca_bundle: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base_url, self._proxies, self._ca_bundle = base_url, dict(proxies or {}), ca_bundle
        self._clock = clock
        self._pool: _Pool | None = None

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, seconds: float) -> Reply:
        """Sends one request, and returns the answer, whatever its status. Redirects are not followed.

        *seconds*: the highest number for all of it. Raises :class:`Unreached`.
        """
        end = self._clock() + seconds
        # The session's own ``request`` is not used: it could take another Authorization header from ~/.netrc.
        request = requests.Request(method, url, headers=dict(headers), data=body).prepare()
        pool = self._open()
        limits = (min(CONNECT, seconds), min(READ, seconds))
        try:
            with pool.session.send(request, timeout=limits, allow_redirects=False, **pool.options) as response:
                return Reply(response.status_code, response.headers, self._read(response, end))
        except (requests.RequestException, HTTPError, OSError) as error:
            # The error is not chained: errors of requests contain the request, and with it our credentials.
            untrusted = isinstance(error, requests.exceptions.SSLError)
            raise Unreached(_reason(error), sent=not _is_unsent(error), again=not untrusted) from None

    def close(self) -> None:
        """Closes the connections that no request is using. The next request opens new ones."""
        pool, self._pool = self._pool, None
        if pool is not None and pool.process == os.getpid():
            pool.session.close()

    def _open(self) -> _Pool:
        # Two threads may make a pool at the same time. The pool of one of them is then used for one request only.
        pool = self._pool
        if pool is None or pool.process != os.getpid():
            pool = self._pool = _Pool(self._base_url, self._proxies, self._ca_bundle)
        return pool

    def _read(self, response: requests.Response, end: float) -> bytes:
        """The body. The time limit of requests is for the next bytes only, so this stops a server that sends slowly."""
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK, decode_content=False):
            body += chunk
            if len(body) > LARGEST:
                raise Unreached(f"the answer is larger than {LARGEST} bytes", sent=True, again=False)
            if self._clock() > end:
                raise Unreached("the answer took too long", sent=True)
        return bytes(body)


class _Pool:
    """The connections of one process."""

    def __init__(self, base_url: str, proxies: dict[str, str], ca_bundle: str | None) -> None:
        self.process = os.getpid()
        self.session = requests.Session()
        # No cookies are kept: the session is shared by all requests.
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=POOL))
        # Called once, because it reads the whole environment.
        self.options: Mapping[str, Any] = self.session.merge_environment_settings(
            base_url, proxies, stream=True, verify=ca_bundle, cert=None
        )


def _is_unsent(error: Exception) -> bool:
    """Whether the server cannot have got any byte of the request, because there was no connection."""
    cause = _cause(error)
    return isinstance(error, requests.ConnectTimeout) or isinstance(cause, NewConnectionError)


def _reason(error: Exception) -> str:
    return str(_cause(error)) or type(error).__name__


def _cause(error: Exception) -> object:
    """The error of urllib3 behind an error of requests, whose own text contains the path."""
    cause = error.args[0] if error.args else error
    return cause.reason or cause if isinstance(cause, MaxRetryError) else cause
