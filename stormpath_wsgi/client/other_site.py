"""Sign-in on the pages of another site: the address that a visitor is sent to, and what comes back with the visitor.

Both are JSON Web Tokens, signed with an API key that the two sites share. The directory that we serve has no such pages
(yet); these are for one that has.

Source: the documented ID Site and SAML of the Stormpath SDK; RFC 7519.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from stormpath_wsgi import jwt
from stormpath_wsgi.client.credentials import KeyPair
from stormpath_wsgi.errors import Error

#: Characters of the longest address that is read. A token has :data:`stormpath_wsgi.jwt.LONGEST`.
LONGEST_ADDRESS = 16_384


def asking(key: KeyPair, endpoint: str, parameter: str, claims: Mapping[str, Any], *, names_key: bool = False) -> str:
    """The address of *endpoint* with a *parameter* that says *claims*, without those that are None, signed with *key*.

    *names_key*: whether the token says in its header by which API key it is signed.
    """
    said = {"iat": int(time.time()), "jti": uuid.uuid4().hex, "iss": key.id, **claims}
    token = jwt.write(
        {"kid": key.id} if names_key else {},
        {name: value for name, value in said.items() if value is not None},
        key.secret,
    )
    return f"{endpoint}?{urlencode({parameter: token})}"


def sso_endpoint(base_url: str, *, logout: bool) -> str:
    """Where ID Site is asked: at the root of the host that serves the REST API at *base_url*."""
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}/sso{'/logout' if logout else ''}"


class Answers:
    """Reads the answers that visitors bring back. Each counts once, in this process."""

    def __init__(self) -> None:
        self._used: dict[str, float] = {}  # until when an answer could come again, by the id of the question
        self._lock = threading.Lock()

    def read(self, key: KeyPair, address: str) -> Mapping[str, Any] | None:
        """The claims in the *address* that a visitor came back to, signed with *key*; None if they are not valid.

        Raises the :class:`~stormpath_wsgi.Error` that the other site tells of, and ValueError for an answer that was
        read before.
        """
        claims = _signed(address[:LONGEST_ADDRESS], key)
        if claims is not None:
            self._spend(claims["irt"], claims["exp"])
        return claims

    def _spend(self, question: str, until: float) -> None:
        now = time.time()
        with self._lock:
            self._used = {old: end for old, end in self._used.items() if end + jwt.LEEWAY > now}
            if question in self._used:
                raise ValueError("JWT has already been used.")
            self._used[question] = until


def _signed(address: str, key: KeyPair) -> Mapping[str, Any] | None:
    tokens = parse_qs(urlsplit(address).query).get("jwtResponse", [])
    if len(tokens) != 1:
        return None
    try:
        read = jwt.read(tokens[0], lambda kid: key.secret if kid in (None, key.id) else None)
        if time.time() >= read.expiry() + jwt.LEEWAY or _is_from_future(read):
            return None
        question = read.text("irt") if "aud" in read.claims else ""
    except Error:
        return None
    if "aud" not in read.claims and "err" in read.claims:
        raise Error(_told(read.claims["err"]))
    return read.claims if question and read.claims["aud"] == key.id else None


def _is_from_future(read: jwt.Jwt) -> bool:
    return "iat" in read.claims and read.seconds("iat") > time.time() + jwt.LEEWAY


def _told(error: Any) -> Mapping[str, Any] | str:
    """The body of an error, which is an object, or the text of one."""
    if not isinstance(error, str):
        return error if isinstance(error, Mapping) else "Unknown error."
    try:
        told = json.loads(error)
    except ValueError:
        return error
    return told if isinstance(told, Mapping) else error
