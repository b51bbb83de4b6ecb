"""Encrypting the secrets of API keys in answers to clients that ask for it: ``?encryptSecret=true``.

The key is derived from the secret of the API key that has authenticated the request, which both ends know. The client
chooses the parameters and keeps them for decrypting: the answer does not repeat them.
Source: the API key chapter of the REST API v1.
"""

from __future__ import annotations

import base64
import os
import re
from typing import Any, Self

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7

from stormpath_wsgi.api.incoming import Parameters
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import ApiKey, CustomData

PARAMETERS = ("encryptSecret", "encryptionKeySalt", "encryptionKeySize", "encryptionKeyIterations")

_ASKED, _SALT, _SIZE, _ITERATIONS = PARAMETERS
_SIZES = (128, 192, 256)  # bits
_MOST_ITERATIONS = 65_536  # some 30 ms
_LONGEST_SALT = 128  # bytes
_BLOCK = 16  # bytes
_BASE64URL = re.compile(r"([0-9A-Za-z_-]+)={0,2}", re.ASCII)


class Encryption:
    """Encrypts secrets. *password*: the secret of the caller's API key. *size*: bits of the derived key.

    *salt* and *iterations*: the parameters of PBKDF2.
    """

    def __init__(self, password: str, *, salt: bytes, size: int, iterations: int) -> None:
        # The protocol demands SHA-1. For deriving a key from 256 random bits it is still safe.
        derivation = PBKDF2HMAC(SHA1(), size // 8, salt, iterations)  # noqa: S303
        self._algorithm = AES(derivation.derive(password.encode()))

    @classmethod
    def asked_for(cls, parameters: Parameters, password: str) -> Self | None:
        """The encryption that the *parameters* of a request ask for; None when they ask for none.

        Raises 2000 and 2103.
        """
        match parameters.get(_ASKED, "false").lower():
            case "true":
                size, iterations = _number(parameters, _SIZE, 128), _number(parameters, _ITERATIONS, 1024)
                if size not in _SIZES:
                    raise fault(Code.PARAMETER_INVALID, f"{_SIZE} must be one of {', '.join(map(str, _SIZES))}.")
                if not 1 <= iterations <= _MOST_ITERATIONS:
                    raise fault(
                        Code.PARAMETER_INVALID, f"{_ITERATIONS} must be a whole number from 1 to {_MOST_ITERATIONS}."
                    )
                return cls(password, salt=_salt(parameters), size=size, iterations=iterations)
            case "false":
                return None
        raise fault(Code.PARAMETER_INVALID, f"{_ASKED} must be true or false.")

    def encrypted(self, secret: str, vector: bytes | None = None) -> str:
        """*secret* as base64url of initialisation *vector* (16 bytes, random unless given) and AES-CBC ciphertext."""
        vector = vector or os.urandom(_BLOCK)
        padder = PKCS7(AES.block_size).padder()
        padded = padder.update(secret.encode()) + padder.finalize()
        encryptor = Cipher(self._algorithm, CBC(vector)).encryptor()
        packed = vector + encryptor.update(padded) + encryptor.finalize()
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")  # without padding, as the old service wrote it

    def applied(self, answer: Any, base_url: str) -> Any:
        """*answer* with the secrets of all API keys in it encrypted, whether it is a key, a list, or has expanded
        links.
        """
        if isinstance(answer, list):
            return [self.applied(item, base_url) for item in answer]
        if not isinstance(answer, dict) or str(answer.get("href")).endswith(f"/{CustomData.path}"):
            return answer  # custom data may contain objects that only look like an API key
        applied = {name: self.applied(value, base_url) for name, value in answer.items()}
        if "secret" in answer and str(answer.get("href")).startswith(f"{base_url}/{ApiKey.path}/"):
            applied["secret"] = self.encrypted(answer["secret"])
        return applied


def _number(parameters: Parameters, name: str, default: int) -> int:
    text = parameters.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise fault(Code.PARAMETER_INVALID, f"{name} must be a whole number.")
    return int(text)


def _salt(parameters: Parameters) -> bytes:
    text = parameters.get(_SALT)
    if not text:
        raise fault(Code.REQUIRED, f"{_SALT} is required; it cannot be null, empty, or blank.")
    found = _BASE64URL.fullmatch(text)
    if found is None or len(found[1]) % 4 == 1 or len(found[1]) > _LONGEST_SALT * 4 // 3:
        raise fault(Code.PARAMETER_INVALID, f"{_SALT} must be base64url of at most {_LONGEST_SALT} bytes.")
    return base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4))
