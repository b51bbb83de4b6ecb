"""What people read: texts of one language, out of a catalogue of gettext.

The sentences in the code are English, and are the keys of the catalogues in ``locale/``. Whoever writes one down calls
:func:`marked`, so that ``make texts`` finds it. Whoever shows one asks the :class:`Texts` of the request for it. At run
time only the standard library is needed; the tools are Babel's.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from gettext import GNUTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable

DOMAIN = "stormpath_wsgi"
#: The language of the sentences in the code.
ENGLISH = "en"


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
        with (folder / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as catalogue:
            self._catalogue = GNUTranslations(catalogue)
        #: For the attribute ``lang`` of a page.
        self.language = language

    def gettext(self, message: str, /, **values: object) -> str:
        """*message* in the language, with *values* in the places ``%(name)s``. Without values a % is a %."""
        # Under the empty message gettext keeps the header of a catalogue.
        text = self._catalogue.gettext(message) if message else ""
        return text % values if values else text

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The same of something that there is *number* times, which is the value ``%(number)s``."""
        return self._catalogue.ngettext(one, many, number) % {"number": number, **values}


#: The form of a tag of BCP 47, as far as we have catalogues.
_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}")


def texts_in(language: str | None) -> Texts:
    """The texts in *language*, which may be anything; in English where there is no catalogue of it."""
    return _found(language) if language and _TAG.fullmatch(language) else english()


@lru_cache(maxsize=64)
def _found(language: str) -> Texts:
    try:
        return Texts(language)
    except FileNotFoundError:
        return english()


@cache
def english() -> Texts:
    """The texts as they are in the code."""
    return Texts(ENGLISH)
