"""Second factors of an account."""

from __future__ import annotations

import datetime as dt
from typing import Any

from stormpath_wsgi.kinds.kind import Kind
from stormpath_wsgi.kinds.members import (
    Array,
    Boolean,
    Choice,
    Collection,
    Instant,
    Integer,
    Link,
    Name,
    Struct,
    Structs,
    Text,
)
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


#: How many recovery codes there are in a set.
RECOVERY_CODES = 10


class SecondFactor(Kind):
    """What an account can prove beside its password, at ``accounts/<id>/secondFactor``.

    ``factors`` are those that count: ENABLED and VERIFIED, and a phone is ENABLED too. ``version`` is another one when
    these are others, and when all remembered browsers are forgotten.

    POST does one thing. ``appCode``, ``recoveryCode``: a code is compared, and used up; a wrong one answers 7122.
    ``newRecoveryCodes``: makes a new set, which is answered once, as ``codes``, and takes the place of the old one;
    false: removes the set. ``naming``: gives a factor another name. ``forgetBrowsers``: moves the ``version``.
    ``mailCode``, the href of an application: mails a code to the address of the account, which has to be verified, for
    the browser whose ticket the request has (``X-Stormpath-Ticket``); ``mailedCode``: compares it.

    The REST API of Stormpath did not have it.
    """

    path = "secondFactor"
    version = Text[str](derived=True)
    factors = Structs(
        {
            "href": Text(length=(0, 1000)),
            "type": Choice(SMS, GOOGLE_AUTHENTICATOR),
            "name": Name(length=(0, 255), nullable=True),
            "number": Text(length=(0, 64), nullable=True),
            "created_at": Text(length=(0, 64)),
        },
        derived=True,
    )
    recovery_codes = Integer(minimum=0, derived=True)  # how many are left
    recovery_codes_made_at = Instant[dt.datetime | None](nullable=True, derived=True)
    codes = Array(omitted=True, derived=True)
    app_code = Text[str](length=(1, 64), writable="u", secret=True)
    recovery_code = Text[str](length=(1, 64), writable="u", secret=True)
    mail_code = Text[str](length=(1, 1000), writable="u", secret=True)
    mailed_code = Struct(
        {"application": Text(length=(1, 1000)), "code": Text(length=(1, 64))},
        nullable=True,
        writable="u",
        secret=True,
    )
    new_recovery_codes = Boolean(writable="u", secret=True)
    forget_browsers = Boolean(writable="u", secret=True)
    naming = Struct(
        {"href": Text(length=(1, 1000)), "name": Name(length=(0, 255), nullable=True)},
        nullable=True,
        writable="u",
        secret=True,
    )
    account = Link[Any]("Account")
