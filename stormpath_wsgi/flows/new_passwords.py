"""Which new passwords the flows refuse before the directory is asked, wherever that is: those that are easy to guess.

The directory says what its policy says. It refuses easy ones itself only where a setting says so, since programs that
were written for it set what they like.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from stormpath_wsgi.client import Account, Application
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.passwords import PasswordCheck
from stormpath_wsgi.settings import Settings

log = logging.getLogger(__name__)

#: The attributes of an account, by their names in Python, whose words its password must not be made of.
OWN = ("username", "email", "given_name", "middle_name", "surname")


class NewPasswords:
    """Lives with the process; threads may share it. Raises :class:`~stormpath_wsgi.ConfigurationError` for a list that
    is none.
    """

    def __init__(self, settings: Settings, application: Application) -> None:
        settings.passwords.check()
        self._settings, self._application = settings, application
        #: What becomes of a sign-in with a password on the list, as the setting says.
        self.at_sign_in = settings.passwords.at_sign_in

    def check(self, password: str, about: Mapping[str, Any] | Account) -> None:
        """Refuses a *password* that is easy to guess. *about*: whose it is going to be, with the names in :data:`OWN`.

        One of an account that is shorter than its directory allows is left to that, which says so. Raises
        :class:`~stormpath_wsgi.Error`: 7140 for one on a list of stolen passwords, 7141 for one that is made of
        names and words of the site; 503 where the list cannot be read.
        """
        try:
            self._check.check(password, _own(about))
        except Error as error:
            if error.code != Code.PASSWORD_KNOWN or not _is_too_short(password, about):
                raise

    def wants_change(self, password: str) -> bool:
        """Whether somebody who has signed in with *password* is to choose another one, since it is on the list of
        stolen ones.

        A list that cannot be read keeps nobody from signing in; the log tells of it.
        """
        try:
            return self.at_sign_in != "ignore" and self._check.is_known(password)
        except Error as error:
            log.error("A password was not looked for: %s", error.developer_message)
            return False

    @cached_property
    def _check(self) -> PasswordCheck:
        settings = self._settings.passwords
        return PasswordCheck(settings.known_list, self._words() if settings.own_words else None)

    def _words(self) -> Iterable[object]:
        web = self._settings.web
        host = urlsplit(web.base_url or "").hostname or ""
        # A host is read as that of an address, of which the last part says nothing.
        return (web.look.name, self._application.name, f"@{host}", *self._settings.passwords.words)


def _own(about: Mapping[str, Any] | Account) -> list[object]:
    if isinstance(about, Account):
        return [getattr(about, name) for name in OWN]
    return [about.get(name) for name in OWN]


def _is_too_short(password: str, about: Mapping[str, Any] | Account) -> bool:
    """Whether the directory of that account refuses *password* because of its length."""
    return isinstance(about, Account) and len(password) < about.directory.password_policy.strength.min_length
