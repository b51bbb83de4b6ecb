"""Tokens that are mailed: how they are made, found, and used up.

Only their SHA-256 is stored. That is safe, because the tokens cannot be guessed. A token that the link of an account
must show is stored as well, encrypted. A token ends when it is used, when it expires, and when the e-mail address of
the account changes. A token for a new password also ends when the password changes.

A transaction that makes, changes or ends tokens of an account locks the row of the account first, and after that waits
for no row of another account. So there is no deadlock, and ending all tokens also ends one that is being made.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.mail import RESET, VERIFICATION
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.errors import fault

_table, _accounts = schema.mailed_tokens, schema.accounts

_MOST = 5  # tokens for a new password that an account may have at once; for another one, the oldest is removed
_PURGED = 5  # the number of expired tokens that are removed for each new one; more than one, so that none pile up


def make_reset(work: UnitOfWork, token: str, account_id: str | None, application_id: str, expires_at: int) -> None:
    """Stores a token for a new password. *expires_at*: milliseconds since the epoch.

    Without an account, the same statements are run and store nothing.
    """
    owner = account_id or ""
    hold(work, owner)
    newest = (
        select(_table.c.digest)
        .where(_table.c.account_id == owner, _table.c.purpose == RESET)
        .order_by(_table.c.created_at.desc(), _table.c.digest)
        .limit(_MOST - 1)
    )
    mine = (_table.c.account_id == owner, _table.c.purpose == RESET)
    work.connection.execute(delete(_table).where(*mine, _table.c.digest.not_in(newest)))
    columns: dict[str, ColumnElement[Any]] = {
        "digest": literal(digest(token), Text),
        "tenant_id": _accounts.c.tenant_id,
        "account_id": _accounts.c.id,
        "application_id": literal(application_id, Text),
        "purpose": literal(RESET, Text),
        "created_at": literal(work.now, BigInteger),
        "expires_at": literal(expires_at, BigInteger),
    }
    mine_now = select(*columns.values()).where(_accounts.c.id == owner)
    work.connection.execute(insert(_table).from_select(list(columns), mine_now))
    _purge(work)


def verification(work: UnitOfWork, account_id: str) -> str:
    """A token to verify the address of the account, whose row is locked.

    A token that is still valid is used again, for longer.
    """
    expires_at = work.now + work.mail.verification_ttl
    mine = (_table.c.account_id == account_id, _table.c.purpose == VERIFICATION)
    row = work.connection.execute(select(_table.c.digest, _table.c.token, _table.c.expires_at).where(*mine)).first()
    if row is not None and row.expires_at > work.now:
        work.connection.execute(update(_table).where(*mine).values(expires_at=expires_at))
        return work.secrets.decrypt(row.token, schema.place(_table.c.token, row.digest))
    work.connection.execute(delete(_table).where(*mine))
    token = new_id()
    columns = {
        "digest": digest(token),
        "tenant_id": work.tenant_id,
        "account_id": account_id,
        "purpose": VERIFICATION,
        "token": work.secrets.encrypt(token, schema.place(_table.c.token, digest(token))),
        "created_at": work.now,
        "expires_at": expires_at,
    }
    work.connection.execute(insert(_table), columns)
    _purge(work)
    return token


def make_notice(work: UnitOfWork, token: str, account_id: str, notice: str, expires_at: int) -> None:
    """Stores the *token* of a *notice* to the account. *expires_at*: milliseconds since the epoch.

    Nothing but its use ends it, so the row of the account need not be locked. Raises 2020 for an account that does not
    exist.
    """
    columns = {
        "digest": digest(token),
        "tenant_id": work.tenant_id,
        "account_id": account_id,
        "purpose": notice,
        "created_at": work.now,
        "expires_at": expires_at,
    }
    with records.taken(None):  # the account may have been removed meanwhile
        work.connection.execute(insert(_table), columns)
    _purge(work)


def made_since(work: UnitOfWork, account_id: str, purpose: str, moment: int) -> int:
    """How many tokens for *purpose* the account has that are not used, and are not older than *moment*."""
    mine = (_table.c.account_id == account_id, _table.c.purpose == purpose, _table.c.created_at > moment)
    return work.connection.execute(select(func.count()).select_from(_table).where(*mine)).scalar() or 0


def no_verification(work: UnitOfWork) -> str:
    """A token that is good for nothing, after as many statements as :func:`verification` takes to use one again."""
    mine = (_table.c.account_id == "", _table.c.purpose == VERIFICATION)
    work.connection.execute(select(_table.c.digest, _table.c.token, _table.c.expires_at).where(*mine)).first()
    work.connection.execute(update(_table).where(*mine).values(expires_at=work.now))
    return new_id()


def holder(work: UnitOfWork, purpose: str, token: str, application_id: str | None = None) -> str:
    """The id of the account that *token* was mailed to. Raises a 404 for a token that is unknown, used or expired."""
    found = work.connection.execute(_FIND, _key(work, purpose, token, application_id)).scalar()
    if found is None:
        raise fault(Code.NOT_FOUND)
    return str(found)


def spend(work: UnitOfWork, purpose: str, token: str, application_id: str | None = None) -> str:
    """Uses *token* up, and returns the id of its account, whose row is locked from now on.

    Of several requests with the same token, one succeeds. Raises as :func:`holder` does.
    """
    hold(work, holder(work, purpose, token, application_id))
    found = work.connection.execute(_SPEND, _key(work, purpose, token, application_id)).scalar()
    if found is None:
        raise fault(Code.NOT_FOUND)
    return str(found)


def hold(work: UnitOfWork, account_id: str) -> None:
    """Locks the row of the account: until this transaction ends, no other one changes the account or its tokens. A
    write that is to say whom it concerns has said it by this.
    """
    work.concern(account_id)
    work.connection.execute(_HOLD, {"id": account_id})


def end(work: UnitOfWork, account_id: str, *purposes: str) -> None:
    """Ends the tokens of the account for these *purposes*, and the codes that were mailed beside them.

    The row of the account must be locked, or changed, before.
    """
    for table in (_table, schema.mailed_codes, schema.spent_tokens):
        mine = (table.c.account_id == account_id, table.c.purpose.in_(purposes))
        work.connection.execute(delete(table).where(*mine))


def end_changes(work: UnitOfWork, account_id: str, *, ways_back: bool = False) -> None:
    """Ends the changes of the account's address that wait. *ways_back*: the tokens that take a change back as well.

    The row of the account must be locked, or changed, before.
    """
    table = schema.email_changes
    mine = (table.c.account_id == account_id, *(() if ways_back else (table.c.back.is_(False),)))
    work.connection.execute(delete(table).where(*mine))


def digest(token: str) -> str:
    """The SHA-256 of *token*, in hex digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def _key(work: UnitOfWork, purpose: str, token: str, application_id: str | None) -> dict[str, Any]:
    return {
        "tenant": work.tenant_id,
        "purpose": purpose,
        "digest": digest(token),
        "application": application_id or "",
        "now": work.now,
    }


def _purge(work: UnitOfWork) -> None:
    """Removes some of the expired tokens, so that they do not pile up. It skips tokens that another purge has locked.

    They may belong to any account. To be called last in a transaction, which then waits for no other lock.
    """
    expired = (
        select(_table.c.digest)
        .where(_table.c.expires_at <= work.now)
        .order_by(_table.c.expires_at)
        .limit(_PURGED)
        .with_for_update(skip_locked=True)
    )
    work.connection.execute(delete(_table).where(_table.c.digest.in_(expired)))


_GOOD = (
    _table.c.digest == bindparam("digest"),
    _table.c.tenant_id == bindparam("tenant"),
    _table.c.purpose == bindparam("purpose"),
    func.coalesce(_table.c.application_id, "") == bindparam("application"),
    _table.c.expires_at > bindparam("now"),
)
_HOLD = select(_accounts.c.id).where(_accounts.c.id == bindparam("id")).with_for_update(key_share=True)
_FIND = select(_table.c.account_id).where(*_GOOD)
_SPEND = delete(_table).where(*_GOOD).returning(_table.c.account_id)
