"""ID tokens: what an OpenID provider has signed of somebody, for us, just now.

Source: OpenID Connect Core 1.0, 3.1.3.7; RFC 8725 (which algorithms, and whose choice they are).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws
from joserfc.errors import JoseError

from stormpath_wsgi.directory.providers.port import parsed
from stormpath_wsgi.directory.providers.published import Key

#: The algorithms that are taken where the provider says that it uses them, by the kinds of their keys. None is
#: symmetric, and none is ``none``.
ALGORITHMS: Mapping[str, str] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    **dict.fromkeys(("EdDSA", "Ed25519"), "OKP"),
}
#: The algorithm of a provider that names none (OpenID Connect Dynamic Client Registration 1.0, 2).
USUAL = ("RS256",)
#: Seconds that the clock of the provider may be away from ours.
LEEWAY = 60
#: The longest token, in characters.
LONGEST = 32_768


class WrongToken(Exception):
    """An ID token is not good. The text says why."""


class UnknownKey(WrongToken):
    """It is signed with a key that the provider does not publish, as far as we know."""


def algorithms_of(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of :data:`ALGORITHMS` that a provider says it signs with."""
    named = metadata.get("id_token_signing_alg_values_supported")
    return tuple(each for each in ALGORITHMS if each in (named if isinstance(named, list) else USUAL))


def signed(text: object, algorithms: Iterable[str], keys: Iterable[Key]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the claims of the token *text*, whose signature by one of *keys* is right.

    Raises :class:`WrongToken`.
    """
    header = _header(text, algorithms)
    candidates = [key for key in keys if _fits(key, header)]
    if not candidates:
        raise UnknownKey("the ID token is signed with a key that is not published")
    registry = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
    for key in candidates:
        try:
            payload = jws.deserialize_compact(str(text), key, registry=registry).payload
            claims = parsed(payload)
        except (JoseError, ValueError):
            continue
        if isinstance(claims, dict):
            return header, claims
    raise UnknownKey("the signature of the ID token is wrong")


def checked(
    header: Mapping[str, Any],
    claims: Mapping[str, Any],
    *,
    issuers: Iterable[str],
    client_id: str,
    nonce: str | None,
    access_token: str | None,
    clock: Callable[[], float],
) -> dict[str, Any]:
    """*claims*, which one of *issuers* makes for *client_id*, now. *nonce*: the one that was sent, if there was one.

    Raises :class:`WrongToken`.
    """
    options: dict[str, Any] = {
        "iss": {"essential": True, "values": list(issuers)},
        "aud": {"essential": True, "value": client_id},
        "sub": {"essential": True},
    }
    told = {"client_id": client_id, "nonce": nonce, "access_token": access_token}
    try:
        token = CodeIDToken(dict(claims), dict(header), options, told)
        token.validate(now=int(clock()), leeway=LEEWAY)
    except (JoseError, ValueError, TypeError, AttributeError) as error:
        raise WrongToken(f"the ID token is not accepted: {_what(error)}") from None
    return dict(token)


def _header(text: object, algorithms: Iterable[str]) -> dict[str, Any]:
    """The header of *text*. Raises :class:`WrongToken` for an algorithm that is not one of *algorithms*."""
    if not isinstance(text, str) or not text.isascii() or len(text) > LONGEST:
        raise WrongToken("there is no ID token in the answer")
    try:
        header = jws.extract_compact(text.encode()).headers()
    except (JoseError, ValueError, TypeError, RecursionError):
        raise WrongToken("the ID token cannot be read") from None
    if "crit" in header:
        raise WrongToken("the ID token has an extension that is not known")
    if header.get("alg") not in list(algorithms):
        raise WrongToken("the ID token is signed in a way that the provider does not announce, or not at all")
    return header


def _fits(key: Key, header: Mapping[str, Any]) -> bool:
    """Whether *key* may be the one that *header* names."""
    told = key.as_dict(private=False)
    return (
        ALGORITHMS[header["alg"]] == told["kty"]
        and told.get("alg", header["alg"]) == header["alg"]
        and header.get("kid") in (None, told.get("kid"))
    )


def _what(error: Exception) -> str:
    """Which claim is wrong, in the words of the library; never its value."""
    return str(getattr(error, "description", "") or getattr(error, "claim", "") or error)[:200].rstrip(".")
