"""Pages of collections: which resources are on one, how many there are in all, and where the next one begins.

Source: the pagination chapter of the REST API v1. ``size`` is the number of all matches, because its clients rely on
that. Of very many accounts it is the highest number that it may be, so that its clients miss none of them.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, bindparam, exists, func, select

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows import accounts, counts, records
from stormpath_wsgi.directory.rows.reach import Through, condition, stores
from stormpath_wsgi.directory.rows.records import Wire, is_alive, of_tenant
from stormpath_wsgi.directory.rows.search import Order, Search, checked, default_order, placed
from stormpath_wsgi.directory.storage.queries import Query
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.directory.wire.shapes import SHAPES, Row, Shape, to_json
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.kinds import Kind, is_storable

DEFAULT_LIMIT, MAXIMUM_LIMIT = 25, 100
_MAXIMUM_OFFSET = 2**31 - 1
#: Collections that cannot be listed, only searched with an exact value, and the parameter for that value.
_LOOKED_UP: Mapping[tuple[type[Kind], str], str] = {(kinds.Application, "apiKeys"): "id"}
_WHOLE = re.compile(r"[0-9]{1,10}")


class Window(NamedTuple):
    """Which part of a collection a page is. *place*: of the row that it begins behind; None: *offset* says where."""

    offset: int
    limit: int
    place: tuple[Any, ...] | None = None

    @property
    def parameters(self) -> dict[str, int]:
        """Those of the statement. One row more than the page has shows whether another page follows."""
        return {"limit": self.limit + 1, "offset": 0 if self.place is not None else self.offset}


class Page(NamedTuple):
    """One page of a collection. *head* and *end*: what is answered before the items, and after them."""

    listing: Listing
    head: dict[str, Any]
    rows: Sequence[Row]
    end: dict[str, Any]

    def wire(self, work: UnitOfWork) -> Wire:
        """The page in the shape of the REST API."""
        items = [records.wire(work, Resource(self.listing.of, row[0]), row) for row in self.rows]
        return {**self.head, "items": items, **self.end}

    def json(self, work: UnitOfWork) -> str:
        """The same as JSON text."""
        base = work.href(Listing(self.listing.of))
        hrefs = [f"{base}/{row[0]}" for row in self.rows]
        items = ",".join(SHAPES[self.listing.of].all_json(self.rows, work, hrefs))
        end = f",{to_json(self.end)[1:]}" if self.end else "}"
        return f'{to_json(self.head)[:-1]},"items":[{items}]{end}'


def page(work: UnitOfWork, listing: Listing, query: Mapping[str, Any], *, owner_exists: bool = False) -> Page:
    """One page of *listing*, which has an owner. ``next``: the href of the page after it, if there is one.

    *query*: the parameters of the request. *owner_exists*: whether the caller knows that the owner exists, and does not
    ask for the next page.

    Raises :class:`~stormpath_wsgi.errors.Error` (404, 2100 to 2108).
    """
    if listing.owner is None:
        raise fault(Code.METHOD_NOT_OFFERED)
    asked = dict(query)
    if (key := _LOOKED_UP.get((listing.owner, listing.name))) and not asked.get(key):
        raise fault(
            Code.QUERY_MALFORMED,
            f"{listing.name} of an {listing.owner.title()} can only be looked up: name one with {key}=.",
        )
    parsed = parse_window(asked.pop("offset", None), asked.pop("limit", None))
    after, exact = asked.pop("after", None), str(asked.pop("exactSize", "")).lower() == "true"
    search = Search(listing.of, asked, work) if asked else None
    order = search.order if search is not None else default_order(SHAPES[listing.of].table)
    window = Window(parsed["offset"], parsed["limit"]) if after is None else _window(after, parsed["limit"], order)
    parameters = _parameters(work, listing)
    through, listed = stores(work, listing)
    parameters |= listed
    rows, counted = _found(work, listing, through, search, order, window, parameters)
    if not rows and not owner_exists and listing.owner is not kinds.Tenant:
        records.require_owner(work, listing)
    more = len(rows) > window.limit
    answer: dict[str, Any] = {"href": work.href(listing), "offset": window.offset, "limit": window.limit}
    if more or (not rows and window.offset):
        answer["size"], is_exact = _size(work, listing, through, search, counted, parameters, exact=exact)
        if not is_exact:
            answer["sizeIsExact"] = False
    else:
        answer["size"] = window.offset + len(rows)
    rows = rows[: window.limit]
    end = {}
    if more and not owner_exists:
        again = {**asked, "exactSize": "true"} if exact else asked
        end["next"] = {"href": _next(answer["href"], again, window, order, rows[-1])}
    return Page(listing, answer, rows, end)


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


# The next page


def _next(href: str, asked: Mapping[str, Any], window: Window, order: Order, last: Row) -> str:
    """The href of the page behind the row *last*, which ends with the values that it is sorted by."""
    offset = window.offset + window.limit
    begins: dict[str, Any] = {"offset": offset}
    if order.has_keys:
        place = [offset, *last[-len(order.terms) :]]
        begins = {"after": base64.urlsafe_b64encode(to_json(place).encode()).decode().rstrip("=")}
    return f"{href}?{urlencode({**asked, 'limit': window.limit, **begins})}"


def _window(after: Any, limit: int, order: Order) -> Window:
    """The page behind the row that *after*, of an href of :func:`_next`, names. Raises 2103 for any other text."""
    try:
        encoded = checked("after", after)
        padded = encoded + "=" * (-len(encoded) % 4)
        offset, *place = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if order.has_keys and len(place) == len(order.terms) and all(map(_fits, place, order.columns)):
            return Window(_whole("after", offset, 0, _MAXIMUM_OFFSET), limit, tuple(place))
    except (Error, ValueError, TypeError, RecursionError, binascii.Error):
        pass
    raise fault(Code.PARAMETER_INVALID, "after must be as the href of a next page has it, with the same orderBy.")


def _fits(value: Any, column: ColumnElement[Any]) -> bool:
    """Whether *column* may have *value*."""
    if isinstance(column.type, Integer):
        most = 2**63 if isinstance(column.type, BigInteger) else 2**31
        return isinstance(value, int) and not isinstance(value, bool) and -most <= value < most
    return isinstance(value, str) and is_storable(value)


# What is on a page


def _found(
    work: UnitOfWork,
    listing: Listing,
    through: Through,
    search: Search | None,
    order: Order,
    window: Window,
    parameters: Mapping[str, Any],
) -> tuple[Sequence[Row], int | None]:
    """The rows of a page, and one more if another page follows; the number of all matches, if it is known by that."""
    owner = listing.owner or kinds.Tenant
    if accounts.finds(listing):
        finding = accounts.Finding(work, listing, through, search, order, parameters)
        return finding.rows(window.place, window.parameters)
    collection = SHAPES[owner], SHAPES[listing.of], listing.name, through
    parameters = {**parameters, **window.parameters, **placed(window.place)}
    if search is None:
        query = _in_own_order(*collection, window.place is not None)
        return query.rows(work.connection, parameters), None
    statement = search.of(_everything(*collection)).add_columns(*order.columns)
    if window.place is not None:
        statement = statement.where(order.behind())
    statement = _cut(statement.order_by(*order.sql(hidden=search.finds_few)))
    return work.connection.execute(statement, parameters).all(), None


def _size(
    work: UnitOfWork,
    listing: Listing,
    through: Through,
    search: Search | None,
    counted: int | None,
    parameters: Mapping[str, Any],
    *,
    exact: bool,
) -> tuple[int, bool]:
    """The number of all matches, and whether it is exact. *counted*: the number, if it is known."""
    if counted is not None:
        return counted, True
    is_narrow = search is not None and search.is_narrow
    kept = counts.kept(listing.owner, through) if listing.of is kinds.Account and not is_narrow else None
    if kept is not None:
        return counts.number(work, kept, parameters), True
    if accounts.finds(listing) and not exact:
        most = counts.most(work, listing, parameters)
        if most > accounts.COUNTED:
            return most, False
    owner = listing.owner or kinds.Tenant
    matches = _everything(SHAPES[owner], SHAPES[listing.of], listing.name, through)
    if search is not None:
        matches = search.of(matches)
    number = matches.with_only_columns(func.count(), maintain_column_froms=True)
    return int(work.connection.execute(number, parameters).scalar_one()), True


# Statements are built once, because building one takes longer than running it.


@cache
def _everything(owner: Shape, of: Shape, name: str, through: Through) -> Select[Any]:
    """A whole collection, in no order."""
    held = condition(owner.kind, of.kind, name, through)
    statement = select(*of.columns).where(held, *is_alive(of.table))
    if owner.kind is not kinds.Tenant:
        mine = (owner.table.c.id == bindparam("owner"), of_tenant(owner.table), *is_alive(owner.table))
        statement = statement.where(exists().where(*mine))
    return statement


@cache
def _in_own_order(owner: Shape, of: Shape, name: str, through: Through, has_place: bool) -> Query:
    order = default_order(of.table)
    statement = _everything(owner, of, name, through).add_columns(*order.columns)
    if has_place:
        statement = statement.where(order.behind())
    return Query(_cut(statement.order_by(*order.sql())))


def _cut(statement: Select[Any]) -> Select[Any]:
    return statement.limit(bindparam("limit")).offset(bindparam("offset"))
