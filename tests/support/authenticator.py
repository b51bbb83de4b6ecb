"""A device with passkeys, in software: what a browser would answer with it (Web Authentication, Level 3)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

ES256, EDDSA, RS256, ES512 = -7, -8, -257, -36
ORIGIN, RP_ID = "https://example.org", "example.org"

_PRESENT, _VERIFIED, _MAY_BE_COPIED, _IS_COPIED, _NEW_KEY = 0x01, 0x04, 0x08, 0x10, 0x40


def encoded(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Key:
    """One key pair of a device. *user*: the handle that it was made for. *count*: how often it has signed."""

    id: bytes
    private: Any
    algorithm: int
    rp_id: str
    user: bytes
    count: int = 0

    @property
    def name(self) -> str:
        return encoded(self.id)

    def cose(self) -> bytes:
        """The public key as RFC 9052 has it."""
        public = self.private.public_key()
        if self.algorithm == EDDSA:
            return cbor2.dumps({1: 1, 3: EDDSA, -1: 6, -2: public.public_bytes_raw()})
        if self.algorithm == RS256:
            numbers = public.public_numbers()
            return cbor2.dumps({1: 3, 3: RS256, -1: _bytes(numbers.n), -2: _bytes(numbers.e)})
        numbers, curve, size = public.public_numbers(), *((3, 66) if self.algorithm == ES512 else (1, 32))
        x, y = numbers.x.to_bytes(size, "big"), numbers.y.to_bytes(size, "big")
        return cbor2.dumps({1: 2, 3: self.algorithm, -1: curve, -2: x, -3: y})

    def sign(self, data: bytes) -> bytes:
        if self.algorithm == EDDSA:
            return bytes(self.private.sign(data))
        if self.algorithm == RS256:
            return bytes(self.private.sign(data, padding.PKCS1v15(), hashes.SHA256()))
        return bytes(self.private.sign(data, ec.ECDSA(hashes.SHA256())))


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def new_private(algorithm: int, bits: int = 2048) -> Any:
    if algorithm == EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == RS256:
        return rsa.generate_private_key(65537, bits)
    return ec.generate_private_key(ec.SECP521R1() if algorithm == ES512 else ec.SECP256R1())


@dataclass
class Device:
    """*verifies*: whether it asks for a finger, a face or a PIN. *counts*: whether it counts what it signs.

    *origin*: where its browser is.
    """

    algorithm: int = ES256
    verifies: bool = True
    counts: bool = True
    origin: str = ORIGIN
    bits: int = 2048
    keys: list[Key] = field(default_factory=list)

    def make(self, options: Mapping[str, Any], **changes: Any) -> str:
        """What ``navigator.credentials.create`` answers to *options*, as JSON. *changes*: of what it would say."""
        private = new_private(self.algorithm, self.bits)
        key = Key(secrets.token_bytes(16), private, self.algorithm, options["rp"]["id"], decoded(options["user"]["id"]))
        self.keys.append(key)
        attested = bytes(16) + len(key.id).to_bytes(2, "big") + key.id + key.cose()
        data = self._data(changes.get("rp_id", key.rp_id), key, _NEW_KEY) + attested
        statement = {"fmt": "none", "attStmt": {}, "authData": data}
        response = {
            "clientDataJSON": self._client("webauthn.create", options, changes),
            "attestationObject": encoded(cbor2.dumps(statement)),
            "transports": ["internal", "hybrid"],
        }
        return self._answer(key, response)

    def use(self, options: Mapping[str, Any], key: Key | None = None, **changes: Any) -> str:
        """What ``navigator.credentials.get`` answers to *options*, as JSON."""
        allowed = [each["id"] for each in options.get("allowCredentials", ())]
        key = key or next(each for each in self.keys if not allowed or each.name in allowed)
        if self.counts:
            key.count += 1
        data = self._data(changes.get("rp_id", options["rpId"]), key)
        client = self._client("webauthn.get", options, changes)
        signature = key.sign(data + hashlib.sha256(decoded(client)).digest())
        response = {
            "clientDataJSON": client,
            "authenticatorData": encoded(data),
            "signature": encoded(changes.get("signature", signature)),
            "userHandle": changes.get("user", None if allowed else encoded(key.user)),
        }
        return self._answer(key, response)

    def _data(self, rp_id: str, key: Key, flags: int = 0) -> bytes:
        flags |= _PRESENT | _MAY_BE_COPIED | _IS_COPIED | (_VERIFIED if self.verifies else 0)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + key.count.to_bytes(4, "big")

    def _client(self, type: str, options: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
        said = {"type": type, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return encoded(json.dumps({**said, **changes.get("client", {})}).encode())

    def _answer(self, key: Key, response: Mapping[str, Any]) -> str:
        return json.dumps({"id": key.name, "rawId": key.name, "type": "public-key", "response": dict(response)})


def new_passkey() -> dict[str, Any]:
    """What a site sends for a passkey that was just made."""
    challenge, rp, user = "a challenge of the site", {"id": RP_ID}, {"id": encoded(b"ada")}
    made = Device().make({"challenge": encoded(challenge.encode()), "rp": rp, "user": user})
    return {"name": "Phone", "rpId": RP_ID, "challenge": challenge, "origins": [ORIGIN], "answer": made}
