"""Removing directories and groups, however much is in them.

What has little in it is removed in one transaction. What has more is only marked in it: from then on nobody signs in
through it, and neither it nor its accounts can be found. Its rows are removed later, some at a time, by the thread that
sends mail, so that nobody waits long for a write. If the process ends meanwhile, another one goes on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, Row, Select, bindparam, delete, insert, select, update

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.rules.stores import mappings
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire.paths import Resource

#: Accounts or groups that are removed in one transaction at the most. A membership has one row, and costs less.
BATCH = 100
MEMBERS = 20 * BATCH

_table, _accounts, _groups = schema.removals, schema.accounts, schema.groups
_memberships = schema.group_memberships
_id: BindParameter[str] = bindparam("removed")


def remove(work: UnitOfWork, target: Resource) -> bool:
    """Removes a directory or group, with all that belongs to it. Returns whether rows are left to be removed later."""
    mappings.release(work, target)
    is_small = all(_has_few(work, *each, target.id) for each in _PARTS[target.kind])
    if is_small:
        _remove_rest(work, target)
    else:
        _mark(work, target)
    records.tell(work, target.kind, target.id, "removed")
    return not is_small


class Removals:
    """Removes the rows of what *context* has marked, whichever process asks first."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def are_waiting(self) -> bool:
        """Whether there is anything to remove."""
        with self._context.read() as work:
            return work.connection.execute(_NEXT, {"tenant": work.tenant_id}).first() is not None

    def round(self) -> float | None:
        """Removes some rows. Returns the seconds until more are to be removed, so that others can write as long as we
        did; None when nothing is left.
        """
        if not self.are_waiting():
            return None
        begun = time.monotonic()
        with self._context.write(moves_generation=False) as work:
            found = work.connection.execute(_NEXT.with_for_update(skip_locked=True), {"tenant": work.tenant_id}).first()
            if found is not None:  # otherwise another process is at it
                _remove_some(work, found)
        return max(time.monotonic() - begun, _SHORTEST)


def _mark(work: UnitOfWork, target: Resource) -> None:
    """Hides the resource, and lets another one have its name."""
    table = schema.directories if target.kind is kinds.Directory else _groups
    row = {"id": target.id, "tenant_id": work.tenant_id, "kind": target.kind.path, "created_at": work.now}
    work.connection.execute(insert(_table), row)
    name = f"removed/{target.id}/{new_id()}"  # nobody can have taken it, since nobody knows it
    work.connection.execute(update(table).where(table.c.id == target.id).values(name=name, name_folded=name.lower()))
    custom_data.forget(work, [target.id])
    if target.kind is kinds.Directory:
        counts = schema.account_counts
        work.connection.execute(delete(counts).where(counts.c.directory_id == target.id))


def _remove_some(work: UnitOfWork, found: Row[*tuple[Any, ...]]) -> None:
    """Removes a batch of what belongs to a marked resource; when nothing is left, the resource itself."""
    kind = kinds.Directory if found.kind == kinds.Directory.path else kinds.Group
    for part, most in _PARTS[kind]:
        ids = _some(work, part, most, found.id)
        if ids:
            table = part.selected_columns.id.table
            if table is not _memberships:
                custom_data.forget(work, ids)
            work.connection.execute(delete(table).where(table.c.id.in_(ids)))
            return
    _remove_rest(work, Resource(kind, found.id))


def _remove_rest(work: UnitOfWork, target: Resource) -> None:
    """Removes the resource and all that is left in it at once."""
    owners: list[Any] = [[target.id]]
    if target.kind is kinds.Directory:
        owners += [select(each.c.id).where(each.c.directory_id == target.id) for each in (_accounts, _groups)]
    for each in owners:
        custom_data.forget(work, each)
    table = schema.directories if target.kind is kinds.Directory else _groups
    work.connection.execute(delete(table).where(table.c.id == target.id))
    work.connection.execute(delete(_table).where(_table.c.id == target.id))


def _has_few(work: UnitOfWork, part: Select[Any], most: int, id: str) -> bool:
    return len(_some(work, part, most + 1, id)) <= most


def _some(work: UnitOfWork, part: Select[Any], most: int, id: str) -> Sequence[str]:
    return work.connection.execute(part.limit(most), {"removed": id}).scalars().all()


_SHORTEST = 0.01  # seconds
_NEXT = (
    select(_table.c.id, _table.c.kind).where(_table.c.tenant_id == bindparam("tenant")).order_by(_table.c.id).limit(1)
)
#: What belongs to a resource, in the order in which it is removed, and how many of it in one transaction.
_PARTS: dict[Any, tuple[tuple[Select[Any], int], ...]] = {
    kinds.Group: ((select(_memberships.c.id).where(_memberships.c.group_id == _id), MEMBERS),),
    kinds.Directory: (
        (
            select(_memberships.c.id)
            .join(_groups, _groups.c.id == _memberships.c.group_id)
            .where(_groups.c.directory_id == _id),
            MEMBERS,
        ),
        (select(_accounts.c.id).where(_accounts.c.directory_id == _id), BATCH),
        (select(_groups.c.id).where(_groups.c.directory_id == _id), BATCH),
    ),
}
