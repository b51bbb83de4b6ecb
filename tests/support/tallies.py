"""Where tries are counted in tests."""

from __future__ import annotations

from dataclasses import dataclass

from stormpath_wsgi.limits import Tallies


@dataclass(frozen=True, slots=True)
class Place:
    """Nothing is counted in *tallies* yet. *accounts*: the ids of two accounts for which it may count."""

    tallies: Tallies
    accounts: tuple[str, str]
