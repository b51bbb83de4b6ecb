"""Signatures: one list of secret keys, and one key derived from each for every purpose."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256

from itsdangerous import Signer
from itsdangerous.encoding import want_bytes
from pydantic import SecretStr

#: The bytes that SHA-256 takes at once.
_BLOCK = 64


class PurposeSigner(Signer):
    """Signs with HMAC-SHA256 and the first of *secret_keys*. It accepts signatures of all of them.

    A signature for one *purpose* is not valid for another. Keys are derived and prepared once, which is most of the
    work for a short text. Signatures are compared as text: when they are decoded first, several texts pass for the same
    signature.
    """

    def __init__(self, secret_keys: Sequence[SecretStr], purpose: str) -> None:
        keys = [hmac.digest(key.get_secret_value().encode(), purpose.encode(), "sha256") for key in secret_keys]
        super().__init__(keys[::-1], key_derivation="none")  # itsdangerous expects the newest key at the end
        self._prepared = [Prepared(key) for key in keys]

    def get_signature(self, value: str | bytes) -> bytes:
        """The signature of *value*, in hex digits."""
        return self._prepared[0].hex_digest(want_bytes(value)).encode()

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        """Whether *sig* is a signature of *value* with one of the keys. The comparison takes constant time."""
        value = value.encode() if isinstance(value, str) else value
        sig = sig.encode() if isinstance(sig, str) else sig
        for prepared in self._prepared:  # noqa: SIM110 - a generator would cost as much as the hash
            if hmac.compare_digest(sig, prepared.hex_digest(value).encode()):
                return True
        return False


class Prepared:
    """HMAC-SHA256 (RFC 2104) with one *key* of at most 64 bytes, whose part of the work is done once.

    :class:`hmac.HMAC` can be prepared and copied as well, which takes twice the time for a short text.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        if len(key) > _BLOCK:
            raise ValueError("the key is longer than 64 bytes")
        filled = key.ljust(_BLOCK, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in filled))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in filled))

    def hex_digest(self, value: bytes) -> str:
        """The signature of *value*, in hex digits."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(value)
        outer.update(inner.digest())
        return outer.hexdigest()
