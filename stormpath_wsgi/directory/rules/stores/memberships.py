"""Group memberships: each links an account and a group of the same directory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import counts, records
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
    age = work.connection.execute(_AGE, {"id": account_id}).scalar_one()
    links = {"account_id": account_id, "group_id": group_id}
    records.make(work, GroupMembership, id, {}, account_created_at=age, **links)
    counts.change_members(work, group_id, account_id, +1)
    work.tell(GroupJoined, account_id, group=work.href(Resource(Group, group_id)))
    return id


def remove(context: Context, target: Resource) -> None:
    """Removes a membership. The account and the group stay."""
    with context.write(about=()) as work:
        membership = records.load_own(work, target)
        records.remove(work, GroupMembership, target.id)
        account_id = id_of(membership["account"]["href"])
        counts.change_members(work, id_of(membership["group"]["href"]), account_id, -1)
        work.tell(GroupLeft, account_id, group=membership["group"]["href"])


def _same_directory(work: UnitOfWork, account_id: str, group_id: str) -> bool:
    accounts, groups = schema.accounts, schema.groups
    both = select(accounts.c.id).where(
        accounts.c.id == account_id, groups.c.id == group_id, groups.c.directory_id == accounts.c.directory_id
    )
    return work.connection.execute(both).first() is not None


_AGE = select(schema.accounts.c.created_at).where(schema.accounts.c.id == bindparam("id"))
