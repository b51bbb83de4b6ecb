"""What pages have in common on which a passkey may answer."""

from __future__ import annotations

from http import HTTPStatus

from stormpath_wsgi.codes import Code
from stormpath_wsgi.flows import PasskeyRefused
from stormpath_wsgi.pages.refusal import Invalid, Refusal, Wait
from stormpath_wsgi.pages.sentences import EXPIRED
from stormpath_wsgi.texts import marked

#: The fields of a form: what the device has answered, and to what.
ANSWER, CHALLENGE = "passkey", "challenge"

#: What everybody is told whose passkey does not sign in, whatever is wrong: it says of no account whether there is one.
NOT_CONFIRMED = marked("Your device did not confirm. Try again, or use your password.")


def not_confirmed(refused: PasskeyRefused, message: str = NOT_CONFIRMED) -> Refusal:
    """What a visitor is told whose passkey was refused. Raises :class:`Wait`."""
    Wait.check(refused)
    expired = refused.code is Code.TOKEN_EXPIRED
    told = Refusal(EXPIRED, status=HTTPStatus.FORBIDDEN) if expired else Invalid(message)
    told.reason = refused.reason
    return told
