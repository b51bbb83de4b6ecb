"""The check of a new password: is it on a list of stolen ones, or made of words that everybody knows?"""

from __future__ import annotations

from collections.abc import Iterable

from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Unavailable, fault
from stormpath_wsgi.passwords.lists import ListError, PasswordList
from stormpath_wsgi.passwords.words import is_made_of, words_of


class PasswordCheck:
    """Lives with the process; threads may share it.

    *known*: the list; None: none is looked at. *words*: those of the site, such as its name and its host; None: words
    are not looked for at all.
    """

    def __init__(self, known: PasswordList | None, words: Iterable[object] | None) -> None:
        self._known = known
        self._words = None if words is None else words_of(words)

    def check(self, password: str, about: Iterable[object] = ()) -> None:
        """Refuses a weak *password*. *about*: the names and addresses of its owner, of which each may be anything.

        Raises :class:`~stormpath_wsgi.errors.Error`: 7140 for one on the list, 7141 for one that is made of little else
        than these and the words of the site. 503 where the list cannot be read.
        """
        if self._words is not None and is_made_of(password, self._words | words_of(about)):
            raise fault(Code.PASSWORD_OF_OWN_WORDS)
        if self.is_known(password):
            raise fault(Code.PASSWORD_KNOWN)

    def is_known(self, password: str) -> bool:
        """Whether *password* is on the list. Raises :class:`~stormpath_wsgi.errors.Unavailable` where that cannot be
        read.
        """
        try:
            return self._known is not None and password in self._known
        except ListError as error:
            raise Unavailable(str(error)) from error
