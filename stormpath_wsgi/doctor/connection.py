"""The two ways to a site: over a socket to an address of this machine, and by a call in this process.

Both are bounded: in the time that an answer may take, in its bytes, and in the number of requests.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from stormpath_wsgi.errors import ConfigurationError, Unavailable

#: Seconds that an answer may take.
PATIENCE = 10.0
#: Bytes of an answer that are read.
LARGEST = 1_000_000
#: The address of the visitor in a call of this process: no machine has it, so no limit of a real visitor is touched
#: (RFC 5737).
VISITOR = "192.0.2.1"

_COOKIE_PAIR = re.compile(r"\s*([^=;\s]+)=([^;]*)")


class TooSlow(Exception):
    """The site has not answered in time."""


@dataclass(frozen=True)
class Cookie:
    """One ``Set-Cookie`` header. *attributes*: their names in lower case."""

    name: str
    value: str
    attributes: Mapping[str, str]

    @property
    def is_removal(self) -> bool:
        """Whether it takes the cookie away."""
        return not self.value or self.attributes.get("max-age") == "0"


@dataclass(frozen=True)
class Answer:
    """What the site has answered. *path*: what was asked. *seconds*: how long it took."""

    path: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    seconds: float

    def header(self, name: str) -> str:
        """The values of the header *name*, with commas between them; empty: there is none."""
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def cookies(self) -> list[Cookie]:
        """The cookies that it sets or takes away."""
        return [_cookie(value) for name, value in self.headers if name.lower() == "set-cookie"]


def _cookie(text: str) -> Cookie:
    pair, *rest = text.split(";")
    found = _COOKIE_PAIR.match(pair)
    attributes = {name.strip().lower(): value.strip() for name, _, value in (each.partition("=") for each in rest)}
    return Cookie(found[1], found[2].strip(), attributes) if found else Cookie(pair, "", attributes)


class Connection(Protocol):
    """A way to a site. *served*: whether there is a server in between, with headers of its own."""

    origin: str
    served: bool

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Sends one request. *headers* may hold a ``Host``. Raises :class:`TooSlow` and Unavailable."""


class OverNetwork:
    """A site at an *address* of this machine, ``http://…`` or ``https://…``. *allowed*: hosts that may be elsewhere.

    The host is looked up once: what a name leads to later plays no part. Raises ConfigurationError for an address that
    is none, or that is not of this machine.
    """

    served = True

    def __init__(
        self, address: str, allowed: Iterable[str] = (), *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        parts = _parts(address)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._host, self._clock = parts.netloc, clock
        self._tls = _unverified(parts.hostname or "") if parts.scheme == "https" else None
        self._place = _place(parts.hostname or "", parts.port or (443 if self._tls else 80), set(allowed))
        self._name = parts.hostname or ""

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Sends one request on a connection of its own."""
        begun = self._clock()
        try:
            with socket.create_connection(self._place, timeout=PATIENCE) as plain:
                stream = self._tls.wrap_socket(plain, server_hostname=self._name) if self._tls else plain
                with stream:
                    status, found, text = self._exchange(stream, method, path, headers, body)
        except TimeoutError as error:
            raise TooSlow(f"{path} was not answered within {PATIENCE:.0f} seconds.") from error
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{self.origin} cannot be reached: {error}") from error
        return Answer(path, status, found, text, self._clock() - begun)

    def _exchange(
        self, stream: socket.socket, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, tuple[tuple[str, str], ...], str]:
        lines = {"Host": self._host, "Connection": "close", **headers}
        if body or method == "POST":
            lines["Content-Length"] = str(len(body))
        head = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items()), "", ""]
        stream.sendall("\r\n".join(head).encode("latin-1") + body)
        answer = http.client.HTTPResponse(stream, method=method)
        answer.begin()
        # One read after the other has a time limit; all of them together have one as well.
        end, parts, left = self._clock() + PATIENCE, list[bytes](), LARGEST
        while left > 0 and (part := answer.read1(min(left, 65536))):
            parts.append(part)
            left -= len(part)
            if self._clock() > end:
                raise TimeoutError
        return answer.status, tuple(answer.getheaders()), b"".join(parts).decode("utf-8", "replace")


class InProcess:
    """A WSGI application, called in this process as a server behind *origin*, ``https://…``, would call it."""

    served = False

    def __init__(self, app: WSGIApplication, origin: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self.origin, self._clock = app, origin, clock

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Calls the application in a thread of its own: what hangs is left alone."""
        answers: list[Answer] = []
        environ = self._environ(method, path, headers, body)
        thread = threading.Thread(target=lambda: answers.append(self._called(path, environ)), daemon=True)
        thread.start()
        thread.join(PATIENCE)
        if not answers:
            raise TooSlow(f"{path} was not answered within {PATIENCE:.0f} seconds.")
        return answers[0]

    def _called(self, path: str, environ: WSGIEnvironment) -> Answer:
        begun = self._clock()
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, found: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
            started.append((status, found))
            return written.append

        written: list[bytes] = []
        try:
            written += _body(self._app, environ, start)
            status, found = started[-1]
        except Exception as error:  # the application is not ours; a server answers it with 500
            return Answer(path, 500, (), f"{type(error).__name__}: {error}", self._clock() - begun)
        text = b"".join(written)[:LARGEST].decode("utf-8", "replace")
        return Answer(path, int(status.split(" ")[0]), tuple(found), text, self._clock() - begun)

    def _environ(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> WSGIEnvironment:
        parts, (name, _, query) = urlsplit(self.origin), path.partition("?")
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(name).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": parts.hostname or "localhost",
            "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": VISITOR,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": parts.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for key, value in {"Host": parts.netloc, **headers}.items():
            field = key.upper().replace("-", "_")
            environ[field if field == "CONTENT_TYPE" else f"HTTP_{field}"] = value
        return environ


def _body(app: WSGIApplication, environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
    """The parts of the body, until they are :data:`LARGEST` bytes."""
    parts, size, answer = list[bytes](), 0, app(environ, start)
    try:
        for part in answer:
            parts.append(part)
            size += len(part)
            if size > LARGEST:
                break
    finally:
        if close := getattr(answer, "close", None):
            close()
    return parts


def _parts(address: str) -> Any:
    """*address* in its parts. Raises ConfigurationError."""
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.username
    except ValueError:
        good = False
    if not good:
        raise ConfigurationError(f"{address!r} is no address of a site; write one like http://localhost:8000.")
    return parts


def _place(host: str, port: int, allowed: set[str]) -> tuple[str, int]:
    """The address of the *host*. Raises ConfigurationError when it is not of this machine and not *allowed*."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"There is no host {host}.") from error
    addresses = [str(each[4][0]) for each in found]
    if host not in allowed and not all(map(is_here, addresses)):
        raise ConfigurationError(
            f"{host} is another machine ({', '.join(dict.fromkeys(addresses))}). The doctor attacks what it looks at, "
            f"so it looks at sites of this machine only. If {host} is yours: --allow-host {host}"
        )
    return addresses[0], port


def is_here(address: str) -> bool:
    """Whether *address* is one of this machine: a loopback address, or one that a server here could listen at."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if found.is_loopback:
        return True
    if found.is_unspecified or found.is_multicast:
        return False
    family = socket.AF_INET if found.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_STREAM) as attempt:
            attempt.bind((address, 0))
    except OSError:
        return False
    return True


def _unverified(host: str) -> ssl.SSLContext:
    """TLS to this machine, whose certificate may be one of its own making."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
