"""How long a transaction may take in all: whatever waits in it looks here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: Seconds for what takes its time although nothing hangs: it touches as many rows as there are.
LONG = 600.0

_end: ContextVar[float] = ContextVar("stormpath_wsgi.directory.end")  # of time.monotonic()
_allowed: ContextVar[float] = ContextVar("stormpath_wsgi.directory.allowed")  # seconds


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What waits for a database in this block gives up when *seconds* are over, or those of a block around it."""
    end = time.monotonic() + seconds
    token = _end.set(min(end, _end.get(end)))
    try:
        yield
    finally:
        _end.reset(token)


@contextmanager
def allowing(seconds: float) -> Iterator[None]:
    """Transactions that begin in this block may take *seconds*, instead of the usual ones."""
    token = _allowed.set(seconds)
    try:
        yield
    finally:
        _allowed.reset(token)


def allowed(usual: float) -> float:
    """How many seconds a transaction may take that begins now."""
    return _allowed.get(usual)


def left(otherwise: float) -> float:
    """The seconds that are left of the block we are in; outside of any *otherwise*."""
    now = time.monotonic()
    return _end.get(now + otherwise) - now
