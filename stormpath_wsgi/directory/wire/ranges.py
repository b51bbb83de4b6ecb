"""Ranges in a search: of moments (``[2015-01,2016)``, ``2015-01-31T12``) and of numbers (``(0,1000]``, ``[50,]``).

A square bracket includes its end, a round one does not, and either end may be missing. The end of a range of
moments is the first instant of the period it names; without brackets the whole period is meant.
Source: the search chapter of the REST API v1.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, func

from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import format_instant

_RANGE = re.compile(r"(?P<opening>[\[(])(?P<low>[^,]*),(?P<high>[^,]*)(?P<closing>[\])])")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
# A blank before 00:00 is a plus sign that was decoded once too often.
_MOMENT = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)(?:T(?P<hour>\d\d)(?::(?P<minute>\d\d)"
    r"(?::(?P<second>\d\d)(?:\.(?P<microsecond>\d{1,6}))?)?)?)?)?)?(?:Z|[+ ]00:00)?",
    re.ASCII,
)
#: The end of a moment with six fractional digits that a shorter text of the same moment leaves out.
_ZEROS = re.compile(r"(?:(?:(?:(?:(?:-01)?-01T00)?:00)?:00)?\.0)?0*\Z")
_EPOCH = dt.datetime(1970, 1, 1)  # UTC
_MILLISECOND = dt.timedelta(milliseconds=1)
_UNITS = ("year", "month", "day", "hour", "minute", "second")
_LENGTHS = {
    "day": dt.timedelta(days=1),
    "hour": dt.timedelta(hours=1),
    "minute": dt.timedelta(minutes=1),
    "second": dt.timedelta(seconds=1),
    "microsecond": _MILLISECOND,  # milliseconds are the smallest unit that is stored
}


@dataclass(frozen=True, slots=True)
class Range:
    """From *low* to *high*; None where there is no end."""

    low: Any
    high: Any
    with_low: bool = True
    with_high: bool = True

    def clause(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """A condition: the value of *column* is within the range."""
        within = column.is_not(None)
        if self.low is not None:
            within &= column >= self.low if self.with_low else column > self.low
        if self.high is not None:
            within &= column <= self.high if self.with_high else column < self.high
        return within

    def in_text(self) -> Range:
        """This range of moments as a range of :func:`unzoned` texts, which may be shortened: ``2015-02`` is its first
        moment.

        Of all texts for one moment, the shortest sorts first and the longest last, and no other moment sorts between
        them.
        """
        low = None if self.low is None else _written(self.low, shortest=self.with_low)
        high = None if self.high is None else _written(self.high, shortest=not self.with_high)
        return Range(low, high, self.with_low, self.with_high)


def moments(text: str) -> Range | None:
    """The range of moments that *text* means, in milliseconds since the epoch; None when *text* is no range.

    Raises 2108.
    """
    if found := _RANGE.fullmatch(text):
        return _range(found, _instant)
    period = _period(text[1:-1] if text[:1] + text[-1:] == "[]" else text)
    return period and Range(*period, with_high=False)


def numbers(text: str) -> Range | None:
    """The range of numbers that *text* means; None when *text* is no range. Raises 2108."""
    found = _RANGE.fullmatch(text)
    return found and _range(found, _number)


def unzoned(text: ColumnElement[str]) -> ColumnElement[str]:
    """Moments in UTC, in a column of texts, without their ``Z`` or ``+00:00``."""
    return func.rtrim(func.replace(text, "+00:00", "", type_=Text), "Z", type_=Text)


def _written(milliseconds: int, *, shortest: bool) -> str:
    longest = format_instant(milliseconds).replace("Z", "000")
    return _ZEROS.sub("", longest) if shortest else longest


def _range(found: re.Match[str], parse: Callable[[str], float | None]) -> Range | None:
    low, high = (parse(end) if (end := found[name].strip()) else None for name in ("low", "high"))
    if (low is None and found["low"].strip()) or (high is None and found["high"].strip()):
        return None
    if low is not None and high is not None and high < low:
        raise fault(Code.RANGE_REVERSED)
    return Range(low, high, found["opening"] == "[", found["closing"] == "]")


def _number(text: str) -> float | None:
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    return None if math.isinf(number) else number


def _instant(text: str) -> int | None:
    period = _period(text)
    return period and period[0]


def _period(text: str) -> tuple[int, int] | None:
    """The first millisecond of the period that *text* names, and the first after it."""
    found = _MOMENT.fullmatch(text)
    if not found:
        return None
    *coarse, fraction = found.groups()
    given = [int(digits) for digits in coarse if digits]
    finest = "microsecond" if fraction else _UNITS[len(given) - 1]
    year, month, day, hour, minute, second = given + [1, 1, 1, 0, 0, 0][len(given) :]
    try:
        start = dt.datetime(year, month, day, hour, minute, second, int((fraction or "").ljust(6, "0")))
        return (start - _EPOCH) // _MILLISECOND, (_after(start, finest) - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):  # no such day, or after the year 9999
        return None


def _after(start: dt.datetime, unit: str) -> dt.datetime:
    if unit == "year":
        return start.replace(year=start.year + 1)
    if unit == "month":
        return (start + dt.timedelta(days=31)).replace(day=1)
    return start + _LENGTHS[unit]
