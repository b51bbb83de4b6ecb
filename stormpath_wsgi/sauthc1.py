"""SAuthc1: how a request is signed with the secret of an API key. Clients sign, and the REST API compares.

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
    """What is signed of one request.

    *path* and *query* are still percent-encoded, as they were sent; the query is without its question mark. *headers*:
    names in lower case with their values, in the order in which they are signed. *payload*: :func:`payload_hash`.
    """

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]] = field(repr=False)
    payload: str

    def canonical(self) -> str:
        """The one text that stands for the request."""
        query = "&".join(sorted(self.query.split("&")))
        headers = "".join(f"{name}:{value}\n" for name, value in self.headers)
        names = ";".join(name for name, _ in self.headers)
        return "\n".join([self.method, _encoded(self.path or "/"), _encoded(query), headers, names, self.payload])


def sign(message: Message, secret: str, *, key_id: str, date: str, nonce: str) -> str:
    """The signature: 64 hex digits. *date*: ``20130701T000000Z``, UTC. *nonce*: a text that is never used again."""
    day = date[:8]
    text = "\n".join([ALGORITHM, date, credential(key_id, date, nonce), _sha256(message.canonical())])
    key = _bytes(SCHEME + secret)
    for part in (day, nonce, TERMINATOR, text):
        key = hmac.digest(key, _bytes(part), "sha256")
    return key.hex()


def credential(key_id: str, date: str, nonce: str) -> str:
    """What ``sauthc1Id`` says: whose signature it is, and for which occasion."""
    return f"{key_id}/{date[:8]}/{nonce}/{TERMINATOR}"


def payload_hash(body: bytes) -> str:
    """What stands for the *body* of a request, also for none."""
    return hashlib.sha256(body).hexdigest()


def _encoded(text: str) -> str:
    """The spelling of RFC 3986 for the three characters that forms spell otherwise."""
    return text.replace("+", "%20").replace("*", "%2A").replace("%7E", "~")


def _sha256(text: str) -> str:
    return hashlib.sha256(_bytes(text)).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")  # a server may be sent headers that are no UTF-8
