"""Limits: how often something may be tried, so that nobody can guess passwords, codes or keys.

A *try* counts against a few *tallies*: one for the account and the address together, one for the account, one for the
address. Each has a :class:`Limit`: so many tries are free, then each one begins a *wait* that is twice as long as the
one before. What was tried is forgiven bit by bit, so nobody is locked out for good, and a tally at rest is forgotten.

A try is counted before its proof is looked at, in one step with the question whether it may be made: so a hundred at
once are a hundred. One that succeeds is taken back. One that is refused counts nothing, and costs no hash.
"""

from __future__ import annotations

from stormpath_wsgi.limits.limit import Limit, Tally
from stormpath_wsgi.limits.limiter import Limiter, Try
from stormpath_wsgi.limits.limits import Limits
from stormpath_wsgi.limits.memory import MemoryTallies
from stormpath_wsgi.limits.tallies import Count, Taken, Tallies
from stormpath_wsgi.limits.visitor import NOBODY, Visitor, visited, visitor

__all__ = [
    "NOBODY",
    "Count",
    "Limit",
    "Limiter",
    "Limits",
    "MemoryTallies",
    "Taken",
    "Tallies",
    "Tally",
    "Try",
    "Visitor",
    "visited",
    "visitor",
]
