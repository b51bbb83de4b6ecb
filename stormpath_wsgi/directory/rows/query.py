"""Pages of collections: one statement for a page, and a second one for the number of all matches where that is needed.

Source: the pagination chapter of the REST API v1. ``size`` is the number of all matches, because its clients rely on
that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, select

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows import counts, records
from stormpath_wsgi.directory.rows.reach import Through, condition, stores
from stormpath_wsgi.directory.rows.records import is_alive, of_tenant
from stormpath_wsgi.directory.rows.search import default_order, narrow
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.directory.wire.shapes import SHAPES, Shape
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import Kind

DEFAULT_LIMIT, MAXIMUM_LIMIT = 25, 100
_MAXIMUM_OFFSET = 2**31 - 1
#: Collections that cannot be listed, only searched with an exact value, and the parameter for that value.
_LOOKED_UP: Mapping[tuple[type[Kind], str], str] = {(kinds.Application, "apiKeys"): "id"}
_WHOLE = re.compile(r"[0-9]{1,10}")


def page(work: UnitOfWork, listing: Listing, query: Mapping[str, Any], *, owner_exists: bool = False) -> dict[str, Any]:
    """One page of *listing*, which has an owner. ``size`` is the number of all matches.

    *query*: the parameters of the request. *owner_exists*: whether the caller knows that the owner exists.

    Raises :class:`~stormpath_wsgi.errors.Error` (404, 2100 to 2108).
    """
    if listing.owner is None:
        raise fault(Code.METHOD_NOT_OFFERED)
    search = dict(query)
    if (key := _LOOKED_UP.get((listing.owner, listing.name))) and not search.get(key):
        raise fault(
            Code.QUERY_MALFORMED,
            f"{listing.name} of an {listing.owner.title()} can only be looked up: name one with {key}=.",
        )
    window = parse_window(search.pop("offset", None), search.pop("limit", None))
    parameters = _parameters(work, listing)
    through, listed = stores(work, listing)
    parameters |= listed
    everything = _everything(SHAPES[listing.owner], SHAPES[listing.of], listing.name, through)
    by_groups = through in (Through.GROUPS, Through.MANY) or listing.owner is kinds.Group
    through_groups = listing.of is kinds.Account and by_groups
    matches = narrow(everything, listing.of, search, work, through_groups=through_groups) if search else everything
    rows = work.connection.execute(matches, parameters | window).all()
    if not rows and not owner_exists and listing.owner is not kinds.Tenant:
        records.require_owner(work, listing)
    kept = counts.kept(listing, through) if search.keys() <= {"orderBy"} else None
    return {
        "href": work.href(listing),
        **window,
        "size": _size(work, kept, matches, parameters, window, len(rows)),
        "items": [records.wire(work, Resource(listing.of, row[0]), row) for row in rows],
    }


def parse_window(offset: Any = None, limit: Any = None) -> dict[str, int]:
    """``offset`` and ``limit`` from two parameters of a request; None: the parameter was not sent. Raises 2103."""
    return {
        "offset": 0 if offset is None else _whole("offset", offset, 0, _MAXIMUM_OFFSET),
        "limit": DEFAULT_LIMIT if limit is None else _whole("limit", limit, 1, MAXIMUM_LIMIT),
    }


def _whole(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise fault(Code.PARAMETER_INVALID, f"{name} must be a whole number from {least} to {most}.")
    return value


def _parameters(work: UnitOfWork, listing: Listing) -> dict[str, Any]:
    if listing.owner is kinds.Tenant and listing.id != work.tenant_id:
        raise fault(Code.NOT_FOUND)
    return {"owner": listing.id, "tenant_id": work.tenant_id, "now": work.now}


@cache
def _everything(owner: Shape, of: Shape, name: str, through: Through) -> Select[Any]:
    """A whole collection in its default order. Built once, because building it takes longer than running it."""
    held = condition(owner.kind, of.kind, name, through)
    statement = select(*of.columns).where(held, *is_alive(of.table))
    if owner.kind is not kinds.Tenant:
        mine = (owner.table.c.id == bindparam("owner"), of_tenant(owner.table))
        statement = statement.where(exists().where(*mine))
    return statement.order_by(*default_order(of.table)).limit(bindparam("limit")).offset(bindparam("offset"))


def _size(
    work: UnitOfWork,
    kept: Select[Any] | None,
    matches: Select[Any],
    parameters: Mapping[str, Any],
    window: Mapping[str, int],
    found: int,
) -> int:
    """The number of all *matches*, of which the page has *found*. *kept*: a statement for the stored number, if there
    is one.
    """
    if found < window["limit"] and (found or not window["offset"]):
        return window["offset"] + found
    if kept is None:
        kept = matches.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
        kept = kept.limit(None).offset(None)
    number: int = work.connection.execute(kept, parameters).scalar_one()
    return number
