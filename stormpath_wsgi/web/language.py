"""In which language a request is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from stormpath_wsgi.texts import Texts, english, texts_in
from stormpath_wsgi.web.environ import TEXTS, pages_of

#: The highest number of characters of an ``Accept-Language`` header that is read. Those of browsers have a tenth of it.
LONGEST = 1000

#: Up to so many seconds are told in seconds, and as many minutes in minutes.
_STILL_SMALL = 90


class Languages:
    """The languages that a site speaks.

    *offered*: their tags, those of the package (:data:`~stormpath_wsgi.texts.LANGUAGES`). The first one is for who
    prefers none of them.
    """

    def __init__(self, offered: Sequence[str]) -> None:
        self._offered = tuple(offered)

    def texts(self, accept: str, own: object = None) -> Texts:
        """The texts of the language that suits best.

        *accept*: the header ``Accept-Language`` of a request (RFC 9110, section 12.5.4), empty where it has none.
        *own*: the tag that the account of the visitor names, which may be anything; it counts before the header.
        """
        if isinstance(own, str) and own in self._offered:
            return texts_in(own)
        return texts_in(_preferred(accept if len(accept) <= LONGEST else "", self._offered))


@lru_cache(maxsize=1024)
def _preferred(accept: str, offered: tuple[str, ...]) -> str:
    from werkzeug.datastructures import LanguageAccept  # here, because it is for the first text that people read
    from werkzeug.http import parse_accept_header

    # Who wants de-AT takes de, and who wants pt-PT takes pt-BR: a language counts before its region.
    known = (
        {_primary(tag): tag for tag in reversed(offered)} | {tag.lower(): tag for tag in offered} | {"*": offered[0]}
    )
    wanted = (tag.lower() for tag, quality in parse_accept_header(accept, LanguageAccept) if quality)  # the best first
    found = (known.get(tag) or known.get(_primary(tag)) for tag in wanted)
    return next(filter(None, found), offered[0])


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()


def texts_of(environ: Mapping[str, Any]) -> Texts:
    """The texts for who has sent the request with this *environ*.

    Those that were chosen for it before, else those of the language that it asks for, else English.
    """
    chosen = environ.get(TEXTS)
    if isinstance(chosen, Texts):
        return chosen
    languages = getattr(pages_of(environ), "languages", None)
    if not isinstance(languages, Languages):
        return english()
    return languages.texts(environ.get("HTTP_ACCEPT_LANGUAGE", ""))


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
