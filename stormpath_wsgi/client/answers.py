"""The meaning of a server's answer: a document, an error of the API, or an answer that is not from the API."""

from __future__ import annotations

import datetime as dt
import email.utils
import json
import re
from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.client.remote import Remote
from stormpath_wsgi.client.transport import Reply
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, TooManyTries, Unavailable

TOO_MANY_REQUESTS = 429


def document_of(reply: Reply, remote: Remote, *, named: bool) -> dict[str, Any]:
    """The document in *reply*; an empty dictionary for an empty one. *named*: it must be a resource, with an href.

    Raises the :class:`~stormpath_wsgi.Error` that the API has answered; and :class:`~stormpath_wsgi.errors.Unavailable`
    for an answer that cannot be from a working Stormpath REST API. For example, the 404 of a proxy does not mean that
    the account does not exist. A 429 of which the API itself says that it was tried too often is an
    :class:`~stormpath_wsgi.errors.TooManyTries`; another one, which a proxy may have sent, means that it has too much
    to do.
    """
    document = _object(reply.body)
    if 200 <= reply.status < 300 and (document is not None or not (named or reply.body)):
        return _ours(document or {}, remote, named=named)
    error = document if document is not None and _is_error(document) else None
    if error and is_limit(reply):
        raise TooManyTries(error, retry_after=int(retry_after(reply)) or 1, place=_place(error))
    if error and 400 <= reply.status < 500 and reply.status != TOO_MANY_REQUESTS:
        raise Error(error, http_status=reply.status)
    if reply.status >= 500 or reply.status == TOO_MANY_REQUESTS:
        said = (error or {}).get("developerMessage") or "it does not say why"
        raise unavailable(remote, f"status {reply.status}: {said}", error, retry_after=int(retry_after(reply)))
    raise unavailable(remote, f"what it answers (status {reply.status}) is not the Stormpath REST API")


def unavailable(
    remote: Remote, reason: str, error: Mapping[str, Any] | None = None, *, retry_after: int = 0
) -> Unavailable:
    """The error for a directory at *remote* that cannot be used now, for a *reason*. *error*: the body of the answer.

    *retry_after*: seconds that the server asks to wait; 0 when it does not say.
    """
    text = f"The directory at {remote.host} cannot be used: {reason.rstrip('.')}."
    return Unavailable({**(error or {}), "developerMessage": text}, retry_after=retry_after or 5)


def retry_after(reply: Reply) -> float:
    """The seconds that a server asks us to wait; its header may also have a date (RFC 9110, section 10.2.3)."""
    text = reply.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", text):
        return float(text)
    try:
        return max(0.0, (email.utils.parsedate_to_datetime(text) - dt.datetime.now(dt.UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def is_limit(reply: Reply) -> bool:
    """Whether the API says in *reply* that it was tried too often, so that the visitor has to wait."""
    return reply.status == TOO_MANY_REQUESTS and (_object(reply.body) or {}).get("code") == Code.TOO_MANY_TRIES


def _place(error: Mapping[str, Any]) -> tuple[str, int] | None:
    """The place in a queue that *error* tells, see :class:`~stormpath_wsgi.errors.TooManyTries`; else None."""
    match error.get("place"):
        case [str(key), int(due)]:
            return key, due
    return None


def _ours(document: dict[str, Any], remote: Remote, *, named: bool) -> dict[str, Any]:
    href = document.get("href")
    if href is None and not named:
        return document
    if not isinstance(href, str) or not href.startswith(f"{remote.base_url}/"):
        raise unavailable(
            remote,
            f"its hrefs, such as {href!r:.200}, do not start with {remote.base_url}; use the base url that they have",
        )
    return document


def _object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in *body*; None for anything else."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _is_error(document: Mapping[str, Any]) -> bool:
    numbers = [document.get("status"), document.get("code")]
    texts = [document.get(name) for name in ("message", "developerMessage", "moreInfo", "requestId")]
    return all(type(number) is int for number in numbers) and all(isinstance(text, str | None) for text in texts)
