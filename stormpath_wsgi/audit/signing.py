"""Signatures of heads: Ed25519 (RFC 8032). Who has the public key can verify them, and cannot make one."""

from __future__ import annotations

import dataclasses
import hmac
from collections.abc import Callable, Sequence
from secrets import token_hex
from typing import TYPE_CHECKING

from stormpath_wsgi.audit.chain import Head

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SEED = 32  # bytes of a private key


class HeadKeys:
    """The keys that sign heads: the first signs, those of all are known.

    *secrets*: returns keys of 64 or more hex digits, when one is needed; none: heads are not signed.
    """

    def __init__(self, secrets: Callable[[], Sequence[str]]) -> None:
        self._secrets = secrets
        self._made: dict[str, Ed25519PrivateKey] = {}
        self._own = token_hex()  # where there is no other

    def sign(self, head: Head) -> Head:
        """*head*, with a signature if there is a key."""
        for key in map(self._key, self._secrets()[:1]):
            unsigned = dataclasses.replace(head, key=_public(key), signature=None)
            return dataclasses.replace(unsigned, signature=key.sign(unsigned.signed_text()).hex())
        return dataclasses.replace(head, key=None, signature=None)

    def public(self) -> list[str]:
        """The public keys, in hex digits: that of the key that signs first."""
        return [_public(self._key(secret)) for secret in self._secrets()]

    def of_addresses(self) -> bytes:
        """A key for digests of addresses. Without keys there is none that outlives this process."""
        secret = next(iter(self._secrets()), self._own)
        return hmac.digest(secret.encode(), b"stormpath-wsgi audit addresses", "sha256")

    def _key(self, secret: str) -> Ed25519PrivateKey:
        if secret not in self._made:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

            seed = hmac.digest(secret.encode(), b"stormpath-wsgi audit heads", "sha256")[:_SEED]
            self._made[secret] = Ed25519PrivateKey.from_private_bytes(seed)
        return self._made[secret]


def is_signed(head: Head) -> bool:
    """Whether *head* has a signature of the key that it names. Whose key that is the caller has to know."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(head.key or ""))
        key.verify(bytes.fromhex(head.signature or ""), head.signed_text())
    except (InvalidSignature, ValueError):
        return False
    return True


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()
