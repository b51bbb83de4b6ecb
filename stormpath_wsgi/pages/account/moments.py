"""Moments in words. A server does not know the time zone of its visitors, so none is told to the minute."""

from __future__ import annotations

import datetime as dt

from stormpath_wsgi.texts import Texts

_MINUTE, _HOUR, _DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


def day(moment: dt.datetime) -> str:
    """The day of *moment*: ``18 November 2026``."""
    return f"{moment.day} {moment:%B %Y}"


def ago(moment: dt.datetime, now: dt.datetime, texts: Texts) -> str:
    """How long *moment* is ago; from the second day on, which day that was."""
    past = now - moment
    if past < _MINUTE:
        return texts.gettext("just now")
    if past < _HOUR:
        return texts.ngettext("%(number)s minute ago", "%(number)s minutes ago", past // _MINUTE)
    if past < _DAY:
        return texts.ngettext("%(number)s hour ago", "%(number)s hours ago", past // _HOUR)
    if past < 2 * _DAY:
        return texts.gettext("yesterday")
    return day(moment)
