"""A circuit breaker: while a server is known to hang, one caller at a time tries it, and all others are refused at
once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress


class Breaker:
    """Knows whether a server answers.

    After it has hung, all callers are refused for *rest* seconds. Then one may try, and the others are refused until
    that one reports, for *longest* seconds at the most. *clock*: returns seconds, like :func:`time.monotonic`. Threads
    and greenlets may share it. It has no lock, which a fork could leave locked.
    """

    def __init__(self, longest: float, *, rest: float = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._longest, self._rest, self._clock = longest, rest, clock
        self._refuses_until: float | None = None  # None: the server answers
        self._tries: deque[None] = deque(maxlen=1)  # holds one item while one caller may try

    def refuses(self) -> bool:
        """Whether the caller has to give up at once.

        Otherwise it must call :meth:`answered` or :meth:`hung` afterwards.
        """
        until = self._refuses_until
        if until is None:
            return False
        now = self._clock()
        if now < until:
            return True
        with suppress(IndexError):
            self._tries.pop()
            return False
        return now < until + self._longest  # one caller is trying; after this time we assume that it will never report

    def hung(self) -> None:
        """Called after a try without an answer in time."""
        self._refuses_until = self._clock() + self._rest
        self._tries.append(None)

    def answered(self) -> None:
        """Called after a try with an answer, also with an error."""
        self._refuses_until = None
