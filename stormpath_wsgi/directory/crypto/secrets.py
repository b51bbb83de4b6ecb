"""Secrets at rest: how the tables hold secrets that are needed again, so that a digest would not do.

The cipher is AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits for each text. An encrypted text looks like
``v1.<key id>.<base64url of nonce, ciphertext, tag>``. It is bound to its place in the database, which is authenticated
together with the text. So a text that was copied into another row cannot be decrypted there.

A text that only has to be compared, and is too short for a plain digest, has one with a key: HMAC-SHA-256 (RFC 2104),
bound to its place as well, and written ``v1.<key id>.<hex digits>``.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, Self

from pydantic import SecretStr

from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.key_file import KeyFile

VERSION = "v1"
KEY_LENGTH = 64  # hex digits: 32 random bytes

_NONCE = 12  # bytes
_SETTING = "encryptionKeys"


class _Key(NamedTuple):
    """What one key is used for: two keys that are derived from it, one that encrypts and one of digests."""

    of_texts: bytes
    of_digests: bytes

    def encrypt(self, text: str, context: str) -> bytes:
        # Here and below, because sign-ins and sessions need no cipher: most workers do without the library.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self.of_texts).encrypt(nonce, text.encode(), context.encode())

    def decrypt(self, encrypted: bytes, context: str) -> str:
        """The text. Raises ValueError when it was changed or moved."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher = AESGCM(self.of_texts)
        try:
            return cipher.decrypt(encrypted[:_NONCE], encrypted[_NONCE:], context.encode()).decode()
        except InvalidTag as error:
            raise ValueError("the tag is wrong") from error

    def digest(self, text: str, context: str) -> str:
        return hmac.digest(self.of_digests, f"{context}\0{text}".encode(), "sha256").hex()


class Secrets:
    """Encrypts and decrypts texts with a list of keys: the first encrypts, all decrypt.

    Threads may share it, and it can be used after a fork.

    *keys*: each has :data:`KEY_LENGTH` or more hex digits. Or a *file* of such keys, which is made for the first text
    that is encrypted. The file is read again for each text to encrypt and for each unknown key id, so that running
    servers notice new keys. Without keys and file, encrypting and decrypting raise
    :class:`~stormpath_wsgi.ConfigurationError`.

    Raises :class:`~stormpath_wsgi.ConfigurationError` for keys of another form.
    """

    def __init__(self, keys: Iterable[str | SecretStr] = (), *, file: KeyFile | None = None) -> None:
        self.file = file
        self._keys = _keys_of(keys)

    @classmethod
    def of(cls, database: Database, keys: Iterable[str | SecretStr] = ()) -> Self:
        """The secrets of a *database* with the *keys* from the settings.

        When the settings have none, a database in a file gets a key file beside it, a database in memory gets a key in
        memory, and a database on a server has no key.
        """
        if keys := tuple(keys):
            return cls(keys)
        if database.path is not None:
            return cls(file=_key_file(database.path))
        return cls([secrets.token_hex()] if database.embedded else ())

    def encrypt(self, text: str, context: str) -> str:
        """*text* encrypted for the place *context*: ``<path>/<id>/<attribute>``.

        To be called within the transaction that stores the text, because :mod:`.rotation` relies on that.
        """
        key_id, key = next(iter(self._encrypting(context).items()))
        return f"{VERSION}.{key_id}.{base64.urlsafe_b64encode(key.encrypt(text, context)).decode()}"

    def digest(self, text: str, context: str) -> str:
        """The digest of *text* at the place *context*. Raises ConfigurationError where there is no key."""
        key_id, key = next(iter(self._encrypting(context).items()))
        return f"{VERSION}.{key_id}.{key.digest(text, context)}"

    def is_digest(self, digest: str, text: str, context: str) -> bool:
        """Whether *digest* is that of *text* at the place *context*. One whose key is gone is that of no text."""
        _, _, rest = digest.partition(".")
        key_id, _, stored = rest.partition(".")
        key = self._key(key_id)
        return key is not None and hmac.compare_digest(stored, key.digest(text, context))

    def decrypt(self, encrypted: str, context: str) -> str:
        """The text that was *encrypted* for the place *context*.

        Raises :class:`~stormpath_wsgi.ConfigurationError` when its key is missing, or when the text was changed or
        moved.
        """
        version, _, rest = encrypted.partition(".")
        key_id, _, data = rest.partition(".")
        key = self._key(key_id) if version == VERSION else None
        if key is None:
            raise ConfigurationError(
                f"{context} was encrypted with the key {key_id!r:.20}, which is not in {self._place}; put it back "
                "there."
            )
        try:
            return key.decrypt(base64.urlsafe_b64decode(data), context)
        except ValueError:
            raise ConfigurationError(
                f"{context} cannot be decrypted with the key {key_id} from {self._place}: the table was changed by "
                "other hands; restore it from a backup."
            ) from None

    def key_ids(self) -> list[str]:
        """The ids of the keys (:func:`key_id`). The key that encrypts comes first."""
        if self.file is not None:
            self._keys = _keys_of(self.file.read())
        return list(self._keys)

    def _encrypting(self, context: str) -> Mapping[str, _Key]:
        """The keys, the one that encrypts first. *context*: what for. Raises ConfigurationError where there is none."""
        keys = self._keys
        if self.file is not None:
            # A file that was deleted is not made anew: texts that were encrypted with its keys could not be decrypted.
            keys = self._keys = _keys_of(self.file.read() if keys else self.file.make())
        if not keys:
            raise ConfigurationError(f"{context} cannot be encrypted: there is no key in {self._place}; {_HOW_TO_SET}.")
        return keys

    def _key(self, key_id: str) -> _Key | None:
        if key_id not in self._keys and self.file is not None:
            self._keys = _keys_of(self.file.read())
        return self._keys.get(key_id)

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
    """A short public name of *key*. The key cannot be found from it."""
    return _derived(key, "id")[:4].hex()


def _keys_of(keys: Iterable[str | SecretStr]) -> Mapping[str, _Key]:
    return {key_id(key): _Key(_derived(key, "AES-256-GCM"), _derived(key, "HMAC-SHA-256")) for key in keys}


def _derived(key: str | SecretStr, purpose: str) -> bytes:
    """32 bytes, derived from *key* for one purpose. Raises ConfigurationError."""
    text = key.get_secret_value() if isinstance(key, SecretStr) else key
    try:
        master = bytes.fromhex(text)
    except ValueError:
        master = b""
    if 2 * len(master) < KEY_LENGTH:
        raise ConfigurationError(f"{_SETTING}: a key has {KEY_LENGTH} hex digits or more; {_HOW_TO_SET}.")
    return hmac.digest(master, f"stormpath_wsgi.directory.secrets {VERSION} {purpose}".encode(), "sha256")


_HOW_TO_SET = "make one with stormpath-wsgi secret, and set STORMPATH_ENCRYPTIONKEYS to it on each machine"
