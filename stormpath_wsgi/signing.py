"""Signatures: one list of secret keys, one derived key per purpose."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from itsdangerous import Signer
from itsdangerous.encoding import want_bytes
from pydantic import SecretStr


class PurposeSigner(Signer):
    """HMAC-SHA256 with the first of *secret_keys*; the signatures of all of them verify.

    What is signed for one *purpose* is worth nothing for another. Keys are derived and taken in once, which is most of
    the work for a short text; and a signature has one spelling, where decoding it first would let several pass.
    """

    def __init__(self, secret_keys: Sequence[SecretStr], purpose: str) -> None:
        keys = [hmac.digest(key.get_secret_value().encode(), purpose.encode(), "sha256") for key in secret_keys]
        super().__init__(keys[::-1], key_derivation="none")  # itsdangerous wants the newest key last
        self._macs = [hmac.new(key, digestmod="sha256") for key in keys]

    def get_signature(self, value: str | bytes) -> bytes:
        return _hex_digest(self._macs[0], want_bytes(value))

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        value, sig = want_bytes(value), want_bytes(sig)
        for mac in self._macs:  # noqa: SIM110 - a generator would cost as much as the hash
            if hmac.compare_digest(sig, _hex_digest(mac, value)):
                return True
        return False


def _hex_digest(prepared: hmac.HMAC, value: bytes) -> bytes:
    mac = prepared.copy()
    mac.update(value)
    return mac.hexdigest().encode()
