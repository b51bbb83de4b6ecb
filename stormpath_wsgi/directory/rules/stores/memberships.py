"""Group memberships: each links an account and a group of the same directory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import GroupJoined, GroupLeft
from stormpath_wsgi.kinds import Group, GroupMembership, id_of


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Adds an account to a group. Raises 2001 when it is in the group already, 2014 when their directories differ."""
    body = bodies.of_creation(GroupMembership, properties, context.base_url)
    account, group = body.links["account"], body.links["group"]
    with context.write(about=(account.id,)) as work:
        records.require(work, account, "GroupMembership account")
        records.require(work, group, "GroupMembership group")
        if not _same_directory(work, account.id, group.id):
            raise fault(Code.NOT_LINKABLE, "An account can only be in groups of its own directory.")
        return records.load(work, Resource(GroupMembership, make(work, account.id, group.id)))


def make(work: UnitOfWork, account_id: str, group_id: str) -> str:
    """Adds the account to the group, and returns the id of the membership."""
    id = new_id()
    records.make(work, GroupMembership, id, {}, account_id=account_id, group_id=group_id)
    work.tell(GroupJoined, account_id, group=work.href(Resource(Group, group_id)))
    return id


def remove(context: Context, target: Resource) -> None:
    """Removes a membership. The account and the group stay."""
    with context.write(about=()) as work:
        membership = records.load_own(work, target)
        records.remove(work, GroupMembership, target.id)
        work.tell(GroupLeft, id_of(membership["account"]["href"]), group=membership["group"]["href"])


def _same_directory(work: UnitOfWork, account_id: str, group_id: str) -> bool:
    accounts, groups = schema.accounts, schema.groups
    both = select(accounts.c.id).where(
        accounts.c.id == account_id, groups.c.id == group_id, groups.c.directory_id == accounts.c.directory_id
    )
    return work.connection.execute(both).first() is not None
