"""SAuthc1: signing a request with the secret of an API key. The client signs, and the REST API compares signatures.

Source: the SAuthc1 digest scheme of the Stormpath REST API v1. It is AWS Signature Version 4 in another order.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

ALGORITHM = "HMAC-SHA-256"
SCHEME = "SAuthc1"
TERMINATOR = "sauthc1_request"


@dataclass(frozen=True, slots=True)
class Message:
    """The parts of a request that are signed.

    *path* and *query* are percent-encoded, as they are sent; the query has no question mark. *headers*: names in lower
    case with their values, in the order in which they are signed. *payload*: the :func:`payload_hash` of the body.
    """

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]] = field(repr=False)
    payload: str

    def canonical(self) -> str:
        """The canonical text of the request, which is signed."""
        query = "&".join(sorted(self.query.split("&")))
        headers = "".join(f"{name}:{value}\n" for name, value in self.headers)
        names = ";".join(name for name, _ in self.headers)
        return "\n".join([self.method, _encoded(self.path or "/"), _encoded(query), headers, names, self.payload])


def sign(message: Message, secret: str, *, key_id: str, date: str, nonce: str) -> str:
    """The signature of *message*: 64 hex digits. *secret* and *key_id*: of the API key.

    *date*: the time of the request in UTC, as ``20130701T000000Z``. *nonce*: a text that is never used again.
    """
    day = date[:8]
    text = "\n".join([ALGORITHM, date, sauthc1_id(key_id, date, nonce), _sha256(message.canonical())])
    key = _bytes(SCHEME + secret)
    for part in (day, nonce, TERMINATOR, text):
        key = hmac.digest(key, _bytes(part), "sha256")
    return key.hex()


def sauthc1_id(key_id: str, date: str, nonce: str) -> str:
    """The value of ``sauthc1Id``: the id of the API key, the *date* and the *nonce*."""
    return f"{key_id}/{date[:8]}/{nonce}/{TERMINATOR}"


def payload_hash(body: bytes) -> str:
    """The SHA-256 of the *body* of a request in hex digits. An empty body has one as well."""
    return hashlib.sha256(body).hexdigest()


def _encoded(text: str) -> str:
    """The encoded *text* as in RFC 3986: three characters are encoded differently in forms."""
    return text.replace("+", "%20").replace("*", "%2A").replace("%7E", "~")


def _sha256(text: str) -> str:
    return hashlib.sha256(_bytes(text)).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")  # headers that a server receives need not be UTF-8
