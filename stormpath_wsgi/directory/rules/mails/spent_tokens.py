"""Mailed tokens that were used up a moment ago: who sends the same form twice is told twice that it is done.

A double click sends two requests, of which one finds the token used. They come from one browser, which has one ticket
(:mod:`stormpath_wsgi.tickets`), with the same token, and ask for the same. Nobody else knows the ticket, and after a
few minutes, or the next change of the password, nobody is told so any more.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import bindparam, delete, select

from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.storage import schema, upsert
from stormpath_wsgi.tickets import ticket

LASTS = 120_000  # milliseconds

_PURGED = 5  # the number of old rows that are removed for each new one

_table = schema.spent_tokens


def note(work: UnitOfWork, purpose: str, token: str, account_id: str, asked: str = "") -> None:
    """Notes that the browser that has a ticket has just used *token* up. *asked*: what else it has sent.

    The row of the account must be locked.
    """
    id = _id(token, asked)
    if id is None:
        return
    row = {"id": id, "account_id": account_id, "purpose": purpose, "expires_at": work.now + LASTS}
    statement = upsert.insert(_table, work.connection.dialect.name)
    # A form that is sent once more, long after the first time, finds the row of that.
    again = {name: statement.excluded[name] for name in row if name != "id"}
    work.connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=again), row)
    old = (
        select(_table.c.id)
        .where(_table.c.expires_at <= work.now)
        .order_by(_table.c.expires_at)
        .limit(_PURGED)
        .with_for_update(skip_locked=True)
    )
    work.connection.execute(delete(_table).where(_table.c.id.in_(old)))


def owner(work: UnitOfWork, purpose: str, token: str, asked: str = "") -> str | None:
    """The id of the account whose *token* the same browser has just used up, and *asked* the same; None: it has not."""
    id = _id(token, asked)
    if id is None:
        return None
    found = work.connection.execute(_FIND, {"id": id, "purpose": purpose, "now": work.now, "tenant": work.tenant_id})
    return found.scalar()


def _id(token: str, asked: str) -> str | None:
    held = ticket()
    # Ticket and token are random: from their digest with a password nobody finds that password.
    return None if held is None else hashlib.sha256("\0".join((held, token, asked)).encode()).hexdigest()


_accounts = schema.accounts
_FIND = (
    select(_table.c.account_id)
    .join(_accounts, _accounts.c.id == _table.c.account_id)
    .where(
        _table.c.id == bindparam("id"),
        _table.c.purpose == bindparam("purpose"),
        _table.c.expires_at > bindparam("now"),
        _accounts.c.tenant_id == bindparam("tenant"),
    )
)
