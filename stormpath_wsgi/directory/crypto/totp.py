"""One-time codes of an authenticator app (RFC 6238): the secret, the URI for the app, and which codes are right.

Codes have six digits, change every 30 seconds, and are made with HMAC-SHA1, because every app supports that.
"""

from __future__ import annotations

import base64
import hmac
import io
from urllib.parse import quote, urlencode

PERIOD = 30  # seconds
_SECRET = 32  # characters of base 32: 160 bits, as RFC 4226 recommends (section 4, R6)
_DRIFT = 1  # steps that the clock of the app may be early or late (RFC 6238, section 5.2)
_MOST_BYTES = 400  # of a URI in a QR code; phones have difficulties with finer ones


def new_secret() -> str:
    """A new random secret, in base 32."""
    import pyotp  # here and below, because few processes see an authenticator app

    return pyotp.random_base32(_SECRET)


def key_uri(secret: str, account_name: str, issuer: str | None) -> str:
    """The URI with which an authenticator app adds the account, with *secret*, its name there and the *issuer*.

    Source: the factor in the resource reference of the REST API.
    """
    asked = {"secret": secret, **({"issuer": issuer} if issuer else {})}
    return f"otpauth://totp/{quote(account_name, safe='')}?{urlencode(asked, quote_via=quote)}"


def qr_image(uri: str) -> str | None:
    """A PNG of *uri* as a QR code, in base 64. None where that would be too fine to be read."""
    if len(uri) > _MOST_BYTES:
        return None
    import segno

    image = io.BytesIO()
    # The mask only spreads dark and light evenly. Searching for the best one would take most of the time.
    segno.make(uri, micro=False, mask=3).save(image, kind="png", scale=4)
    return base64.b64encode(image.getvalue()).decode()


def matching_step(secret: str, code: str, now: int, *, after: int | None = None) -> int | None:
    """The time step near *now* (seconds since the epoch) whose code is *code*; None if there is no such step.

    *after*: the step of the last code that was accepted. That step and earlier ones do not count any more, so that
    nobody can use a code after they saw it being typed (RFC 6238, section 5.2).
    """
    import pyotp

    totp, found = pyotp.TOTP(secret), None
    for step in range(now // PERIOD - _DRIFT, now // PERIOD + _DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step), code) and (after is None or step > after):
            found = step
    return found
