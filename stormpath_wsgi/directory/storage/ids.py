"""Identifiers of resources: 128 random bits, spelled as 22 characters of base 62.

Anybody may see an id, nobody can guess one (RFC 4086 asks for 128 bits where guessing must be hopeless).
The width is fixed and the alphabet is in ASCII order, so ids sort as the numbers they are; a session cookie
carries the 16 bytes instead.
"""

from __future__ import annotations

import secrets
import string

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
WIDTH = 22  # 62 ** 21 < 2 ** 128 < 62 ** 22
_BITS = 128
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def new_id() -> str:
    """A fresh id from the operating system's random source."""
    return from_int(secrets.randbits(_BITS))


def is_id(text: str) -> bool:
    """Whether *text* is spelled as :func:`new_id` spells."""
    return len(text) == WIDTH and _VALUES.keys() >= set(text) and _number(text) >> _BITS == 0


def from_int(number: int) -> str:
    """The id of a *number* from 0 up to but not including 2**128. Raises ValueError."""
    if number < 0 or number >> _BITS:
        raise ValueError("an id holds 128 bits")
    characters = []
    for _ in range(WIDTH):
        number, value = divmod(number, 62)
        characters.append(ALPHABET[value])
    return "".join(reversed(characters))


def to_int(id: str) -> int:
    """The number of an *id*. Raises ValueError when it is none."""
    if not is_id(id):
        raise ValueError("not an id: expected 22 characters of base 62 that hold 128 bits")
    return _number(id)


def from_bytes(packed: bytes) -> str:
    """The id of 16 bytes, the highest first. Raises ValueError."""
    if len(packed) != _BITS // 8:
        raise ValueError("a packed id has 16 bytes")
    return from_int(int.from_bytes(packed, "big"))


def to_bytes(id: str) -> bytes:
    """The 16 bytes of an *id*, the highest first. Raises ValueError."""
    return to_int(id).to_bytes(_BITS // 8, "big")


def _number(text: str) -> int:
    number = 0
    for character in text:
        number = number * 62 + _VALUES[character]
    return number
