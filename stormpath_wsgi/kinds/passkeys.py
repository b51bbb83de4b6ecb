"""Passkeys and security keys, and how somebody signs in with one (Web Authentication, Level 3).

The REST API of Stormpath did not have these kinds. The site that a browser has opened makes the
challenge. What the browser has answered goes to the directory as it came, with what the site had asked, and the
directory judges it.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from stormpath_wsgi.kinds.kind import Kind
from stormpath_wsgi.kinds.members import Array, Boolean, Instant, Link, Name, Text
from stormpath_wsgi.kinds.timestamped import Timestamped
from stormpath_wsgi.kinds.tokens import account_naming
from stormpath_wsgi.kinds.values import ORIGIN

#: The domain that a passkey belongs to: a host, or one that it is below.
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")

#: Characters of the longest answer of a browser. A certificate that some security keys send along fits in.
LONGEST_ANSWER = 16_384

#: The algorithms of keys that are taken, by their numbers at IANA, the best first: ES256, EdDSA, RS256.
PASSKEY_ALGORITHMS = (-7, -8, -257)

#: How many passkeys an account may have.
MOST_PASSKEYS = 20


def _challenge() -> Text[str]:
    """What the site had asked: the bytes of its challenge are those of this text."""
    return Text[str](length=(16, 256), required=True, writable="c", secret=True)


def _origins() -> Array:
    """The origins at which the browser may have been, such as ``https://example.com``."""
    return Array(total=2000, item=ORIGIN, required=True, writable="c", secret=True)


def _answer() -> Text[str]:
    """What the browser has answered: the JSON of a ``PublicKeyCredential``, as text."""
    return Text[str](length=(2, LONGEST_ANSWER), required=True, writable="c", secret=True)


class Passkey(Timestamped):
    """A key pair of which an account has the private half, in a device or a security key.

    It is made from what the browser has ``answer``-ed to the ``challenge`` of a registration. The public key and the
    count of its uses are told to nobody.
    """

    path = "passkeys"
    name = Name[str](length=(1, 255), required=True, writable="cu", search=True, sort=True)
    rp_id = Text[str](length=(1, 253), pattern=_DOMAIN, required=True, writable="c")
    credential_id = Text[str]()  # base64url without padding
    transports = Array()  # how the browser reaches it, such as internal, usb, hybrid
    verifies_user = Boolean()  # whether it has asked for a fingerprint, a face or a PIN, so that it is enough by itself
    backed_up = Boolean()  # whether it is copied to other devices of its owner
    last_used_at = Instant[dt.datetime | None](nullable=True, sort=True)
    challenge = _challenge()
    origins = _origins()
    answer = _answer()
    account = Link[Any]("Account")
    tenant = Link[Any]("Tenant")


class PasskeyAttempt(Kind):
    """A sign-in with a passkey at an application. The answer is its account, once the directory has judged what the
    browser has answered.

    With ``account`` the passkey must be one of that account: for a second factor. ``verification``: whether the passkey
    must have asked for a fingerprint, a face or a PIN; without an ``account`` it always must.
    """

    path = "passkeyAttempts"
    rp_id = Text[str](length=(1, 253), pattern=_DOMAIN, required=True, writable="c", secret=True)
    challenge = _challenge()
    origins = _origins()
    answer = _answer()
    verification = Boolean(default=True, writable="c", secret=True)
    user_verified = Boolean(derived=True)
    account = Link[Any]("Account", writable="c")
    account_store = Link[Any]("Directory", "Group", "Organization", writable="c", omitted=True)
    passkey = Link[Any]("Passkey")
    naming = account_naming(omitted=True)  # told where it is asked for, with ?naming=true
