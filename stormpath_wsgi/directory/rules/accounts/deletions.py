"""Accounts that are to be deleted: the wish, the time to change one's mind, and the end.

Until then the account is DISABLED, and so nobody uses it. Whoever signs in with its password gets it back
(:func:`keep`). An administrator keeps it by setting it to ENABLED. Another status, LOCKED or UNVERIFIED, does not end
the wish, and lets nobody sign in who might change his mind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, func, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail.purposes import DELETION_ASKED
from stormpath_wsgi.directory.rows import counts, records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.rules.factors import second_factor
from stormpath_wsgi.directory.rules.mails import mailed_tokens, notices
from stormpath_wsgi.directory.rules.tenants import administrators
from stormpath_wsgi.directory.rules.tokens import tokens
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import AccountDeleted, DeletionAsked, DeletionStopped, StatusChanged
from stormpath_wsgi.kinds import (
    DISABLED,
    ENABLED,
    SECOND,
    Account,
    Deletion,
    format_instant,
    id_of,
    parse_duration,
    parse_instant,
)

#: The highest number of accounts that one look deletes.
MOST = 20

_table = schema.deletions


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Notes that an account be deleted when ``grace`` is over. It is DISABLED at once and signed out everywhere, and
    its owner is told by mail.

    Raises 2001 where that is asked already, 2002 for an account that is not ENABLED, 4001 for the tenant's owner.
    """
    body = bodies.of_creation(Deletion, properties, context.base_url)
    with context.write(about=(listing.id,)) as work:
        records.require_owner(work, listing)
        mailed_tokens.hold(work, listing.id)
        _check(work, listing.id)
        if (application := body.links.get(Deletion.application.name)) is not None:
            records.require(work, application, "Deletion application")
        application_id = None if application is None else application.id
        grace = parse_duration(body.values[Deletion.grace.name]) or SECOND
        lasts = int(grace.total_seconds() * 1000)
        id, due_at = new_id(), work.now + lasts
        links = {"account_id": listing.id, "application_id": application_id}
        records.make(work, Deletion, id, body.values, due_at=due_at, **links)
        _change_status(work, listing.id, ENABLED, DISABLED)
        tokens.end_all(work, listing.id)
        second_factor.forget(work, listing.id)
        work.tell(DeletionAsked, listing.id, due=parse_instant(format_instant(due_at)))
        notices.tell(
            work, DELETION_ASKED, listing.id, application_id=application_id, lasts=lasts, link=work.mail.at("/login")
        )
        made = records.load(work, Resource(Deletion, id))
    context.deliver()  # the thread that sends the mail deletes what is due
    return made


def remove(context: Context, target: Resource) -> None:
    """Keeps the account: it is ENABLED again."""
    with context.write(about=()) as work:
        account_id = id_of(records.load(work, target)["account"]["href"])
        mailed_tokens.hold(work, account_id)
        _keep(work, account_id)


def keep(context: Context, account_id: str) -> bool:
    """Keeps an account whose owner has just proved to be that, if it is to be deleted. Returns whether it was.

    Nothing is done for one that an administrator has given another status than DISABLED meanwhile.
    """
    with context.read() as work:
        if work.connection.execute(_ASKED, {"account": account_id}).first() is None:
            return False
    with context.write(about=(account_id,)) as work:
        mailed_tokens.hold(work, account_id)
        return _keep(work, account_id)


def enabled(work: UnitOfWork, account_id: str) -> None:
    """Ends the wish, as the account was set to ENABLED. Its row is locked."""
    if work.connection.execute(_KEEP, {"account": account_id}).first() is not None:
        work.tell(DeletionStopped, account_id)


def erase(work: UnitOfWork, account: Wire) -> None:
    """Removes *account*, given in wire form, with its memberships, passwords, custom data and tokens."""
    id = id_of(account["href"])
    custom_data.forget(work, [id])
    counts.leave_all(work, id)
    records.remove(work, Account, id)
    counts.change(work, id_of(account["directory"]["href"]), id, -1)


class DueDeletions:
    """Deletes the accounts of *context* whose time is over, whichever process asks first."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def pause(self) -> float | None:
        """Seconds until the next account is to be deleted; None: there is none."""
        with self._context.read() as work:
            due = work.connection.execute(_NEXT, {"tenant": work.tenant_id}).scalar()
        return None if due is None else max(due - work.now, 0) / 1000

    def round(self) -> int:
        """Deletes those that are due, :data:`MOST` at the most, each in a transaction of its own. Returns how many this
        process has deleted.
        """
        with self._context.read() as work:
            due = work.connection.execute(_DUE, {"tenant": work.tenant_id, "now": work.now}).scalars().all()
        return sum(map(self._delete, due))

    def _delete(self, account_id: str) -> bool:
        with self._context.write(about=(account_id,)) as work:
            mailed_tokens.hold(work, account_id)
            spent = {"account": account_id, "now": work.now}
            if work.connection.execute(_SPEND, spent).first() is None:
                return False  # another process was first, or its owner has changed his mind
            if records.exist(work, Account, account_id):  # otherwise its directory is being removed
                erase(work, records.load(work, Resource(Account, account_id)))
                work.tell(AccountDeleted, account_id)
        return True


def _check(work: UnitOfWork, account_id: str) -> None:
    administrators.keep_owner(work, account_id, Code.OWNER_NOT_DELETABLE)
    if work.connection.execute(_ASKED, {"account": account_id}).first() is not None:
        raise fault(Code.NOT_UNIQUE, "The deletion of this account was asked for already.")
    if records.load(work, Resource(Account, account_id))["status"] != ENABLED:
        raise fault(Code.INVALID, "The deletion of an account can be asked for while it is ENABLED only.")


def _keep(work: UnitOfWork, account_id: str) -> bool:
    status = records.load(work, Resource(Account, account_id))["status"]
    if status != DISABLED or work.connection.execute(_KEEP, {"account": account_id}).first() is None:
        return False
    _change_status(work, account_id, DISABLED, ENABLED)
    work.tell(DeletionStopped, account_id)
    return True


def _change_status(work: UnitOfWork, account_id: str, old: str, new: str) -> None:
    records.change(work, Account, account_id, {Account.status.name: new})
    work.tell(StatusChanged, account_id, old=old, new=new)


_of_account = _table.c.account_id == bindparam("account")
_ASKED = select(_table.c.id).where(_of_account)
_KEEP = delete(_table).where(_of_account).returning(_table.c.id)
_SPEND = delete(_table).where(_of_account, _table.c.due_at <= bindparam("now")).returning(_table.c.id)
_NEXT = select(func.min(_table.c.due_at)).where(_table.c.tenant_id == bindparam("tenant"))
_DUE = (
    select(_table.c.account_id)
    .where(_table.c.tenant_id == bindparam("tenant"), _table.c.due_at <= bindparam("now"))
    .order_by(_table.c.due_at)
    .limit(MOST)
)
