"""Codes that are mailed beside a token, for who types them where he has asked.

A code is short, so it can be guessed. Therefore it is good only with the ticket of the browser that has asked
(:mod:`stormpath_wsgi.tickets`), for a short time, and for :data:`MOST_WRONG` answers, right or wrong, which are counted
before they are compared. No setting switches that off. Whoever asks for an address that nobody has gets a ticket as
good as any other: the same is stored, counted and answered, and there is no right code.

A code for a new password has more digits than one that verifies an address, since more is lost by it. What is stored is
a digest with a key: eight digits could be found from a plain one.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Any

from sqlalchemy import and_, bindparam, delete, or_, select, update

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rules.mails import mailed_tokens
from stormpath_wsgi.directory.storage import schema, upsert
from stormpath_wsgi.errors import fault
from stormpath_wsgi.tickets import ticket

#: Answers that one code takes.
MOST_WRONG = 5

#: Milliseconds in which two requests with one ticket are one click.
ONE_CLICK = 60_000

#: How many digits a code has, by its purpose.
DIGITS = 8

_PURGED = 5  # the number of expired codes that are removed for each new one
_CODE = re.compile(r"[0-9]{4,12}")
_BLANKS = re.compile(r"[\s\u00a0-]+")

_table = schema.mailed_codes


def make(work: UnitOfWork, purpose: str, account_id: str | None, application_id: str) -> dict[str, Any] | None:
    """Stores a code for the ticket of who asks. Returns what the mail says of it; nothing where there is no ticket.

    None: the same ticket has just asked, by a double click or a reload, and no other mail is to be sent. The row of the
    account must be locked. Without an account the same is done, and the code is in no mail; it never takes the place of
    the code of an account.
    """
    held = ticket()
    if held is None:
        return {}
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    id = _id(held)
    values = {
        "tenant_id": work.tenant_id,
        "account_id": account_id,
        "application_id": application_id,
        "purpose": purpose,
        "digest": work.secrets.digest(code, schema.place(_table.c.digest, id)),
        "wrong": 0,
        "expires_at": work.now + work.mail.code_ttl,
    }
    insert = upsert.insert(_table, work.connection.dialect.name)
    statement = insert.on_conflict_do_update(
        index_elements=["id"],
        set_={name: insert.excluded[name] for name in values},
        where=and_(
            _table.c.expires_at <= insert.excluded.expires_at - ONE_CLICK,
            or_(_table.c.account_id.is_(None), insert.excluded.account_id.is_not(None)),
        ),
    )
    is_new = work.connection.execute(statement.returning(_table.c.id), {"id": id, **values}).first() is not None
    _purge(work)
    if not is_new:
        return None
    return {"code": code, "codeLasts": work.mail.code_ttl}


def redeem(work: UnitOfWork, purpose: str, application_id: str, held: str, code: str) -> str | None:
    """The id of the account whose code for the ticket *held* this is, and uses the code up. None for a wrong one: then
    commit the transaction, in which the answer is counted.

    The row of the account is locked from now on. Raises 7121 where there is no code that can be answered any more.
    """
    key: dict[str, Any] = {
        "of_id": _id(held),
        "of_tenant": work.tenant_id,
        "of_application": application_id,
        "of_purpose": purpose,
        "now": work.now,
    }
    owner = work.connection.execute(_OWNER, key).first()
    # First the account, then what belongs to it: so does whoever makes a code.
    mailed_tokens.hold(work, owner.account_id or "" if owner else "")
    found = work.connection.execute(_COUNT, key).first()
    if found is None:
        raise fault(Code.MAILED_CODE_DEAD)
    digits = _BLANKS.sub("", code)
    is_right = work.secrets.is_digest(found.digest, digits, schema.place(_table.c.digest, key["of_id"]))
    if not is_right or found.account_id is None or not _CODE.fullmatch(digits):
        return None
    work.connection.execute(delete(_table).where(_table.c.id == key["of_id"]))
    return str(found.account_id)


def _id(held: str) -> str:
    return hashlib.sha256(held.encode()).hexdigest()


def _purge(work: UnitOfWork) -> None:
    expired = (
        select(_table.c.id)
        .where(_table.c.expires_at <= work.now)
        .order_by(_table.c.expires_at)
        .limit(_PURGED)
        .with_for_update(skip_locked=True)
    )
    work.connection.execute(delete(_table).where(_table.c.id.in_(expired)))


_MINE = (
    _table.c.id == bindparam("of_id"),
    _table.c.tenant_id == bindparam("of_tenant"),
    _table.c.application_id == bindparam("of_application"),
    _table.c.purpose == bindparam("of_purpose"),
)
_OWNER = select(_table.c.account_id).where(*_MINE)
_COUNT = (
    update(_table)
    .where(*_MINE, _table.c.wrong < MOST_WRONG, _table.c.expires_at > bindparam("now"))
    .values(wrong=_table.c.wrong + 1)
    .returning(_table.c.account_id, _table.c.digest)
)
