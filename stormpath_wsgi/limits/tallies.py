"""The port to where tallies are kept: in the directory, on a Redis server, or in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from stormpath_wsgi.limits.limit import Tally


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a try, for one tally. *key*: of the tally. *until*: when its wait ends, in milliseconds since the
    epoch; 0: there is none. *refused*: whether that wait had begun before, so that the try was not made.
    """

    key: str
    until: int
    refused: bool


@dataclass(frozen=True, slots=True)
class Count:
    """What whoever runs the site sees of a tally: *name* is that of its limit. *forgiven_at*, *until*: milliseconds
    since the epoch; the second is 0 where there was no wait.
    """

    name: str
    account_id: str | None
    address: str | None
    forgiven_at: int
    until: int


class Tallies(Protocol):
    """Keeps tallies for all workers, or all machines, that share it. Raises
    :class:`~stormpath_wsgi.errors.Unavailable` when it cannot be asked. *now*: milliseconds since the epoch.
    """

    def take(self, tallies: Sequence[Tally], now: int) -> Sequence[Taken]:
        """Count a try against all of *tallies*, unless one of them has to wait: then none is counted.

        The answer has each that was counted, or each that has to wait. One step: of two tries at the same moment the
        second one sees the first. *tallies* are in the order of their keys.
        """

    def take_back(self, tallies: Sequence[Tally], taken: Sequence[Taken], now: int) -> None:
        """Take back what :meth:`take` has counted, with the waits that it has begun; all that was tried where
        :attr:`.Tally.forgivable` says so.
        """

    def tidy(self, now: int) -> None:
        """Remove a few tallies of which everything is forgiven, more than one try can add; and some of those that a
        clock has stored that was far ahead, which nobody minds.
        """

    def unlock(self, account_id: str) -> int:
        """Forget all tallies of that account. Returns how many there were."""

    def counts(self, now: int, most: int) -> Iterable[Count]:
        """*most* of the tallies that are not forgiven, those with the longest wait first."""
