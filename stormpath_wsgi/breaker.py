"""A circuit breaker: what is known to hang is waited for by one at a time, and by nobody else."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress


class Breaker:
    """Knows whether something answers.

    Once it has hung, everybody is refused for *rest* seconds. Then one may try; the others are refused until that one
    knows more, which takes *longest* seconds at the most. *clock*: seconds, as :func:`time.monotonic`. Threads and
    greenlets may share it. There is no lock in it that a fork could leave locked.
    """

    def __init__(self, longest: float, *, rest: float = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._longest, self._rest, self._clock = longest, rest, clock
        self._refuses_until: float | None = None  # None: it answers
        self._tries: deque[None] = deque(maxlen=1)  # one is in it while somebody may try

    def refuses(self) -> bool:
        """Whether to give up at once. Whoever is not refused says what came of it: :meth:`answered` or :meth:`hung`."""
        until = self._refuses_until
        if until is None:
            return False
        now = self._clock()
        if now < until:
            return True
        with suppress(IndexError):
            self._tries.pop()
            return False
        return now < until + self._longest  # whoever tries is at it; later than that he never came back

    def hung(self) -> None:
        """Says that there was no answer in time."""
        self._refuses_until = self._clock() + self._rest
        self._tries.append(None)

    def answered(self) -> None:
        """Says that there was an answer, whatever it was."""
        self._refuses_until = None
