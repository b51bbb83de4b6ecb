"""The stored number of accounts of each directory. Counting a million accounts takes longer than showing a page of
them.

The number is changed in the transaction that makes or removes the account, so it is always exact. It is the sum of
several rows: on PostgreSQL, transactions that change the same row wait for each other, and with several rows they
rarely do. A transaction changes the number as its last step, so that while it waits here it holds no lock that another
transaction at this step still needs.
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
    """Stores the number of a new directory, which has no accounts."""
    row = {"tenant_id": work.tenant_id, "directory_id": directory_id, "number": 0}
    work.connection.execute(insert(_table), [{**row, "part": part} for part in range(PARTS)])


def change(work: UnitOfWork, directory_id: str, account_id: str, difference: int) -> None:
    """Counts an account that was made in the directory (*difference* 1) or removed from it (-1).

    To be called last in a transaction.
    """
    part = ord(account_id[-1]) % PARTS  # random, but the same again when the account is removed
    values = {"directory": directory_id, "of_part": part, "difference": difference}
    work.connection.execute(_CHANGE, values)


def kept(listing: Listing, through: Through) -> Select[Any] | None:
    """A statement for the number of accounts in the whole of *listing*, with the parameters of its page.

    None when the number is not stored, as for groups: an account in several groups would be counted several times.
    """
    return _KEPT.get((listing.owner, through)) if listing.of is kinds.Account else None


_KEPT: Mapping[tuple[type[Kind] | None, Through], Select[Any]] = {
    (kinds.Tenant, Through.NOTHING): _OF_TENANT,
    (kinds.Directory, Through.NOTHING): _OF_OWNER,
    (kinds.Application, Through.DIRECTORIES): _OF_DIRECTORIES,
    (kinds.Organization, Through.DIRECTORIES): _OF_DIRECTORIES,
}
