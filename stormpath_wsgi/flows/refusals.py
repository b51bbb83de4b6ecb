"""What a flow raises when it does not do what was asked. For programs: the sentences for people are the pages'."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from http import HTTPStatus
from typing import Self

from stormpath_wsgi.codes import Code, Whose
from stormpath_wsgi.errors import Error, TooManyTries, Unavailable, fault
from stormpath_wsgi.events import Declined

#: What a directory says to a site that it does not let in: that is no answer to a visitor.
_OF_THE_SITE = frozenset({Code.NOT_AUTHENTICATED, Code.NOT_ALLOWED})

#: The attribute of an account that a code is about where the directory does not name one.
_FIELDS: Mapping[int, str] = {
    Code.NOT_UNIQUE: "email",  # without a username of its own an account has the address for one
    Code.TOO_SHORT: "password",  # of all other values one character is enough
    Code.EMAIL_DOMAIN_NOT_ALLOWED: "email",
    Code.EMAIL_DOMAIN_FORBIDDEN: "email",
}

#: How a directory names the attribute that it means: the sentence for developers begins so.
_ATTRIBUTE = re.compile(r"Account (\w+)")


class FlowRefused(Exception):
    """What was asked is not done, and nothing has changed.

    *code*: why; None for a number that is not in our catalogue, as another server may send. *field*: the name of the
    value to blame, as the flow calls it; None: no single one. *error*: the answer of the directory that is behind it.
    """

    def __init__(self, code: Code | None, *, field: str | None = None, error: Error | None = None) -> None:
        self.code, self.field, self.error = code, field, error
        super().__init__(self.reason)

    @classmethod
    def of(cls, error: Error, *, field: str | None = None) -> Self:
        """What a directory refused. Raises :class:`~stormpath_wsgi.Error` for what is a :func:`failure` of ours, and
        :class:`~stormpath_wsgi.events.Declined` for what a listener refused on the machine of the directory.
        """
        if error.code == Code.REFUSED_BY_LISTENER:
            raise Declined(error.user_message) from error
        code = Code.of(error.code)
        is_verdict = 400 <= error.status < 500 if code is None else code.whose is not Whose.DIRECTORY
        if not is_verdict or code in _OF_THE_SITE or error.status == HTTPStatus.NOT_FOUND:
            raise failure(error) from error
        return cls(code, field=field, error=error)

    def as_error(self) -> Error:
        """The same as the :class:`~stormpath_wsgi.Error` of a client, for programs that know no other."""
        return self.error or fault(self.code or Code.MALFORMED_REQUEST)

    @property
    def status(self) -> int:
        """The HTTP status that says so."""
        return self.as_error().status

    @property
    def retry_after(self) -> int | None:
        """After how many seconds it may be tried again; None unless the code is ``TOO_MANY_TRIES``."""
        return self.error.retry_after if isinstance(self.error, TooManyTries) else None

    @property
    def reason(self) -> str:
        """The name of the code, for logs."""
        if self.code is not None:
            return self.code.name
        return "UNKNOWN" if self.error is None else f"ERROR_{self.error.code}"


class SignInRefused(FlowRefused):
    """Nobody is signed in by this. Visitors should be told the same whatever the code says, with two exceptions:
    ``ACCOUNT_NOT_VERIFIED``, which the directory says only to who knows the password, and ``TOO_MANY_TRIES``, which it
    says whether there is such an account or not.
    """


class IdSiteRefused(SignInRefused):
    """What has come back from an ID Site signs nobody in.

    Codes: ``TOKEN_SIGNATURE_WRONG`` (it is not signed for this application, out of date, or for another browser: then
    the *field* is ``state``), ``TOKEN_USED``, ``TOKEN_NOT_AUTHENTICATED``, ``TOKEN_CLAIM_MISSING``,
    ``NO_SUCH_ACCOUNT``, and what the ID Site itself tells of.
    """


class PasskeyRefused(SignInRefused):
    """A passkey has proved nothing, or was not added, renamed or removed. Its *field* is ``name`` for such a name.

    Codes: ``TOKEN_SIGNATURE_WRONG`` (the challenge is not ours, or another browser's), ``TOKEN_EXPIRED``,
    ``PASSKEY_REFUSED``, ``PASSKEY_UNKNOWN``, ``PASSKEY_COUNT``, ``LAST_WAY_IN``, and those of an account that may not
    sign in.
    """


class SocialRefused(SignInRefused):
    """Another site has proved nobody, or the account that it has proved is not signed in or connected.

    *cancelled*: the visitor has said no there. *purpose*, *onward*: what the journey was for, and the address of this
    site where it was to lead (:class:`.Journey`); None: not known.

    Codes: ``TOKEN_SIGNATURE_WRONG`` (the visitor has not set out in this browser, or is back already),
    ``TOKEN_EXPIRED``, ``PROVIDER_REFUSED``, ``PROVIDER_NOT_MAPPED``, ``UNAVAILABLE`` (the other site is),
    ``NOT_UNIQUE`` (it is connected with another account), ``LAST_WAY_IN``, and those of an account that may not sign
    in.
    """

    def __init__(
        self,
        code: Code | None,
        *,
        field: str | None = None,
        error: Error | None = None,
        cancelled: bool = False,
        purpose: str | None = None,
        onward: str | None = None,
    ) -> None:
        super().__init__(code, field=field, error=error)
        self.cancelled, self.purpose, self.onward = cancelled, purpose, onward


class PendingRefused(SignInRefused):
    """A pending sign-in is no good, or no longer: whoever has it has to begin again.

    Codes: ``TOKEN_SIGNATURE_WRONG`` (not ours, or another browser's), ``TOKEN_EXPIRED``, ``TOKEN_USED``,
    ``WRONG_PASSWORD`` (the password was changed), ``TOKEN_ACCOUNT_DISABLED``, ``NO_SUCH_ACCOUNT`` (it is gone), and
    ``TOKEN_NOT_AUTHENTICATED``: something else is asked than what was answered.
    """


class RegistrationRefused(FlowRefused):
    """No account was made."""


class InvitationRefused(FlowRefused):
    """No account was made, and the invitation stays good."""


class PasswordRefused(FlowRefused):
    """No password was changed, or no mail was sent because mails are asked for too often (``TOO_MANY_TRIES``)."""


class ProfileRefused(FlowRefused):
    """Nothing of the account was changed. Its *field* is the name in JSON of the value to blame: ``givenName``."""


class SessionRefused(FlowRefused):
    """No place was signed out: nobody is signed in by a session, or it is none of the other places of the account."""


class KeyRefused(FlowRefused):
    """No API key was made or revoked. Its *field* is ``name`` for a name that will not do."""


class DeletionRefused(FlowRefused):
    """The account is not going to be deleted, for example because it is the one that owns the tenant."""


class VerificationRefused(FlowRefused):
    """No mail was sent, because mails are asked for too often (``TOO_MANY_TRIES``)."""


class TokensRefused(FlowRefused):
    """Nobody gets tokens for what was offered: a password, a refresh token or an API key.

    Codes: those of :class:`SignInRefused` for a password; ``API_KEY_WRONG`` for an API key, whatever is wrong with it;
    ``TOKEN_USED`` for a refresh token that has rotated, and others for one that is no good. *asks_more*: whether the
    password is right and something else is asked before somebody is signed in, which a program cannot answer here.
    """

    def __init__(
        self,
        code: Code | None,
        *,
        field: str | None = None,
        error: Error | None = None,
        asks_more: bool = False,
    ) -> None:
        super().__init__(code, field=field, error=error)
        self.asks_more = asks_more


class TokenRefused(FlowRefused):
    """A mailed token is no good, or no longer: unknown, used, too old, or of another application. Its code is
    ``NOT_FOUND`` in each case.
    """


class FactorRefused(FlowRefused):
    """A second factor was not proved (``FACTOR_CODE_WRONG``, ``TOO_MANY_TRIES``, or what a directory says of a code
    that was sent and cannot be answered any more), or there is no such way (``NOT_FOUND``); or one was not added.
    """


class CodeRefused(FlowRefused):
    """A code that was typed is wrong (``MAILED_CODE_WRONG``), or there is none to answer any more
    (``MAILED_CODE_DEAD``): it was used, is too old, had five wrong answers, or is of another browser.
    """


def failure(error: Error) -> Error:
    """*error* as a failure of ours. A 404 is one: the application that we serve is not in the directory any more. That
    the directory does not take the site's own API key is another one.
    """
    if error.status == HTTPStatus.NOT_FOUND:
        return Unavailable("The application is not in the directory any more.")
    return Unavailable(error.body()) if Code.of(error.code) in _OF_THE_SITE else error


def field_of(error: Error, fields: Container[str]) -> str | None:
    """The one of *fields*, by their names in JSON, whose value a directory refuses with *error*; None where it does not
    say.
    """
    named = _ATTRIBUTE.match(error.developer_message)
    for field in (named and named[1], _FIELDS.get(error.code)):
        if field and field in fields:
            return field
    return None
