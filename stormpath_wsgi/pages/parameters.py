"""What a request brings: the query of its address, and its body, which is a form or a JSON document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from webob import Request

from stormpath_wsgi.pages.refusal import Refusal

FORM, JSON = "application/x-www-form-urlencoded", "application/json"

MOST_FIELDS = 200


def read_query(request: Request) -> dict[str, str]:
    """The parameters that are given once. Of one that is given twice, or of a query beyond reading, there is none."""
    text = request.environ.get("QUERY_STRING", "").encode("latin-1").decode(errors="replace")
    try:
        pairs = parse_qsl(text, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}


def media_type(request: Request) -> str:
    """The type of the body, without its parameters."""
    return str(request.content_type).strip().lower()


def read_body(request: Request, limit: int) -> dict[str, Any] | None:
    """The fields of a form, or the members of a JSON object. None: there is no body.

    *limit*: bytes. Raises :class:`Refusal`: 400 for what cannot be read, 413 above the limit, 415 for another type.
    Only the Content-Type decides: a page of another site can post ``text/plain`` unasked, so that is never JSON.
    """
    raw = _read(request, limit)
    if not raw:
        return None
    parse = {FORM: _form, JSON: _document}.get(media_type(request))
    if parse is None:
        raise Refusal("Send a form or JSON.", status=415)
    try:
        members = parse(raw.decode())
        for text in _strings(members):
            _check_storable(text)
    except (ValueError, RecursionError):
        # Not UTF-8, not JSON, a name twice, nested too deep, a number too long to be one, or a NUL somewhere.
        raise Refusal("The request body cannot be read.") from None
    return members


def _read(request: Request, limit: int) -> bytes:
    too_large = Refusal("The request body is too large.", status=413)
    if (request.content_length or 0) > limit:
        raise too_large
    try:
        raw = request.body_file.read(limit + 1)  # a chunked body does not tell its length
    except OSError:
        raise Refusal("The request body ended early.") from None
    if len(raw) > limit:
        raise too_large
    return bytes(raw)


def _form(text: str) -> dict[str, Any]:
    return _unique(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS))


def _document(text: str) -> dict[str, Any]:
    document = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    if not isinstance(document, dict):
        raise ValueError("not an object")
    return document


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers of a name that is there twice could be told two stories.
    pairs = list(pairs)
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is given twice")
    return members


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _strings(document: Any) -> Iterator[str]:
    """Every name and text in it. A generator for each level would hand each text through all levels above it."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _check_storable(text: str) -> None:
    text.encode()  # a lone surrogate is a UnicodeEncodeError, and so a ValueError
    if "\0" in text:
        raise ValueError("NUL")
