"""Moments and durations, as they are written in JSON (ISO 8601)."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache

_DURATION = re.compile(
    r"P(?!\Z)(?:(?P<years>\d{1,5})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,6})W)?(?:(?P<days>\d{1,7})D)?"
    r"(?:T(?!\Z)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?\Z"
)
_EPOCH = dt.datetime(1970, 1, 1)  # UTC, naive so that isoformat() prints no offset
_MINUTES = 1000  # the highest number of minutes whose text is remembered


def parse_duration(text: str) -> dt.timedelta | None:
    """The value of the ISO 8601 duration *text*; None when it is none. A year counts 365 days and a month 30 days."""
    found = _DURATION.match(text)
    if not found:
        return None
    n = {name: float(value or 0) for name, value in found.groupdict().items()}
    days = 365 * n["years"] + 30 * n["months"] + 7 * n["weeks"] + n["days"]
    return dt.timedelta(days=days, hours=n["hours"], minutes=n["minutes"], seconds=n["seconds"])


def format_duration(span: dt.timedelta) -> str:
    """*span* in ISO 8601, with days, hours, minutes and seconds: ``PT1H30M``, ``P60DT0.5S``.

    It must not be negative.
    """
    minutes, seconds = divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes)
    if span.microseconds:
        clock += f"{seconds}.{span.microseconds:06d}".rstrip("0") + "S"
    elif seconds or not (span.days or clock):
        clock += f"{seconds}S"
    return "P" + f"{span.days}D" * bool(span.days) + ("T" + clock) * bool(clock)


def format_instant(milliseconds: int) -> str:
    """``2015-08-25T19:57:05.976Z`` for *milliseconds* since the epoch, with three digits (REST API, timestamps)."""
    minutes, rest = divmod(milliseconds, 60_000)
    return "%s:%02d.%03dZ" % (_minute(minutes), rest // 1000, rest % 1000)  # noqa: UP031 - the quickest


@lru_cache(_MINUTES)
def _minute(minutes: int) -> str:
    """``2015-08-25T19:57`` for so many *minutes* since the epoch."""
    return (_EPOCH + dt.timedelta(minutes=minutes)).isoformat(timespec="minutes")


def parse_instant(text: str) -> dt.datetime:
    """The datetime, in UTC, of the timestamp *text*. Raises ValueError."""
    moment = dt.datetime.fromisoformat(text)
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
