"""How many accounts each directory has: kept, since counting a million of them takes longer than showing a page.

A number is changed in the transaction that makes or removes the account, so it is exact whenever it is read. It is
kept in parts that are added up: PostgreSQL lets those who make accounts in one directory at the same moment wait for
each other as long as they change the same row. A change is the last thing that its transaction does, so that nobody
who waits here holds what another waits for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, update

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows.reach import Through
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire.paths import Listing
from stormpath_wsgi.kinds import Kind

PARTS = 8

_table = schema.account_counts
_CHANGE = (
    update(_table)
    .where(_table.c.directory_id == bindparam("directory"), _table.c.part == bindparam("of_part"))
    .values(number=_table.c.number + bindparam("difference"))
)
_OF_TENANT = select(func.coalesce(func.sum(_table.c.number), 0)).where(_table.c.tenant_id == bindparam("tenant_id"))
_OF_OWNER = _OF_TENANT.where(_table.c.directory_id == bindparam("owner"))
_OF_DIRECTORIES = _OF_TENANT.where(_table.c.directory_id.in_(bindparam("directories", expanding=True)))


def begin(work: UnitOfWork, directory_id: str) -> None:
    """Counts the accounts of a new directory, which are none."""
    row = {"tenant_id": work.tenant_id, "directory_id": directory_id, "number": 0}
    work.connection.execute(insert(_table), [{**row, "part": part} for part in range(PARTS)])


def change(work: UnitOfWork, directory_id: str, account_id: str, difference: int) -> None:
    """Counts an account that was made in the directory, 1, or removed from it, -1. Comes last in a transaction."""
    part = ord(account_id[-1]) % PARTS  # random, but the same when the account goes
    values = {"directory": directory_id, "of_part": part, "difference": difference}
    work.connection.execute(_CHANGE, values)


def kept(listing: Listing, through: Through) -> Select[Any] | None:
    """What tells how many accounts are in the whole of *listing*, given the parameters of its page.

    None when that is not kept: who is in several groups would be counted several times.
    """
    return _KEPT.get((listing.owner, through)) if listing.of is kinds.Account else None


_KEPT: Mapping[tuple[type[Kind] | None, Through], Select[Any]] = {
    (kinds.Tenant, Through.NOTHING): _OF_TENANT,
    (kinds.Directory, Through.NOTHING): _OF_OWNER,
    (kinds.Application, Through.DIRECTORIES): _OF_DIRECTORIES,
    (kinds.Organization, Through.DIRECTORIES): _OF_DIRECTORIES,
}
