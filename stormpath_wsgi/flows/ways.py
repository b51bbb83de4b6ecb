"""The ways to prove a second factor that need nothing but a code: of an app, out of a message, or saved before."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from stormpath_wsgi.client import Account, Application, Client, Factor, SecondFactor
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import RecoveryCodeUsed, reserved, told_of
from stormpath_wsgi.flows.refusals import FactorRefused
from stormpath_wsgi.flows.second_factor import Held, Way
from stormpath_wsgi.kinds import GOOGLE_AUTHENTICATOR, SMS, VERIFIED, id_of
from stormpath_wsgi.limits import Limits
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.tickets import holding

#: Characters of the longest code that a directory is asked about.
LONGEST_CODE = 64


class AppWay(Way):
    """The six digits that an authenticator app shows."""

    name, counts, sends = "app", True, False

    def number(self, held: Held) -> int:
        return len(held.factors(GOOGLE_AUTHENTICATOR))

    def begin(self, session: CurrentSession, held: Held, ticket: str) -> Mapping[str, Any]:
        return {}

    def answer(self, session: CurrentSession, held: Held, given: Mapping[str, Any], ticket: str) -> None:
        code = typed(given)
        try:
            if held.known is not None:
                held.known.prove_app(code)
            else:
                self._prove_older(held, code)
        except Error as error:
            raise refused(error) from error

    def _prove_older(self, held: Held, code: str) -> None:
        """The same in a directory of an older version, which compares a code with one app at a time."""
        apps = [each for each in held.older if each.type == GOOGLE_AUTHENTICATOR]
        if not any(each.challenges.create({"code": code}).is_successful() for each in apps):
            raise FactorRefused(Code.FACTOR_CODE_WRONG, field="code")


class SmsWay(Way):
    """Six digits that are sent to a telephone: the one that was added last."""

    name, counts, sends = "sms", True, True

    def __init__(self, client: Client, limits: Limits, scope: str) -> None:
        """*limits*: how many messages an account is sent. *scope*: the id of the application."""
        self._client, self._limits, self._scope = client, limits, scope

    def number(self, held: Held) -> int:
        return len(held.factors(SMS))

    def begin(self, session: CurrentSession, held: Held, ticket: str) -> Mapping[str, Any]:
        try:
            with sending(self._limits, self._scope, held.account):
                self._factor(held).challenges.create({})
        except Error as error:
            raise FactorRefused.of(error) from error
        return {}

    def answer(self, session: CurrentSession, held: Held, given: Mapping[str, Any], ticket: str) -> None:
        code = typed(given)
        try:
            answer_sent(self._factor(held), code)
        except Error as error:
            raise refused(error) from error

    def _factor(self, held: Held) -> Factor:
        return Factor(self._client, held.factors(SMS)[-1]["href"])


class MailWay(Way):
    """A code that is mailed to the verified address of the account. It only stands in for another way: who reads the
    mail can choose a new password as well.
    """

    name, counts, sends = "mail", False, True

    def __init__(self, application: Application) -> None:
        self._application = application

    def number(self, held: Held) -> int:
        return int(held.known is not None and held.account.email_verification_status == VERIFIED)

    def begin(self, session: CurrentSession, held: Held, ticket: str) -> Mapping[str, Any]:
        try:
            with holding(ticket):
                _known(held).send_mail(self._application)
        except Error as error:
            raise FactorRefused.of(error) from error
        return {}

    def answer(self, session: CurrentSession, held: Held, given: Mapping[str, Any], ticket: str) -> None:
        code = typed(given)
        try:
            with holding(ticket):
                _known(held).prove_mail(self._application, code)
        except Error as error:
            raise refused(error) from error


class RecoveryWay(Way):
    """One of the codes that were shown once, for who has lost everything else."""

    name, counts, sends = "recovery", False, False

    def __init__(self, client: Client) -> None:
        self._events = client.events

    def number(self, held: Held) -> int:
        return held.recovery_codes

    def begin(self, session: CurrentSession, held: Held, ticket: str) -> Mapping[str, Any]:
        return {"left": held.recovery_codes}

    def answer(self, session: CurrentSession, held: Held, given: Mapping[str, Any], ticket: str) -> None:
        known, code = _known(held), typed(given)
        try:
            with reserved(RecoveryCodeUsed) as kept:
                known.prove_recovery(code)
        except Error as error:
            raise refused(error) from error
        told = told_of(kept, RecoveryCodeUsed)
        self._events.emit(told or RecoveryCodeUsed(account=held.account.href, left=known.recovery_codes))


def _known(held: Held) -> SecondFactor:
    if held.known is None:
        raise FactorRefused(Code.NOT_FOUND)
    return held.known


def typed(given: Mapping[str, Any]) -> str:
    """The code that was typed. Raises :class:`FactorRefused` for what can be none, and asks no directory."""
    code = given.get("code")
    if not isinstance(code, str) or not code.strip() or len(code) > LONGEST_CODE or "\0" in code:
        raise FactorRefused(Code.FACTOR_CODE_WRONG, field="code")
    return code


def sending(limits: Limits, scope: str, account: Account) -> AbstractContextManager[object]:
    """In this block a text message is sent to *account*, or to a number that it names: messages cost money. It counts
    as a mail does. Raises :class:`~stormpath_wsgi.errors.TooManyTries`.
    """
    return limits.mail("text message", scope, "", id_of(account.href))


def answer_sent(factor: Factor, code: str) -> None:
    """Answers the last challenge of *factor*, a telephone. Raises :class:`FactorRefused` and Error."""
    factor.refresh()
    challenge = factor.most_recent_challenge
    if challenge is None:
        raise FactorRefused(Code.CHALLENGE_CLOSED, field="code")
    challenge.refresh()
    if not challenge.submit(code).is_successful():
        raise FactorRefused(Code.FACTOR_CODE_WRONG, field="code")


def refused(error: Error) -> FactorRefused:
    """What a directory says of a code, as a refusal. Raises the *error* for a failure."""
    wrong = (Code.CHALLENGE_CODE_FORM, Code.NOT_STORABLE, Code.REQUIRED, Code.TOO_LONG)
    if Code.of(error.code) in wrong:
        return FactorRefused(Code.FACTOR_CODE_WRONG, field="code")
    return FactorRefused.of(error, field="code")
