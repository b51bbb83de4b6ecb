"""Passkeys and security keys as second factors, beside a password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.events import SignInFailed, reserved
from stormpath_wsgi.flows.passkeys import Passkeys
from stormpath_wsgi.flows.refusals import FactorRefused, PasskeyRefused
from stormpath_wsgi.flows.second_factor import Held
from stormpath_wsgi.session import CurrentSession


class PasskeyWay:
    """A passkey, which is enough by itself. Who has added one signs in with it, and is not asked for it after the
    password: on a device without it nobody could. It stands in for another second factor.
    """

    name, counts, sends = "passkey", False, False
    _verifies = True

    def __init__(self, passkeys: Passkeys) -> None:
        self._passkeys = passkeys

    def number(self, held: Held) -> int:
        """How many the account has."""
        return sum(each.verifies is self._verifies for each in self._passkeys.held(held.account))

    def begin(self, session: CurrentSession, held: Held, ticket: str) -> Mapping[str, Any]:
        """The options for ``navigator.credentials.get`` as JSON has them, and the challenge that comes back."""
        asked = self._passkeys.to_prove(session, held.account, alone=False)
        if asked is None:
            raise FactorRefused(Code.NOT_FOUND)
        return {"options": dict(asked.options), "challenge": asked.challenge}

    def answer(self, session: CurrentSession, held: Held, given: Mapping[str, Any], ticket: str) -> None:
        """*given* has the ``challenge``, and in ``passkey`` what the browser has answered."""
        challenge, answer = given.get("challenge"), given.get("passkey")
        try:
            with reserved(SignInFailed):  # who asks for the second factor tells it
                self._passkeys.prove(session, held.account, challenge, answer, alone=False)
        except PasskeyRefused as refused:
            # A challenge that is not ours is told like an answer that is wrong.
            code = Code.PASSKEY_REFUSED if refused.code is Code.TOKEN_SIGNATURE_WRONG else refused.code
            raise FactorRefused(code, error=refused.error) from refused


class SecurityKeyWay(PasskeyWay):
    """A security key that asks for no PIN: it is nothing without a password, so whoever has added one is asked."""

    name, counts = "security-key", True
    _verifies = False
