"""What the app is told of who is signed in, in variables of the WSGI environ that any app may read: ``REMOTE_USER``."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.user import RememberedAccount

log = logging.getLogger(__name__)

#: What could end a line of a log, or show it in another order, is told to nobody.
_UNSAFE = re.compile(f"[{kinds.CONTROL}{kinds.UNSEEN}]")

REMOTE_USER = "REMOTE_USER"


class Told:
    """Makes the variables for the accounts of one application, as *settings* say."""

    def __init__(self, settings: Settings) -> None:
        self._remote_user = settings.remote_user
        #: The variables that are ours: in a request of whom they tell nothing, nobody else's word stands in them.
        self.names: tuple[str, ...] = (REMOTE_USER,)

    def of(self, account: RememberedAccount, naming: Any) -> Mapping[str, str]:
        """The variables about *account*, each a WSGI native string: the bytes of UTF-8, each one character (PEP 3333).

        *naming*: what the directory answered about the name of the account at the application, off the wire.
        """
        user = self._user(account, naming)
        if user is None or _UNSAFE.search(user):
            log.info(
                "%s gets no REMOTE_USER, which is to be its %s: that proves nobody.", account.href, self._remote_user
            )
            return {}
        return {REMOTE_USER: user.encode().decode("latin-1")}

    def _user(self, account: RememberedAccount, naming: Any) -> str | None:
        match self._remote_user:
            case "href":
                return account.href
            case "id":
                return account.href.rpartition("/")[2]
            case "email":
                is_proved = account.account.get("emailVerificationStatus") == kinds.VERIFIED
                return str(account.account["email"]) if is_proved else None
        return qualified(str(account.account["username"]), naming)


def qualified(name: str, naming: Any) -> str | None:
    """*name* as it stands for one account only: bare in the application's home directory, else ``qualifier:name``.

    A name that holds a colon is never bare, for it might be another's qualified one. None where the directory does not
    say whose name it is, as servers of older versions do not.
    """
    match naming:
        case {"isHome": True} if ":" not in name:
            return name
        case {"qualifier": str(qualifier)} if qualifier and ":" not in qualifier:
            return f"{qualifier}:{name}"
    return None
