"""A site with large files: what is brought is counted, what is fetched is a file or made step by step. For gunicorn."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import HTTPException
from werkzeug.utils import send_file

from stormpath_wsgi import StormpathMiddleware

SIZE = 200_000_000  # bytes
BLOCK = bytes(100_000)


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    match environ["PATH_INFO"]:
        case "/file":
            return _file(environ)(environ, start_response)
        case "/made":
            start_response("200 OK", [("Content-Type", "application/zip")])
            return _made()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d bytes" % _count(environ)]


def _file(environ: WSGIEnvironment) -> WSGIApplication:
    try:
        return send_file(os.environ["LARGE_FILE"], environ, mimetype="application/zip", conditional=True)
    except HTTPException as refusal:
        return refusal


def _made() -> Iterator[bytes]:
    for _ in range(SIZE // len(BLOCK)):
        yield BLOCK


def _count(environ: WSGIEnvironment) -> int:
    count = 0
    while block := environ["wsgi.input"].read(len(BLOCK)):
        count += len(block)
    return count


application = StormpathMiddleware(app, protect={"/": {"policy": "login", "challenge": "basic"}})
