"""Sign-in on the pages of another site: the address that a visitor is sent to, and what comes back with the visitor.

Both are JSON Web Tokens, signed with an API key that the two sites share. An answer counts once, in whichever process
it comes: the directory keeps that.

Source: the documented ID Site and SAML of the Stormpath SDK; RFC 7519.
"""

from __future__ import annotations

import json
import math
import threading
import time
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from stormpath_wsgi import jwt
from stormpath_wsgi.client.credentials import KeyPair
from stormpath_wsgi.client.store import DataStore
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds import SpentAnswer

#: Characters of the longest address that is read. A token has :data:`stormpath_wsgi.jwt.LONGEST`.
LONGEST_ADDRESS = 16_384

#: Seconds for which an answer may be good. It could come again for as long.
LONGEST = 86_400

_USED = "JWT has already been used."


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
    """Reads the answers that visitors bring back. Each counts once for an application. Threads may share it.

    *store*: the data store of the client.
    """

    def __init__(self, store: DataStore) -> None:
        self._store = store
        self._used: dict[str, float] = {}  # until when an answer could come again, by the id of the question
        self._lock = threading.Lock()

    def read(self, key: KeyPair, application: str, address: str) -> Mapping[str, Any] | None:
        """The claims in the *address* that a visitor came back to, signed with *key*; None if they are not valid.
        *application*: the href of the application that asked.

        Raises the :class:`~stormpath_wsgi.Error` that the other site tells of, ValueError for an answer that was read
        before, and :class:`~stormpath_wsgi.errors.Unavailable` when the directory does not answer.
        """
        claims = self.look(key, address)
        if claims is not None:
            self.spend(application, claims)
        return claims

    def look(self, key: KeyPair, address: str) -> Mapping[str, Any] | None:
        """The same, without using the answer up."""
        return _signed(address, key) if len(address) <= LONGEST_ADDRESS else None

    def spend(self, application: str, claims: Mapping[str, Any]) -> None:
        """Uses the answer with these *claims* up. Raises what :meth:`read` does."""
        lasts = math.ceil(claims["exp"] - time.time()) + jwt.LEEWAY
        properties = {"question": claims["irt"], "lasts": max(1, min(lasts, LONGEST))}
        try:
            self._store.create(f"{application}/{SpentAnswer.path}", properties)
        except Error as error:
            if error.code == Code.TOKEN_USED:
                raise ValueError(_USED) from error
            if error.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
                raise
            self._spend_here(f"{application} {claims['irt']}", claims["exp"])

    def _spend_here(self, question: str, until: float) -> None:
        """For a directory of an older version, which keeps no such notes: each process has its own."""
        now = time.time()
        with self._lock:
            self._used = {old: end for old, end in self._used.items() if end + jwt.LEEWAY > now}
            if question in self._used:
                raise ValueError(_USED)
            self._used[question] = until


def _signed(address: str, key: KeyPair) -> Mapping[str, Any] | None:
    tokens = parse_qs(urlsplit(address).query).get("jwtResponse", [])
    if len(tokens) != 1:
        return None
    try:
        read = jwt.read(tokens[0], lambda kid: key.secret if kid in (None, key.id) else None)
        now = time.time()
        if not now - jwt.LEEWAY < read.expiry() <= now + LONGEST or _is_from_future(read):
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
