"""Moments in words. A server does not know the time zone of its visitors, so none is told to the minute.

A day is that of the zone in ``web.timeZone``.
"""

from __future__ import annotations

import datetime as dt

from stormpath_wsgi.texts import Texts

_MINUTE, _HOUR, _DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


def ago(moment: dt.datetime, now: dt.datetime, texts: Texts, zone: dt.tzinfo) -> str:
    """How long *moment* is ago; from the second day on, which day that was in the time zone *zone*."""
    past = now - moment
    if past < _MINUTE:
        return texts.gettext("just now")
    if past < _HOUR:
        return texts.ngettext("%(number)s minute ago", "%(number)s minutes ago", past // _MINUTE)
    if past < _DAY:
        return texts.ngettext("%(number)s hour ago", "%(number)s hours ago", past // _HOUR)
    if past < 2 * _DAY:
        return texts.gettext("yesterday")
    return texts.date(moment, zone)
