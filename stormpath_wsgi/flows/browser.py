"""What a browser says of itself before anything is proved: who has signed in in it before, and its place in a queue.

Both stand in signed cookies, so any worker, and any machine with the same secret keys, may read them, and nobody can
write one for himself. They sign nobody in. They only say against which limits a try counts
(:meth:`.Limits.sign_in`), so that the owner of an account gets in while others guess its password. What is forged, is
of another site or is too old says nothing: then the browser is a new one.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from stormpath_wsgi.errors import TooManyTries
from stormpath_wsgi.events import here
from stormpath_wsgi.flows.cookies import CookieKeys, is_young
from stormpath_wsgi.limits import Visitor, visited
from stormpath_wsgi.limits.limits import PLACE_LASTS
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.settings import LimitsSettings

#: How many accounts a browser is known for: those that signed in last.
MOST_ACCOUNTS = 5

#: Seconds after which a browser gets a new cookie at a sign-in that changes nothing else.
RENEWAL = 86_400

#: An id of an account as it is kept here. There are no others in a directory of ours.
_ACCOUNT = re.compile("[A-Za-z0-9_-]{1,64}")

#: The key of a tally, and a moment that Python can count with.
_KEY, _LATEST = re.compile("[0-9a-f]{32}"), 2**53

#: Characters of the longest texts there can be. A longer one is not hashed. First a random id, a moment, the accounts
#: and the signature; then a key, a moment and the signature.
_LONGEST_KNOWN = 22 + 16 + MOST_ACCOUNTS * 65 + 64 + 3
_LONGEST_PLACE = 32 + 16 + 64 + 2


@dataclass(frozen=True, slots=True)
class Known:
    """A browser in which somebody has signed in.

    *browser*: 16 random bytes as text. *noted*: when, in seconds since the epoch. *accounts*: ids, the latest first.
    """

    browser: str
    noted: int
    accounts: tuple[str, ...]


class Browsers:
    """Writes and reads these cookies of one site. Threads may share it.

    *limits*: how long a browser is known.
    """

    def __init__(self, keys: CookieKeys, limits: LimitsSettings) -> None:
        self._lasts, self._now = int(limits.known_browser_lasts.total_seconds()), keys.now
        self._known = keys.cookie("stormpath_browser", "stormpath_wsgi known browser 1", longest=_LONGEST_KNOWN)
        self._place = keys.cookie("stormpath_place", "stormpath_wsgi place 1", longest=_LONGEST_PLACE)

    @contextmanager
    def trying(self, session: CurrentSession | None) -> Iterator[None]:
        """What is tried in the block is tried by the browser of *session*. None: it is not known by which.

        If the block raises :class:`~stormpath_wsgi.errors.TooManyTries` with a place, the browser gets it in a cookie.
        """
        if session is None:
            yield
            return
        with visited(self.visitor(session)):
            try:
                yield
            except TooManyTries as error:
                if error.place is not None:
                    self._give_place(session, error.place, error.retry_after)
                raise

    def visitor(self, session: CurrentSession) -> Visitor:
        """Who sends the request of *session*."""
        address = here().address or session.origin().address
        known = self.known(session)
        return Visitor(
            address,
            browser=known.browser if known else None,
            accounts=frozenset(known.accounts if known else ()),
            place=next(map(_place_of, self._place.values(session.environ)), None),
        )

    def known(self, session: CurrentSession) -> Known | None:
        """Who has signed in in the browser of *session*; None: nobody, as far as can be believed."""
        values = self._known.values(session.environ)
        return next((known for value in values if (known := self._read(value)) is not None), None)

    def knows(self, session: CurrentSession, account_id: str) -> bool:
        """Whether the account has signed in in the browser of *session* before, as far as can be believed."""
        known = self.known(session)
        return known is not None and account_id in known.accounts

    def remember(self, session: CurrentSession, account_id: str) -> None:
        """The account has just signed in in the browser of *session*: it is known from now on, and needs no place."""
        if session.environ is None:
            return
        if self._place.texts(session.environ):
            self._place.remove(session)
        known, now = self.known(session), int(self._now())
        before = known.accounts if known else ()
        accounts = tuple(dict.fromkeys((account_id, *before)))[:MOST_ACCOUNTS]
        if not _ACCOUNT.fullmatch(account_id) or (known and accounts == before and now < known.noted + RENEWAL):
            return
        browser = known.browser if known else secrets.token_urlsafe(16)
        self._known.sign(session, f"{browser}.{now:x}.{'~'.join(accounts)}", self._lasts)

    def _give_place(self, session: CurrentSession, place: tuple[str, int], seconds: int) -> None:
        key, due = place
        if session.environ is None or not (_KEY.fullmatch(key) and 0 <= due < _LATEST):
            return  # of a directory on another machine, which we need not believe
        self._place.sign(session, f"{key}.{due:x}", seconds + PLACE_LASTS // 1000)

    def _read(self, value: str) -> Known | None:
        browser, noted, accounts = value.split(".")
        known = Known(browser, int(noted, 16), tuple(accounts.split("~")))
        return known if is_young(known.noted, self._now(), self._lasts) else None


def _place_of(value: str) -> tuple[str, int]:
    key, due = value.split(".")
    return key, int(due, 16)  # whoever counts knows whether it is due, or over
