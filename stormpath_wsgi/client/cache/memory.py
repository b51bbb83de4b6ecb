"""Cache stores for one process."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from stormpath_wsgi.client.cache.store import Life


@dataclass(slots=True)
class _Entry:
    text: str  # JSON, so that each reader gets a copy
    until: float
    idle_until: float


class MemoryStore:
    """Keeps entries in the memory of this process.

    *max_entries*: the highest number of entries; those that were not used for the longest time are removed first.
    *clock*: returns seconds, like :func:`time.monotonic`. Threads and greenlets may share it.
    """

    def __init__(self, max_entries: int = 1000, *, clock: Callable[[], float] = time.monotonic) -> None:
        if max_entries < 1:
            raise ValueError(f"max_entries of a MemoryStore is {max_entries}: write a number above zero")
        self._max_entries, self._clock = max_entries, clock
        # It needs no lock, since each operation on it is one call into C.
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def get(self, key: str, life: Life) -> dict[str, Any] | None:
        """See :meth:`CacheStore.get`."""
        entry = self._entries.get(key)
        now = self._clock()
        if entry is None or now >= min(entry.until, entry.idle_until):
            return None
        entry.idle_until = now + life.tti
        with suppress(KeyError):  # another thread has removed it
            self._entries.move_to_end(key)
        document: dict[str, Any] = json.loads(entry.text)
        return document

    def put(self, key: str, document: dict[str, Any], life: Life) -> None:
        """See :meth:`CacheStore.put`."""
        now = self._clock()
        self._entries[key] = _Entry(json.dumps(document), now + life.ttl, now + life.tti)
        while len(self._entries) > self._max_entries:
            with suppress(KeyError):  # another thread has removed the last one
                self._entries.popitem(last=False)

    def drop(self, keys: Iterable[str]) -> None:
        """See :meth:`CacheStore.drop`."""
        for key in keys:
            self._entries.pop(key, None)

    def clear(self) -> None:
        """See :meth:`CacheStore.clear`."""
        self._entries.clear()


class NullCacheStore:
    """A store that keeps nothing."""

    def get(self, key: str, life: Life) -> dict[str, Any] | None:
        """Returns None."""
        return None

    def put(self, key: str, document: dict[str, Any], life: Life) -> None:
        """Does nothing."""

    def drop(self, keys: Iterable[str]) -> None:
        """Does nothing."""

    def clear(self) -> None:
        """Does nothing."""
