"""What a request brings: its path, its query, and its body, read with distrust.

Whatever cannot be read raises :class:`~stormpath_wsgi.errors.Error` with a status below 500: clients send a request
again that was answered with 5xx.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote
from wsgiref.types import WSGIEnvironment

from werkzeug import Request
from werkzeug.exceptions import RequestEntityTooLarge

from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import is_storable

JSON, FORM = "application/json", "application/x-www-form-urlencoded"

DEEPEST = 128  # levels of a document; custom data has its own, lower limit
MOST_PARAMETERS = 100
LONGEST_QUERY = 32_768  # characters; most servers stop at 8190

_ORIGIN = re.compile(r"\A[A-Za-z][0-9A-Za-z+.-]*://[^/?]*")  # a client may send a whole address (RFC 9112, 3.2.2)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

Parameters = dict[str, str]


class Incoming(Request):
    """One request. *max_body*: bytes."""

    def __init__(self, environ: WSGIEnvironment, max_body: int) -> None:
        super().__init__(environ)
        self._max_body = max_body
        # One more than we take: where no length was told Werkzeug cuts the body there without a word.
        self.max_content_length = max_body + 1

    def below(self, mount: str) -> str:
        """The path below *mount*, without the slash between. Raises the 404 for any other, and for no text at all."""
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
        """The path as it was sent, if the server tells; otherwise spelled anew, without knowing what was escaped."""
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
        """The parameters of the query, each of which is there once. Raises 2100 and 2102."""
        if not self.raw_query:
            return {}
        if len(self.raw_query) > LONGEST_QUERY:
            raise fault(Code.QUERY_MALFORMED, f"The query string is longer than {LONGEST_QUERY} characters.")
        try:
            pairs = _parsed(self.raw_query.encode("latin-1"))
        except ValueError:
            raise fault(Code.QUERY_MALFORMED) from None
        return _unique(pairs)

    @cached_property
    def body(self) -> bytes:
        """The whole body. Raises 413 above the limit, whatever length was announced, and 400 when it ends early."""
        try:
            body = self.get_data(cache=False)
        except RequestEntityTooLarge:
            raise fault(Code.TOO_LARGE) from None
        except Exception:  # the server's own, whatever it calls them: a client that hung up, chunks that are none
            raise fault(Code.MALFORMED_REQUEST, "The request body ended early, or its chunks are malformed.") from None
        if len(body) > self._max_body:
            raise fault(Code.TOO_LARGE)
        return body

    def document(self) -> dict[str, Any]:
        """The JSON object in the body; no body is an empty one. Raises 1101 for another type, and 400."""
        if not self.body:
            return {}
        if self.mimetype != JSON:
            raise fault(Code.MEDIA_TYPE_NOT_SUPPORTED, f"The Content-Type of a request body must be {JSON}.")
        try:
            document = json.loads(
                self.body.decode(), object_pairs_hook=_members, parse_constant=_refused, parse_float=_finite
            )
        except (ValueError, RecursionError):
            # Not UTF-8, not JSON, a name twice, a number that is none, or nested so deep that the parser gave up.
            raise fault(Code.MALFORMED_REQUEST, "The request body is not a well-formed JSON document.") from None
        if not isinstance(document, dict):
            raise fault(Code.MALFORMED_REQUEST, "The request body must be a JSON object.")
        _check_depth(document)
        return document

    def fields(self) -> Parameters:
        """The fields of a form, which may be in the body, in the query, or in both. Raises 400, 415, 2100 and 2102."""
        if not self.body:
            return self.parameters
        if self.mimetype != FORM:
            raise fault(Code.MEDIA_TYPE_NOT_SUPPORTED, f"The Content-Type of a request body must be {FORM}.")
        try:
            pairs = _parsed(self.body)
        except ValueError:
            raise fault(Code.MALFORMED_REQUEST, "The request body is not a well-formed form.") from None
        return _unique([*self.parameters.items(), *pairs])

    def _environ(self, name: str) -> str:
        return str(self.environ.get(name) or "")


def _parsed(text: bytes) -> list[tuple[str, str]]:
    """The names and values in *text*. Raises ValueError for what is no UTF-8, badly escaped, or too much."""
    encoded = text.decode()
    if _BAD_ESCAPE.search(encoded):
        raise ValueError("bad escape")
    pairs = parse_qsl(encoded, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    if not all(is_storable(name) and is_storable(value) for name, value in pairs):
        raise ValueError("characters that cannot be stored")
    return pairs


def _unique(pairs: list[tuple[str, str]]) -> Parameters:
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise fault(Code.PARAMETER_TWICE)
    return parameters


def _members(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers of a name that is there twice could be told two stories.
    pairs = list(pairs)
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is given twice")
    return members


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond every float")
    return number


def _check_depth(document: Any) -> None:
    """Level by level: what is nested deeper than we go is never walked by recursion."""
    level = [document]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise fault(Code.MALFORMED_REQUEST, f"The request body is nested deeper than {DEEPEST} levels.")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
