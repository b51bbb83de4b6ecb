"""Browsers that are not asked for the second factor again for a while, because their owner wanted that.

Such a browser has a signed cookie. It is good for one account (a few accounts may have one each), as long as the
account has the same second factors and the same password, and nobody has had the browsers forgotten: the cookie holds
the version of the one and the moment of the other. It signs nobody in, and proves nothing: what asks for a fresh
sign-in, or for a second factor in this session, asks in such a browser as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from stormpath_wsgi.client import Account
from stormpath_wsgi.flows.cookies import CookieKeys, is_young
from stormpath_wsgi.flows.pending import password_moment
from stormpath_wsgi.kinds import id_of
from stormpath_wsgi.session import CurrentSession

#: How many accounts a browser is trusted for: those that said so last.
MOST = 4

_VERSION = re.compile("[0-9a-zA-Z_-]{1,64}")
_LONGEST = MOST * 256 + 64


@dataclass(frozen=True, slots=True)
class _Trust:
    account_id: str
    version: str
    password: str
    since: int

    def written(self) -> str:
        return f"{self.account_id}.{self.version}.{self.password}.{self.since:x}"

    @classmethod
    def read(cls, text: str) -> _Trust:
        account_id, version, password, since = text.split(".")
        return cls(account_id, version, password, int(since, 16))


class TrustedBrowsers:
    """Writes and reads these cookies of one application. Threads may share it.

    *lasts*: seconds.
    """

    def __init__(self, keys: CookieKeys, lasts: int) -> None:
        purpose = f"stormpath_wsgi trusted browser 1 of {keys.application_id}"
        self._cookie = keys.cookie("stormpath_trusted", purpose, longest=_LONGEST)
        self.lasts, self._now = lasts, keys.now

    def trust(self, session: CurrentSession, account: Account, version: str) -> None:
        """Do not ask *account*, with second factors of that *version*, again in the browser of *session*."""
        if session.environ is None or not self.lasts or not _VERSION.fullmatch(version):
            return
        new = _Trust(id_of(account.href), version, _moment(account), int(self._now()))
        others = [each for each in self._read(session.environ) if each.account_id != new.account_id]
        value = "~".join(each.written() for each in (new, *others[: MOST - 1]))
        self._cookie.sign(session, value, self.lasts)

    def trusts(self, environ: dict[str, Any] | None, account: Account, version: str) -> bool:
        """Whether the request *environ* is of a browser in which *account* is not asked again. None: of no browser."""
        if environ is None or not self.lasts:
            return False
        now, wanted = self._now(), (id_of(account.href), version, _moment(account))
        return any(
            (each.account_id, each.version, each.password) == wanted and is_young(each.since, now, self.lasts)
            for each in self._read(environ)
        )

    def _read(self, environ: dict[str, Any]) -> list[_Trust]:
        value = next(self._cookie.values(environ), None)
        return [] if value is None else [_Trust.read(each) for each in value.split("~")]


def _moment(account: Account) -> str:
    moment = password_moment(account)
    return "" if moment is None else f"{moment:x}"
