"""Login attempts, and tokens of all kinds."""

from __future__ import annotations

import datetime as dt
from typing import Any

from stormpath_wsgi.kinds.kind import Kind
from stormpath_wsgi.kinds.members import Boolean, Choice, Document, Instant, Integer, Link, Struct, Text
from stormpath_wsgi.kinds.values import ONE_LINE, VISITOR_ADDRESS

#: What the answer to a new session says beside it, where the number of sessions was limited: that it has ended others.
ENDED_OTHERS = "endedOthers"


def account_naming(*, omitted: bool = False) -> Struct:
    """How an application names the account of a token, an API key or a login: whether the account is in the home
    directory, and the qualifier of its directory otherwise. The REST API of Stormpath did not have this member.

    *omitted*: it is left out where there is none.
    """
    members: dict[str, Any] = {"is_home": Boolean(), "qualifier": Text[str](nullable=True)}
    return Struct(members, nullable=True, derived=True, omitted=omitted)


class AccessToken(Kind):
    """A token with which an account uses an application's own API. Its id is the ``jti`` claim."""

    path = "accessTokens"
    created_at = Instant[dt.datetime](search=True, sort=True)
    jwt = Text[str](omitted=True, encrypted=True, derived=True)
    expanded_jwt = Document(omitted=True, encrypted=True, derived=True)
    account = Link[Any]("Account")
    application = Link[Any]("Application", writable="c", required=True)
    tenant = Link[Any]("Tenant")
    naming = account_naming()


class RefreshToken(Kind):
    """A token for a place where an account is signed in; deleting it signs that place out.

    A session is such a token.
    """

    path = "refreshTokens"
    created_at = Instant[dt.datetime](search=True, sort=True)
    jwt = Text[str](omitted=True, encrypted=True, derived=True)
    expanded_jwt = Document(omitted=True, encrypted=True, derived=True)
    account = Link[Any]("Account")
    application = Link[Any]("Application", writable="c", required=True)
    tenant = Link[Any]("Tenant")
    naming = account_naming()


class Session(Kind):
    """A place where somebody is signed in, with what is known of it. It is a refresh token, whose id it has.

    The REST API of Stormpath did not have this kind.
    """

    path = "sessions"
    created_at = Instant[dt.datetime](search=True, sort=True)
    last_used_at = Instant[dt.datetime | None](nullable=True, derived=True)  # up to an hour ago
    #: What the browser calls itself, and the address it has signed in from.
    agent = Text["str | None"](length=(0, 500), pattern=ONE_LINE, nullable=True, writable="c", derived=True)
    address = Text["str | None"](length=(0, 64), pattern=VISITOR_ADDRESS, nullable=True, writable="c", derived=True)
    only = Boolean(writable="u", secret=True)  # true ends all other sessions of the account at the application
    account = Link[Any]("Account")
    application = Link[Any]("Application", writable="c", required=True)
    tenant = Link[Any]("Tenant")


class LoginAttempt(Kind):
    """A login at an application: ``value`` is base64 of ``login:password``. The answer is the account."""

    path = "loginAttempts"
    type = Choice("basic", default="basic", writable="c")
    value = Text[str](length=(0, 8192), required=True, writable="c", secret=True)  # base64 of login:password
    account = Link[Any]("Account")
    account_store = Link[Any]("Directory", "Group", "Organization", writable="c")
    naming = account_naming(omitted=True)  # told where it is asked for, with ?naming=true


class PasswordResetToken(Kind):
    """The request for a new password. Its token is mailed, and sets a new password once."""

    path = "passwordResetTokens"
    email = Text[str](length=(1, 255), required=True, writable="c")
    password = Text[str](length=(0, 1024), writable="u", secret=True)
    account = Link[Any]("Account")
    account_store = Link[Any]("Directory", "Group", "Organization", writable="c", omitted=True)


class VerificationEmail(Kind):
    """The request for another mail with a verification token. The answer is empty."""

    path = "verificationEmails"
    login = Text[str](length=(1, 255), required=True, writable="c")
    account_store = Link[Any]("Directory", "Group", "Organization", writable="c")


class MailedCode(Kind):
    """A code that was mailed, typed by who has the ``ticket`` of the browser that asked for it. The REST API of
    Stormpath did not have it.
    """

    path = "mailedCodes"
    purpose = Choice("reset", "verification", required=True, writable="c")
    ticket = Text[str](length=(22, 128), required=True, writable="c", secret=True)
    code = Text[str](length=(1, 64), required=True, writable="c", secret=True)


class SpentAnswer(Kind):
    """Notes that an application has used the answer of an ID Site, or of an identity provider: in whichever process it
    comes again, it is refused with 11005. ``question``: the id that the answer gives for what it answers (``irt``).

    ``lasts``: for how many seconds it could come again.

    The REST API of Stormpath did not have it.
    """

    path = "spentAnswers"
    question = Text[str](length=(1, 4096), required=True, writable="c", secret=True)
    lasts = Integer(minimum=1, maximum=86_400, required=True, writable="c")


class EmailVerificationToken(Kind):
    """A mailed token that verifies an e-mail address once, at ``accounts/emailVerificationTokens/<token>``."""

    path = "emailVerificationTokens"


class EmailChange(Kind):
    """The new address of an account that waits to be verified, at ``accounts/<id>/emailChange``. Until then the account
    keeps the address that it has. POST begins a change, or mails the same one again; DELETE cancels it.

    The REST API of Stormpath did not have it.
    """

    path = "emailChange"
    email = Text[str](length=(1, 255), required=True, writable="u")
    created_at = Instant[dt.datetime]()
    expires_at = Instant[dt.datetime]()
    account = Link[Any]("Account")


class EmailChangeToken(Kind):
    """A mailed token that changes the address of an account, at ``accounts/emailChangeTokens/<token>``, once. Of two
    kinds: it makes the new address count, or it takes the change back (``back``), which ends all sessions.

    The REST API of Stormpath did not have it.
    """

    path = "emailChangeTokens"
    email = Text[str](derived=True)
    back = Boolean()
    account = Link[Any]("Account")


class NoticeToken(Kind):
    """A mailed token of a notice that told somebody what was done with the account, at
    ``accounts/noticeTokens/<token>``: POST says that it was somebody else, and signs the account out everywhere, once.

    The REST API of Stormpath did not have it.
    """

    path = "noticeTokens"
    notice = Text[str](derived=True)
    account = Link[Any]("Account")


class PasswordChange(Kind):
    """A new password that the owner of an account has chosen, at ``accounts/<id>/passwordChange``: POST sets it as on
    the account, and tells the account by mail.

    The REST API of Stormpath did not have it.
    """

    path = "passwordChange"
    password = Text[str](length=(0, 1024), required=True, writable="u", secret=True)
    account = Link[Any]("Account")
