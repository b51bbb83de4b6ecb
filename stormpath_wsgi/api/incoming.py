"""Reading a request strictly: its path, its query and its body.

Anything that cannot be read raises :class:`~stormpath_wsgi.errors.Error` with a status below 500, because clients
repeat a request that was answered with 5xx.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any
from urllib.parse import quote
from wsgiref.types import WSGIEnvironment

from werkzeug import Request

from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import is_storable
from stormpath_wsgi.web import bodies
from stormpath_wsgi.web.bodies import FORM, JSON

DEEPEST = 128  # levels of a document; custom data has its own, lower limit
MOST_PARAMETERS = 100
LONGEST_QUERY = 32_768  # characters; most servers stop at 8190

_ORIGIN = re.compile(r"\A[A-Za-z][0-9A-Za-z+.-]*://[^/?]*")  # a client may send a whole address (RFC 9112, 3.2.2)

Parameters = dict[str, str]


class Incoming:
    """One request. *max_body*: the highest number of bytes of its body."""

    def __init__(self, environ: WSGIEnvironment, max_body: int) -> None:
        self.environ, self._max_body = environ, max_body
        #: The method, in capital letters.
        self.method = str(environ["REQUEST_METHOD"]).upper()

    @cached_property
    def _whole(self) -> Request:
        """Werkzeug's request, which is made for what most requests do not need."""
        return Request(self.environ)

    @property
    def path(self) -> str:
        """The path below where the server has this application, also if it is no text."""
        return self._whole.path

    def below(self, mount: str) -> str:
        """The path below *mount*, without the slash between them. Raises a 404 for a path elsewhere, and for bytes that
        are no text.
        """
        path = self._environ("SCRIPT_NAME") + self._environ("PATH_INFO")
        try:
            text = path.encode("latin-1").decode()
        except UnicodeDecodeError:
            raise fault(Code.NOT_FOUND) from None
        if not text.startswith(mount + "/") or not is_storable(text):
            raise fault(Code.NOT_FOUND)
        return text[len(mount) + 1 :]

    @property
    def raw_path(self) -> str:
        """The path as it was sent, if the server tells it. Otherwise it is encoded anew from the decoded path."""
        target = self._environ("RAW_URI") or self._environ("REQUEST_URI")
        if target:
            return _ORIGIN.sub("", target).partition("?")[0]
        return quote(
            (self._environ("SCRIPT_NAME") + self._environ("PATH_INFO")).encode("latin-1"), safe="/-_.~!$&'()*+,;=:@"
        )

    @property
    def raw_query(self) -> str:
        """The query as it was sent."""
        return self._environ("QUERY_STRING")

    @cached_property
    def parameters(self) -> Parameters:
        """The parameters of the query, each of which must come once only. Raises 2100 and 2102."""
        if not self.raw_query:
            return {}
        if len(self.raw_query) > LONGEST_QUERY:
            raise fault(Code.QUERY_MALFORMED, f"The query string is longer than {LONGEST_QUERY} characters.")
        try:
            pairs = bodies.form(self.raw_query.encode("latin-1"), most=MOST_PARAMETERS)
        except bodies.Unreadable:
            raise fault(Code.QUERY_MALFORMED) from None
        return _unique(pairs)

    @cached_property
    def body(self) -> bytes:
        """The whole body. Raises 413 above the limit, whatever length was announced, and 400 when it ends early."""
        try:
            return bodies.read(self._whole.stream.read, self._max_body, self._whole.content_length)
        except bodies.TooLarge:
            raise fault(Code.TOO_LARGE) from None
        except bodies.EndedEarly:
            raise fault(Code.MALFORMED_REQUEST, "The request body ended early, or its chunks are malformed.") from None

    def document(self) -> dict[str, Any]:
        """The JSON object in the body; an empty object without a body.

        Raises 1101 for another media type, and a 400.
        """
        if not self.body:
            return {}
        if self._whole.mimetype != JSON:
            raise fault(Code.MEDIA_TYPE_NOT_SUPPORTED, f"The Content-Type of a request body must be {JSON}.")
        try:
            return bodies.document(self.body, deepest=DEEPEST)
        except bodies.NotAnObject:
            says = "The request body must be a JSON object."
        except bodies.TooDeep:
            says = f"The request body is nested deeper than {DEEPEST} levels."
        except bodies.Unreadable:
            says = "The request body is not a well-formed JSON document."
        raise fault(Code.MALFORMED_REQUEST, says)

    def fields(self) -> Parameters:
        """The fields of a form, in the body, in the query, or in both. Raises 400, 415, 2100 and 2102."""
        if not self.body:
            return self.parameters
        if self._whole.mimetype != FORM:
            raise fault(Code.MEDIA_TYPE_NOT_SUPPORTED, f"The Content-Type of a request body must be {FORM}.")
        try:
            pairs = bodies.form(self.body, most=MOST_PARAMETERS)
        except bodies.Unreadable:
            raise fault(Code.MALFORMED_REQUEST, "The request body is not a well-formed form.") from None
        return _unique([*self.parameters.items(), *pairs])

    def _environ(self, name: str) -> str:
        return str(self.environ.get(name) or "")


def _unique(pairs: list[tuple[str, str]]) -> Parameters:
    try:
        return bodies.unique(pairs)
    except bodies.GivenTwice:
        raise fault(Code.PARAMETER_TWICE) from None
