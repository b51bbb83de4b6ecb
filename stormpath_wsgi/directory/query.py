"""Pages of collections: one statement each, and a second one to count the matches when the page does not tell.

Source: the pagination chapter of the REST API v1; that ``size`` counts all matches is what its clients rely on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, select

from stormpath_wsgi import kinds
from stormpath_wsgi.directory import records
from stormpath_wsgi.directory.context import Work
from stormpath_wsgi.directory.paths import Listing, Resource
from stormpath_wsgi.directory.reach import condition, stores
from stormpath_wsgi.directory.records import is_alive
from stormpath_wsgi.directory.search import default_order, narrow
from stormpath_wsgi.directory.wire import SHAPES, Shape
from stormpath_wsgi.errors import fault

DEFAULT_LIMIT, MAXIMUM_LIMIT = 25, 100
_MAXIMUM_OFFSET = 2**31 - 1
_WHOLE = re.compile(r"[0-9]{1,10}")


def page(work: Work, listing: Listing, query: Mapping[str, Any], *, owner_exists: bool = False) -> dict[str, Any]:
    """One page of *listing*, which has an owner; ``size`` counts all matches. *owner_exists*: the caller knows so.

    Raises :class:`~stormpath_wsgi.errors.Error` (404, 2100 to 2108).
    """
    if listing.owner is None:
        raise fault(405)
    search = dict(query)
    window = parse_window(search.pop("offset", None), search.pop("limit", None))
    parameters = _parameters(work, listing)
    by_groups = bool(parameters.get("groups"))
    everything = _everything(SHAPES[listing.owner], SHAPES[listing.of], listing.name, by_groups=by_groups)
    through_groups = listing.of is kinds.Account and (by_groups or listing.owner is kinds.Group)
    matches = narrow(everything, listing.of, search, work, through_groups=through_groups) if search else everything
    rows = work.connection.execute(matches, parameters | window).all()
    if not rows and not owner_exists and listing.owner is not kinds.Tenant:
        records.require_owner(work, listing)
    return {
        "href": work.href(listing),
        **window,
        "size": _size(work, matches, parameters, window, len(rows)),
        "items": [records.wire(work, Resource(listing.of, row[0]), row) for row in rows],
    }


def parse_window(offset: Any = None, limit: Any = None) -> dict[str, int]:
    """``offset`` and ``limit`` from two parameters off the wire, None where one was not sent. Raises 2103."""
    return {
        "offset": 0 if offset is None else _whole("offset", offset, 0, _MAXIMUM_OFFSET),
        "limit": DEFAULT_LIMIT if limit is None else _whole("limit", limit, 1, MAXIMUM_LIMIT),
    }


def _whole(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise fault(2103, f"{name} must be a whole number from {least} to {most}.")
    return value


def _parameters(work: Work, listing: Listing) -> dict[str, Any]:
    if listing.owner is kinds.Tenant and listing.id != work.tenant_id:
        raise fault(404)
    return {"owner": listing.id, "tenant_id": work.tenant_id, "now": work.now, **stores(work, listing)}


@cache
def _everything(owner: Shape, of: Shape, name: str, *, by_groups: bool) -> Select[Any]:
    """A whole collection in its default order. Built once: that takes longer than running it."""
    held = condition(owner.kind, of.kind, name, by_groups=by_groups)
    statement = select(*of.columns).where(held, *is_alive(of.table))
    if owner.kind is not kinds.Tenant:
        mine = (owner.table.c.id == bindparam("owner"), owner.table.c.tenant_id == bindparam("tenant_id"))
        statement = statement.where(exists().where(*mine))
    return statement.order_by(*default_order(of.table)).limit(bindparam("limit")).offset(bindparam("offset"))


def _size(
    work: Work, matches: Select[Any], parameters: Mapping[str, Any], window: Mapping[str, int], found: int
) -> int:
    """The number of all *matches*, of which the page has *found*."""
    if found < window["limit"] and (found or not window["offset"]):
        return window["offset"] + found
    count = matches.with_only_columns(func.count(), maintain_column_froms=True).order_by(None).limit(None).offset(None)
    number: int = work.connection.execute(count, parameters).scalar_one()
    return number
