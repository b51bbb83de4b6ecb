"""In which language a request is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.texts import Texts, english
from stormpath_wsgi.web.environ import TEXTS

#: Up to so many seconds are told in seconds, and as many minutes in minutes.
_STILL_SMALL = 90


def texts_of(environ: Mapping[str, Any]) -> Texts:
    """The texts for who has sent the request with this *environ*: English, unless a language was chosen before."""
    chosen = environ.get(TEXTS)
    return chosen if isinstance(chosen, Texts) else english()


def wait_and_try(seconds: int, texts: Texts) -> str:
    """What a page tells people who have to wait so many *seconds*: minutes, rounded up; a long time in hours."""
    minutes, hours = -(-seconds // 60), -(-seconds // 3600)
    if minutes <= _STILL_SMALL:
        return texts.ngettext(
            "Wait %(number)s minute, then try again.", "Wait %(number)s minutes, then try again.", minutes
        )
    return texts.ngettext("Wait %(number)s hour, then try again.", "Wait %(number)s hours, then try again.", hours)


def waiting_time(seconds: int, texts: Texts) -> str:
    """What people are told who have to wait so many *seconds*. A longer time is told in a larger unit, rounded up."""
    minutes, hours = -(-seconds // 60), -(-seconds // 3600)
    if seconds <= _STILL_SMALL:
        return texts.ngettext(
            "Too many tries. Please wait %(number)s second and try again.",
            "Too many tries. Please wait %(number)s seconds and try again.",
            seconds,
        )
    if minutes <= _STILL_SMALL:
        return texts.ngettext(
            "Too many tries. Please wait %(number)s minute and try again.",
            "Too many tries. Please wait %(number)s minutes and try again.",
            minutes,
        )
    return texts.ngettext(
        "Too many tries. Please wait %(number)s hour and try again.",
        "Too many tries. Please wait %(number)s hours and try again.",
        hours,
    )
