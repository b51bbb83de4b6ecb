"""Connections that wait: somebody comes from another site with an address that an account of ours has already.

An address proves nothing unless both sides have verified it. So the visitor is asked to sign in to that account first,
and then it is connected. Until then a signed cookie of this browser, and nothing else, says which two accounts these
are. It signs nobody in.

Several people may use one browser. So signing in connects something only where the page has said so
(:meth:`WaitingConnections.agree`): nobody gets into the account of somebody else by leaving that cookie behind.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from stormpath_wsgi.flows.cookies import CookieKeys, in_request, is_young
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.web.environ import CONNECTS

#: Seconds within which the owner has to sign in.
LIFETIME = 600

#: An account id is at most as long as in the session cookie.
_LONGEST = 64 + 64 + 64 + 16 + 1 + 64 + 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """*other_id*: the account that *provider_id* has proved. *owner_id*: the one that has to sign in. *begun*: seconds
    since the epoch. *agreed*: whether the owner has given the password on a page that said so, and something else was
    asked then.
    """

    provider_id: str
    other_id: str
    owner_id: str
    begun: int
    agreed: bool = False

    def written(self) -> str:
        """As it stands in the cookie."""
        return f"{self.provider_id}.{self.other_id}.{self.owner_id}.{self.begun:x}.{self.agreed:d}"

    @classmethod
    def read(cls, value: str) -> Waiting:
        """What a cookie of ours holds."""
        provider_id, other_id, owner_id, begun, agreed = value.split(".")
        return cls(provider_id, other_id, owner_id, int(begun, 16), agreed == "1")


class WaitingConnections:
    """Writes and reads the cookie of one application. Threads may share it."""

    def __init__(self, keys: CookieKeys) -> None:
        # The value is taken apart by its form below.
        purpose = f"stormpath_wsgi waiting connection 2 of {keys.application_id}"
        self._cookie = keys.cookie("stormpath_connect", purpose, longest=_LONGEST)
        self._now = keys.now

    def begin(self, session: CurrentSession, provider_id: str, other_id: str, owner_id: str) -> None:
        """Have the browser of *session* keep that the two accounts are to be connected once the owner signs in."""
        self._cookie.sign(session, Waiting(provider_id, other_id, owner_id, int(self._now())).written(), LIFETIME)

    def agree(self, session: CurrentSession) -> None:
        """The visitor was told that something waits: who signs in by the request of *session* connects it."""
        in_request(session)[CONNECTS] = True

    def keep(self, session: CurrentSession, owner_id: str) -> None:
        """The account *owner_id* has proved its password by the request of *session*, and is asked for more before it
        is signed in: what it has agreed to waits for that.
        """
        waiting = self._of(session, owner_id)
        if waiting is not None:
            self._cookie.sign(session, replace(waiting, agreed=True).written(), LIFETIME)

    def take(self, session: CurrentSession, owner_id: str) -> Waiting | None:
        """What waits for the account *owner_id* in this browser, and was agreed to; None: nothing. The browser keeps it
        no longer, whoever it waits for.
        """
        found = self._of(session, owner_id)
        if self._cookie.texts(session.environ):
            self._cookie.remove(session)
        return found

    def forget(self, session: CurrentSession) -> None:
        """Have the browser of *session* keep nothing that waits, and this request connect nothing."""
        environ = in_request(session)
        environ[CONNECTS] = False
        if self._cookie.texts(environ):
            self._cookie.remove(session)

    def _of(self, session: CurrentSession, owner_id: str) -> Waiting | None:
        now, agrees = self._now(), (session.environ or {}).get(CONNECTS)
        for each in map(Waiting.read, self._cookie.values(session.environ)):
            is_meant = each.owner_id == owner_id and is_young(each.begun, now, LIFETIME)
            if is_meant and (each.agreed if agrees is None else agrees):
                return each
        return None
