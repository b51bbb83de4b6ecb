"""What the hash of a password costs: who has stolen hashes pays it for each guess, and we pay it for each sign-in.

Source: RFC 9106, section 4, second recommended option; OWASP, Password Storage Cheat Sheet, Argon2id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pwdlib.hashers.argon2 import Argon2Hasher

#: As a hash itself tells its cost.
_FORM = re.compile(r"m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})")

#: The least memory that OWASP proposes for Argon2id, in KiB, and the least product of memory and passes.
LEAST_MEMORY, LEAST_WORK = 7 * 1024, 5 * 7 * 1024
#: The most that is taken: 2 GiB, 100 passes, 16 lanes. Whoever signs in waits for it.
MOST_MEMORY, MOST_PASSES, MOST_LANES = 2 * 1024 * 1024, 100, 16


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of an Argon2id hash. *memory*: KiB; *passes* over it; *lanes*: threads that compute one hash."""

    memory: int
    passes: int
    lanes: int

    @classmethod
    def of(cls, text: str) -> Self:
        """The cost that *text* names: one of :data:`PRESETS`, or ``m=65536,t=3,p=4``: KiB, passes and lanes.

        Raises ValueError for any other text, and for a cost that is too low to keep stolen hashes from being guessed or
        so high that a sign-in may take a minute.
        """
        if text in PRESETS:
            text = str(PRESETS[text])
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError(f"write {', '.join(PRESETS)} or a cost such as {PRESETS[DEFAULT]}")
        cost = cls(*map(int, found.groups()))
        if cost.memory < LEAST_MEMORY or cost.memory * cost.passes < LEAST_WORK or not cost.lanes:
            raise ValueError(f"is too cheap: write a memory m of {LEAST_MEMORY} or more, and m times t of {LEAST_WORK}")
        if cost.memory > MOST_MEMORY or cost.passes > MOST_PASSES or cost.lanes > MOST_LANES:
            raise ValueError(f"is too dear: write at most m={MOST_MEMORY},t={MOST_PASSES},p={MOST_LANES}")
        return cost

    def __str__(self) -> str:
        return f"m={self.memory},t={self.passes},p={self.lanes}"

    @property
    def is_dearer(self) -> bool:
        """Whether it is more work than the default."""
        return self.memory * self.passes > PRESETS[DEFAULT].memory * PRESETS[DEFAULT].passes

    def hasher(self) -> Argon2Hasher:
        """What makes hashes of this cost."""
        from pwdlib.hashers.argon2 import Argon2Hasher  # here, because a site whose directory is remote hashes nothing

        return Argon2Hasher(time_cost=self.passes, memory_cost=self.memory, parallelism=self.lanes)


#: The name of the cost where none is set.
DEFAULT = "rfc9106"

PRESETS: Mapping[str, Cost] = {DEFAULT: Cost(64 * 1024, 3, 4), "owasp": Cost(19 * 1024, 2, 1)}
