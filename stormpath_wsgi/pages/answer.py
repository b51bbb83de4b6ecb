"""The answers of our pages: never stored by a cache, never framed, never sniffed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from webob import Response

from stormpath_wsgi.web.negotiation import HTML, JSON

_HEADERS = {
    "Cache-Control": "no-cache, no-store",
    "Pragma": "no-cache",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: browsers would then send "Origin: null" with our own forms (Fetch, "append a request Origin").
    "Referrer-Policy": "same-origin",
    # Nobody stores it; but what stands between us and a visitor may look at it (RFC 9110, section 12.5.5).
    "Vary": "Accept, Accept-Language",
}


class Answer(Response):
    """A response of ours. Its Location stays a path: which host the browser talks to is not ours to repeat."""

    def __init__(self, text: str = "", media_type: str = HTML, **rest: Any) -> None:
        super().__init__(text.encode(), content_type=f"{media_type}; charset=utf-8", **rest)
        for name, value in _HEADERS.items():
            self.headers.setdefault(name, value)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response(self.status, self.headerlist)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else self.app_iter


def json_answer(document: Mapping[str, Any] | None, status: int = 200) -> Answer:
    """*document* as JSON; None: an empty body."""
    return Answer("" if document is None else json.dumps(document), JSON, status=status)


def redirect(location: str) -> Answer:
    """A redirect to *location*, with status 302."""
    return Answer(status=302, location=location)


def hide_address(answer: Response) -> Response:
    """*answer*, whose address holds a token: a browser tells it to no page that the visitor goes to from there, of this
    site neither, which may write it into a log.
    """
    # The name of the site is sent. Not no-referrer, for the reason above.
    answer.headers["Referrer-Policy"] = "strict-origin"
    return answer
