"""Whose answers have changed: the slots of a generation.

The generation of a directory has a number for each of :data:`SLOTS` slots. The id of an account decides which slot is
its own. The number stays the same until something has changed that concerns an account of that slot, or everybody.
Accounts that share a slot are asked for more often, and never too seldom.
"""

from __future__ import annotations

from typing import Protocol
from zlib import crc32

#: Two more, which are of no account. The first moves with what concerns everybody, and then all move; the second moves
#: with anything.
EVERYBODY, ANY = 0, 1

#: How many slots accounts have. They come after the two above. With 20 changes a second one moves every 27 minutes.
SLOTS = 32768

#: All there are.
WORDS = 2 + SLOTS


def slot_of(account_id: str) -> int:
    """The slot of the account with this id: the same one in all processes, on all machines and for ever."""
    return 2 + crc32(account_id.encode()) % SLOTS


class Generation(Protocol):
    """Returns the number of a slot."""

    def __call__(self, slot: int = ANY, /) -> int:
        """A number. As long as it does not change, the answers still hold that were read since and concern the *slot*.

        Without an argument it changes with anything that changes.
        """


def own_number(generation: Generation, before: int, slot: int) -> tuple[int, int]:
    """The number and the slot by which an answer holds that was asked for before anybody knew which *slot* it is about.

    *before*: the number of :data:`ANY` from before it was asked. If that has not moved yet, then the number of the
    *slot* has not either. Otherwise the answer holds by *before*, that is, it is asked for again.
    """
    number = generation(slot)
    return (number, slot) if generation(ANY) == before else (before, ANY)
