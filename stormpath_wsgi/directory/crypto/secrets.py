"""Secrets at rest: what the tables hold of a secret that must be answered again, and so cannot be a digest.

AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits for each text. What is encrypted looks like
``v1.<key id>.<base64url of nonce, ciphertext, tag>``, and is decrypted only in the place that it was encrypted for: the
place is authenticated along, so a text that was copied into another row is worth nothing there.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.key_file import KeyFile

VERSION = "v1"
KEY_LENGTH = 64  # hex digits: 32 random bytes

_NONCE = 12  # bytes
_SETTING = "encryptionKeys"


class Secrets:
    """Encrypts and decrypts texts with a list of keys: the first encrypts, all decrypt.

    Shared by threads, and good after a fork.

    *keys*: hex digits, :data:`KEY_LENGTH` or more. Or a *file* of such keys, made for the first text that is encrypted.
    It is looked at again for each text to encrypt and for each unknown key, so that running servers follow a rotation.
    Without either nothing can be encrypted or decrypted, and whoever tries is told so.

    Raises :class:`~stormpath_wsgi.ConfigurationError` for keys that are none.
    """

    def __init__(self, keys: Iterable[str | SecretStr] = (), *, file: KeyFile | None = None) -> None:
        self.file = file
        self._ciphers = _ciphers(keys)

    @classmethod
    def of(cls, database: Database, keys: Iterable[str | SecretStr] = ()) -> Self:
        """Those with the *keys* that are set for a *database*.

        When none are: of a database in a file, with a key file beside it; of one in memory, with a key that is as
        short-lived. Those of a server have none then.
        """
        if keys := tuple(keys):
            return cls(keys)
        if database.path is not None:
            return cls(file=_key_file(database.path))
        return cls([secrets.token_hex()] if database.embedded else ())

    def encrypt(self, text: str, context: str) -> str:
        """*text*, to be kept in the place *context*: ``<path>/<id>/<attribute>``.

        To be called within the transaction that stores it: a rotation counts on that.
        """
        ciphers = self._ciphers
        if self.file is not None:
            # A file that is gone is not made anew: what was encrypted with its keys would be lost.
            ciphers = self._ciphers = _ciphers(self.file.read() if ciphers else self.file.make())
        if not ciphers:
            raise ConfigurationError(f"{context} cannot be encrypted: there is no key in {self._place}; {_HOW_TO_SET}.")
        key_id, cipher = next(iter(ciphers.items()))
        nonce = os.urandom(_NONCE)
        encrypted = nonce + cipher.encrypt(nonce, text.encode(), context.encode())
        return f"{VERSION}.{key_id}.{base64.urlsafe_b64encode(encrypted).decode()}"

    def decrypt(self, encrypted: str, context: str) -> str:
        """The text that was *encrypted* for the place *context*.

        Raises :class:`~stormpath_wsgi.ConfigurationError` when its key is not there, or it was tampered with.
        """
        version, _, rest = encrypted.partition(".")
        key_id, _, data = rest.partition(".")
        cipher = self._cipher(key_id) if version == VERSION else None
        if cipher is None:
            raise ConfigurationError(
                f"{context} was encrypted with the key {key_id!r:.20}, which is not in {self._place}; put it back "
                "there."
            )
        try:
            packed = base64.urlsafe_b64decode(data)
            return cipher.decrypt(packed[:_NONCE], packed[_NONCE:], context.encode()).decode()
        except (InvalidTag, ValueError):
            raise ConfigurationError(
                f"{context} cannot be decrypted with the key {key_id} from {self._place}: the table was changed by "
                "other hands; restore it from a backup."
            ) from None

    def key_ids(self) -> list[str]:
        """The short public names of the keys, the one that encrypts first."""
        if self.file is not None:
            self._ciphers = _ciphers(self.file.read())
        return list(self._ciphers)

    def _cipher(self, key_id: str) -> AESGCM | None:
        if key_id not in self._ciphers and self.file is not None:
            self._ciphers = _ciphers(self.file.read())
        return self._ciphers.get(key_id)

    @property
    def _place(self) -> str:
        return _SETTING if self.file is None else str(self.file.path)

    def __repr__(self) -> str:
        return f"<Secrets {self._place}>"


def _key_file(database: Path) -> KeyFile:
    return KeyFile(
        database.with_name(f"{database.name}-keys"),
        least=KEY_LENGTH,
        setting=_SETTING,
        remedy="restore it from a backup, what was encrypted with its keys is lost without them",
        beside=database,
    )


def key_id(key: str | SecretStr) -> str:
    """A short public name of *key*, from which nobody learns anything else about it."""
    return _derived(key, "id")[:4].hex()


def _ciphers(keys: Iterable[str | SecretStr]) -> Mapping[str, AESGCM]:
    return {key_id(key): AESGCM(_derived(key, "AES-256-GCM")) for key in keys}


def _derived(key: str | SecretStr, purpose: str) -> bytes:
    """32 bytes of *key* for one purpose. Raises ConfigurationError."""
    text = key.get_secret_value() if isinstance(key, SecretStr) else key
    try:
        master = bytes.fromhex(text)
    except ValueError:
        master = b""
    if 2 * len(master) < KEY_LENGTH:
        raise ConfigurationError(f"{_SETTING}: a key has {KEY_LENGTH} hex digits or more; {_HOW_TO_SET}.")
    return hmac.digest(master, f"stormpath_wsgi.directory.secrets {VERSION} {purpose}".encode(), "sha256")


_HOW_TO_SET = "make one with stormpath-wsgi secret, and set STORMPATH_ENCRYPTIONKEYS to it on each machine"
