"""The one way in which requests leave for providers.

Who sets up a provider chooses where a request goes, and so may a provider itself. So each is bounded: https only, no
address of a private network, the address that was looked at is the one that is connected to, no redirect, one limit for
the time of all of it and one for its size, JSON only, and nobody waits for a host that has just not answered.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import json
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError, ReadTimeoutError
from urllib3.util import Timeout
from urllib3.util.connection import create_connection

from stormpath_wsgi.breaker import Breaker
from stormpath_wsgi.settings.providers import ProvidersSettings

#: The highest number of bytes of an answer.
LARGEST = 1024 * 1024
#: Seconds for which nobody asks a host that has not answered.
REST = 5.0
#: The highest number of hosts of which it is known whether they answer.
_HOSTS = 256
_CHUNK = 64 * 1024

#: Finds the addresses of a host and a port, in order, each with its own port.
Find = Callable[[str, int], list[tuple[str, int]]]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Addresses of IPv4 in those of IPv6, where a network has only the latter (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
#: Networks that not every Python knows as special: relays of 6to4 (RFC 7526), documentation (RFC 9637) and segment
#: routing (RFC 9602).
_SPECIAL = tuple(map(ipaddress.ip_network, ("192.88.99.0/24", "3fff::/20", "5f00::/16")))


class Unanswered(Exception):
    """There is no answer that can be used. The text says why, in a sentence that follows the name of the provider; it
    does not repeat the address, which may hold a token.
    """


class PrivateAddress(Exception):
    """A host has only addresses that must not be asked."""


class Port:
    """Sends requests to providers. Threads and forked processes may share it: it keeps no connection open.

    *find*: finds the addresses of a host; None: the system does. *clock*: seconds, like :func:`time.monotonic`.
    """

    def __init__(
        self,
        settings: ProvidersSettings,
        *,
        find: Find | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._seconds = settings.timeout.total_seconds()
        self._clock = clock
        self._breakers: OrderedDict[str, Breaker] = OrderedDict()
        self._adapter = _Adapter(find or addresses_of, settings.private_addresses)
        proxy = settings.proxy and settings.proxy.get_secret_value()
        self._options: Mapping[str, Any] = {
            "stream": True,
            "verify": str(settings.ca_bundle) if settings.ca_bundle else True,
            "proxies": {"https": proxy} if proxy else {},
        }

    def equip(self, session: requests.Session) -> None:
        """Makes *session* send all that it sends through here. Nothing of the environment counts for it."""
        session.trust_env = False  # no HTTPS_PROXY, and no other Authorization out of ~/.netrc
        session.headers.update({"Accept": "application/json", "User-Agent": "stormpath-wsgi"})
        for scheme in list(session.adapters):
            del session.adapters[scheme]
        session.mount("", _Door(self))

    def ask(self, method: str, url: str, **what: Any) -> requests.Response:
        """Sends one request, as :func:`requests.request` takes it. Raises :class:`Unanswered`."""
        if not self.may_ask(url):
            raise Unanswered(_NOT_HTTPS)
        session = requests.Session()
        self.equip(session)
        return session.request(method, url, **what)

    def document(self, url: str, **what: Any) -> dict[str, Any]:
        """The JSON object at *url*. Raises :class:`Unanswered`, for an answer that is an error, too."""
        answer = self.ask("GET", url, **what)
        if answer.status_code != 200:
            raise Unanswered(f"answers with {status_of(answer)}.")
        return document_of(answer)

    def may_ask(self, url: str) -> bool:
        """Whether *url* is one that requests and browsers may be sent to: https, or http to this machine where private
        addresses may be asked.
        """
        with suppress(ValueError, requests.RequestException):
            requests.Request("GET", url).prepare()  # which raises for what is no address to requests
            address = urlsplit(url)
            if not address.hostname or address.username is not None or address.port == 0:
                return False
            return address.scheme == "https" or (address.scheme == "http" and self.settings.private_addresses)
        return False

    def send(self, request: requests.PreparedRequest) -> requests.Response:
        """The whole answer to *request*. Raises :class:`Unanswered`."""
        url = request.url or ""
        if not self.may_ask(url):
            raise Unanswered(_NOT_HTTPS)
        host = urlsplit(url).hostname or ""
        breaker = self._breaker(host)
        if breaker.refuses():
            raise Unanswered(f"is not asked: {host} has not answered a moment ago.")
        try:
            answer = self._exchange(request)
        except PrivateAddress:
            breaker.answered()
            raise Unanswered((_PRIVATE if url.startswith("https:") else _PLAIN).format(host=host)) from None
        except ValueError:
            # It says nothing about the host: it was not asked. What cannot be sent is not repeated: it may be a token.
            breaker.answered()
            raise Unanswered("cannot be asked: what is to be sent has characters that no request may have.") from None
        except (requests.RequestException, HTTPError, OSError, http.client.HTTPException) as error:
            breaker.hung()
            # Not chained: errors of requests hold the request, and with it secrets.
            raise Unanswered(f"cannot be reached at {host}: {_reason(error)}.") from None
        except BaseException:
            breaker.answered()
            raise
        breaker.answered()
        return _usable(answer)

    def _exchange(self, request: requests.PreparedRequest) -> requests.Response:
        # The time for one read is that for all of the answer, see _Answer.
        request.headers.update({"Accept-Encoding": "identity", "Connection": "close"})
        limits: Any = Timeout(total=self._seconds)  # which the types of requests do not know
        with self._adapter.send(request, timeout=limits, **self._options) as answer:
            body = _read(answer)
        answer.raw = io.BytesIO(body)
        return answer

    def _breaker(self, host: str) -> Breaker:
        """What is known of *host*. Two threads may make one at the same moment, of which one is then forgotten."""
        breaker = self._breakers.get(host)
        if breaker is None:
            breaker = self._breakers[host] = Breaker(2 * self._seconds, rest=REST, clock=self._clock)
            if len(self._breakers) > _HOSTS:
                with suppress(KeyError):
                    self._breakers.popitem(last=False)
        return breaker


def addresses_of(host: str, port: int) -> list[tuple[str, int]]:
    """The addresses of *host*, as the system knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((str(place[0]), port) for *_, place in found))


def is_public(address: _Address) -> bool:
    """Whether *address* is one of the internet, and no part of it leads elsewhere."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_reserved or address.is_site_local or address.teredo is not None:
            return False
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast


def status_of(answer: requests.Response) -> str:
    """The status of an answer in words, such as ``401 Unauthorized``."""
    return f"{answer.status_code} {http.client.responses.get(answer.status_code, '')}".rstrip()


def document_of(answer: requests.Response) -> dict[str, Any]:
    """The JSON object that *answer* holds. Raises :class:`Unanswered`."""
    document = value_of(answer)
    if not isinstance(document, dict):
        raise Unanswered("answers with JSON that is no object.")
    return document


def value_of(answer: requests.Response) -> Any:
    """The JSON value that *answer* holds. Raises :class:`Unanswered`."""
    try:
        return parsed(answer.content)
    except ValueError:
        type = answer.headers.get("Content-Type", "").partition(";")[0].strip()[:100]
        said = f"with {type}" if type and "json" not in type else "with text"
        raise Unanswered(f"answers {said} that is no JSON.") from None


def parsed(data: bytes | str) -> Any:
    """The JSON value in *data*. Raises ValueError, for what no database stores as text or as a number, too."""
    try:
        value = json.loads(data, parse_constant=_no_number)
        written = json.dumps(
            value, ensure_ascii=False, allow_nan=False
        )  # raises ValueError for 1e999, which is infinite
    except RecursionError:
        raise ValueError("nested too deeply") from None
    written.encode()  # raises UnicodeEncodeError, a ValueError, for half of a character
    if "\\u0000" in written:
        raise ValueError("a text with NUL")
    return value


class _Door(requests.adapters.BaseAdapter):
    """What a session sends with: the port."""

    def __init__(self, port: Port) -> None:
        super().__init__()
        self._port = port

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        """The answer to *request*, whatever the session says of limits, certificates and proxies."""
        return self._port.send(request)

    def close(self) -> None:
        """Nothing is open."""


class _Adapter(HTTPAdapter):
    """Connects where *find* says, if that may be asked."""

    def __init__(self, find: Find, private: bool) -> None:
        def reach_tls(host: str, port: int) -> list[tuple[str, int]]:
            return _allowed(find(host, port), (lambda _: True) if private else is_public)

        def reach_plain(host: str, port: int) -> list[tuple[str, int]]:
            return _allowed(find(host, port), lambda address: address.is_loopback)

        self._straight = _pools(reach_tls, reach_plain)
        self._through_proxy = _pools(addresses_of, addresses_of)
        super().__init__(pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        """The pools of requests that go straight to a provider."""
        super().init_poolmanager(*args, **keywords)
        self.poolmanager.pool_classes_by_scheme = self._straight

    def proxy_manager_for(self, proxy: Any, **keywords: Any) -> Any:
        """The pools of requests that go through a proxy, which looks up the names of providers itself."""
        manager = super().proxy_manager_for(proxy, **keywords)
        manager.pool_classes_by_scheme = self._through_proxy
        return manager


class _Answer(http.client.HTTPResponse):
    """An answer that is there, all of it, in the time that its socket has for one read.

    Otherwise a server could send a byte now and then, and nobody would ever give up.
    """

    def __init__(self, sock: socket.socket, *args: Any, **keywords: Any) -> None:
        super().__init__(sock, *args, **keywords)
        self.fp = io.BufferedReader(_Bounded(sock, self.fp.detach()))


class _Bounded(io.RawIOBase):
    """Reads *stream*, the raw one of *sock*, until the time is over that *sock* has for one read."""

    def __init__(self, sock: socket.socket, stream: io.RawIOBase) -> None:
        super().__init__()
        self._sock, self._stream = sock, stream
        self._end = time.monotonic() + (sock.gettimeout() or 0)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """As of any raw stream. Raises TimeoutError."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        read: int | None = self._stream.readinto(buffer)
        return read

    def close(self) -> None:
        """Closes the stream, and with it our part of the socket."""
        self._stream.close()
        super().close()


class _Careful:
    """A connection of urllib3 to an address that *reach* has found."""

    reach: ClassVar[Callable[[str, int], list[tuple[str, int]]]]
    host: str
    port: int
    timeout: Any
    socket_options: Any

    def _new_conn(self) -> socket.socket:
        """Connects, with one time-limit for all addresses. Raises what urllib3 expects, or PrivateAddress."""
        end, failed = time.monotonic() + self.timeout, "it has no address"
        try:
            for place in type(self).reach(self.host, self.port):
                try:
                    left = max(0.001, end - time.monotonic())
                    return create_connection(place, left, socket_options=self.socket_options)
                except OSError as error:
                    failed = str(error)
        except (OSError, UnicodeError) as error:
            failed = str(error)
        connection: Any = self
        raise NewConnectionError(connection, failed)


def _pools(reach_tls: Find, reach_plain: Find) -> dict[str, type[HTTPConnectionPool]]:
    return {
        "https": _pool(HTTPSConnectionPool, HTTPSConnection, reach_tls),
        "http": _pool(HTTPConnectionPool, HTTPConnection, reach_plain),
    }


def _pool(base: type[HTTPConnectionPool], connection: type[HTTPConnection], reach: Find) -> type[HTTPConnectionPool]:
    """A class of pools like *base* whose connections reach only what *reach* finds."""
    careful = type("Connection", (_Careful, connection), {"reach": staticmethod(reach), "response_class": _Answer})
    return type("Pool", (base,), {"ConnectionCls": careful})


def _allowed(found: list[tuple[str, int]], may_reach: Callable[[_Address], bool]) -> list[tuple[str, int]]:
    """Those of *found* that may be asked. Raises :class:`PrivateAddress` where none may."""
    allowed = [place for place in found if may_reach(ipaddress.ip_address(place[0].partition("%")[0]))]
    if found and not allowed:
        raise PrivateAddress
    return allowed


def _read(answer: requests.Response) -> bytes:
    """The body, as it was sent. Raises :class:`Unanswered` for one that is too large."""
    body = bytearray()
    while chunk := answer.raw.read(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > LARGEST:
            raise Unanswered(f"answers with more than {LARGEST} bytes.")
    return bytes(body)


def _usable(answer: requests.Response) -> requests.Response:
    """*answer*. Raises :class:`Unanswered` where the server has too much to do, or sends elsewhere."""
    if answer.status_code >= 500 or answer.status_code == 429:
        raise Unanswered(f"answers with {status_of(answer)}.")
    if 300 <= answer.status_code < 400:
        raise Unanswered("redirects to another address, which is not followed.")
    return answer


def _reason(error: Exception) -> str:
    """Why there was no answer. What requests says of it holds the path; the error of urllib3 behind it does not."""
    cause = error.args[0] if error.args else error
    cause = (cause.reason if isinstance(cause, MaxRetryError) else cause) or error
    late = isinstance(cause, TimeoutError | requests.Timeout | ReadTimeoutError | ConnectTimeoutError)
    if late and not isinstance(cause, NewConnectionError):  # which is one of them to urllib3
        return "there was no answer in time"
    # Behind the name of the connection.
    return (str(cause).rpartition("): ")[2] or type(cause).__name__).rstrip(".")[:300]


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number in JSON")


_NOT_HTTPS = "has an address that is not https://."
_PLAIN = "is not asked: {host} is not this machine, so its address has to begin with https://."
_PRIVATE = (
    "is not asked: {host} has an address of a private network or of this machine. Set providers.privateAddresses to "
    "true if that is meant."
)
