"""Django's test client, sent through our middleware.

That client calls Django directly, and no WSGI application is in between. Here it is sent through the middleware of the
site first, as a server would do it, and still gets Django's own response, with its templates and context.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from stormpath_wsgi.middleware import StormpathMiddleware


def go_through(client: Any, middleware: StormpathMiddleware) -> None:
    """Have each request of *client*, a ``django.test.Client``, pass *middleware*. Doing it twice does no harm."""
    if not isinstance(client.handler, _Through):
        client.handler = _Through(client.handler, middleware)


class _Through:
    """What the client calls: environ in, Django's response out."""

    def __init__(self, handler: Any, middleware: StormpathMiddleware) -> None:
        self._handler, self._middleware = handler, middleware

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handler, name)

    def __call__(self, environ: WSGIEnvironment) -> Any:
        of_django: list[Any] = []

        def django(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            response = self._handler(environ)
            of_django.append(response)
            start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
            return []

        answer: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            answer.append((status, headers))
            return lambda data: None

        body = b"".join(self._middleware.around(django)(environ, start))
        status, headers = int(answer[-1][0][:3]), answer[-1][1]
        # The middleware may have sent a page of its own in place of a 401.
        response = next((each for each in of_django if each.status_code == status), None)
        return _response(response, status, headers, body, environ)


def _response(response: Any, status: int, headers: list[tuple[str, str]], body: bytes, environ: WSGIEnvironment) -> Any:
    """The response of Django with the *headers* that the middleware sends; without one, the middleware's own."""
    from django.core.handlers.wsgi import WSGIRequest
    from django.http import HttpResponse

    if response is None:
        response = HttpResponse(body, status=status)
        response.wsgi_request = WSGIRequest(environ)
    for name, value in headers:
        if name.lower() == "set-cookie":
            response.cookies.load(value)
        else:
            response[name] = value
    return response
