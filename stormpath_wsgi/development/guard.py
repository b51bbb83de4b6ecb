"""Whom a development server answers: browsers on this machine that no other site has sent."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webob import Response

#: Said in each answer.
WARNING = ("X-Development-Server", "stormpath-wsgi dev; whoever reaches it can sign in as anybody")

#: What a ``Host`` and an ``Origin`` may name (DNS rebinding: another name may lead to this machine as well).
_HERE = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
#: Through what says these of itself anybody may come.
_OF_PROXIES = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP")


class Guard:
    """*app* for browsers on this machine. Others get 403 and a sentence. Each answer says what kind of server it is."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
            told = [*headers, WARNING]
            return start_response(status, told) if exc_info is None else start_response(status, told, exc_info)  # type: ignore[arg-type]  # as it came

        if why := refusal(environ):
            return Response(f"{why}\n", status=403, content_type="text/plain", charset="utf-8")(environ, start)
        return self._app(environ, start)


def is_local(host: str) -> bool:
    """Whether *host*, with or without a port, is a name of this machine that nothing else can have."""
    return _HERE.fullmatch(host) is not None


def is_loopback(address: str) -> bool:
    """Whether nobody but this machine reaches the network *address*, which may be a name."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address.lower() == "localhost"


def refusal(environ: WSGIEnvironment) -> str | None:
    """Why a request is not answered; None: it is."""
    if not is_loopback(environ.get("REMOTE_ADDR", "")) or any(name in environ for name in _OF_PROXIES):
        return "This is a development server. It answers browsers on its own machine, and no proxies or tunnels."
    if not is_local(environ.get("HTTP_HOST", "")):
        return "This is a development server. Open it as localhost or 127.0.0.1: another name may be an attacker's."
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and not is_local(origin.partition("://")[2]):
        return "This is a development server. It takes nothing that a page of another site sends."
    return None
