"""Servers to talk to over a socket: one that says what a test tells it to, and a real one for a WSGI application."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.serving import WSGIRequestHandler, make_server

from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.directory import open_directory
from support import cheap

#: Instead of an answer: the connection is closed.
DROP = b""


def answer(status: int, document: Any = None, **headers: str) -> bytes:
    """The bytes of an HTTP answer. *document*: JSON, or text to be sent as it is. Header names with underscores."""
    body = document if isinstance(document, str) else "" if document is None else json.dumps(document)
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body]).encode()


def refusal(status: int, code: int | None = None, **headers: str) -> bytes:
    """The bytes of an error answer of the REST API."""
    code = code or status
    body = {"status": status, "code": code, "message": "No.", "developerMessage": f"No, because of {code}."}
    return answer(status, {**body, "moreInfo": "urn:no", "requestId": "r-1"}, **headers)


@dataclass
class Asked:
    """A request as it was sent. Names of headers in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


@dataclass
class Scripted:
    """A server that gives one of *answers* to each request, the last one for ever; it writes down what was *asked*."""

    address: str
    answers: list[bytes] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"{self.address}/v1"

    def talk(self, client: socket.socket, connection: int) -> None:
        with client, client.makefile("rb") as stream, suppress(ConnectionError):
            while line := stream.readline():
                method, target, _ = line.decode().split(" ")
                headers = dict(_headers(stream))
                body = stream.read(int(headers.get("content-length", 0)))
                self.asked.append(Asked(method, target, headers, body, connection))
                said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if said == DROP:
                    return
                client.sendall(said)


def _headers(stream: Any) -> Iterator[tuple[str, str]]:
    while line := stream.readline().strip():
        name, _, value = line.decode().partition(":")
        yield name.lower(), value.strip()


@contextmanager
def scripted(tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """A :class:`Scripted` server on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as plain:
        port = plain.getsockname()[1]
        listener = tls.wrap_socket(plain, server_side=True) if tls else plain
        server = Scripted(f"{'https' if tls else 'http'}://127.0.0.1:{port}")
        threading.Thread(target=_accept, args=(listener, server), daemon=True).start()
        try:
            yield server
        finally:
            with listener, suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # ends the waiting for connections


def _accept(listener: socket.socket, server: Scripted) -> None:
    connections = 0
    while True:
        try:
            client, _ = listener.accept()
        except ssl.SSLError:
            continue  # a client that does not trust us
        except OSError:
            return  # closed: the test is over
        connections += 1
        threading.Thread(target=server.talk, args=(client, connections), daemon=True).start()


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing: what is wrong fails the test."""


@contextmanager
def served(make: Callable[[str], WSGIApplication]) -> Iterator[str]:
    """The address at which the application is served that *make* answers when it is told this address."""
    server = make_server("127.0.0.1", 0, _nothing, threaded=True, request_handler=_Quiet)
    address = f"http://127.0.0.1:{server.port}"
    server.app = make(address)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def served_api(
    url: str, *, behind: Callable[[WSGIApplication], WSGIApplication] = lambda api: api, **rest: Any
) -> Iterator[dict[str, Any]]:
    """The REST API over the directory in the database *url*; answers what opens a client of it. *behind*: what stands
    in front of it. *rest*: options.
    """
    with ExitStack() as opened:
        key: list[str] = []

        def make(address: str) -> WSGIApplication:
            service = opened.enter_context(
                closing(open_directory(url, cheap.options(base_url=f"{address}/v1", **rest)))
            )
            service.bootstrap()
            key.extend(service.issue_api_key())
            return behind(RestAPI(service))

        address = opened.enter_context(served(make))
        yield {"url": f"{address}/v1", "id": key[0], "secret": key[1]}


def _nothing(environ: Any, start_response: Any) -> list[bytes]:
    start_response("404 Not Found", [])
    return []
