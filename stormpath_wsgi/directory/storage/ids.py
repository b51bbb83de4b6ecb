"""Identifiers of resources: 128 random bits, spelled as 22 characters of base 62.

Anybody may see an id, nobody can guess one (RFC 4086 asks for 128 bits where guessing must be hopeless).
The width is fixed and the alphabet is in ASCII order, so ids sort as the numbers they are.
"""

from __future__ import annotations

import secrets
import string

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
WIDTH = 22  # 62 ** 21 < 2 ** 128 < 62 ** 22
_BITS = 128


def new_id() -> str:
    """A fresh id from the operating system's random source."""
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
