"""JSON Web Tokens of the REST API v1: signed with HMAC SHA-256, with the text of an API key's secret as the key.

Only these are written and read. Other algorithms, and extensions that a header declares critical, are refused.
Source: RFC 7519, RFC 7515, RFC 8725.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, fault

if TYPE_CHECKING:  # imported with the first token: most processes of a site never see one
    from joserfc.jwk import OctKey
    from joserfc.jws import JWSRegistry

LONGEST = 8192  # characters of a token
#: Seconds that the clock of the issuer may be ahead of ours. Expired tokens get no such tolerance.
LEEWAY = 2

_LATEST = 253_402_300_799  # the last second of the year 9999


@dataclass(frozen=True, slots=True)
class Jwt:
    """A token whose signature is right. Its *claims* still have to be checked."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any] = field(repr=False)

    def text(self, name: str) -> str:
        """The text of the claim *name*. Raises 11004 when it is missing or no text."""
        value = self.claims.get(name)
        if not isinstance(value, str) or not value.strip():
            raise _unusable(name)
        return value

    def is_for(self, audience: str) -> bool:
        """Whether the claim ``aud`` names *audience*, alone or among others, or is not there (RFC 7519, 4.1.3)."""
        named = self.claims.get("aud", audience)
        return audience in named if isinstance(named, list) else named == audience

    def seconds(self, name: str) -> float:
        """The time in the claim *name*, in seconds since the epoch. Raises 11004 when it is missing or no number."""
        value = self.claims.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _LATEST:
            raise _unusable(name)
        return value

    def expiry(self, lifetime: float | None = None) -> float:
        """When the token expires, in seconds since the epoch: the claim ``exp``. Raises 11004.

        *lifetime*: for a token without ``exp``, the seconds from ``iat`` on for which it is valid.
        """
        if lifetime is not None and "exp" not in self.claims:
            return self.seconds("iat") + lifetime
        return self.seconds("exp")

    def check_times(self, now: float, lifetime: float | None = None) -> None:
        """Checks the times. *now*: seconds since the epoch. *lifetime*: see :meth:`expiry`.

        Raises 10011 from the second of :meth:`expiry` on, 10012 while ``iat`` is in the future, and 11004.
        """
        if now >= self.expiry(lifetime):
            raise fault(Code.TOKEN_EXPIRED)
        if self.seconds("iat") > now + LEEWAY:
            raise fault(Code.TOKEN_FROM_FUTURE)


def write(header: Mapping[str, Any], claims: Mapping[str, Any], secret: str) -> str:
    """The token with *header* and *claims*, signed with *secret*.

    The same arguments, in the same order, give the same text.
    """
    from joserfc import jws

    return jws.serialize_compact({**header, "alg": "HS256"}, _json(claims), _key(secret), registry=_registry())


def read(text: str, secret_of: Callable[[str | None], str | None]) -> Jwt:
    """Reads the token *text*, and checks its signature.

    *secret_of*: returns the secret of the key that the header names in ``kid``; None when there is no such key. Raises
    10017 for any text that is not a token signed with that secret.
    """
    if not text.isascii() or len(text) > LONGEST:
        raise fault(Code.TOKEN_SIGNATURE_WRONG)
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        signed = jws.extract_compact(text.encode(), registry=_registry())
        header = signed.headers()
        secret = secret_of(_kid(header))
        if secret is None or not jws.validate_compact(signed, _key(secret), registry=_registry()):
            raise fault(Code.TOKEN_SIGNATURE_WRONG)
        claims = json.loads(signed.payload, object_pairs_hook=_unique)
    except (JoseError, ValueError, RecursionError):
        raise fault(Code.TOKEN_SIGNATURE_WRONG) from None
    if not isinstance(claims, dict):
        raise fault(Code.TOKEN_SIGNATURE_WRONG)
    return Jwt(header, claims)


def expanded(header: Mapping[str, Any], claims: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The ``expandedJwt`` of a resource: the *header*, the *claims* and the signature of the token *text*."""
    return {"header": {**header, "alg": "HS256"}, "claims": dict(claims), "signature": text.rpartition(".")[2]}


def _kid(header: Any) -> str | None:
    """The ``kid`` of *header*. Raises ValueError for a header of another form."""
    if not isinstance(header, dict) or "crit" in header:
        raise ValueError("no header, or an extension")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise ValueError("kid is no text")
    return kid


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of a JSON object.

    Raises ValueError for a name that comes twice: programs differ in which one they read.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


@cache
def _registry() -> JWSRegistry:
    from joserfc.jws import JWSRegistry

    return JWSRegistry(algorithms=["HS256"], strict_check_header=False)


def _key(secret: str) -> OctKey:
    from joserfc.jwk import OctKey

    return OctKey.import_key(secret.encode())


def _json(claims: Mapping[str, Any]) -> bytes:
    return json.dumps(claims, separators=(",", ":")).encode()


def _unusable(name: str) -> Error:
    return fault(Code.TOKEN_CLAIM_MISSING, f"Token is invalid because its {name} claim is missing or cannot be used.")
