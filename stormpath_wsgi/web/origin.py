"""Where a request comes from: a page of this site, a page of another one, or no page at all.

Source: Fetch, "append a request Origin"; Fetch Metadata Request Headers, ``Sec-Fetch-Site``.
"""

from __future__ import annotations

from webob import Request

from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.environ import IDENTITY
from stormpath_wsgi.web.identity import Proved

FROM_ELSEWHERE = marked("This request was sent by a page of another site, so nothing was done.")
LOST_PORT = marked(
    "This request comes from another port of this host, so nothing was done. If a proxy in front of this site leaves "
    "the port out of the Host header, let it pass the header on as it came (nginx: proxy_set_header Host $http_host)."
)

_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


def is_deliberate(request: Request) -> bool:
    """Whether no page of another site can have caused *request*: what proves it no browser sends by itself.

    That is an access token. A script has to add it, and may not add it for another site (Fetch, CORS preflight).
    Cookies and Basic credentials browsers send by themselves.
    """
    identity = request.environ.get(IDENTITY)
    return isinstance(identity, Proved) and not identity.kind.sent_by_browsers


def same_origin(request: Request) -> bool | None:
    """Whether a browser says that a page of this site caused *request*; None when nobody says where it comes from."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return None if site == "none" else site == "same-origin"
    origin = request.headers.get("Origin")
    return None if origin is None else _place(origin) == _here(request)


def comes_from_here(request: Request) -> bool:
    """The same, for requests that carry no form token. A client that says nothing is believed."""
    return is_deliberate(request) or same_origin(request) is not False


def elsewhere(request: Request) -> str:
    """What to tell somebody whose browser says that *request* comes from another origin."""
    if "Sec-Fetch-Site" in request.headers:
        return FROM_ELSEWHERE
    host, _, port = (_place(request.headers.get("Origin", "")) or "").rpartition(":")
    return LOST_PORT if port.isdecimal() and host == _here(request) else FROM_ELSEWHERE


def _place(origin: str) -> str | None:
    """Host and port of an *origin*; the port only when it is not the one that its scheme has by default.

    None: it is not the origin of a site.
    """
    scheme, _, place = origin.lower().partition("://")
    return place.removesuffix(_DEFAULT_PORTS[scheme]) or None if scheme in _DEFAULT_PORTS else None


def _here(request: Request) -> str:
    """Host and port as the browser asked for them. Which scheme it spoke we may not know, behind a proxy."""
    host = str(request.host).lower()
    for port in _DEFAULT_PORTS.values():
        host = host.removesuffix(port)
    return host
