"""Connections that wait: somebody comes from another site with an address that an account of ours has already.

An address proves nothing unless both sides have verified it. So the visitor is asked to sign in to that account first,
and then it is connected. Until then a signed cookie of this browser, and nothing else, says which two accounts these
are. It signs nobody in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from stormpath_wsgi.cookie import AHEAD
from stormpath_wsgi.flows.cookies import SignedCookie
from stormpath_wsgi.session import CurrentSession

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
    """Writes and reads the cookie of one application. Threads may share it. The arguments are those of
    :class:`.PendingSignIns`.
    """

    def __init__(
        self,
        secret_keys: Sequence[SecretStr],
        application_id: str,
        *,
        secure: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        # If the form of the value changes, the purpose must change as well: below it is taken apart by its form.
        purpose = f"stormpath_wsgi waiting connection 1 of {application_id}"
        self._cookie = SignedCookie("stormpath_connect", purpose, secret_keys, longest=_LONGEST, secure=secure)
        self._now = now

    def begin(self, session: CurrentSession, provider_id: str, other_id: str, owner_id: str) -> None:
        """Have the browser of *session* keep that the two accounts are to be connected once the owner signs in."""
        self._cookie.sign(session, f"{provider_id}.{other_id}.{owner_id}.{int(self._now()):x}", LIFETIME)

    def take(self, session: CurrentSession, owner_id: str) -> Waiting | None:
        """What waits for the account *owner_id* in this browser, which keeps it no longer; None: nothing does."""
        for value in self._cookie.values(session.environ):
            provider_id, other_id, owner, begun = value.split(".")
            waiting = Waiting(provider_id, other_id, owner, int(begun, 16))
            if waiting.owner_id == owner_id:
                self._cookie.remove(session)
                return waiting if waiting.begun - AHEAD <= self._now() < waiting.begun + LIFETIME else None
        return None
