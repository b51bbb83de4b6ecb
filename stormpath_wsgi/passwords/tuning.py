"""How long hashes of passwords take on this machine, and which cost to set for the time that a sign-in may take."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from stormpath_wsgi.passwords.cost import DEFAULT, MOST_PASSES, PRESETS, Cost

#: How often each preset is measured. The median of the times counts.
SAMPLES = 5


@dataclass(frozen=True)
class Advice:
    """What to write. *cost*: the value of the setting. *seconds*: about how long such a hash takes.

    *is_slow*: whether even the cheapest preset takes longer than was asked for.
    """

    cost: str
    seconds: float
    is_slow: bool = False


def measured(cost: Cost, *, clock: Callable[[], float] = time.perf_counter) -> float:
    """The seconds that one hash of that *cost* takes here, while nothing else is hashed."""
    hasher = cost.hasher()
    times = []
    for _ in range(SAMPLES):
        begun = clock()
        hasher.hash("Correct-Horse-9")
        times.append(clock() - begun)
    return statistics.median(times)


def advice(times: Mapping[str, float], wanted: float) -> Advice:
    """The highest cost whose hash takes *wanted* seconds at the most. *times*: those of the presets, by their names.

    More passes over the memory of the default, if there is time for them; less than the default is the cheapest preset.
    The time of a hash grows with its passes (RFC 9106, section 4).
    """
    default, taken = PRESETS[DEFAULT], times[DEFAULT]
    if taken <= wanted:
        passes = min(int(wanted / taken * default.passes), MOST_PASSES) if taken > 0 else MOST_PASSES
        more = replace(default, passes=passes)
        return Advice(DEFAULT if more == default else str(more), taken * passes / default.passes)
    cheapest = min(times, key=times.__getitem__)
    return Advice(cheapest, times[cheapest], times[cheapest] > wanted)
