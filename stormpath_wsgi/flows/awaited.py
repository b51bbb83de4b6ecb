"""A mail that a browser waits for: the address that was typed, and the ticket with which its code is answered.

Both stand in a signed cookie, one for each purpose, so that the page which takes the code has them in any worker. They
say nothing of whether anybody has the address.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pydantic import SecretStr

from stormpath_wsgi import tickets
from stormpath_wsgi.cookie import Cookie
from stormpath_wsgi.flows.mailed import RESET, VERIFICATION
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.signing import PurposeSigner

LASTS = 3600  # seconds that the page can be come back to
LONGEST_ADDRESS = 320  # characters of the address that are kept

_LONGEST = 4096  # characters of the longest text that is hashed
_LONGEST_HEADER = 16_384  # characters of the longest header Cookie that is read


@dataclass(frozen=True, slots=True)
class Awaited:
    """*address*: where the mail goes, as it was typed. *ticket*: what its code is answered with."""

    address: str
    ticket: str = field(repr=False)


class AwaitedMails:
    """Writes and reads these cookies. Threads may share it.

    *secret_keys*: the first signs, all verify. *secure*: whether the cookies are Secure over plain http too. *now*:
    seconds since the epoch.
    """

    def __init__(
        self, secret_keys: Sequence[SecretStr], *, secure: bool = False, now: Callable[[], float] = time.time
    ) -> None:
        self._signer, self._now = PurposeSigner(secret_keys, "stormpath_wsgi awaited mail 1"), now
        self._cookies = {
            (purpose, https): Cookie(f"stormpath_{purpose}", secure=https or secure)
            for purpose in (RESET, VERIFICATION)
            for https in (False, True)
        }

    def begin(self, session: CurrentSession, purpose: str, address: str, ticket: str) -> None:
        """The browser of *session* waits for a mail to *address* from now on."""
        packed = base64.urlsafe_b64encode(address[:LONGEST_ADDRESS].encode(errors="replace")).decode()
        text = self._signer.sign(f"{purpose}.{int(self._now()):x}.{ticket}.{packed}").decode()
        session.add_cookie(self._cookie(session, purpose).header(text, LASTS))

    def read(self, session: CurrentSession, purpose: str) -> Awaited | None:
        """What the browser of *session* waits for; None: nothing that can be believed."""
        header: str = (session.environ or {}).get("HTTP_COOKIE", "")
        if not 0 < len(header) <= _LONGEST_HEADER:
            return None
        texts = self._cookie(session, purpose).texts(header)
        return next((found for text in texts if (found := self._read(purpose, text)) is not None), None)

    def end(self, session: CurrentSession, purpose: str) -> None:
        """The browser of *session* waits no longer."""
        for header in self._cookie(session, purpose).removal:
            session.add_cookie(header)

    def _read(self, purpose: str, text: str) -> Awaited | None:
        value, _, signature = text.rpartition(".")
        if len(text) > _LONGEST or not text.isascii() or not self._signer.verify_signature(value, signature):
            return None
        of, begun, ticket, packed = value.split(".")
        if of != purpose or not int(begun, 16) <= self._now() + 60 < int(begun, 16) + LASTS + 60:
            return None
        try:
            address = base64.urlsafe_b64decode(packed).decode()
        except (binascii.Error, ValueError):
            return None
        return Awaited(address, ticket) if tickets.read(ticket) else None

    def _cookie(self, session: CurrentSession, purpose: str) -> Cookie:
        return self._cookies[purpose, (session.environ or {}).get("wsgi.url_scheme") == "https"]
