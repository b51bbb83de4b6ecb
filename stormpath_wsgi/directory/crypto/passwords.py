"""Passwords: how they are hashed, verified and checked against a policy.

New hashes are argon2id, of the cost that the directory is opened with (:mod:`stormpath_wsgi.passwords.cost`). Hashes
of another cost, and those that other systems have made (:mod:`.foreign_hashes`), serve the first successful login,
which replaces them.

A password is prepared before it is hashed, as RFC 8265 (section 4.2, OpaqueString) asks: every kind of space becomes a
blank, and the text is normalised to NFC, so that different keyboards give the same password. Nothing else is changed:
NFKC would make different passwords equal (NIST SP 800-63B allows either). Imported hashes were made of the unchanged
text and are compared with it. An Argon2 hash does not tell who made it, so it is compared with both.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from unicodedata import normalize

from pwdlib.hashers.argon2 import Argon2Hasher

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.crypto import foreign_hashes
from stormpath_wsgi.directory.crypto.hash_turns import Turns, processors
from stormpath_wsgi.errors import Overloaded, fault
from stormpath_wsgi.kinds import PasswordStrength
from stormpath_wsgi.passwords.cost import DEFAULT, PRESETS, Cost

#: Characters. A longer password is never hashed, because preparing and hashing megabytes would take too long.
LONGEST = 1024

_LANES = 4  # the threads that compute one hash

#: Hashes computed at once in each process; there are more processes where there are many processors.
AT_ONCE = min(2, max(1, processors() // _LANES))

_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")  # category Zs, the blank left out

#: What hashes begin with that may come over the REST API.
_IMPORTABLE = ("$2", "$stormpath2$", "$argon2id$")
_STORMPATH1 = re.compile(r"\$stormpath1\$[^$]+\$[^$]+")


class Passwords:
    """Hashes and verifies passwords. One object serves a process; threads and greenlets may share it.

    *hasher* makes the new hashes; tests pass a cheap one; None: one of the default cost. :data:`AT_ONCE` hashes are
    computed at the same time, each in its own memory, and by a thread of low priority. *waiting*: how many more calls
    may wait for their turn, for *timeout* seconds at the most. Every method that computes a hash refuses all other
    calls at once, with :class:`~stormpath_wsgi.errors.Overloaded`.
    """

    def __init__(self, hasher: Argon2Hasher | None = None, *, waiting: int = 4, timeout: float = 3) -> None:
        self._hasher = hasher or PRESETS[DEFAULT].hasher()
        costs = self._hasher._hasher
        self._is_dearer = Cost(costs.memory_cost, costs.time_cost, costs.parallelism).is_dearer
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
        if stored is not None and self._is_current(stored):
            return self._compare(password, stored)
        foreign = foreign_hashes.find(stored or "")
        if foreign is not None:
            texts = _texts(password) if self._hasher.identify(stored or "") else [password]
            if self._turns.take(lambda: any(foreign.verify(text) for text in texts)):
                return True
        is_as_dear = foreign is not None and foreign.is_dear and not self._is_dearer
        return not is_as_dear and self.verify_decoy(password)

    def verify_and_update(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """What :meth:`verify` returns; and the hash to store from now on, or None.

        There is a new hash if the password is right, *stored* has an older format, and hashing is not overloaded.
        """
        if not self.verify(password, stored):
            return False, None
        with suppress(Overloaded):  # there will be another login
            return True, self.hash(password) if stored and not self._is_current(stored) else None
        return True, None

    def verify_decoy(self, password: str) -> bool:
        """Returns False after as much work as verifying takes, so that the time does not tell whether an account
        exists.
        """
        if self._decoy is None:
            # Making a hash is as much work as verifying one, so the first call takes no longer than the others.
            self._decoy = self.hash(secrets.token_hex())
        elif len(password) <= LONGEST:
            self._compare(password, self._decoy)
        return False

    def _compare(self, password: str, stored: str) -> bool:
        """Whether *stored*, which has the parameters of our hasher, is a hash of *password*. Other systems that hash
        with the same parameters have not prepared the text.
        """
        return self._turns.take(lambda: any(self._hasher.verify(_bytes(text), stored) for text in _texts(password)))

    def _is_current(self, stored: str) -> bool:
        """Whether *stored* has the parameters with which passwords are hashed now, so that its cost is known."""
        with suppress(ValueError):  # it begins as a hash does, and is none
            return self._hasher.identify(stored) and not self._hasher.check_needs_rehash(stored)
        return False


def check_format(stored: str) -> None:
    """Checks that an imported hash has a known format and that its cost is not too high. Nothing is computed.

    Known are bcrypt, ``$stormpath2$``, ``$argon2id$`` and ``$stormpath1$``. The last is accepted although no password
    matches it: its owner has to set a new password. Raises :class:`~stormpath_wsgi.errors.Error` (2006, 2003).
    """
    if _STORMPATH1.fullmatch(stored):
        return
    found = foreign_hashes.find(stored) if stored.startswith(_IMPORTABLE) else None
    if found is None:
        raise fault(Code.WRONG_FORMAT, "The imported password is in an invalid format.")
    if not found.is_bearable:
        raise fault(Code.NOT_A_CHOICE, "The imported password designates an algorithm that is an unsupported value.")


def check_strength(password: str, strength: Mapping[str, Any], *, passphrase: int = 0) -> None:
    """Checks *password* against *strength*, the attributes of PasswordStrength by their names in Python.

    *passphrase*: the characters from which on only the length counts, where nobody has set *strength*; 0: none.
    Raises :class:`~stormpath_wsgi.errors.Error`: 2007 when it is too short or some characters are missing, 2008 when it
    is too long.
    """
    password = _normal(password)
    if len(password) < strength["min_length"]:
        raise fault(Code.TOO_SHORT, "Account password minimum length not satisfied.")
    if len(password) > min(strength["max_length"], LONGEST):
        raise fault(Code.TOO_LONG, "Account password exceeds the maximum length.")
    if 0 < passphrase <= len(password) and strength["created_at"] == strength["modified_at"]:
        return
    for limit, (name, is_one) in PasswordStrength.counted.items():
        least = strength[limit]
        if sum(map(bool, map(is_one, password))) < least:
            raise fault(
                Code.TOO_SHORT, f"Password requires at least {least} {name} character{'s' if least > 1 else ''}."
            )


def _normal(password: str) -> str:
    return normalize("NFC", _SPACES.sub(" ", password))


def _texts(password: str) -> list[str]:
    """The texts of which an Argon2 hash may have been made: as we prepare it, and unchanged."""
    return list(dict.fromkeys((_normal(password), password)))


def _prepared(password: str) -> bytes:
    return _bytes(_normal(password))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
