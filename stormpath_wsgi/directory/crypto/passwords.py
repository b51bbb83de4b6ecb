"""Passwords: how they are hashed, verified and checked against a policy.

New hashes are argon2id with the parameters pwdlib recommends (RFC 9106, second choice: 3 passes over 64 MiB
in 4 lanes). Hashes that were imported in an older format serve the first successful login, which replaces them.

A password is prepared before it is hashed, as RFC 8265 (section 4.2, OpaqueString) asks: every kind of space becomes a
blank, and the text is normalised to NFC, so that different keyboards give the same password. Nothing else is changed:
NFKC would make different passwords equal (NIST SP 800-63B allows either). Imported hashes were made of the unchanged
text and are compared with it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from unicodedata import normalize

from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.crypto.hash_turns import Turns, processors
from stormpath_wsgi.errors import Overloaded, fault
from stormpath_wsgi.kinds import PasswordStrength

#: Characters. A longer password is never hashed, because preparing and hashing megabytes would take too long.
LONGEST = 1024

_LANES = 4  # the threads that compute one hash

#: Hashes computed at once in each process; there are more processes where there are many processors.
AT_ONCE = min(2, max(1, processors() // _LANES))

_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")  # category Zs, the blank left out

# The highest cost of an imported hash: about a second. Without a limit, one hash could keep a worker busy for days.
_BCRYPT_COST = 14
_STORMPATH_ROUNDS = 1_000_000
_ARGON2_MEMORY, _ARGON2_PASSES, _ARGON2_LANES = 2**18, 16, 64  # the memory in KiB, that is 256 MiB

# With these costs or higher ones, an imported hash takes at least about as long as one of ours.
_BCRYPT_DEAR, _STORMPATH_DEAR = 10, 100_000

_BCRYPT_LONGEST = 72  # bytes; bcrypt uses no more. Older libraries cut the rest off, the one we use raises an error

_ARGON2 = re.compile(
    r"\$argon2id\$v=19\$m=(?P<memory>\d{1,9}),t=(?P<passes>\d{1,9}),p=(?P<lanes>\d{1,9})"
    r"\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{16,}"
)
_BCRYPT = re.compile(r"\$2[abxy]\$(?P<cost>\d\d)\$[A-Za-z0-9+/.]{53}")
_STORMPATH2 = re.compile(
    r"\$stormpath2\$(?P<algorithm>[^$]+)\$(?P<rounds>[1-9]\d{0,8})"
    r"\$(?P<salt>[A-Za-z0-9+/]*={0,2})\$(?P<digest>[A-Za-z0-9+/]+={0,2})"
)
_STORMPATH1 = re.compile(r"\$stormpath1\$[^$]+\$[^$]+")
_DIGESTS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class Passwords:
    """Hashes and verifies passwords. One object serves a process; threads and greenlets may share it.

    *hasher* makes the new hashes; tests pass a cheap one. :data:`AT_ONCE` hashes are computed at the same time, each in
    several lanes, in 64 MiB of memory, and by a thread of low priority. *waiting*: how many more calls may wait for
    their turn, for *timeout* seconds at the most. Every method that computes a hash refuses all other calls at once,
    with :class:`~stormpath_wsgi.errors.Overloaded`.
    """

    def __init__(self, hasher: Argon2Hasher | None = None, *, waiting: int = 4, timeout: float = 3) -> None:
        self._hasher = hasher or Argon2Hasher()
        self._turns = Turns(AT_ONCE, waiting, timeout)
        self._decoy: str | None = None

    def expect_turn(self) -> None:
        """Raises :class:`~stormpath_wsgi.errors.Overloaded` when a hash would be refused now. To be called before other
        work.
        """
        self._turns.expect()

    def hash(self, password: str) -> str:
        """The hash to store for *password*. Raises ValueError above :data:`LONGEST` characters."""
        if len(password) > LONGEST:
            raise ValueError(f"a password has at most {LONGEST} characters")
        return self._turns.take(lambda: self._hasher.hash(_prepared(password)))

    def verify(self, password: str, stored: str | None) -> bool:
        """Whether *stored* is a hash of *password*. Without a usable *stored*, False after the same work."""
        if len(password) > LONGEST:
            return False
        if stored is None or not self._hasher.identify(stored):
            proved = stored is not None and self._verify_imported(password, stored)
            return proved or (not _is_dear(stored) and self.verify_decoy(password))
        return self._turns.take(lambda: self._hasher.verify(_prepared(password), stored))

    def verify_and_update(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """What :meth:`verify` returns; and the hash to store from now on, or None.

        There is a new hash if the password is right, *stored* has an older format, and hashing is not overloaded.
        """
        if not self.verify(password, stored):
            return False, None
        with suppress(Overloaded):  # there will be another login
            return True, self.hash(password) if stored and self._is_dated(stored) else None
        return True, None

    def verify_decoy(self, password: str) -> bool:
        """Returns False after as much work as verifying takes, so that the time does not tell whether an account
        exists.
        """
        if self._decoy is None:
            # Making a hash is as much work as verifying one, so the first call takes no longer than the others.
            self._decoy = self.hash(secrets.token_hex())
        elif len(password) <= LONGEST:
            decoy = self._decoy
            self._turns.take(lambda: self._hasher.verify(_prepared(password), decoy))
        return False

    def _is_dated(self, stored: str) -> bool:
        return not self._hasher.identify(stored) or self._hasher.check_needs_rehash(stored)

    def _verify_imported(self, password: str, stored: str) -> bool:
        raw = password.encode("utf-8", "surrogatepass")
        if _BCRYPT.fullmatch(stored):
            return self._turns.take(lambda: _verify_bcrypt(raw, stored))
        if found := _STORMPATH2.fullmatch(stored):
            return self._turns.take(lambda: _verify_stormpath2(raw, found))
        return False  # $stormpath1$ among them: how it was computed was never published


def _is_dear(stored: str | None) -> bool:
    """Whether verifying the imported hash takes at least as long as one of ours, so that no decoy is needed."""
    if found := _BCRYPT.fullmatch(stored or ""):
        return _BCRYPT_DEAR <= int(found["cost"]) <= _BCRYPT_COST
    found = _STORMPATH2.fullmatch(stored or "")
    return found is not None and found["algorithm"] in _DIGESTS and int(found["rounds"]) >= _STORMPATH_DEAR


def check_format(stored: str) -> None:
    """Checks that an imported hash has a known format and that its cost is not too high. Nothing is computed.

    Known are bcrypt, ``$stormpath2$``, ``$argon2id$`` and ``$stormpath1$``. The last is accepted although no password
    matches it: its owner has to set a new password. Raises :class:`~stormpath_wsgi.errors.Error` (2006, 2003).
    """
    if _STORMPATH1.fullmatch(stored):
        return
    if found := _ARGON2.fullmatch(stored):
        memory, passes, lanes = map(int, found.groups())
        bearable = memory <= _ARGON2_MEMORY and passes <= _ARGON2_PASSES and lanes <= _ARGON2_LANES
    elif found := _BCRYPT.fullmatch(stored):
        bearable = 4 <= int(found["cost"]) <= _BCRYPT_COST
    elif found := _STORMPATH2.fullmatch(stored):
        bearable = found["algorithm"] in _DIGESTS and int(found["rounds"]) <= _STORMPATH_ROUNDS
    else:
        raise fault(Code.WRONG_FORMAT, "The imported password is in an invalid format.")
    if not bearable:
        raise fault(Code.NOT_A_CHOICE, "The imported password designates an algorithm that is an unsupported value.")


def check_strength(password: str, strength: Mapping[str, Any]) -> None:
    """Checks *password* against *strength*, the attributes of PasswordStrength by their names in Python.

    Raises :class:`~stormpath_wsgi.errors.Error`: 2007 when it is too short or some characters are missing, 2008 when it
    is too long.
    """
    password = _normal(password)
    if len(password) < strength["min_length"]:
        raise fault(Code.TOO_SHORT, "Account password minimum length not satisfied.")
    if len(password) > min(strength["max_length"], LONGEST):
        raise fault(Code.TOO_LONG, "Account password exceeds the maximum length.")
    for limit, (name, is_one) in PasswordStrength.counted.items():
        least = strength[limit]
        if sum(map(bool, map(is_one, password))) < least:
            raise fault(
                Code.TOO_SHORT, f"Password requires at least {least} {name} character{'s' if least > 1 else ''}."
            )


def _normal(password: str) -> str:
    return normalize("NFC", _SPACES.sub(" ", password))


def _prepared(password: str) -> bytes:
    return _normal(password).encode("utf-8", "surrogatepass")


def _verify_bcrypt(raw: bytes, stored: str) -> bool:
    # $2x$ marks hashes of a library that misread bytes above 127. It hashed ASCII correctly; other passwords do not
    # match here.
    try:
        return BcryptHasher().verify(raw[:_BCRYPT_LONGEST], stored)
    except ValueError:  # a cost or salt that the library does not know
        return False


def _verify_stormpath2(raw: bytes, layout: re.Match[str]) -> bool:
    """The first round digests the salt and the password, each further round digests the digest of the round before.

    Source: the import chapter of the REST API v1 and its public vectors.
    """
    try:
        salt, expected = (base64.b64decode(layout[part], validate=True) for part in ("salt", "digest"))
        algorithm = _DIGESTS[layout["algorithm"]]
    except (binascii.Error, KeyError):
        return False
    digest = salt + raw
    for _ in range(int(layout["rounds"])):
        digest = hashlib.new(algorithm, digest, usedforsecurity=False).digest()
    return hmac.compare_digest(digest, expected)
