"""Tallies in the memory of one process: for tests, and while the place where all processes count is away."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import islice

from stormpath_wsgi.limits.limit import LONGEST, Tally
from stormpath_wsgi.limits.tallies import Count, Taken


class MemoryTallies:
    """Tallies of this process. *size*: that many are kept; the one that was used longest ago goes first."""

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._held: OrderedDict[str, Count] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, tallies: Sequence[Tally], now: int) -> Sequence[Taken]:
        """As :meth:`.Tallies.take`."""
        with self._lock:
            found = [(tally, self._held.get(tally.key)) for tally in tallies]
            waits = [(tally, held.until) for tally, held in found if held and tally.limit.waits(held.until, now)]
            if waits:
                return [Taken(tally.key, until, refused=True) for tally, until in waits]
            return [self._count(tally, held.forgiven_at if held else now, now) for tally, held in found]

    def take_back(self, tallies: Sequence[Tally], taken: Sequence[Taken], now: int) -> None:
        """As :meth:`.Tallies.take_back`."""
        begun = {each.key: each.until for each in taken}
        with self._lock:
            for tally in tallies:
                held = self._held.pop(tally.key, None)
                if held is None or tally.forgivable:
                    continue
                until = 0 if held.until == begun.get(tally.key) else held.until
                self._keep(tally, held.forgiven_at - tally.limit.recovery, until)

    def tidy(self, now: int) -> None:
        """As :meth:`.Tallies.tidy`."""
        with self._lock:
            oldest = list(islice(self._held.items(), 8))
            for key, held in oldest:
                if not any(now < moment <= now + LONGEST for moment in (held.forgiven_at, held.until)):
                    del self._held[key]

    def unlock(self, account_id: str) -> int:
        """As :meth:`.Tallies.unlock`."""
        with self._lock:
            keys = [key for key, held in self._held.items() if held.account_id == account_id]
            for key in keys:
                del self._held[key]
        return len(keys)

    def counts(self, now: int, most: int) -> Iterable[Count]:
        """As :meth:`.Tallies.counts`."""
        with self._lock:
            held = [each for each in self._held.values() if each.forgiven_at > now or each.until > now]
        return sorted(held, key=lambda each: (-each.until, -each.forgiven_at))[:most]

    def _count(self, tally: Tally, forgiven_at: int, now: int) -> Taken:
        forgiven_at, until = tally.limit.after(forgiven_at, now)
        self._held.pop(tally.key, None)
        self._keep(tally, forgiven_at, until)
        return Taken(tally.key, until, refused=False)

    def _keep(self, tally: Tally, forgiven_at: int, until: int) -> None:
        self._held[tally.key] = Count(tally.name, tally.account_id, tally.address, forgiven_at, until)
        while len(self._held) > self._size:
            self._held.popitem(last=False)
