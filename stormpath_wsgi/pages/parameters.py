"""What a request brings to a page: the query of its address, and its body, which is a form or a JSON document."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from webob import Request

from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web import bodies
from stormpath_wsgi.web.bodies import FORM, JSON

#: The parameter with a mailed token, and what a program is told that sends none.
TOKEN = "sptoken"  # noqa: S105 - its name, and no token
NO_TOKEN = marked("sptoken parameter not provided.")

#: How the address of the account page says that a password was found on the list of stolen ones at the sign-in.
STOLEN = {"change": "password", "status": "stolen"}

MOST_FIELDS = 200
#: Levels of a document.
DEEPEST = 1000


def read_query(request: Request) -> dict[str, str]:
    """The parameters that are given once. Of one that is given twice, or of a query beyond reading, there is none."""
    text = request.environ.get("QUERY_STRING", "").encode("latin-1").decode(errors="replace")
    try:
        pairs = parse_qsl(text, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}


def mailed_token(request: Request) -> str | None:
    """The token in the address of a page to which the link in a mail leads."""
    return read_query(request).get(TOKEN)


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
        raise Refusal(marked("Send a form or JSON."), status=415)
    try:
        return parse(raw)
    except bodies.Unreadable:
        raise Refusal(marked("The request body cannot be read.")) from None


def _read(request: Request, limit: int) -> bytes:
    try:
        return bodies.read(request.body_file.read, limit, request.content_length)
    except bodies.TooLarge:
        raise Refusal(marked("The request body is too large."), status=413) from None
    except bodies.EndedEarly:
        raise Refusal(marked("The request body ended early.")) from None


def _form(raw: bytes) -> dict[str, Any]:
    return bodies.unique(bodies.form(raw, most=MOST_FIELDS, exact=False))


def _document(raw: bytes) -> dict[str, Any]:
    document = bodies.document(raw, deepest=DEEPEST)
    bodies.check_storable(document)
    return document
