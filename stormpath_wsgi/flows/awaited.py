"""A mail that a browser waits for: the address that was typed, and the ticket with which its code is answered.

Both stand in a signed cookie, one for each purpose, so that the page which takes the code has them in any worker. They
say nothing of whether anybody has the address.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from stormpath_wsgi import tickets
from stormpath_wsgi.flows.cookies import CookieKeys, is_young
from stormpath_wsgi.flows.mailed import RESET, VERIFICATION
from stormpath_wsgi.session import CurrentSession

LASTS = 3600  # seconds that the page can be come back to
LONGEST_ADDRESS = 320  # characters of the address that are kept

_LONGEST = 4096  # characters of the longest text that is hashed


@dataclass(frozen=True, slots=True)
class Awaited:
    """*address*: where the mail goes, as it was typed. *ticket*: what its code is answered with."""

    address: str
    ticket: str = field(repr=False)


class AwaitedMails:
    """Writes and reads these cookies. Threads may share it."""

    def __init__(self, keys: CookieKeys) -> None:
        self._now = keys.now
        self._cookies = {
            purpose: keys.cookie(f"stormpath_{purpose}", "stormpath_wsgi awaited mail 1", longest=_LONGEST)
            for purpose in (RESET, VERIFICATION)
        }

    def begin(self, session: CurrentSession, purpose: str, address: str, ticket: str) -> None:
        """The browser of *session* waits for a mail to *address* from now on."""
        packed = base64.urlsafe_b64encode(address[:LONGEST_ADDRESS].encode(errors="replace")).decode()
        self._cookies[purpose].sign(session, f"{purpose}.{int(self._now()):x}.{ticket}.{packed}", LASTS)

    def read(self, session: CurrentSession, purpose: str) -> Awaited | None:
        """What the browser of *session* waits for; None: nothing that can be believed."""
        values = self._cookies[purpose].values(session.environ)
        return next((found for value in values if (found := self._read(purpose, value)) is not None), None)

    def end(self, session: CurrentSession, purpose: str) -> None:
        """The browser of *session* waits no longer."""
        self._cookies[purpose].remove(session)

    def _read(self, purpose: str, value: str) -> Awaited | None:
        of, begun, ticket, packed = value.split(".")
        if of != purpose or not is_young(int(begun, 16), self._now(), LASTS):
            return None
        try:
            address = base64.urlsafe_b64decode(packed).decode()
        except (binascii.Error, ValueError):
            return None
        return Awaited(address, ticket) if tickets.read(ticket) else None
