"""Challenges: a code is sent to a phone and has to be sent back, or a code of an authenticator app is checked at once.

Six digits can be guessed, so the number of guesses is limited. A code that was sent allows :data:`MOST_WRONG` wrong
answers, and is valid for :data:`LIFETIME`. Each code counts for its factor, whatever challenge it is for: after a few
wrong ones a factor of either type accepts no code for a time that doubles with each further one (RFC 4226, section
7.3), and a right code forgives them all (:meth:`.Limits.factor`). The row of the factor is locked while a code is
compared, so that simultaneous tries come one after the other.

Source: the challenge in the resource reference of the REST API v1, which leaves the numbers open.
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.crypto import totp
from stormpath_wsgi.directory.mail.purposes import WAY_ADDED
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.mails import notices
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.directory.wire.shapes import encryption_context
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import FactorAdded
from stormpath_wsgi.kinds import ENABLED, SMS, VERIFIED, Challenge, Factor, Phone, id_of

LIFETIME = 300_000  # milliseconds
MOST_WRONG = 5  # wrong answers to one challenge
DEFAULT_MESSAGE = "Your verification code is ${code}"

_PLACEHOLDER = "${code}"
_CODE = re.compile(r"[0-9]{6}")
_SPACING = re.compile(r"[\s\u2010-\u2015-]+")
_KEPT = 30 * 24 * 3_600_000  # milliseconds for which a challenge can be read
_PURGED = 5  # the number of old challenges of the factor that are removed for each new one

log = logging.getLogger(__name__)

_accounts, _factors, _challenges, _phones = schema.accounts, schema.factors, schema.challenges, schema.phones

# Owners are locked before what belongs to them, in the same order as by a removal, so that there is no deadlock.
_ACCOUNT = (
    select(_accounts.c.id)
    .join(_factors, _factors.c.account_id == _accounts.c.id)
    .where(_factors.c.id == bindparam("id"))
    .with_for_update(read=True, key_share=True, of=_accounts)
)
_FACTOR = select(_factors).where(_factors.c.id == bindparam("id")).with_for_update()
_PHONE = select(_phones.c.number, _phones.c.status).where(_phones.c.id == bindparam("id")).with_for_update()
_CHALLENGE = select(_challenges).where(_challenges.c.id == bindparam("id"))
_OLD = (
    select(_challenges.c.id)
    .where(_challenges.c.factor_id == bindparam("factor_id"), _challenges.c.created_at < bindparam("before"))
    .limit(_PURGED)
)
_PURGE = delete(_challenges).where(_challenges.c.id.in_(_OLD))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A text message that is to be sent after the transaction."""

    challenge_id: str
    number: str
    text: str = field(repr=False)


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes a challenge. To a phone it sends a code, in the text ``message``. A ``code`` of an app it checks at once.

    Raises 13103, 13104, 13109, 13110; and :class:`~stormpath_wsgi.errors.TooManyTries` while the factor takes no code.
    """
    values = bodies.of_creation(Challenge, {} if properties is None else properties, context.base_url).values
    code, message = values.get("code"), values.get("message")
    with context.read() as work:
        records.require_owner(work, listing)
        factor = records.load(work, Resource(Factor, listing.id))
    if factor["type"] == SMS:
        if code is not None:
            raise fault(
                Code.UNKNOWN_PROPERTY, "Challenge code is set on creation for the type google-authenticator only."
            )
        return _sent(context, factor, template(message))
    if message is not None:
        raise fault(Code.UNKNOWN_PROPERTY, "Challenge message is for the type SMS only.")
    return _judged(context, factor, well_formed(code))


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Checks the ``code`` that was sent back: the status becomes SUCCESS, or FAILED when no try is left.

    Raises 13104, 13108 to 13110, 13112, 13113, and :class:`~stormpath_wsgi.errors.TooManyTries`.
    """
    with context.read() as work:
        current = records.load(work, target)
    return _answered(context, current, bodies.of_update(Challenge, properties, current).values.get("code"))


def redeem(context: Context, href: Any, code: Any) -> str | None:
    """Answers the challenge *href* with its *code*, for a grant. Returns the id of the account; None for a wrong code.

    A code can be used once only. A challenge of an authenticator app cannot be used, since its code was checked when it
    was made. Raises the errors of :func:`change`, 404, 2002 and 2014.
    """
    target = bodies.resource_at(href, context.base_url, (Challenge.title(),), "challenge")
    with context.read() as work:
        current = records.load(work, target)
    answered = _answered(context, current, Challenge.code.check(code))
    return id_of(answered["account"]["href"]) if answered["status"] == "SUCCESS" else None


def judge(work: UnitOfWork, factor_ids: Sequence[str], code: str) -> bool:
    """Whether *code*, six digits, is one of an authenticator app among these factors. Each that is asked keeps the
    result, in a challenge; the time step of the right code is used up.
    """
    return any(_judge(work, _locked(work, id), code)[1] for id in factor_ids)


def well_formed(code: str | None) -> str:
    """*code* without the blanks and dashes that apps and people write in it. Raises 13104 unless it has six digits."""
    digits = _SPACING.sub("", code or "")
    if not _CODE.fullmatch(digits):
        raise fault(Code.CHALLENGE_CODE_FORM)
    return digits


def template(message: str | None) -> str:
    """*message*, or the default text. Raises 13103 unless it has the macro for the code."""
    if message is None:
        return DEFAULT_MESSAGE
    if _PLACEHOLDER not in message:
        raise fault(Code.CHALLENGE_WITHOUT_CODE)
    return message


def ask(work: UnitOfWork, factor_id: str, message: str) -> Outgoing:
    """Stores a challenge for the phone of the factor. Returns the text message, which :func:`deliver` has to send."""
    factor = _locked(work, factor_id)
    number = _check_enabled(work, factor)
    id, code = new_id(), f"{secrets.randbelow(1_000_000):06}"
    encrypted = work.secrets.encrypt(code, schema.place(_challenges.c.code, id))
    sent = {"number": number, "code": encrypted, "ends_at": work.now + LIFETIME}
    _store(work, factor, id, {"status": "CREATED", "message": message}, sent)
    return Outgoing(id, number, message.replace(_PLACEHOLDER, code))


def deliver(context: Context, outgoing: Outgoing) -> None:
    """Sends the message of a stored challenge. To be called outside of a transaction, because sending may take long."""
    status = "WAITING_FOR_VALIDATION"
    try:
        context.send_sms(outgoing.number, outgoing.text)
    except OSError as error:
        # Without the text of the error: the address of a gateway may contain the number and the code.
        log.error("the text message of challenge %s was not sent: %s", outgoing.challenge_id, type(error).__name__)
        status = "UNDELIVERED"
    with context.write(moves_generation=False) as work:  # only if it was not answered meanwhile
        mine = (_challenges.c.id == outgoing.challenge_id, _challenges.c.status == "CREATED")
        modified_at = records.later(_challenges.c.modified_at, work.now)
        work.connection.execute(update(_challenges).where(*mine).values(status=status, modified_at=modified_at))


def _sent(context: Context, factor: Wire, message: str) -> Wire:
    """A new challenge, whose code is sent to the phone of *factor*."""
    id, account_id = _ids(factor)
    with context.limits.factor_message(id, account_id), context.write(moves_generation=False) as work:
        outgoing = ask(work, id, message)
        made = records.load(work, Resource(Challenge, outgoing.challenge_id))
    deliver(context, outgoing)
    return made


def _judged(context: Context, factor: Wire, code: str) -> Wire:
    """A new challenge with the result of *code*, which an authenticator app has made."""
    id, account_id = _ids(factor)
    with context.limits.factor(id, account_id) as made, context.write(moves_generation=False) as work:
        challenge_id, right = _judge(work, _locked(work, id), code)
        if right:
            made.succeeded()
        return records.load(work, Resource(Challenge, challenge_id))


def _answered(context: Context, challenge: Wire, given: Any) -> Wire:
    """The *challenge* after the code *given* was compared with the one that was sent."""
    code, id = well_formed(given), id_of(challenge["href"])
    factor_id, account_id = id_of(challenge["factor"]["href"]), id_of(challenge["account"]["href"])
    with context.limits.factor(factor_id, account_id) as made, context.write(moves_generation=False) as work:
        if _answer(work, id, code):
            made.succeeded()
        return records.load(work, Resource(Challenge, id))


def _ids(factor: Wire) -> tuple[str, str]:
    """The ids of *factor* and of its account."""
    return id_of(factor["href"]), id_of(factor["account"]["href"])


def _answer(work: UnitOfWork, id: str, code: str) -> bool:
    """Whether *code* is right for a challenge, with which the result is stored."""
    factor = _locked(work, _challenge(work, id).factor_id)
    challenge = _challenge(work, id)  # read again: now that the factor is locked, no other request can answer it
    number = _check_enabled(work, factor)
    _check_open(work, challenge, number)
    right = hmac.compare_digest(work.secrets.decrypt(challenge.code, schema.place(_challenges.c.code, id)), code)
    wrong = challenge.attempts + (not right)
    values: dict[str, Any] = {"status": "SUCCESS" if right else "FAILED"}
    if right or wrong >= MOST_WRONG:
        values["code"] = None  # the code is not needed any more
    done = update(_challenges).where(_challenges.c.id == id)
    modified_at = records.later(_challenges.c.modified_at, work.now)
    work.connection.execute(done.values(attempts=wrong, modified_at=modified_at, **values))
    if right:
        _verify(work, factor)
        _verify_phone(work, factor.phone_id)
    return right


def _judge(work: UnitOfWork, factor: Row[Any], code: str) -> tuple[str, bool]:
    """Stores a challenge with the result of *code*, of an authenticator app. Returns its id, and if it was right."""
    _check_enabled(work, factor)
    secret = work.secrets.decrypt(factor.secret, encryption_context(Factor, Factor.secret)(factor.id))
    step = totp.matching_step(secret, code, work.now // 1000, after=factor.last_step)
    id = new_id()
    _store(work, factor, id, {"status": "FAILED" if step is None else "SUCCESS"}, {})
    if step is not None:
        _verify(work, factor)
        work.connection.execute(update(_factors).where(_factors.c.id == factor.id).values(last_step=step))
    return id, step is not None


def _store(work: UnitOfWork, factor: Row[Any], id: str, values: Mapping[str, Any], columns: Mapping[str, Any]) -> None:
    work.connection.execute(_PURGE, {"factor_id": factor.id, "before": work.now - _KEPT})
    owners = {"account_id": factor.account_id, "factor_id": factor.id}
    records.make(work, Challenge, id, values, attempts=0, **owners, **columns)
    recent = update(_factors).where(_factors.c.id == factor.id)
    work.connection.execute(recent.values(recent_challenge_id=id))


def _verify(work: UnitOfWork, factor: Row[Any]) -> None:
    if factor.verification_status != VERIFIED:
        records.change(work, Factor, factor.id, {"verification_status": VERIFIED})
        work.tell(FactorAdded, factor.account_id, factor=work.href(Resource(Factor, factor.id)), type=factor.type)
        notices.warn(work, WAY_ADDED, factor.account_id)
        work.outdated.add(factor.account_id)  # from now on it is asked for


def _verify_phone(work: UnitOfWork, phone_id: str) -> None:
    phone = Resource(Phone, phone_id)
    if records.load(work, phone)["verificationStatus"] != VERIFIED:
        records.change(work, Phone, phone_id, {"verification_status": VERIFIED})


def _check_enabled(work: UnitOfWork, factor: Row[Any]) -> str:
    """The number of the factor's phone, if it has one. Raises 13109 and 13110."""
    if factor.status != ENABLED:
        raise fault(Code.FACTOR_DISABLED)
    phone = work.connection.execute(_PHONE, {"id": factor.phone_id}).first()
    if phone is not None and phone.status != ENABLED:
        raise fault(Code.PHONE_DISABLED)
    return phone.number if phone is not None else ""


def _check_open(work: UnitOfWork, challenge: Row[Any], number: str) -> None:
    """Raises 13108, 13112 or 13113 unless the challenge can be answered. *number*: the current number of the phone."""
    if challenge.attempts >= MOST_WRONG:
        raise fault(Code.CHALLENGE_TOO_MANY_TRIES)
    if challenge.code is None or challenge.status == "UNDELIVERED" or challenge.number != number:
        raise fault(Code.CHALLENGE_CLOSED)
    if challenge.ends_at <= work.now:
        raise fault(Code.CHALLENGE_EXPIRED)


def _locked(work: UnitOfWork, factor_id: str) -> Row[Any]:
    """The factor. Its row is locked: until this transaction ends, no other one changes it or answers its challenges."""
    work.connection.execute(_ACCOUNT, {"id": factor_id})
    row = work.connection.execute(_FACTOR, {"id": factor_id}).first()
    if row is None:
        raise fault(Code.NOT_FOUND)
    return row


def _challenge(work: UnitOfWork, id: str) -> Row[Any]:
    row = work.connection.execute(_CHALLENGE, {"id": id}).first()
    if row is None:
        raise fault(Code.NOT_FOUND)
    return row
