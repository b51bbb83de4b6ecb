"""How one request reaches a server and its answer comes back: connections, time limits, sizes. Knows no Stormpath."""

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

#: Seconds to wait for a connection to be made, and for the next bytes of an answer.
CONNECT, READ = 3.05, 10.0
#: Connections kept open in one process; more are made when needed, and closed after use.
POOL = 100
#: Bytes of the largest answer taken: a page of accounts with some custom data each is a few hundred thousand.
LARGEST = 64 * 1024 * 1024
_CHUNK = 64 * 1024


class Unreached(Exception):
    """There is no answer. The text says why, without the address: there may be a token in it."""

    def __init__(self, reason: str, *, sent: bool, again: bool = True) -> None:
        super().__init__(reason)
        #: Whether the server may have got the request, and have done what it asks for.
        self.sent = sent
        #: Whether another try may end otherwise.
        self.again = again


@dataclass(frozen=True)
class Reply:
    """What a server answered. *headers* are looked up in any case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Transport:
    """Connections to one server, kept open between requests.

    Threads and greenlets may share it, and forked processes: each makes connections of its own, because two that
    wrote to one would read each other's answers. Certificates are always verified, against *ca_bundle* (a file),
    or what ``REQUESTS_CA_BUNDLE`` names, or the usual authorities. *proxies* are those of ``requests``; without them
    ``HTTPS_PROXY`` and ``NO_PROXY`` count.
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
        """The answer to one request, whatever its status; redirects are not followed. It may take *seconds* in all.

        Raises :class:`Unreached`.
        """
        end = self._clock() + seconds
        # Not through the session's own ``request``: that would look into ~/.netrc for another Authorization.
        request = requests.Request(method, url, headers=dict(headers), data=body).prepare()
        pool = self._open()
        limits = (min(CONNECT, seconds), min(READ, seconds))
        try:
            with pool.session.send(request, timeout=limits, allow_redirects=False, **pool.options) as response:
                return Reply(response.status_code, response.headers, self._read(response, end))
        except (requests.RequestException, HTTPError, OSError) as error:
            # Not chained: the errors of requests carry the request, and with it what proves who we are.
            untrusted = isinstance(error, requests.exceptions.SSLError)
            raise Unreached(_reason(error), sent=not _is_unsent(error), again=not untrusted) from None

    def close(self) -> None:
        """Close the connections that no request is using. The next request opens new ones."""
        pool, self._pool = self._pool, None
        if pool is not None and pool.process == os.getpid():
            pool.session.close()

    def _open(self) -> _Pool:
        # Two threads may get here at once; the pool of one of them is then used for one request only.
        pool = self._pool
        if pool is None or pool.process != os.getpid():
            pool = self._pool = _Pool(self._base_url, self._proxies, self._ca_bundle)
        return pool

    def _read(self, response: requests.Response, end: float) -> bytes:
        """The body. The limit on reading is for the next bytes only, so a server that drips is cut off here."""
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
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # it is shared, and has no use for any
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=POOL))
        # Once: it goes through the whole environment.
        self.options: Mapping[str, Any] = self.session.merge_environment_settings(
            base_url, proxies, stream=True, verify=ca_bundle, cert=None
        )


def _is_unsent(error: Exception) -> bool:
    """Whether no byte of the request can have arrived: there was no connection."""
    cause = _cause(error)
    return isinstance(error, requests.ConnectTimeout) or isinstance(cause, NewConnectionError)


def _reason(error: Exception) -> str:
    return str(_cause(error)) or type(error).__name__


def _cause(error: Exception) -> object:
    """What urllib3 says happened; what requests makes of it names the path as well."""
    cause = error.args[0] if error.args else error
    return cause.reason or cause if isinstance(cause, MaxRetryError) else cause
