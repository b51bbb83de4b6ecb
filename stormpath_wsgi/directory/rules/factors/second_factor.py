"""What an account can prove beside its password: the factors that count, recovery codes, and remembered browsers.

A recovery code has eight characters. By the first the row of the code is found, and the others are compared with a hash
that takes as long as one of a password: so a wrong code costs one hash, as a wrong password does, and a copy of the
database does not give the codes away. How often is tried is limited as for the codes of a factor.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, func, insert, select, update

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail.purposes import FACTOR_CODE, RECOVERY_CODE_USED, RECOVERY_CODES_MADE
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.factors import challenges
from stormpath_wsgi.directory.rules.factors.counting import COUNTS
from stormpath_wsgi.directory.rules.mails import mailed_codes, mailed_tokens, notices
from stormpath_wsgi.directory.rules.mails.outbox import put
from stormpath_wsgi.directory.storage import schema, upsert
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.canonical import canonical_username
from stormpath_wsgi.directory.wire.paths import Resource, SecondFactors
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import RecoveryCodesMade, RecoveryCodeUsed
from stormpath_wsgi.kinds import (
    GOOGLE_AUTHENTICATOR,
    RECOVERY_CODES,
    VERIFIED,
    Account,
    Application,
    Factor,
    SecondFactor,
    format_instant,
)
from stormpath_wsgi.tickets import ticket

#: What a recovery code consists of: no characters that look like others.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"

_LENGTH = 8
_FORM = re.compile(f"[{ALPHABET}]{{{_LENGTH}}}")
_SPACING = re.compile(r"[\s\u2010-\u2015-]+")

_accounts, _factors, _phones = schema.accounts, schema.factors, schema.phones
_state, _codes = schema.second_factors, schema.recovery_codes


def get(context: Context, target: SecondFactors) -> Wire:
    """What the account can prove. Raises a 404."""
    with context.read() as work:
        return _told(work, target.account_id)


def change(context: Context, target: SecondFactors, properties: Any) -> Wire:
    """Does the one thing that the body asks for, and returns what the account can prove then.

    Raises a 404; 2000 to 2016; 7122 for a wrong code; :class:`~stormpath_wsgi.errors.TooManyTries`; 13104 for what can
    be no code of an app.
    """
    values = bodies.of_update(SecondFactor, properties, {}).values
    if len(values) != 1:
        raise fault(Code.MALFORMED_REQUEST, "SecondFactor does one thing at a time: send one property.")
    ((name, value),) = values.items()
    return _VERBS[name](context, target.account_id, value)


def _compare_app_code(context: Context, account_id: str, code: str) -> Wire:
    """Compares the code of an authenticator app with those of all apps of the account."""
    digits = challenges.well_formed(code)
    with context.read() as work:
        ids = [row.id for row in _counted(_rows(work, account_id)) if row.type == GOOGLE_AUTHENTICATOR]
    if not ids:
        raise fault(Code.FACTOR_CODE_WRONG)
    with context.limits.factors(ids, account_id) as made, context.write(moves_generation=False) as work:
        right = challenges.judge(work, ids, digits)
        if right:
            made.succeeded()
        told = _told(work, account_id)
    if not right:
        raise fault(Code.FACTOR_CODE_WRONG)
    return told


def _compare_recovery_code(context: Context, account_id: str, code: str) -> Wire:
    """Uses a recovery code up."""
    text = _SPACING.sub("", code).lower()
    with context.read() as work:
        _rows(work, account_id)
        stored = work.connection.execute(_STORED, {"account": account_id, "first": text[:1]}).scalar()
    context.passwords.expect_turn()
    with context.limits.factor(f"{account_id} recovery", account_id) as made:
        if not _FORM.fullmatch(text) or not context.passwords.verify(text, stored):
            raise fault(Code.FACTOR_CODE_WRONG)
        with context.write(moves_generation=False) as work:
            key = {"account": account_id, "first": text[:1], "hash": stored}
            if not work.connection.execute(_USE, key).rowcount:  # used up in the meantime
                raise fault(Code.FACTOR_CODE_WRONG)
            told = _told(work, account_id)
            work.tell(RecoveryCodeUsed, account_id, left=told["recoveryCodes"])
            notices.warn(work, RECOVERY_CODE_USED, account_id, left=told["recoveryCodes"])
        made.succeeded()
    return told


def _mail_code(context: Context, account_id: str, application: str) -> Wire:
    """Mails a code to the account, for the browser that has the ticket of the request."""
    application_id = _application(context, application)
    if ticket() is None:
        raise fault(Code.MALFORMED_REQUEST, "A code is mailed for a browser with a ticket: send X-Stormpath-Ticket.")
    with context.read() as work:
        records.load(work, Resource(Application, application_id))
        account = records.load(work, Resource(Account, account_id))
    if account["emailVerificationStatus"] != VERIFIED:
        raise fault(Code.INVALID, "SecondFactor mailCode needs an account whose address was verified.")
    mail = context.limits.mail(FACTOR_CODE, work.tenant_id, canonical_username(account["email"]), account_id)
    with mail, context.write(moves_generation=False) as work:
        _hold(work, account_id)
        code = mailed_codes.make(work, FACTOR_CODE, account_id, application_id)
        if code is not None:  # else it was just mailed: a double click
            put(work, FACTOR_CODE, account_id, application_id=application_id, details=code)
        return _told(work, account_id)


def _compare_mailed_code(context: Context, account_id: str, answer: Mapping[str, Any] | None) -> Wire:
    """Uses a code up that was mailed for the browser that has the ticket of the request."""
    application_id, held = _application(context, (answer or {}).get("application")), ticket()
    code = str((answer or {}).get("code") or "-")
    with (
        context.limits.factor(f"{account_id} mail", account_id) as made,
        context.write(moves_generation=False) as work,
    ):
        owner = mailed_codes.redeem(work, FACTOR_CODE, application_id, held or "", code)
        if owner == account_id:
            made.succeeded()
        told = _told(work, account_id)
    if owner != account_id:
        raise fault(Code.FACTOR_CODE_WRONG)
    return told


def _application(context: Context, href: Any) -> str:
    """The id of the application with that *href*."""
    return bodies.resource_at(href, context.base_url, (Application.title(),), "SecondFactor application").id


def _make_recovery_codes(context: Context, account_id: str, wanted: bool) -> Wire:
    """Makes a new set of recovery codes in the place of the old one, and tells it this once."""
    codes = _new_codes() if wanted else []
    hashes = [{"account_id": account_id, "first": code[0], "hash": context.passwords.hash(code)} for code in codes]
    with context.write(moves_generation=False) as work:
        _hold(work, account_id)
        work.connection.execute(delete(_codes).where(_codes.c.account_id == account_id))
        if hashes:
            work.connection.execute(insert(_codes), hashes)
            work.tell(RecoveryCodesMade, account_id)
            notices.warn(work, RECOVERY_CODES_MADE, account_id)
        _keep(work, account_id, codes_made_at=work.now if hashes else None)
        told = _told(work, account_id)
    return {**told, "codes": [f"{code[:4]}-{code[4:]}" for code in codes]} if codes else told


def _forget_browsers(context: Context, account_id: str, wanted: bool) -> Wire:
    """Has no browser remembered any more."""
    with context.write(moves_generation=False) as work:
        _hold(work, account_id)
        if wanted:
            forget(work, account_id)
        return _told(work, account_id)


def _name(context: Context, account_id: str, naming: Mapping[str, Any] | None) -> Wire:
    """Gives a factor of the account another name, or none."""
    href = (naming or {}).get("href")
    target = bodies.resource_at(href, context.base_url, (Factor.title(),), "SecondFactor naming.href")
    with context.write(moves_generation=False) as work:
        _hold(work, account_id)
        mine = (_factors.c.id == target.id, _factors.c.account_id == account_id)
        named = update(_factors).where(*mine).values(name=(naming or {}).get("name"))
        if not work.connection.execute(named).rowcount:
            raise fault(Code.UNKNOWN_RESOURCE, "SecondFactor naming.href does not match a factor of the account.")
        return _told(work, account_id)


def forget(work: UnitOfWork, account_id: str) -> None:
    """Has no browser of the account remembered any more: it was signed out everywhere. Its row may be locked."""
    _keep(work, account_id, forgotten=_state.c.forgotten + 1)


_VERBS: Mapping[str, Callable[[Context, str, Any], Wire]] = {
    SecondFactor.app_code.name: _compare_app_code,
    SecondFactor.recovery_code.name: _compare_recovery_code,
    SecondFactor.mail_code.name: _mail_code,
    SecondFactor.mailed_code.name: _compare_mailed_code,
    SecondFactor.new_recovery_codes.name: _make_recovery_codes,
    SecondFactor.forget_browsers.name: _forget_browsers,
    SecondFactor.naming.name: _name,
}


def _new_codes() -> list[str]:
    """A set of codes, each with another first character."""
    firsts = secrets.SystemRandom().sample(ALPHABET, RECOVERY_CODES)
    return [first + "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH - 1)) for first in firsts]


def _hold(work: UnitOfWork, account_id: str) -> None:
    """Locks the account. Raises a 404 where the tenant has none."""
    mailed_tokens.hold(work, account_id)
    _rows(work, account_id)


def _keep(work: UnitOfWork, account_id: str, **values: Any) -> None:
    """Stores what is known of the second factors of the account."""
    first = {"forgotten": int("forgotten" in values), "codes_made_at": values.get("codes_made_at")}
    new = upsert.insert(_state, work.connection.dialect.name).values(account_id=account_id, **first)
    work.connection.execute(new.on_conflict_do_update(index_elements=["account_id"], set_=values))


def _rows(work: UnitOfWork, account_id: str) -> Sequence[Row[Any]]:
    """The factors of the account, the oldest first, each with what is known of all. Raises a 404 for no account."""
    rows: Sequence[Any] = work.connection.execute(_ALL, {"account": account_id, "tenant": work.tenant_id}).all()
    if not rows:
        raise fault(Code.NOT_FOUND)
    return rows


def _counted(rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    return [row for row in rows if row.id is not None]


def _told(work: UnitOfWork, account_id: str) -> Wire:
    rows = _rows(work, account_id)
    factors, known = _counted(rows), rows[0]
    account = work.href(Resource(Account, account_id))
    return {
        "href": f"{account}/{SecondFactor.path}",
        "version": _version(known.forgotten or 0, [row.id for row in factors]),
        "factors": [_factor(work, row) for row in factors],
        "recoveryCodes": known.codes,
        "recoveryCodesMadeAt": None if known.codes_made_at is None else format_instant(known.codes_made_at),
        "account": {"href": account},
    }


def _factor(work: UnitOfWork, row: Row[Any]) -> Wire:
    return {
        "href": work.href(Resource(Factor, row.id)),
        "type": row.type,
        "name": row.name,
        "number": row.number,
        "createdAt": format_instant(row.created_at),
    }


def _version(forgotten: int, ids: Sequence[str]) -> str:
    """A short text, which is another one when the factors are others, or the browsers were forgotten."""
    return hashlib.sha256(f"{forgotten} {' '.join(sorted(ids))}".encode()).hexdigest()[:16]


_LEFT = select(func.count()).where(_codes.c.account_id == _accounts.c.id).correlate(_accounts).scalar_subquery()
_ALL = (
    select(
        *(_factors.c.id, _factors.c.type, _factors.c.name, _factors.c.created_at, _phones.c.number),
        *(_state.c.forgotten, _state.c.codes_made_at, _LEFT.label("codes")),
    )
    .select_from(
        _accounts.outerjoin(_state, _state.c.account_id == _accounts.c.id)
        .outerjoin(_factors, and_(_factors.c.account_id == _accounts.c.id, COUNTS))
        .outerjoin(_phones, _phones.c.id == _factors.c.phone_id)
    )
    .where(_accounts.c.id == bindparam("account"), _accounts.c.tenant_id == bindparam("tenant"))
    .order_by(_factors.c.created_at, _factors.c.id)
)
_STORED = select(_codes.c.hash).where(_codes.c.account_id == bindparam("account"), _codes.c.first == bindparam("first"))
_USE = delete(_codes).where(
    _codes.c.account_id == bindparam("account"),
    _codes.c.first == bindparam("first"),
    _codes.c.hash == bindparam("hash"),
)
