"""Challenges for passkeys: what a browser has to sign, and how it is known again without being kept.

A challenge holds a random value, the moment in which it was made, and a signature. The signature covers what it is for,
of which account, and a random value in a cookie of the browser. So it is good in one browser and for one thing, and
strangers who ask for many fill no memory. The directory lets each be answered once.
"""

from __future__ import annotations

import re
import secrets

from stormpath_wsgi.codes import Code
from stormpath_wsgi.flows.cookies import CookieKeys, is_young
from stormpath_wsgi.flows.refusals import PasskeyRefused
from stormpath_wsgi.session import CurrentSession

#: Seconds for which a challenge may be answered. The directory remembers for an hour what was.
LIFETIME = 1800

#: What a challenge is for: to sign in, to prove once more who is there, and to add a passkey.
SIGN_IN, PROVE, ADD = "sign-in", "prove", "add"

_FORM = re.compile(r"[A-Za-z0-9_-]{22}\.[0-9a-f]{8,12}\.[0-9a-f]{64}")


class Challenges:
    """Makes and knows the challenges of one application. Threads may share it."""

    def __init__(self, keys: CookieKeys) -> None:
        # The text is taken apart by its form below.
        self._signer = keys.signer("stormpath_wsgi passkey challenge 1")
        self._application_id, self._now = keys.application_id, keys.now
        self._mark = keys.mark("stormpath_passkey")

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
        if not is_young(int(value.partition(".")[2], 16), self._now(), LIFETIME):
            raise PasskeyRefused(Code.TOKEN_EXPIRED)
        return challenge

    def _signed(self, value: str, purpose: str, account_id: str, browser: str) -> str:
        return " ".join((self._application_id, purpose, account_id, browser, value))
