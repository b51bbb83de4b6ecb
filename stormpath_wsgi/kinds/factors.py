"""Second factors of an account."""

from __future__ import annotations

from typing import Any

from stormpath_wsgi.kinds.members import Choice, Collection, Link, Name, Struct, Text
from stormpath_wsgi.kinds.timestamped import Timestamped
from stormpath_wsgi.kinds.values import DISABLED, ENABLED, GOOGLE_AUTHENTICATOR, SMS, UNVERIFIED, VERIFIED


class Phone(Timestamped):
    """A telephone of an account."""

    path = "phones"
    gone_is_deleted = True
    number = Text[str](length=(1, 64), required=True, writable="cu", search=True, sort=True)  # E.164
    name = Name["str | None"](length=(0, 255), nullable=True, writable="cu", search=True, sort=True)
    description = Text["str | None"](length=(0, 1000), nullable=True, writable="cu", search=True, sort=True)
    status = Choice(ENABLED, DISABLED, default=ENABLED, writable="cu", search=True, sort=True)
    verification_status = Choice(VERIFIED, UNVERIFIED, default=UNVERIFIED, writable="u", search=True, sort=True)
    account = Link[Any]("Account")


class Factor(Timestamped):
    """A second proof of who somebody is: codes sent to a phone, or made by an authenticator app (RFC 6238)."""

    path = "factors"
    gone_is_deleted = True
    type = Choice(SMS, GOOGLE_AUTHENTICATOR, required=True, writable="c", search=True, sort=True)
    status = Choice(ENABLED, DISABLED, default=ENABLED, writable="cu", search=True, sort=True)
    verification_status = Choice(VERIFIED, UNVERIFIED, default=UNVERIFIED, search=True, sort=True)
    account_name = Name[str](length=(1, 255), omitted=True, writable="cu")
    issuer = Name[str](length=(1, 255), omitted=True, writable="cu")
    secret = Text[str](omitted=True, encrypted=True)  # base32
    key_uri = Text[str](omitted=True, encrypted=True, derived=True)
    base64_q_r_image = Text[str](omitted=True, encrypted=True, derived=True)  # a PNG of the keyUri
    account = Link[Any]("Account")
    phone = Link[Any]("Phone", writable="c", omitted=True)
    #: The message of a first challenge, which is sent at once if the body has this member.
    challenge = Struct({"message": Text(length=(1, 1600), nullable=True)}, nullable=True, writable="c", secret=True)
    challenges = Collection[Any]("Challenge", create=True)
    most_recent_challenge = Link[Any]("Challenge", nullable=True, derived=True)


class Challenge(Timestamped):
    """A request for a code to the owner of a factor, and its result."""

    path = "challenges"
    status = Choice(
        *("CREATED", "WAITING_FOR_PROVIDER", "WAITING_FOR_VALIDATION", "SUCCESS"),
        *("FAILED", "EXPIRED", "ERROR", "UNDELIVERED"),
        default="CREATED",
        search=True,
        sort=True,
    )
    message = Text[str](length=(1, 1600), omitted=True, writable="c")
    code = Text[str](length=(0, 64), nullable=True, writable="cu", secret=True)
    account = Link[Any]("Account")
    factor = Link[Any]("Factor")
