"""Remembering recent answers of a directory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

from stormpath_wsgi.slots import ANY, Generation, own_number

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def unmoved(_: int = ANY, /) -> int:
    """The generation for what nobody tells changes of: only time ends an answer."""
    return 0


class _Answer(NamedTuple, Generic[V]):
    value: V
    slot: int
    generation: int  # the number of the slot before the directory was asked
    since: float


class Remembered(Generic[K, V]):
    """Remembers what *ask* has returned; without one, what those have returned that :meth:`get` is given.

    An answer is used as long as the *generation* of the directory does not change, but for *ttl* seconds at the most,
    in case a change of the generation is missed. *slot*: which changes matter (:mod:`stormpath_wsgi.slots`). *about*:
    returns the slot of an answer, where only the answer says of which account it is. *size*: the highest number of
    answers; the oldest are removed first. Errors that *ask* raises are not remembered. *clock*: returns seconds since
    the epoch. Threads, greenlets and forked workers may share it.
    """

    def __init__(
        self,
        ask: Callable[[K], V] | None = None,
        *,
        generation: Generation,
        slot: int = ANY,
        about: Callable[[V], int] | None = None,
        ttl: float,
        clock: Callable[[], float],
        size: int = 1,
    ) -> None:
        self._ask, self._generation, self._slot, self._about = ask, generation, slot, about
        self._ttl, self._clock, self._size = ttl, clock, size
        # It needs no lock, since each operation on it is one call into C.
        self._answers: OrderedDict[K, _Answer[V]] = OrderedDict()

    def get(self, key: K, ask: Callable[[K], V] | None = None) -> V:
        """The answer for *key*: a remembered one, or what *ask* returns or raises.

        *ask*: in place of the one that is asked otherwise, where the question takes more than the key.
        """
        known = self._answers.get(key)
        # An answer with a time in the future is not used. So answers do not last longer when the clock is set back.
        if (
            known
            and known.generation == self._generation(known.slot)
            and known.since <= self._clock() < known.since + self._ttl
        ):
            return known.value
        # Read before asking, so that a write during the question is noticed.
        generation, now = self._generation(self._slot), self._clock()
        ask = ask or self._ask
        if ask is None:
            raise LookupError(key)
        value, slot = ask(key), self._slot
        if self._about is not None:
            generation, slot = own_number(self._generation, generation, self._about(value))
        self._answers.pop(key, None)
        self._answers[key] = _Answer(value, slot, generation, now)
        if len(self._answers) > self._size:
            with suppress(KeyError):  # another thread has removed the last one
                self._answers.popitem(last=False)
        return value
