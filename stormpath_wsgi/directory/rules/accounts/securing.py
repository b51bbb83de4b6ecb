"""Securing an account: its owner says that what a notice told him was somebody else's doing.

The button of a notice has a token (:func:`.notices.warn`). It signs the account out everywhere, once. It tells nobody
the address, and sets no password: for that a mail is asked for as always.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail.purposes import RESET, WARNINGS
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.factors import second_factor
from stormpath_wsgi.directory.rules.mails import mailed_tokens
from stormpath_wsgi.directory.rules.tokens import tokens
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire.paths import NoticeToken, Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import AccountSecured
from stormpath_wsgi.kinds import Account
from stormpath_wsgi.kinds import NoticeToken as NoticeTokenKind

_table = schema.mailed_tokens


def get(context: Context, target: NoticeToken) -> Wire:
    """What the token was mailed with, and to which account. It stays valid. Raises a 404 for one that is not valid."""
    with context.read() as work:
        row = work.connection.execute(_FIND, _key(work, target)).first()
        if row is None:
            raise fault(Code.NOT_FOUND)
        return {
            "href": f"{work.base_url}/{Account.path}/{NoticeTokenKind.path}/{target.token}",
            "notice": row.purpose,
            "account": {"href": work.href(Resource(Account, row.account_id))},
        }


def spend(context: Context, target: NoticeToken) -> Wire:
    """Uses the token up: ends all sessions of its account, its tokens for a new password, addresses that wait, and what
    browsers are remembered not to be asked for.

    Returns the href of the account. Raises a 404 for a token that is not valid.
    """
    with context.write(about=()) as work:
        account_id = str(work.connection.execute(_FIND, _key(work, target)).scalar() or "")
        mailed_tokens.hold(work, account_id)
        if work.connection.execute(_SPEND, _key(work, target)).first() is None:
            raise fault(Code.NOT_FOUND)  # of several requests with one token, one comes first
        tokens.end_all(work, account_id)
        second_factor.forget(work, account_id)
        mailed_tokens.end(work, account_id, RESET)
        mailed_tokens.end_changes(work, account_id)
        work.tell(AccountSecured, account_id)
        return {"href": work.href(Resource(Account, account_id))}


def _key(work: UnitOfWork, target: NoticeToken) -> dict[str, Any]:
    return {"digest": mailed_tokens.digest(target.token), "tenant": work.tenant_id, "now": work.now}


_GOOD = (
    _table.c.digest == bindparam("digest"),
    _table.c.tenant_id == bindparam("tenant"),
    _table.c.purpose.in_(sorted(WARNINGS)),
    _table.c.expires_at > bindparam("now"),
)
_FIND = select(_table.c.account_id, _table.c.purpose).where(*_GOOD)
_SPEND = delete(_table).where(*_GOOD).returning(_table.c.account_id)
