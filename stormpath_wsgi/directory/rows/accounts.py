"""Finding the accounts of a collection, however many there are: by what few of them have, or in their order.

There are two ways to the first accounts of a large collection that match. One goes through its accounts in the order
that is asked for, which an index has, and is quick where many match. The other begins with an index of what is looked
for, takes all that it leads to and sorts them, and is quick where few match. Neither engine knows which of the two is
better (SQLite has no figures, PostgreSQL's are of the whole table), so we count a little first, and go no way too far.
On SQLite the index of trigrams has accounts by age. In that order it is gone through instead of the collection, and
serves both where many match and where few do.
Whichever way was gone, the answer is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    CursorResult,
    Select,
    bindparam,
    exists,
    func,
    literal,
    literal_column,
    select,
)

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows import counts
from stormpath_wsgi.directory.rows.reach import Through, condition, is_held
from stormpath_wsgi.directory.rows.records import is_alive, of_tenant
from stormpath_wsgi.directory.rows.search import Order, Search, Term, default_order, placed
from stormpath_wsgi.directory.storage import grams, schema
from stormpath_wsgi.directory.storage.queries import Query
from stormpath_wsgi.directory.wire.paths import Listing
from stormpath_wsgi.directory.wire.shapes import SHAPES, Row, Shape

#: As many matches are sorted without looking for another way.
FEW = 1000
#: Accounts that are gone through in their order, before they are found in another way.
FAR = 3000
#: The highest number of statements for pages that are kept.
PAGES = 200
#: Accounts with one value that are looked at where a page far away begins. If more have it, all before are counted.
TIES = 100
#: In a collection of more accounts than these, what a search finds is not counted.
COUNTED = 10_000

_accounts, _memberships = schema.accounts, schema.group_memberships
_OWNERS = (kinds.Tenant, kinds.Directory, kinds.Application, kinds.Organization, kinds.Group)


def finds(listing: Listing) -> bool:
    """Whether *listing* is a collection of accounts that may be large."""
    return listing.of is kinds.Account and listing.owner in _OWNERS


class _Form(Enum):
    """How a statement says which accounts belong to the collection."""

    OWN = "by the columns and tables that say so"
    MEMBERS = "by the index that has the members of a group by age"
    TENANT = "all of the tenant, and each is checked"
    CHECKED = "something else finds accounts, and each is checked"


class _Way(NamedTuple):
    """A way to all accounts that match, in no order. *few*: whether it is known to be short. *counted*: how many there
    are, if that is known.
    """

    statement: Select[Any]
    few: bool
    counted: int | None = None


class Finding:
    """The search for the accounts of one page of *listing*.

    *search*: what is looked for; None: all of them. *parameters*: of its statements. *order*: that of the page.
    """

    def __init__(
        self,
        work: UnitOfWork,
        listing: Listing,
        through: Through,
        search: Search | None,
        order: Order,
        parameters: Mapping[str, Any],
    ) -> None:
        self._work, self._listing, self._through, self._search = work, listing, through, search
        self._owner = SHAPES[listing.owner or kinds.Tenant]
        self._parameters = parameters
        self._is_narrow = search is not None and search.is_narrow
        self._is_own_order = search is None or search.is_in_own_order
        self._form = self._ordered_form()
        self._order = order
        #: The same order, as the index has it that is gone through.
        self._indexed = _OF_MEMBERS if self._form is _Form.MEMBERS else order

    def rows(self, place: Sequence[Any] | None, window: Mapping[str, int]) -> tuple[Sequence[Row], int | None]:
        """The accounts behind *place*, as far as *window* goes, which is ``limit`` and ``offset``; how many match in
        all, if that is known now.
        """
        if self._search is not None and self._search.one is not None and place is None:
            column, value = self._search.one
            query = _of_one(self._owner, self._listing.name, self._through, self._form_by_index(), column)
            return query.rows(self._work.connection, {**self._parameters, **window, "sought": value}), None
        way = self._other_way()
        if way is None:
            return self._all_in_order(place, window)
        if not way.few and self._order.is_indexed:
            rows = self._some_by_age(place, window)
            if rows is None:
                rows = self._some_in_order(place, window)
            if rows is not None:
                return rows, way.counted
        rows = self._sorted(way.statement, place, window)
        counted = way.counted
        if counted is None and way.few and self._is_narrow and len(rows) == window["limit"]:
            counted = self._execute(
                way.statement.with_only_columns(func.count(), maintain_column_froms=True), {}
            ).scalar_one()
        return rows, counted

    def _ordered_form(self) -> _Form:
        """The form for which an index has the accounts in their order."""
        if self._listing.owner is kinds.Group:
            return _Form.MEMBERS if self._is_own_order else _Form.TENANT
        one = self._through is Through.DIRECTORIES and len(self._parameters["directories"]) <= 1
        return _Form.OWN if one or self._through is Through.NOTHING else _Form.TENANT

    def _other_way(self) -> _Way | None:
        """A way that does not go through the accounts in their order; None where that is the only one."""
        search = self._search
        if search is not None and search.finds_one:
            return _Way(self._narrowed(self._form_by_index()), few=True)
        if self._form is not _Form.OWN and (self._is_narrow or self._form is _Form.TENANT):
            few = counts.most(self._work, self._listing, self._parameters) <= FEW
            if few or search is None or not (search.finds_by_index or grams.is_known(search.texts)):
                return _Way(self._narrowed(_Form.OWN), few) if few or self._form is _Form.TENANT else None
        if search is None:
            return None
        if search.finds_by_index:
            form = self._form_by_index()
            number = self._count_some(search.of(_all_of_tenant() if form is _Form.TENANT else self._statement(form)))
            few = number <= FEW
            return _Way(self._narrowed(form), few, number if few and form is _Form.OWN else None)
        return self._by_trigrams(search.texts) if search.texts else None

    def _count_some(self, statement: Select[Any]) -> int:
        """The number of rows of *statement*, or one above the limit."""
        some = statement.with_only_columns(literal(1), maintain_column_froms=True).limit(FEW + 1).subquery()
        return int(self._execute(select(func.count()).select_from(some), {}).scalar_one())

    def _by_trigrams(self, texts: Collection[str]) -> _Way | None:
        connection = self._work.connection
        condition = grams.may_have(texts, connection.dialect.name)
        if condition is None:
            return None
        if not grams.stops_early(connection):
            return _Way(self._narrowed(_Form.OWN).where(condition), few=False)
        some = grams.few(connection, texts, FEW)
        statement = self._narrowed(_Form.CHECKED).where(condition if some is None else some)
        return _Way(statement, few=some is not None)

    def _form_by_index(self) -> _Form:
        """The form that goes well with an index of an attribute, which accounts have within their directory and within
        the tenant.
        """
        by_groups = self._through in (Through.GROUPS, Through.MANY) or self._listing.owner is kinds.Group
        return _Form.TENANT if by_groups else _Form.OWN

    def _all_in_order(self, place: Sequence[Any] | None, window: Mapping[str, int]) -> tuple[Sequence[Row], int | None]:
        exact = self._form is not _Form.TENANT
        if window["offset"] > FAR and exact and not self._is_narrow and self._order.is_indexed:
            return self._far_in_order(window), None
        if not self._is_narrow and (self._is_own_order or self._order.is_indexed):
            return self._all_by_index(place, window)
        statement = _cut(self._narrowed(self._form).add_columns(*self._indexed.columns), self._indexed.sql())
        return self._run(statement, self._indexed, place, window), None

    def _all_by_index(self, place: Sequence[Any] | None, window: Mapping[str, int]) -> tuple[Sequence[Row], int | None]:
        """The rows, and the stored number of all accounts of the collection, where there is one, in one question."""
        limit = None if window["offset"] else window["limit"]
        held = self._owner, self._listing.name, self._through, self._form
        query = _by_index(*held, self._indexed, limit, place is not None)
        rows = query.rows(self._work.connection, {**self._parameters, **window, **placed(place)})
        kept = counts.kept(self._listing.owner, self._through)
        behind = len(SHAPES[kinds.Account].columns)  # the columns of the account
        return rows, None if kept is None or not rows else int(rows[0][behind])

    def _far_in_order(self, window: Mapping[str, int]) -> Sequence[Row]:
        """A page so far away that it is worth to look for its beginning in the index alone, where all are passed over
        much faster than in the rows: from the beginning or, where it is nearer, from the end.
        """
        order, every = self._indexed, self._indexes_of_all()
        first, offset, number = order.terms[0], window["offset"], self._kept_number()
        if number is not None and offset < number < 2 * offset:
            far, from_end = number - 1 - offset, True
        else:
            far, from_end = offset - TIES, False
        walk = Term(first.column, first.descending != from_end)
        some = every.order_by(walk.sql()).limit(TIES + 1).offset(bindparam("far"))
        values = self._execute(some, {"far": far}).scalars().all()
        if not from_end:
            values = values[::-1] if len(values) > TIES else []
        if not values:
            return []
        value = values[0]
        earlier = first.column > value if first.descending else first.column < value
        rest = values.count(value) - 1  # the accounts before the page with the same value
        if rest == TIES:
            passed = every.with_only_columns(func.count(), maintain_column_froms=True).where(earlier)
            rest = max(offset - self._execute(passed, {}).scalar_one(), 0)
        statement = self._statement(self._form).add_columns(*order.columns).where(~earlier)
        return self._run(_cut(statement, order.sql()), order, None, {**window, "offset": rest})

    def _kept_number(self) -> int | None:
        """How many accounts are in the collection, if that number is kept."""
        kept = counts.kept(self._listing.owner, self._through)
        return None if kept is None else counts.number(self._work, kept, self._parameters)

    def _indexes_of_all(self) -> Select[Any]:
        """The first value of the order for each account of the collection, or of more: an index has them."""
        every = self._statement(self._form)
        if self._form is _Form.TENANT:
            every = _all_of_tenant()
        elif self._form is _Form.MEMBERS:
            every = select(_memberships.c.id).where(_memberships.c.group_id == bindparam("owner"))
        return every.with_only_columns(self._indexed.columns[0], maintain_column_froms=True)

    def _some_in_order(self, place: Sequence[Any] | None, window: Mapping[str, int]) -> Sequence[Row] | None:
        """The page, if its accounts are among the first :data:`FAR` ones behind *place*; otherwise None."""
        order, every = self._indexed, self._indexes_of_all()
        if place is not None:
            every = every.where(order.behind())
        last = every.order_by(order.terms[0].sql()).limit(1).offset(bindparam("far"))
        end = self._execute(last, {"far": FAR, **placed(place)}).scalar()
        statement = self._narrowed(self._form, hidden=True).add_columns(*order.columns)
        if end is not None:
            statement = statement.where(order.until(end))
        rows = self._run(_cut(statement, order.sql()), order, place, window)
        return rows if end is None or len(rows) == window["limit"] else None

    def _some_by_age(self, place: Sequence[Any] | None, window: Mapping[str, int]) -> Sequence[Row] | None:
        """The page by age, found through SQLite's index of trigrams, which has those who may match by age. None where
        that cannot be: another order or engine, a short text, or a page that is not full after :data:`FAR` of them, as
        where more than these were made within one unit of time.
        """
        order, texts, connection = self._order, self._search.texts if self._search else None, self._work.connection
        if order.columns[0] is not _accounts.c.created_at or not grams.stops_early(connection):
            return None
        if texts is None or not grams.is_known(texts):
            return None
        descending, since = order.terms[0].descending, None if place is None else place[0]
        every = self._narrowed(_Form.CHECKED, hidden=True)
        if place is not None:
            every = every.where(order.behind())
        last = every.with_only_columns(grams.NUMBER, maintain_column_froms=True).limit(1).offset(bindparam("far"))
        last = last.order_by(grams.by_age(descending=descending))
        for far in (FEW, FAR):
            if far > FEW and counts.most(self._work, self._listing, self._parameters) <= FAR:
                return None  # to go through the whole collection is no longer
            end = grams.reach(connection, texts, far, descending=descending, since=since)
            most = grams.led_to(last, texts, end, descending=descending, since=since)
            behind = window["offset"] + window["limit"] - 1
            number = self._execute(most, {"far": behind, **placed(place)}).scalar()
            until = None if number is None else grams.end_of_unit(number, descending=descending)
            # The page ends before the index was left, so nobody is missing.
            if end is None or (until is not None and (end < until if descending else until < end)):
                found = every.add_columns(*order.columns)
                found = grams.led_to(found, texts, until, descending=descending, since=since)
                rows = self._execute(_cut(found, order.sql(hidden=True)), {**window, **placed(place)}).all()
                if until is None or len(rows) == window["limit"]:  # otherwise somebody was removed meanwhile
                    return rows
        return None

    def _sorted(self, statement: Select[Any], place: Sequence[Any] | None, window: Mapping[str, int]) -> Sequence[Row]:
        """The page of all that *statement* finds. Only what they are sorted by is read of those who are not on it."""
        order = self._order
        if any(not isinstance(column, Column) for column in order.columns):
            return self._run(_cut(statement.add_columns(*order.columns), order.sql(hidden=True)), order, place, window)
        ids = statement.with_only_columns(_accounts.c.id, maintain_column_froms=True)
        if place is not None:
            ids = ids.where(order.behind())
        page = select(*SHAPES[kinds.Account].columns, *order.columns)
        page = page.where(_accounts.c.id.in_(_cut(ids, order.sql(hidden=True)).correlate(None)))
        return self._execute(page.order_by(*order.sql(hidden=True)), {**window, **placed(place)}).all()

    def _statement(self, form: _Form) -> Select[Any]:
        return _held(self._owner, self._listing.name, self._through, form)

    def _narrowed(self, form: _Form, *, hidden: bool = False) -> Select[Any]:
        statement = self._statement(form)
        return statement if self._search is None else self._search.of(statement, hidden=hidden)

    def _run(
        self, statement: Select[Any], order: Order, place: Sequence[Any] | None, window: Mapping[str, int]
    ) -> Sequence[Row]:
        if place is not None:
            statement = statement.where(order.behind())
        return self._execute(statement, {**window, **placed(place)}).all()

    def _execute(self, statement: Select[Any], more: Mapping[str, Any]) -> CursorResult[Any]:
        return self._work.connection.execute(statement, {**self._parameters, **more})


#: The order of accounts by age, as the index of members has it.
_OF_MEMBERS = Order((Term(_memberships.c.account_created_at), Term(_memberships.c.account_id)))


# Statements are built once, because building one takes longer than running it.


@cache
def _all_of_tenant() -> Select[Any]:
    return select(*SHAPES[kinds.Account].columns).where(_accounts.c.tenant_id == bindparam("tenant_id"))


@cache
def _held(owner: Shape, name: str, through: Through, form: _Form) -> Select[Any]:
    """The accounts of a collection, in no order."""
    statement = select(*SHAPES[kinds.Account].columns)
    match form:
        case _Form.OWN:
            statement = statement.where(condition(owner.kind, kinds.Account, name, through))
        case _Form.MEMBERS:
            members = _memberships.join(_accounts, _accounts.c.id == _memberships.c.account_id)
            statement = statement.select_from(members).where(_memberships.c.group_id == bindparam("owner"))
        case _Form.TENANT:
            statement = _all_of_tenant().where(is_held(owner.kind, through))
        case _Form.CHECKED:
            statement = statement.where(is_held(owner.kind, through))
    statement = statement.where(*is_alive(_accounts))
    if owner.kind is kinds.Tenant:
        return statement
    mine = (owner.table.c.id == bindparam("owner"), of_tenant(owner.table), *is_alive(owner.table))
    return statement.where(exists().where(*mine))


@lru_cache(PAGES)
def _by_index(
    owner: Shape, name: str, through: Through, form: _Form, order: Order, limit: int | None, has_place: bool
) -> Query:
    """*order*: one that an index has. *limit*: that of a page without an offset. It stands in the statement, because
    PostgreSQL keeps one plan for all such pages only if it knows that they are short. *has_place*: whether the page is
    behind a place.
    """
    statement = _held(owner, name, through, form)
    kept = counts.kept(owner.kind, through)
    if kept is not None:
        statement = statement.add_columns(kept.statement.scalar_subquery())
    statement = statement.add_columns(*order.columns)
    if has_place:
        statement = statement.where(order.behind())
    if limit is None:
        return Query(_cut(statement, order.sql()))
    return Query(statement.order_by(*order.sql()).limit(literal_column(str(limit))))


@cache
def _of_one(owner: Shape, name: str, through: Through, form: _Form, column: Column[str]) -> Query:
    order = default_order(_accounts)
    statement = _held(owner, name, through, form).where(column == bindparam("sought"))
    return Query(_cut(statement.add_columns(*order.columns), order.sql(hidden=True)))


def _cut(statement: Select[Any], order: Sequence[ColumnElement[Any]]) -> Select[Any]:
    return statement.order_by(*order).limit(bindparam("limit")).offset(bindparam("offset"))
