"""How secrets leave a directory: not at all, encrypted with a passphrase, or, if somebody insists, as they are.

The key is made of the passphrase by scrypt (RFC 7914) with a random salt, and each secret is encrypted with it as in
the database, bound to its place (:mod:`stormpath_wsgi.directory.crypto.secrets`). The header of the file says how.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.transfer.problems import TransferError

#: Characters of the shortest passphrase.
SHORTEST = 12

#: How hard it is to try a passphrase: 64 MiB, and as long as hashing a password or two. A power of two.
COST = 2**16

_R, _P = 8, 1
_MOST_N = 2**20
_PLACE, _SAMPLE = "export", "stormpath-wsgi"
_SALT = re.compile(r"[A-Za-z0-9+/]{22}==")


def new_key(passphrase: str, cost: int = COST) -> tuple[Secrets, dict[str, Any]]:
    """What encrypts with *passphrase*, and the member ``key`` of the header, which says how."""
    if len(passphrase) < SHORTEST:
        raise TransferError(f"A passphrase has {SHORTEST} characters or more: whoever has the file may try for years.")
    salt = os.urandom(16)
    secrets = _secrets(passphrase, salt, cost)
    described = {"algorithm": "scrypt", "n": cost, "r": _R, "p": _P, "salt": base64.b64encode(salt).decode()}
    return secrets, {**described, "check": secrets.encrypt(_SAMPLE, _PLACE)}


def known_key(passphrase: str, described: Mapping[str, Any]) -> Secrets:
    """What decrypts with *passphrase* what was encrypted with the key *described* in a header.

    Raises :class:`TransferError` when the passphrase is another, or the description is none of ours.
    """
    n, salt = described.get("n"), described.get("salt")
    known = (described.get("algorithm"), described.get("r"), described.get("p")) == ("scrypt", _R, _P)
    if not known or not isinstance(n, int) or not 2 <= n <= _MOST_N or n & (n - 1):
        raise TransferError("line 1: the key of the file is made in a way that is not known.")
    if not isinstance(salt, str) or not _SALT.fullmatch(salt):
        raise TransferError("line 1: the key of the file has no salt.")
    secrets = _secrets(passphrase, base64.b64decode(salt), n)
    try:
        secrets.decrypt(str(described.get("check")), _PLACE)
    except ConfigurationError:
        raise TransferError("The passphrase is not the one with which the file was written.") from None
    return secrets


def _secrets(passphrase: str, salt: bytes, n: int) -> Secrets:
    raw = passphrase.encode("utf-8", "surrogatepass")
    return Secrets([hashlib.scrypt(raw, salt=salt, n=n, r=_R, p=_P, maxmem=2**20 + 160 * n * _R, dklen=32).hex()])
