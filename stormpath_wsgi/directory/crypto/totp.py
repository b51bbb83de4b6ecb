"""One-time codes of an authenticator app: its secret, what the app is told, and which codes are right (RFC 6238).

Codes have six digits and change every 30 seconds, made with HMAC-SHA1: what every app knows.
"""

from __future__ import annotations

import base64
import hmac
import io
from urllib.parse import quote, urlencode

import pyotp
import segno

PERIOD = 30  # seconds
_SECRET = 32  # characters of base 32: 160 bits, as RFC 4226 recommends (section 4, R6)
_DRIFT = 1  # steps that a clock may be off, either way (RFC 6238, section 5.2)
_MOST_BYTES = 400  # of a URI that is drawn; a camera has its troubles with more


def new_secret() -> str:
    """Fresh, in base 32."""
    return pyotp.random_base32(_SECRET)


def key_uri(secret: str, account_name: str, issuer: str | None) -> str:
    """What an authenticator app reads to add a factor. Source: the factor in the resource reference of the REST API."""
    asked = {"secret": secret, **({"issuer": issuer} if issuer else {})}
    return f"otpauth://totp/{quote(account_name, safe='')}?{urlencode(asked, quote_via=quote)}"


def qr_image(uri: str) -> str | None:
    """A PNG of *uri* as a QR code, in base 64. None where that would be too fine to be read."""
    if len(uri) > _MOST_BYTES:
        return None
    image = io.BytesIO()
    # The mask only evens out dark and light; to look for the best one takes most of the time.
    segno.make(uri, micro=False, mask=3).save(image, kind="png", scale=4)
    return base64.b64encode(image.getvalue()).decode()


def matching_step(secret: str, code: str, now: int, *, after: int | None = None) -> int | None:
    """The time step around *now* (seconds since the epoch) whose code is *code*; None if it is of none.

    *after*: the step of the last code that was taken. Neither it nor an earlier one counts again, so that a code
    which somebody saw being typed is worth nothing to them (RFC 6238, section 5.2).
    """
    totp, found = pyotp.TOTP(secret), None
    for step in range(now // PERIOD - _DRIFT, now // PERIOD + _DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step), code) and (after is None or step > after):
            found = step
    return found
