"""How long a transaction may take in all.

Everything that waits within a transaction asks here for the time that is left.
"""

from __future__ import annotations

import time
from contextvars import ContextVar

from stormpath_wsgi.bound import Bound

#: Seconds for transactions that touch every row of a table, and so take long although nothing hangs.
LONG = 600.0

_end: ContextVar[float] = ContextVar("stormpath_wsgi.directory.end")  # of time.monotonic()
_allowed: ContextVar[float] = ContextVar("stormpath_wsgi.directory.allowed")  # seconds


def within(seconds: float) -> Bound[float]:
    """In this block, every wait for a database ends *seconds* after this call, or earlier if an outer block ends
    earlier.
    """
    end = time.monotonic() + seconds
    return Bound(_end, min(end, _end.get(end)))


def allowing(seconds: float) -> Bound[float]:
    """Transactions that begin in this block may take *seconds*, instead of their usual time."""
    return Bound(_allowed, seconds)


def allowed(usual: float) -> float:
    """How many seconds a transaction that begins now may take: those of :func:`allowing`, otherwise *usual*."""
    return _allowed.get(usual)


def patience(usual: float) -> float:
    """How many seconds a transaction that begins now waits for another one: *usual*; one that may take longer itself
    waits for as long as a migration may take.
    """
    return max(usual, min(_allowed.get(usual), LONG))


def left(otherwise: float) -> float:
    """The seconds that are left of the current :func:`within` block; outside of such a block, *otherwise*."""
    now = time.monotonic()
    return _end.get(now + otherwise) - now
