"""Whom a development server answers: browsers on this machine that know its key, and that no other site has sent."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webob import Request, Response

from stormpath_wsgi.pages.answer import hide_address, redirect

#: The address of the panel. With the key in its query it opens the server for a browser.
PANEL = "/_stormpath/"
#: What the key is called in the query.
KEY = "key"

#: Said in each answer.
WARNING = ("X-Development-Server", "stormpath-wsgi dev; whoever reaches it can sign in as anybody")

#: What a ``Host`` and an ``Origin`` may name (DNS rebinding: another name may lead to this machine as well).
_HERE = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
#: Through what says these of itself anybody may come.
_OF_PROXIES = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP")

_LOCKED = (
    "This is a development server, and this browser has not opened it yet. Open the address with ?key= that the "
    "command stormpath-wsgi dev has printed. Another name of this machine, such as localhost for 127.0.0.1, has to be "
    "opened with the key as well."
)
#: The key in an address, for a log.
_IN_ADDRESS = re.compile(rf"\b{KEY}=[^&\s]*")


class Guard:
    """*app* for browsers on this machine that know the *key*. Others get 403 and a sentence. Each answer says what kind
    of server it is.

    The address of the panel with the key is opened once. It leaves the key in a cookie, and leads to the panel without
    it. A proxy in front of us may say nothing of itself: then only the key tells its visitors from this machine's.
    """

    def __init__(self, app: WSGIApplication, key: str) -> None:
        self._app, self._key = app, key

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], object]:
            told = [*headers, WARNING]
            return start_response(status, told) if exc_info is None else start_response(status, told, exc_info)  # type: ignore[arg-type]  # as it came

        if why := refusal(environ):
            return _refused(why)(environ, start)
        if self._is(Request(environ).cookies.get(_cookie(environ), "")) or _is_preflight(environ):
            return self._app(environ, start)
        if environ.get("PATH_INFO") == PANEL and self._is(_key_in_query(environ)):
            return self._opened(_cookie(environ))(environ, start)
        return _refused(_LOCKED)(environ, start)

    def _is(self, told: str) -> bool:
        return hmac.compare_digest(told.encode(errors="replace"), self._key.encode())

    def _opened(self, cookie: str) -> Response:
        """Leads to the panel, with the key in a cookie and not in the address."""
        answer = hide_address(redirect(PANEL))
        answer.set_cookie(cookie, self._key, httponly=True, samesite="Strict")
        return answer


def opening(link: str, key: str) -> str:
    """What a browser opens first, of the server at *link*."""
    return f"{link}{PANEL}?{KEY}={key}"


def without_key(text: str) -> str:
    """*text*, such as the path of a request, without a key in its query."""
    return _IN_ADDRESS.sub(f"{KEY}=***", text)


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


def _refused(why: str) -> Response:
    return Response(f"{why}\n", status=403, content_type="text/plain", charset="utf-8")


def _cookie(environ: WSGIEnvironment) -> str:
    """The name of the cookie. A browser has one jar for all ports of a machine, so each server has its own name."""
    return f"stormpath-development-{environ['SERVER_PORT']}"


def _key_in_query(environ: WSGIEnvironment) -> str:
    return dict(parse_qsl(str(environ.get("QUERY_STRING", "")))).get(KEY, "")


def _is_preflight(environ: WSGIEnvironment) -> bool:
    """Whether a browser only asks whether a script may send a request, which it always does without cookies (Fetch
    Standard, 3.3.6). The request itself needs the cookie.
    """
    asks = "HTTP_ORIGIN" in environ and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    return asks and environ["REQUEST_METHOD"] == "OPTIONS"
