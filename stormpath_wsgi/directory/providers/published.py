"""What OpenID providers publish of themselves: their addresses, and the keys that they sign with.

Source: OpenID Connect Discovery 1.0, 3 and 4; RFC 7517 (keys).
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from stormpath_wsgi.directory.providers.port import Port, Unanswered
from stormpath_wsgi.remembered import Remembered, unmoved

#: Seconds for which addresses and keys are believed.
TTL = 3600.0
#: Seconds for which keys are not asked for anew, whatever a token names. Else whoever sends tokens of keys that do not
#: exist would make us ask the provider each time.
AGAIN = 60.0
#: The highest number of keys of one provider, and of providers.
_KEYS, _PROVIDERS = 100, 256
#: The least bits of a key of RSA (RFC 7518, 3.3).
_RSA_BITS = 2048

Key = RSAKey | ECKey | OKPKey
_KINDS: Mapping[str, type[Key]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


class WrongIssuer(Exception):
    """What is published at an issuer's address is of another one."""


class _Keys(NamedTuple):
    """The keys at one address, and since when."""

    keys: list[Key]
    since: float
    #: When they were last asked for because a token named one that was not there.
    missed: float


class Published:
    """What providers publish, as *port* gets it, remembered for :data:`TTL` seconds. Threads may share it.

    *clock*: seconds, like :func:`time.monotonic`.
    """

    def __init__(self, port: Port, clock: Callable[[], float] = time.monotonic) -> None:
        self._port, self._clock = port, clock
        self._metadata = Remembered(self._ask_metadata, generation=unmoved, ttl=TTL, clock=clock, size=_PROVIDERS)
        self._keys: OrderedDict[str, _Keys] = OrderedDict()

    def metadata(self, issuer: str, *, also: str | None = None) -> Mapping[str, Any]:
        """What the provider *issuer* says of itself.

        *also*: another name that it may give itself, for providers with one document for many issuers. Raises
        :class:`.Unanswered`, and :class:`WrongIssuer` (OpenID Connect Discovery 1.0, 4.3).
        """
        return self._metadata.get((issuer, also))

    def keys(self, address: str, *, missed: bool = False) -> list[Key]:
        """The keys at *address* that signatures are verified with. *missed*: a token names one that was not there.

        Raises :class:`.Unanswered`.
        """
        known, now = self._keys.get(address), self._clock()
        if known is not None and now < known.since + TTL and not (missed and now >= known.missed + AGAIN):
            return known.keys
        keys = self._ask_keys(address)
        self._keys[address] = _Keys(keys, now, now if missed else -math.inf)
        if len(self._keys) > _PROVIDERS:
            with suppress(KeyError):  # another thread has removed the last one
                self._keys.popitem(last=False)
        return keys

    def _ask_metadata(self, key: tuple[str, str | None]) -> dict[str, Any]:
        issuer, also = key
        metadata = self._port.document(get_well_known_url(issuer, external=True))
        if metadata.get("issuer") not in (issuer, also):
            said = str(metadata.get("issuer"))[:300]
            raise WrongIssuer(f"calls itself {said}: the issuer that is set has to be exactly that")
        return metadata

    def _ask_keys(self, address: str) -> list[Key]:
        listed = self._port.document(address).get("keys")
        if not isinstance(listed, list):
            raise Unanswered("publishes no list of keys.")
        return [key for each in listed[:_KEYS] if (key := _imported(each)) is not None]


def _imported(jwk: Any) -> Key | None:
    """The key *jwk*; None for one that verifies no signature, or that we do not know (RFC 7517, 5)."""
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    kind = _KINDS.get(str(jwk.get("kty")))
    if kind is None or (kind is RSAKey and 6 * len(str(jwk.get("n", ""))) < _RSA_BITS):  # six bits a character
        return None
    public = {name: jwk[name] for name in ("kty", "kid", "alg", "n", "e", "crv", "x", "y") if name in jwk}
    try:
        return kind.import_key(public)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
