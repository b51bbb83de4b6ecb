"""Identifiers of resources: 128 random bits, written as 22 characters of base 62.

Ids are public, and cannot be guessed: RFC 4086 asks for 128 bits where guessing must be hopeless. The width is fixed
and the alphabet is in ASCII order, so ids sort like the numbers that they stand for.
"""

from __future__ import annotations

import secrets
import string

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
WIDTH = 22  # 62 ** 21 < 2 ** 128 < 62 ** 22
_BITS = 128


def new_id() -> str:
    """A new id, from the random source of the operating system."""
    return from_int(secrets.randbits(_BITS))


def from_int(number: int) -> str:
    """The id of a *number* from 0 up to but not including 2**128. Raises ValueError."""
    if number < 0 or number >> _BITS:
        raise ValueError("an id holds 128 bits")
    characters = []
    for _ in range(WIDTH):
        number, value = divmod(number, 62)
        characters.append(ALPHABET[value])
    return "".join(reversed(characters))
