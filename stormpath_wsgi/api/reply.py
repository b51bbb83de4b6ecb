"""What a request is answered with: a status, headers and a body that is ready. Each costs a fraction of what a response
costs that can do more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

#: The first line of an answer, without the version, by status.
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Reply:
    """An answer as a WSGI application. *content_type*: None: there is no body. Headers may be added to it."""

    __slots__ = ("_body", "headers", "status")

    def __init__(
        self,
        body: bytes = b"",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        *,
        content_type: str | None = None,
    ) -> None:
        self._body, self.status = body, status
        self.headers = {} if content_type is None else {"Content-Type": content_type}
        if status != HTTPStatus.NO_CONTENT:
            self.headers["Content-Length"] = str(len(body))
        self.headers |= headers or {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response(_LINES[self.status], list(self.headers.items()))
        return () if environ["REQUEST_METHOD"] == "HEAD" else (self._body,)
