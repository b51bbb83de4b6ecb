"""JSON Web Tokens as the REST API v1 has them: signed with HMAC SHA-256 and the text of an API key's secret.

Nothing else is written, and nothing else is read: no other algorithm, no extension that a header declares critical.
Source: RFC 7519, RFC 7515, RFC 8725.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, fault

LONGEST = 8192  # characters
#: Seconds that the clock of whoever issued a token may be ahead of ours. None are given to expired ones.
LEEWAY = 2

_LATEST = 253_402_300_799  # the last second of the year 9999
_registry = jws.JWSRegistry(algorithms=["HS256"], strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Jwt:
    """A token whose signature is good. What its *claims* say is still to be judged."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any] = field(repr=False)

    def text(self, name: str) -> str:
        """The claim *name*. Raises 11004 when there is none, or no text in it."""
        value = self.claims.get(name)
        if not isinstance(value, str) or not value.strip():
            raise _unusable(name)
        return value

    def seconds(self, name: str) -> float:
        """The moment in the claim *name*, since the epoch. Raises 11004 when there is none."""
        value = self.claims.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _LATEST:
            raise _unusable(name)
        return value

    def expiry(self, lifetime: float | None = None) -> float:
        """When it ends, in seconds since the epoch: ``exp``. Raises 11004.

        *lifetime*: seconds from ``iat`` on that one lives which does not say so.
        """
        if lifetime is not None and "exp" not in self.claims:
            return self.seconds("iat") + lifetime
        return self.seconds("exp")

    def check_times(self, now: float, lifetime: float | None = None) -> None:
        """Raises 10011 from the very second of :meth:`expiry` on, 10012 while ``iat`` is in the future, and 11004."""
        if now >= self.expiry(lifetime):
            raise fault(Code.TOKEN_EXPIRED)
        if self.seconds("iat") > now + LEEWAY:
            raise fault(Code.TOKEN_FROM_FUTURE)


def write(header: Mapping[str, Any], claims: Mapping[str, Any], secret: str) -> str:
    """The token. The same arguments, in the same order, make the same text."""
    return jws.serialize_compact({**header, "alg": "HS256"}, _json(claims), _key(secret), registry=_registry)


def read(text: str, secret_of: Callable[[str | None], str | None]) -> Jwt:
    """The token, signed with what *secret_of* answers to its ``kid``. Raises 10017 for whatever is not."""
    if not text.isascii() or len(text) > LONGEST:
        raise fault(Code.TOKEN_SIGNATURE_WRONG)
    try:
        signed = jws.extract_compact(text.encode(), registry=_registry)
        header = signed.headers()
        secret = secret_of(_kid(header))
        if secret is None or not jws.validate_compact(signed, _key(secret), registry=_registry):
            raise fault(Code.TOKEN_SIGNATURE_WRONG)
        claims = json.loads(signed.payload, object_pairs_hook=_unique)
    except (JoseError, ValueError, RecursionError):
        raise fault(Code.TOKEN_SIGNATURE_WRONG) from None
    if not isinstance(claims, dict):
        raise fault(Code.TOKEN_SIGNATURE_WRONG)
    return Jwt(header, claims)


def expanded(header: Mapping[str, Any], claims: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The ``expandedJwt`` of resources: the token *text* that was written of *header* and *claims*, in its parts."""
    return {"header": {**header, "alg": "HS256"}, "claims": dict(claims), "signature": text.rpartition(".")[2]}


def _kid(header: Any) -> str | None:
    """Raises ValueError for a header that is not ours to understand."""
    if not isinstance(header, dict) or "crit" in header:
        raise ValueError("no header, or an extension")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise ValueError("kid is no text")
    return kid


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError for a name that comes twice: two readers could take it for two things."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _key(secret: str) -> OctKey:
    return OctKey.import_key(secret.encode())


def _json(claims: Mapping[str, Any]) -> bytes:
    return json.dumps(claims, separators=(",", ":")).encode()


def _unusable(name: str) -> Error:
    return fault(Code.TOKEN_CLAIM_MISSING, f"Token is invalid because its {name} claim is missing or cannot be used.")
