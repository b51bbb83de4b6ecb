"""Connections that wait: somebody comes from another site with an address that an account of ours has already.

An address proves nothing unless both sides have verified it. So the visitor is asked to sign in to that account first,
and then it is connected. Until then a signed cookie of this browser, and nothing else, says which two accounts these
are. It signs nobody in.

Several people may use one browser. So the sign-in page that does not say that something waits forgets it: nobody
connects the account of somebody else by signing in.
"""

from __future__ import annotations

from dataclasses import dataclass

from stormpath_wsgi.flows.cookies import CookieKeys, in_request, is_young
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.web.environ import CONNECTS_NOTHING

#: Seconds within which the owner has to sign in.
LIFETIME = 600

#: An account id is at most as long as in the session cookie.
_LONGEST = 64 + 64 + 64 + 16 + 64 + 4


@dataclass(frozen=True, slots=True)
class Waiting:
    """*other_id*: the account that *provider_id* has proved. *owner_id*: the one that has to sign in. *begun*: seconds
    since the epoch.
    """

    provider_id: str
    other_id: str
    owner_id: str
    begun: int


class WaitingConnections:
    """Writes and reads the cookie of one application. Threads may share it."""

    def __init__(self, keys: CookieKeys) -> None:
        # The value is taken apart by its form below.
        purpose = f"stormpath_wsgi waiting connection 1 of {keys.application_id}"
        self._cookie = keys.cookie("stormpath_connect", purpose, longest=_LONGEST)
        self._now = keys.now

    def begin(self, session: CurrentSession, provider_id: str, other_id: str, owner_id: str) -> None:
        """Have the browser of *session* keep that the two accounts are to be connected once the owner signs in."""
        self._cookie.sign(session, f"{provider_id}.{other_id}.{owner_id}.{int(self._now()):x}", LIFETIME)

    def take(self, session: CurrentSession, owner_id: str) -> Waiting | None:
        """What waits for the account *owner_id* in this browser; None: nothing does. The browser keeps it no longer,
        whoever it waits for.
        """
        environ = session.environ
        if environ is None or CONNECTS_NOTHING in environ:
            return None
        waits = [_read(value) for value in self._cookie.values(environ)]
        if waits:
            self._cookie.remove(session)
        now = self._now()
        return next((each for each in waits if each.owner_id == owner_id and is_young(each.begun, now, LIFETIME)), None)

    def forget(self, session: CurrentSession) -> None:
        """Have the browser of *session* keep nothing that waits, and this request connect nothing."""
        environ = in_request(session)
        environ[CONNECTS_NOTHING] = True
        if self._cookie.texts(environ):
            self._cookie.remove(session)


def _read(value: str) -> Waiting:
    provider_id, other_id, owner_id, begun = value.split(".")
    return Waiting(provider_id, other_id, owner_id, int(begun, 16))
