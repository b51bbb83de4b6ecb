"""The variables of the WSGI environ that tell any app who is signed in.

These are ``REMOTE_USER`` and, if settings name variables for them, the e-mail address and the groups, for example under
the names of headers that proxies add.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.kinds import id_of
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.users import RememberedAccount

log = logging.getLogger(__name__)

#: Characters that could end a line of a log, or change the order of its text. Values with them are left out.
_UNSAFE = re.compile(f"[{kinds.CONTROL}{kinds.UNSEEN}]")

_COLON = re.compile(f"[{kinds.COLON}]")

REMOTE_USER = "REMOTE_USER"


class Told:
    """Makes the variables for the accounts of one application, as *settings* say."""

    def __init__(self, settings: Settings) -> None:
        self._remote_user, self._variables = settings.remote_user, settings.environ
        known = (self._variables.user, self._variables.email, self._variables.groups)
        #: The variables that are ours. What others have written there is deleted, also where we write nothing.
        #: REMOTE_USER is one also when it is not used, for no app shall see somebody there beside our user.
        self.names = tuple(dict.fromkeys(name for name in (REMOTE_USER, *known) if name is not None))
        #: Whether an app that says nothing of caches may make pages of more than REMOTE_USER.
        self.varies = self._variables.email is not None or self._variables.groups is not None
        #: Whether it takes the ``naming`` of an account to tell of it.
        self.needs_naming = (
            self._variables.groups is not None
            or (self._variables.user is not None and self._remote_user == "username")
            or settings.web.forward_auth.enabled
        )

    def of(self, account: RememberedAccount, naming: Any) -> Mapping[str, str]:
        """The variables about *account*, each a WSGI native string: the bytes of UTF-8, each one character (PEP 3333).

        *naming*: what the directory answered about the name of the account at the application, off the wire; the
        account keeps it. Asks the directory for the groups if they are to be told. Raises Error.
        """
        account.naming = naming
        told: dict[str, str] = {}
        for name, value in self._values(account, naming):
            native = native_text(value)
            if native is None:
                log.info("%s gets no %s: there is none that could be told.", account.href, name)
            else:
                told[name] = native
        return told

    def person(self, account: RememberedAccount) -> str | None:
        """What the setting ``remoteUser`` calls *account*; None: it has no such name."""
        return self._user(account, account.naming)

    def groups(self, account: RememberedAccount) -> str | None:
        """The names of the groups of *account*; None: none that could be told. Asks the directory for them once."""
        return self._groups(account, account.naming)

    def _values(self, account: RememberedAccount, naming: Any) -> Iterator[tuple[str, str | None]]:
        variables = self._variables
        if variables.user is not None:
            yield variables.user, self._user(account, naming)
        if variables.email is not None:
            yield variables.email, verified_email(account)
        if variables.groups is not None:
            yield variables.groups, self._groups(account, naming)

    def _groups(self, account: RememberedAccount, naming: Any) -> str | None:
        names = (qualified(name, naming) for name in account.groups().names)
        separator = self._variables.separator
        known = sorted(name for name in names if name and separator not in name and not _UNSAFE.search(name))
        return separator.join(known) or None

    def _user(self, account: RememberedAccount, naming: Any) -> str | None:
        match self._remote_user:
            case "href":
                return account.href
            case "id":
                return id_of(account.href)
            case "email":
                return verified_email(account)
        name = account.account["username"]
        return None if name is None else qualified(str(name), naming)


def native_text(value: str | None) -> str | None:
    """*value* as a native string of WSGI; None for what must not stand in a variable or a header."""
    return None if value is None or _UNSAFE.search(value) else value.encode().decode("latin-1")


def verified_email(account: RememberedAccount) -> str | None:
    """The e-mail address of the account, if it was verified."""
    is_proved = account.account.get("emailVerificationStatus") == kinds.VERIFIED
    return str(account.account["email"]) if is_proved else None


def qualified(name: str, naming: Any) -> str | None:
    """The *name* of an account or group as it stands for one only: bare in the application's home directory, else
    ``qualifier:name``.

    A name that holds a colon, or what folds to one, is never bare, for it might be another's qualified one. None where
    the directory does not say whose name it is, as servers of older versions do not.
    """
    match naming:
        case {"isHome": True} if not _COLON.search(name):
            return name
        case {"qualifier": str(qualifier)} if qualifier and not _COLON.search(qualifier):
            return f"{qualifier}:{name}"
    return None
