"""Challenges for passkeys: what a browser has to sign, and how it is known again without being kept.

A challenge holds a random value, the moment in which it was made, and a signature. The signature covers what it is for,
of which account, and a random value in a cookie of the browser. So it is good in one browser and for one thing, and
strangers who ask for many fill no memory. The directory lets each be answered once.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Sequence

from pydantic import SecretStr

from stormpath_wsgi.codes import Code
from stormpath_wsgi.cookie import AHEAD
from stormpath_wsgi.flows.cookies import BrowserMark
from stormpath_wsgi.flows.refusals import PasskeyRefused
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.signing import PurposeSigner

#: Seconds for which a challenge may be answered. The directory remembers for an hour what was.
LIFETIME = 1800

#: What a challenge is for: to sign in, to prove once more who is there, and to add a passkey.
SIGN_IN, PROVE, ADD = "sign-in", "prove", "add"

_FORM = re.compile(r"[A-Za-z0-9_-]{22}\.[0-9a-f]{8,12}\.[0-9a-f]{64}")


class Challenges:
    """Makes and knows the challenges of one application. Threads may share it.

    *secret_keys*: the first signs, all verify. *secure*: whether the cookie is Secure over plain http too, because a
    proxy in front speaks https. *now*: seconds since the epoch.
    """

    def __init__(
        self,
        secret_keys: Sequence[SecretStr],
        application_id: str,
        *,
        secure: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        # If the form of the text changes, the purpose must change as well: below it is taken apart by its form.
        self._signer = PurposeSigner(secret_keys, "stormpath_wsgi passkey challenge 1")
        self._application_id, self._now = application_id, now
        self._mark = BrowserMark("stormpath_passkey", secure=secure)

    def make(self, session: CurrentSession, purpose: str, account_id: str = "") -> str:
        """A challenge for the browser of *session*, which gets its cookie if it has none yet.

        *account_id*: whose passkey has to answer; empty: anybody's.
        """
        browser = next(iter(self._mark.of(session)), None) or self._mark.make(session)
        value = f"{secrets.token_urlsafe(16)}.{int(self._now()):08x}"
        return f"{value}.{self._signer.get_signature(self._signed(value, purpose, account_id, browser)).decode()}"

    def check(self, session: CurrentSession, challenge: object, purpose: str, account_id: str = "") -> str:
        """*challenge*, which may be anything, if it was made for this.

        Raises :class:`PasskeyRefused` with the code ``TOKEN_SIGNATURE_WRONG`` for what was not, and ``TOKEN_EXPIRED``
        for what is too old.
        """
        if not isinstance(challenge, str) or not _FORM.fullmatch(challenge):
            raise PasskeyRefused(Code.TOKEN_SIGNATURE_WRONG)
        value, _, signature = challenge.rpartition(".")
        signed = (self._signed(value, purpose, account_id, browser) for browser in self._mark.of(session))
        if not any(self._signer.verify_signature(each, signature) for each in signed):
            raise PasskeyRefused(Code.TOKEN_SIGNATURE_WRONG)
        begun = int(value.partition(".")[2], 16)
        if not begun - AHEAD <= self._now() < begun + LIFETIME:
            raise PasskeyRefused(Code.TOKEN_EXPIRED)
        return challenge

    def _signed(self, value: str, purpose: str, account_id: str, browser: str) -> str:
        return " ".join((self._application_id, purpose, account_id, browser, value))
