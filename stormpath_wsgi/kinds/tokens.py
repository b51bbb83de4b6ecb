"""How somebody signs in, and what they get for it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from stormpath_wsgi.kinds.kind import Kind
from stormpath_wsgi.kinds.members import Boolean, Choice, Document, Instant, Link, Struct, Text


def _naming() -> Struct:
    """What tells the token's account from others of its username at the application: whether it is one of the home
    directory, and what stands before the usernames of its directory elsewhere. Ours; Stormpath had no such thing.
    """
    return Struct({"is_home": Boolean(), "qualifier": Text[str](nullable=True)}, nullable=True, derived=True)


class AccessToken(Kind):
    """A token that opens an application's own API for an account. Its id is the ``jti`` claim."""

    path = "accessTokens"
    created_at = Instant[dt.datetime](search=True, sort=True)
    jwt = Text[str](omitted=True, encrypted=True, derived=True)
    expanded_jwt = Document(omitted=True, encrypted=True, derived=True)
    account = Link[Any]("Account")
    application = Link[Any]("Application", writable="c", required=True)
    tenant = Link[Any]("Tenant")
    naming = _naming()


class RefreshToken(Kind):
    """A place where an account is signed in; deleting it signs that place out. A session is one of these."""

    path = "refreshTokens"
    created_at = Instant[dt.datetime](search=True, sort=True)
    jwt = Text[str](omitted=True, encrypted=True, derived=True)
    expanded_jwt = Document(omitted=True, encrypted=True, derived=True)
    account = Link[Any]("Account")
    application = Link[Any]("Application", writable="c", required=True)
    tenant = Link[Any]("Tenant")
    naming = _naming()


class LoginAttempt(Kind):
    """A login and a password put to an application, in base64 of ``login:password``. Answers with the account."""

    path = "loginAttempts"
    type = Choice("basic", default="basic", writable="c")
    value = Text[str](length=(0, 8192), required=True, writable="c", secret=True)  # base64 of login:password
    account = Link[Any]("Account")
    account_store = Link[Any]("Directory", "Group", "Organization", writable="c")


class PasswordResetToken(Kind):
    """The wish of somebody who forgot a password; its token, mailed to them, sets a new one, once."""

    path = "passwordResetTokens"
    email = Text[str](length=(1, 255), required=True, writable="c")
    password = Text[str](length=(0, 1024), writable="u", secret=True)
    account = Link[Any]("Account")
    account_store = Link[Any]("Directory", "Group", "Organization", writable="c", omitted=True)


class VerificationEmail(Kind):
    """The wish for another mail with a verification token. Answers nothing."""

    path = "verificationEmails"
    login = Text[str](length=(1, 255), required=True, writable="c")
    account_store = Link[Any]("Directory", "Group", "Organization", writable="c")


class EmailVerificationToken(Kind):
    """What proves that mail reaches somebody, once. At ``accounts/emailVerificationTokens/<token>``."""

    path = "emailVerificationTokens"
