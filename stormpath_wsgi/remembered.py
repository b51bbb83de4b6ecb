"""What a directory was asked lately, and what it answered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Answer(NamedTuple, Generic[V]):
    value: V
    generation: int  # of the directory, from before it was asked
    since: float


class Remembered(Generic[K, V]):
    """The answers of *ask*. One is good while the directory's *generation* stands still, for *ttl* seconds at the most:
    should a change of the generation be missed, nothing is believed for longer.

    At most *size* answers; the oldest go first. What raises is not remembered. *clock*: seconds since the epoch.
    Threads, greenlets and forked workers may share it.
    """

    def __init__(
        self,
        ask: Callable[[K], V],
        *,
        generation: Callable[[], int],
        ttl: float,
        clock: Callable[[], float],
        size: int = 1,
    ) -> None:
        self._ask, self._generation, self._ttl, self._clock, self._size = ask, generation, ttl, clock, size
        # Without a lock: each operation on it is one call into C.
        self._answers: OrderedDict[K, _Answer[V]] = OrderedDict()

    def get(self, key: K) -> V:
        """The answer about *key*, and whatever *ask* raises."""
        known = self._answers.get(key)
        # A clock that was set back makes nothing last longer: what is from the future is not believed.
        if known and known.generation == self._generation() and known.since <= self._clock() < known.since + self._ttl:
            return known.value
        generation, now = self._generation(), self._clock()  # before we ask: what is written meanwhile is then noticed
        value = self._ask(key)
        self._answers.pop(key, None)
        self._answers[key] = _Answer(value, generation, now)
        if len(self._answers) > self._size:
            with suppress(KeyError):  # another thread has emptied it
                self._answers.popitem(last=False)
        return value
