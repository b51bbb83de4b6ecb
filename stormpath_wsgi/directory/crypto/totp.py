"""One-time codes of an authenticator app (RFC 6238): the secret, the URI for the app, and which codes are right.

Codes have six digits, change every 30 seconds, and are made with HMAC-SHA1, because every app supports that.
"""

from __future__ import annotations

import base64
import hmac
import io
import secrets
from urllib.parse import quote, urlencode

from stormpath_wsgi.extras import QR

PERIOD = 30  # seconds
_SECRET = 20  # bytes, as RFC 4226 recommends (section 4, R6)
_DIGITS = 6
_DRIFT = 1  # steps that the clock of the app may be early or late (RFC 6238, section 5.2)
_MOST_BYTES = 400  # of a URI in a QR code; phones have difficulties with finer ones


def new_secret() -> str:
    """A new random secret, in base 32."""
    return base64.b32encode(secrets.token_bytes(_SECRET)).decode()


def key_uri(secret: str, account_name: str, issuer: str | None) -> str:
    """The URI with which an authenticator app adds the account, with *secret*, its name there and the *issuer*.

    Source: the factor in the resource reference of the REST API.
    """
    asked = {"secret": secret, **({"issuer": issuer} if issuer else {})}
    return f"otpauth://totp/{quote(account_name, safe='')}?{urlencode(asked, quote_via=quote)}"


def qr_image(uri: str) -> str | None:
    """A PNG of *uri* as a QR code, in base 64. None where that would be too fine to be read, and where the library is
    missing.
    """
    if len(uri) > _MOST_BYTES or not QR.is_installed():
        return None
    import segno  # here, because few processes make one

    image = io.BytesIO()
    # The mask only spreads dark and light evenly. Searching for the best one would take most of the time.
    segno.make(uri, micro=False, mask=3).save(image, kind="png", scale=4)
    return base64.b64encode(image.getvalue()).decode()


def matching_step(secret: str, code: str, now: int, *, after: int | None = None) -> int | None:
    """The time step near *now* (seconds since the epoch) whose code is *code*; None if there is no such step.

    *after*: the step of the last code that was accepted. That step and earlier ones do not count any more, so that
    nobody can use a code after they saw it being typed (RFC 6238, section 5.2).
    """
    found = None
    for step in range(now // PERIOD - _DRIFT, now // PERIOD + _DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step * PERIOD), code) and (after is None or step > after):
            found = step
    return found


def code_at(secret: str, now: int) -> str:
    """The code that an app shows at the time *now*. Source: RFC 4226, section 5.3, and RFC 6238, section 4.2.

    *secret*: base 32, of which others leave out what fills up the last eight characters, or write small letters.
    """
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    digest = hmac.digest(key, (now // PERIOD).to_bytes(8, "big"), "sha1")
    at = digest[-1] & 0xF
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"
