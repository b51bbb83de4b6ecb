"""The stored numbers: of the accounts of each directory, and of the members of each group. Counting a million takes
longer than showing a page of them.

A number is changed in the transaction that makes or removes the account, or the membership, so it is always exact. It
is the sum of several rows: on PostgreSQL, transactions that change the same row wait for each other, and with several
rows they rarely do. A transaction changes the number of accounts as its last step, and those of members in the order of
the groups, so that while it waits here it holds no lock that another transaction at this step still needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows.reach import Through
from stormpath_wsgi.directory.storage import schema, upsert
from stormpath_wsgi.directory.storage.queries import Query
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
_members, _memberships = schema.member_counts, schema.group_memberships
_OF_GROUP = select(func.coalesce(func.sum(_members.c.number), 0)).where(_members.c.group_id == bindparam("owner"))
_GROUPS_OF = select(_memberships.c.group_id).where(_memberships.c.account_id == bindparam("account"))
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


def change_members(work: UnitOfWork, group_id: str, account_id: str, difference: int) -> None:
    """Counts an account that has joined the group (*difference* 1) or left it (-1)."""
    row = {"group_id": group_id, "part": ord(account_id[-1]) % PARTS, "number": difference}
    statement = upsert.insert(_members, work.connection.dialect.name).values(row)
    more = {"number": _members.c.number + statement.excluded.number}
    work.connection.execute(statement.on_conflict_do_update(index_elements=["group_id", "part"], set_=more))


def leave_all(work: UnitOfWork, account_id: str) -> None:
    """Counts that an account, which is about to be removed, leaves all its groups."""
    # Sorted: in different orders, two transactions could wait for each other for ever.
    for group_id in sorted(work.connection.execute(_GROUPS_OF, {"account": account_id}).scalars()):
        change_members(work, group_id, account_id, -1)


def most(work: UnitOfWork, listing: Listing, parameters: Mapping[str, Any]) -> int:
    """How many accounts *listing* has at the most, from the stored numbers. *parameters*: those of its page.

    Where an account may be in several stores of the owner, it is counted in each.
    """
    query = _KEPT.get((listing.owner, Through.NOTHING))
    if query is None:  # an application or organization; where its stores are not listed, they are not known here
        query = _OF_STORES if "groups" in parameters else _KEPT[kinds.Tenant, Through.NOTHING]
    return number(work, query, parameters)


def kept(owner: type[Kind] | None, through: Through) -> Query | None:
    """A query for the number of all accounts of an *owner*, with the parameters of a page of them.

    None when the number is not stored, as for several groups: an account in two of them would be counted twice.
    """
    return _KEPT.get((owner, through))


def number(work: UnitOfWork, query: Query, parameters: Mapping[str, Any]) -> int:
    """What a *query* for a number answers."""
    return int(query.rows(work.connection, parameters)[0][0])


_OF_GROUPS = select(func.coalesce(func.sum(_members.c.number), 0)).where(
    _members.c.group_id.in_(bindparam("groups", expanding=True))
)
_OF_STORES = Query(select(_OF_DIRECTORIES.scalar_subquery() + _OF_GROUPS.scalar_subquery()))
_KEPT: Mapping[tuple[type[Kind] | None, Through], Query] = {
    (kinds.Tenant, Through.NOTHING): Query(_OF_TENANT),
    (kinds.Directory, Through.NOTHING): Query(_OF_OWNER),
    (kinds.Group, Through.NOTHING): Query(_OF_GROUP),
    (kinds.Application, Through.DIRECTORIES): Query(_OF_DIRECTORIES),
    (kinds.Organization, Through.DIRECTORIES): Query(_OF_DIRECTORIES),
}
