"""Signatures: one list of secret keys, and one key derived from each for every purpose."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from itsdangerous import Signer
from itsdangerous.encoding import want_bytes
from pydantic import SecretStr


class PurposeSigner(Signer):
    """Signs with HMAC-SHA256 and the first of *secret_keys*. It accepts signatures of all of them.

    A signature for one *purpose* is not valid for another. Keys are derived and prepared once, which is most of the
    work for a short text. Signatures are compared as text: when they are decoded first, several texts pass for the same
    signature.
    """

    def __init__(self, secret_keys: Sequence[SecretStr], purpose: str) -> None:
        keys = [hmac.digest(key.get_secret_value().encode(), purpose.encode(), "sha256") for key in secret_keys]
        super().__init__(keys[::-1], key_derivation="none")  # itsdangerous expects the newest key at the end
        self._macs = [hmac.new(key, digestmod="sha256") for key in keys]

    def get_signature(self, value: str | bytes) -> bytes:
        """The signature of *value*, in hex digits."""
        return _hex_digest(self._macs[0], want_bytes(value))

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        """Whether *sig* is a signature of *value* with one of the keys. The comparison takes constant time."""
        value, sig = want_bytes(value), want_bytes(sig)
        for mac in self._macs:  # noqa: SIM110 - a generator would cost as much as the hash
            if hmac.compare_digest(sig, _hex_digest(mac, value)):
                return True
        return False


def _hex_digest(prepared: hmac.HMAC, value: bytes) -> bytes:
    mac = prepared.copy()
    mac.update(value)
    return mac.hexdigest().encode()
