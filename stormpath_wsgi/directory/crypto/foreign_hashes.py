"""Hashes of passwords that other systems have made. Each serves until its owner signs in; then one of ours replaces it.

They are stored as the other system wrote them. Known are bcrypt, ``$stormpath2$`` of Stormpath, the hashers of Django
(PBKDF2, Argon2, bcrypt, scrypt), those of passlib (PBKDF2, bcrypt over SHA-256, scrypt), and those of Werkzeug. A hash
of Flask-Security, which digests the password with the site's ``SECURITY_PASSWORD_SALT`` before it is hashed, is written
``$flask-security$<base64 of the salt>$<hash>``; without a salt it has hashed the password itself.

Each has a limit of its cost, a few seconds at the most: one hash could otherwise keep a worker busy for days. The
limits are above the defaults of those systems (Django 6.0: 1,200,000 rounds of PBKDF2).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from unicodedata import normalize

from pwdlib.hashers.argon2 import Argon2Hasher

#: Characters. No hash that we know is longer, with the salt of a site before it.
LONGEST = 1024

_BCRYPT_COST = 14
_STORMPATH_ROUNDS = 1_000_000
_PBKDF2_ROUNDS = 2_000_000
_SCRYPT_MEMORY, _SCRYPT_WORK = 2**28, 2**22  # bytes; N * r * p
_ARGON2_MEMORY, _ARGON2_WORK, _ARGON2_LANES = 2**18, 2**20, 64  # the memory in KiB, that is 256 MiB; memory * passes

# With these costs or higher ones, a hash takes at least about as long as one of ours.
_BCRYPT_DEAR, _STORMPATH_DEAR, _PBKDF2_DEAR, _SCRYPT_DEAR, _ARGON2_DEAR = 10, 100_000, 200_000, 2**17, 3 * 2**16

_BCRYPT_LONGEST = 72  # bytes; bcrypt uses no more. Older libraries cut the rest off, the one we use raises an error

_STORMPATH_DIGESTS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


@dataclass(frozen=True, slots=True)
class ForeignHash:
    """One that was found to have a known format.

    *is_bearable*: whether its cost is one that we compute.
    """

    is_bearable: bool
    _is_costly: bool
    _matches: Callable[[str], bool]

    @property
    def is_dear(self) -> bool:
        """Whether :meth:`verify` takes as long as with one of ours, at least. Of one that is not bearable it computes
        nothing.
        """
        return self.is_bearable and self._is_costly

    def verify(self, password: str) -> bool:
        """Whether it is a hash of *password*. One that is not bearable is of none."""
        if not self.is_bearable:
            return False
        try:
            return self._matches(password)
        except ValueError:  # a salt or cost that a library refuses
            return False


def find(stored: str) -> ForeignHash | None:
    """What *stored* is a hash of; None where its format is not known. Nothing is computed."""
    if len(stored) > LONGEST:
        return None
    for pattern, make in _FORMATS:
        if found := pattern.fullmatch(stored):
            with suppress(ValueError):  # its base64 is none
                return make(found)
    return None


def with_salt_of_flask_security(stored: str, salt: str) -> str:
    """The hash *stored* of Flask-Security, to be verified with its SECURITY_PASSWORD_SALT. *salt* is empty where it
    hashed passwords as they are.
    """
    return f"$flask-security${base64.b64encode(salt.encode()).decode()}${stored}"


def _bcrypt(found: re.Match[str]) -> ForeignHash:
    # $2x$ marks hashes of a library that misread bytes above 127. It hashed ASCII correctly; other passwords do not
    # match here.
    return _bcrypt_of(found["bcrypt"], lambda raw: raw[:_BCRYPT_LONGEST])


def _bcrypt_of(stored: str, prepare: Callable[[bytes], bytes]) -> ForeignHash:
    cost = int(stored[4:6])
    return ForeignHash(
        4 <= cost <= _BCRYPT_COST,
        cost >= _BCRYPT_DEAR,
        lambda password: _is_bcrypt_of(prepare(_bytes(password)), stored),
    )


def _is_bcrypt_of(password: bytes, stored: str) -> bool:
    from pwdlib.hashers.bcrypt import BcryptHasher  # here, because most directories were never imported

    return BcryptHasher().verify(password, stored)


def _django_bcrypt_sha256(found: re.Match[str]) -> ForeignHash:
    return _bcrypt_of(found["bcrypt"], lambda raw: hashlib.sha256(raw).hexdigest().encode())


def _passlib_bcrypt_sha256(found: re.Match[str]) -> ForeignHash:
    """Version 1 digests the password, version 2 does so with the salt as the key."""

    def prepare(raw: bytes) -> bytes:
        if found["two"] is None:
            digest = hashlib.sha256(raw).digest()
        else:
            digest = hmac.digest(found["salt"].encode(), raw, "sha256")
        return base64.b64encode(digest)

    kind, cost = found["kind"] or found["kind2"], int(found["cost"] or found["cost2"])
    return _bcrypt_of(f"${kind}${cost:02}${found['salt']}{found['digest']}", prepare)


def _stormpath2(found: re.Match[str]) -> ForeignHash:
    """The first round digests the salt and the password, each further round digests the digest of the round before.

    Source: the import chapter of the REST API v1 and its public vectors.
    """
    rounds, algorithm = int(found["rounds"]), _STORMPATH_DIGESTS.get(found["algorithm"])

    def matches(password: str) -> bool:
        salt, expected = (base64.b64decode(found[part], validate=True) for part in ("salt", "digest"))
        digest = salt + _bytes(password)
        for _ in range(rounds):
            digest = hashlib.new(algorithm or "", digest, usedforsecurity=False).digest()
        return hmac.compare_digest(digest, expected)

    return ForeignHash(algorithm is not None and rounds <= _STORMPATH_ROUNDS, rounds >= _STORMPATH_DEAR, matches)


def _pbkdf2(found: re.Match[str], salt: bytes, expected: bytes) -> ForeignHash:
    """RFC 8018, section 5.2."""
    rounds, digest = int(found["rounds"]), (found["digest"] or "sha1").strip("-").lower()

    def matches(password: str) -> bool:
        got = hashlib.pbkdf2_hmac(digest, _bytes(password), salt, rounds, len(expected))
        return hmac.compare_digest(got, expected)

    bearable = 1 <= rounds <= _PBKDF2_ROUNDS and len(expected) == hashlib.new(digest).digest_size
    return ForeignHash(bearable, rounds >= _PBKDF2_DEAR, matches)


def _django_pbkdf2(found: re.Match[str]) -> ForeignHash:
    return _pbkdf2(found, found["salt"].encode(), base64.b64decode(found["hash"]))


def _passlib_pbkdf2(found: re.Match[str]) -> ForeignHash:
    return _pbkdf2(found, _unpadded(found["salt"]), _unpadded(found["hash"]))


def _werkzeug_pbkdf2(found: re.Match[str]) -> ForeignHash:
    return _pbkdf2(found, found["salt"].encode(), bytes.fromhex(found["hash"]))


def _scrypt(found: re.Match[str], n: int, salt: bytes, expected: bytes) -> ForeignHash:
    """RFC 7914."""
    r, p = int(found["r"]), int(found["p"])
    memory = 128 * n * r

    def matches(password: str) -> bool:
        raw, most = _bytes(password), 2 * memory + 2**20
        got = hashlib.scrypt(raw, salt=salt, n=n, r=r, p=p, maxmem=most, dklen=len(expected))
        return hmac.compare_digest(got, expected)

    bearable = memory <= _SCRYPT_MEMORY and 0 < n * r * p <= _SCRYPT_WORK and len(expected) in (32, 64)
    return ForeignHash(bearable, n * r * p >= _SCRYPT_DEAR, matches)


def _django_scrypt(found: re.Match[str]) -> ForeignHash:
    return _scrypt(found, int(found["n"]), found["salt"].encode(), base64.b64decode(found["hash"]))


def _passlib_scrypt(found: re.Match[str]) -> ForeignHash:
    return _scrypt(found, 2 ** int(found["ln"]), _unpadded(found["salt"]), _unpadded(found["hash"]))


def _werkzeug_scrypt(found: re.Match[str]) -> ForeignHash:
    return _scrypt(found, int(found["n"]), found["salt"].encode(), bytes.fromhex(found["hash"]))


def _argon2(found: re.Match[str]) -> ForeignHash:
    """RFC 9106, in any of its variants."""
    memory, passes, lanes = (int(found[name]) for name in ("memory", "passes", "lanes"))
    return ForeignHash(
        memory <= _ARGON2_MEMORY and memory * passes <= _ARGON2_WORK and lanes <= _ARGON2_LANES,
        memory * passes >= _ARGON2_DEAR,
        lambda password: Argon2Hasher().verify(_bytes(password), found["argon2"]),
    )


def _flask_security(found: re.Match[str]) -> ForeignHash | None:
    """HMAC of SHA-512 over the password, with the site's salt as the key, in base64; and of that a hash of passlib.
    With an empty key there is no HMAC.

    Flask-Security normalises a password to NFKD since its version 4, and did not before. Source: its configuration
    reference, SECURITY_PASSWORD_SALT.
    """
    inner = find(found["inner"])
    if inner is None or found["inner"].startswith("$flask-security$"):
        return None

    def matches(password: str) -> bool:
        salt = base64.b64decode(found["key"])
        return any(inner.verify(_digested(text, salt)) for text in {normalize("NFKD", password): 0, password: 0})

    return ForeignHash(inner.is_bearable, inner.is_dear, matches)


def _digested(password: str, salt: bytes) -> str:
    if not salt:
        return password
    return base64.b64encode(hmac.digest(salt, _bytes(password), "sha512")).decode()


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _unpadded(text: str) -> bytes:
    """The bytes that passlib wrote in base64: without padding, and in some formats with dots for the plus signs."""
    return base64.b64decode(text.replace(".", "+") + "=" * (-len(text) % 4))


def _formats() -> Iterator[tuple[re.Pattern[str], Callable[[re.Match[str]], ForeignHash | None]]]:
    b64, rounds, bcrypt = "[A-Za-z0-9+/]{1,400}={0,2}", r"(?P<rounds>\d{1,9})", r"\$2[abxy]\$\d\d\$[A-Za-z0-9+/.]{53}"
    salt, passlib = "(?P<salt>[^$]{1,200})", r"(?P<salt>[A-Za-z0-9+/.]{0,400})\$(?P<hash>[A-Za-z0-9+/.]{1,400})"
    scrypt = r"(?P<r>\d{1,5})%s(?P<p>\d{1,5})"
    written = {
        f"(?P<bcrypt>{bcrypt})": _bcrypt,
        r"\$stormpath2\$(?P<algorithm>[^$]+)\$(?P<rounds>[1-9]\d{0,8})"
        r"\$(?P<salt>[A-Za-z0-9+/]*={0,2})\$(?P<digest>[A-Za-z0-9+/]+={0,2})": _stormpath2,
        rf"pbkdf2_(?P<digest>sha1|sha256|sha512)\${rounds}\${salt}\$(?P<hash>{b64})": _django_pbkdf2,
        rf"bcrypt\$(?P<bcrypt>{bcrypt})": _bcrypt,
        rf"bcrypt_sha256\$(?P<bcrypt>{bcrypt})": _django_bcrypt_sha256,
        rf"scrypt\$(?P<n>\d{{1,8}})\${salt}\${scrypt % '[$]'}\$(?P<hash>{b64})": _django_scrypt,
        r"(argon2)?(?P<argon2>\$argon2(id|i|d)\$v=19\$m=(?P<memory>\d{1,9}),t=(?P<passes>\d{1,9}),p=(?P<lanes>\d{1,9})"
        r"\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{16,})": _argon2,
        rf"\$pbkdf2(?P<digest>-sha256|-sha512)?\${rounds}\${passlib}": _passlib_pbkdf2,
        r"\$bcrypt-sha256\$((?P<two>v=2,)t=(?P<kind>2[aby]),r=(?P<cost>\d{1,2})|(?P<kind2>2[aby]),(?P<cost2>\d{1,2}))"
        r"\$(?P<salt>[A-Za-z0-9./]{22})\$(?P<digest>[A-Za-z0-9./]{31})": _passlib_bcrypt_sha256,
        rf"\$scrypt\$ln=(?P<ln>\d{{1,2}}),r={scrypt % ',p='}\${passlib}": _passlib_scrypt,
        rf"pbkdf2:(?P<digest>sha1|sha256|sha512):{rounds}\${salt}\$(?P<hash>([0-9a-f]{{2}}){{1,64}})": _werkzeug_pbkdf2,
        rf"scrypt:(?P<n>\d{{1,8}}):{scrypt % ':'}\${salt}\$(?P<hash>([0-9a-f]{{2}}){{1,64}})": _werkzeug_scrypt,
        rf"\$flask-security\$(?P<key>({b64})?)\$(?P<inner>.{{1,600}})": _flask_security,
    }
    for pattern, make in written.items():
        yield re.compile(pattern), make


_FORMATS = tuple(_formats())
