"""What people read: texts of one language, out of a catalogue of gettext; dates and numbers as they are written there.

The sentences in the code are English, and are the keys of the catalogues in ``locale/``. Whoever writes one down calls
:func:`marked`, so that ``make texts`` finds it. Whoever shows one asks the :class:`Texts` of the request for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from gettext import GNUTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable

DOMAIN = "stormpath_wsgi"
#: The language of the sentences in the code.
ENGLISH = "en"
#: The languages that come with the package, as tags of BCP 47 (RFC 5646). Their catalogues are in ``locale/``.
LANGUAGES = ("en", "de", "es", "fr", "pt-BR", "ja", "ar")
#: Those of them that are written from right to left.
_FROM_THE_RIGHT = frozenset({"ar"})


def marked(message: str) -> str:
    """*message* as it is. The call tells ``make texts`` that it belongs into the catalogues."""
    return message


class Texts:
    """The texts of one *language*, a tag of BCP 47. Threads may share them.

    *folder*: where the catalogues are; None: those that come with the package. Raises FileNotFoundError where there is
    no catalogue of that language.
    """

    def __init__(self, language: str, folder: Traversable | None = None) -> None:
        folder = files("stormpath_wsgi") / "locale" if folder is None else folder
        with (folder / language.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as catalogue:
            self._catalogue = GNUTranslations(catalogue)
        #: For the attribute ``lang`` of a page.
        self.language = language
        #: For its attribute ``dir``: ``ltr``, or ``rtl`` where people write from right to left.
        self.direction = "rtl" if language in _FROM_THE_RIGHT else "ltr"

    def gettext(self, message: str, /, **values: object) -> str:
        """*message* in the language, with *values* in the places ``%(name)s``. Without values a % is a %."""
        # Under the empty message gettext keeps the header of a catalogue.
        text = self._catalogue.gettext(message) if message else ""
        return text % values if values else text

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The same of something that there is *number* times, which is the value ``%(number)s``."""
        return self._catalogue.ngettext(one, many, number) % {"number": number, **values}

    def date(self, moment: dt.datetime, zone: dt.tzinfo = dt.UTC) -> str:
        """The day of *moment*, which knows its own time zone, as people in the time zone *zone* see it."""
        from babel.dates import format_date  # here, because most processes never write a date

        return format_date(moment.astimezone(zone), "long", locale=self._locale)

    def time(self, moment: dt.datetime, zone: dt.tzinfo = dt.UTC) -> str:
        """Hours and minutes of *moment*, in the same way."""
        from babel.dates import format_time

        return format_time(moment.astimezone(zone), "short", locale=self._locale)

    def number(self, number: int) -> str:
        """*number* in digits, with the marks between them that people of this language expect."""
        from babel.numbers import format_decimal

        return format_decimal(number, locale=self._locale)

    def listing(self, parts: Sequence[str]) -> str:
        """*parts* in one sentence, such as ``a, b and c``."""
        from babel.lists import format_list

        return format_list(parts, locale=self._locale)

    @property
    def _locale(self) -> str:
        return self.language.partition("-x-")[0].replace("-", "_")  # Babel knows no private use


def texts_in(language: str | None) -> Texts:
    """The texts in *language*, which may be anything; in English where it is none of :data:`LANGUAGES`."""
    return _read(language) if language in LANGUAGES else english()


def english() -> Texts:
    """The texts as they are in the code."""
    return _read(ENGLISH)


@cache
def _read(language: str) -> Texts:
    return Texts(language)
