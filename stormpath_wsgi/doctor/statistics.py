"""Whether two rows of times tell two things apart, by few values, some of which are out of line."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import comb
from statistics import median

#: Values of each row below which nothing is said.
FEWEST = 4
#: How rare rows must be, if there was no difference: once in so many runs. Rows that are too short to be as rare as
#: that must not overlap at all.
RARE = 1000
#: The difference of the medians that is of use to a stranger, across a network: in seconds, and as a part of the
#: smaller median.
SECONDS, PART = 0.03, 1.0


def tells_apart(first: Sequence[float], second: Sequence[float]) -> bool:
    """Whether who sees times like these can tell *first* from *second*, both in seconds.

    That is so when one row lies as a whole, or nearly, on one side of the other (the rank test of Mann and Whitney, for
    which single values that are far out count no more than others), and the medians are far enough apart to be seen.
    """
    if min(len(first), len(second)) < FEWEST:
        return False
    low, high = sorted((median(first), median(second)))
    return high - low > max(SECONDS, PART * low) and _is_rare(first, second)


def _is_rare(first: Sequence[float], second: Sequence[float]) -> bool:
    """Whether *first* and *second* are rarely as far apart, if there is no difference, on either side."""
    wins = sum((a > b) + (a == b) / 2 for a, b in product(first, second))
    fewest = int(min(wins, len(first) * len(second) - wins))
    if fewest == 0:
        return True
    ways = sum(_ways(len(first), len(second), wins) for wins in range(fewest + 1))
    return 2 * ways * RARE <= comb(len(first) + len(second), len(first))


def _ways(first: int, second: int, wins: int) -> int:
    """In how many orders of *first* and *second* values the first ones win *wins* comparisons."""
    if wins < 0 or wins > first * second:
        return 0
    if first == 0 or second == 0:
        return int(wins == 0)
    return _ways(first - 1, second, wins - second) + _ways(first, second - 1, wins)
