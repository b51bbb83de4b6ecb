"""One limit, and the arithmetic of it: everything that is stored of a tally are two moments."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Self

#: Milliseconds: nothing is held against anybody for longer. What is stored further ahead a wrong clock has stored.
LONGEST = 366 * 86_400_000

_UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000}

_TIME = r"([1-9]\d{0,5})([smhd])"
_TEXT = re.compile(rf"(\d{{1,6}}) (?:tries|try), waits {_TIME} to {_TIME}, one back after {_TIME}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How often something may be tried.

    *tries*: that many are free. The next one begins a wait of *first_wait*, which doubles with each further one, up to
    *longest_wait*. *recovery*: each time that this passes, one try is forgiven. All times are whole seconds, in
    milliseconds. Raises ValueError when tries would be held against people for more than a year.
    """

    tries: int
    first_wait: int
    longest_wait: int
    recovery: int

    def __post_init__(self) -> None:
        if max(self.most * self.recovery, self.longest_wait) > LONGEST:
            raise ValueError("tries would count for more than a year; write fewer tries, or shorter times")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The limit that a *text* such as ``5 tries, waits 1s to 5m, one back after 5m`` stands for.

        Raises ValueError, which says what to write.
        """
        found = _TEXT.fullmatch(" ".join(text.split()))
        if found is None:
            raise ValueError(
                'write a limit such as "5 tries, waits 1s to 5m, one back after 5m": whole numbers, and times above 0 '
                "in s, m, h or d"
            )
        tries, *times = found.groups()
        first, longest, recovery = (int(times[i]) * _UNITS[times[i + 1]] for i in (0, 2, 4))
        if first > longest:
            raise ValueError("the first wait is longer than the longest one; write the shorter one first")
        return cls(tries=int(tries), first_wait=first, longest_wait=longest, recovery=recovery)

    def __str__(self) -> str:
        first, longest, recovery = map(_written, (self.first_wait, self.longest_wait, self.recovery))
        return f"{self.tries} tries, waits {first} to {longest}, one back after {recovery}"

    @cached_property
    def most(self) -> int:
        """The highest number of tries that are held against anybody: from here on each wait is the longest."""
        doublings = 0
        while self.first_wait << doublings < self.longest_wait:
            doublings += 1
        return self.tries + doublings + 1

    def waits(self, until: int, now: int) -> bool:
        """Whether a wait that ends at *until* keeps from trying at *now*.

        One that is longer than any can be was begun under a clock that was ahead; it is over.
        """
        return now < until <= now + self.longest_wait

    def after(self, forgiven_at: int, now: int) -> tuple[int, int]:
        """What is stored after one more try at *now*: when all will be forgiven, and until when nothing may be tried.

        The second is 0 without a wait, so that a machine whose clock is a little behind sees no wait either.
        *forgiven_at*: what was stored of the first of these two before. All are milliseconds since the epoch.
        """
        before, most = max(forgiven_at - now, 0), self.most * self.recovery
        if before > most:  # stored under a clock that was ahead
            before = 0
        owed = min(before + self.recovery, most)
        beyond = -(-owed // self.recovery) - self.tries
        until = now + min(self.first_wait << (beyond - 1), self.longest_wait) if beyond > 0 else 0
        return now + owed, until


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a try counts against.

    *name*: of its limit, as in the settings. *limit*: the limit. *subject*: the rest of what tells it from all others;
    it is only stored as a digest, since people type passwords where names belong. *account_id*, *address*: whom it is
    about, for whoever runs the site; None where that is not one account, or not one address. *forgivable*: whether a
    right answer forgives all that was tried, or only takes back itself.
    """

    name: str
    limit: Limit
    subject: tuple[str, ...]
    account_id: str | None = None
    address: str | None = None
    forgivable: bool = True

    @cached_property
    def key(self) -> str:
        """The digest by which it is stored: 32 hex digits."""
        return hashed(self.name, *self.subject)


def hashed(*parts: str) -> str:
    """A digest of *parts*, 32 hex digits. The length of each stands before it, so that no two lists are one text."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def seconds(milliseconds: int) -> int:
    """*milliseconds* as whole seconds, of which as many have to pass."""
    return -(-milliseconds // 1000)


def _written(time: int) -> str:
    unit, size = next((unit, size) for unit, size in _UNITS.items() if time % size == 0)
    return f"{time // size}{unit}"
