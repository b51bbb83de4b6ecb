"""Searching a collection: for text in any attribute, by single attributes, by custom data; and sorting it.

All comparisons ignore upper and lower case. A ``*`` at either end of a text stands for any characters.
Source: the search chapter of the REST API v1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, and_, bindparam, false, func, or_, tuple_, types

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows.records import key_of
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire.bodies import resource_at
from stormpath_wsgi.directory.wire.json_search import Value, spellings, value_at
from stormpath_wsgi.directory.wire.ranges import moments, numbers, unzoned
from stormpath_wsgi.directory.wire.shapes import SHAPES
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.kinds import Account, Attribute, Instant, Kind, Link, Text, is_storable

_LONGEST = 4000  # characters of a value
_MOST = 10  # attributes to sort by; keys in a path into custom data

#: The columns for which accounts have an index, within their directory and within the tenant.
_INDEXED = frozenset(
    {"username_folded", "email_folded", "given_name_folded", "surname_folded", "created_at", "modified_at"}
)
_CUSTOM_DATA = "customData."
_KEY = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_-]{0,254}")
_RANGE = re.compile(r"[\[(].*[\])]", re.DOTALL)


@cache
def default_order(table: Table) -> Order:
    """The order if the request names none: groups by name, mappings by index, others by age."""
    if table is schema.groups:
        return Order((Term(table.c.name_folded), Term(table.c.id)))
    names = [name for name in ("list_index", "created_at") if name in table.c]
    return Order(tuple(Term(table.c[name]) for name in (*names[:1], "id")))


@dataclass(frozen=True, slots=True)
class Term:
    """One of the values that a collection is sorted by."""

    column: ColumnElement[Any]
    descending: bool = False

    @property
    def nullable(self) -> bool:
        """Whether the value may be null."""
        return not isinstance(self.column, Column) or bool(self.column.nullable)

    def sql(self, *, hidden: bool = False) -> ColumnElement[Any]:
        """The term in SQL. *hidden*: so that no index is used for it."""
        column = self.column
        if hidden and isinstance(column, Column):  # no index has anything else
            column = column.concat("") if isinstance(column.type, types.Text) else column + 0
        term = column.desc() if self.descending else column.asc()
        if not self.nullable:
            return term
        return term.nulls_last() if self.descending else term.nulls_first()  # as SQLite sorts, unlike PostgreSQL


@dataclass(frozen=True, slots=True)
class Order:
    """What a collection is sorted by. The last of *terms* is the id, so that no two rows have the same place."""

    terms: tuple[Term, ...]

    @property
    def columns(self) -> list[ColumnElement[Any]]:
        """What tells the place of a row."""
        return [term.column for term in self.terms]

    @property
    def has_keys(self) -> bool:
        """Whether a page can begin behind a row: all terms go the same way, and none is null."""
        return len({term.descending for term in self.terms}) == 1 and not any(term.nullable for term in self.terms)

    @property
    def is_indexed(self) -> bool:
        """Whether an index of accounts has this order."""
        columns = self.columns
        return self.has_keys and len(columns) == 2 and isinstance(columns[0], Column) and columns[0].name in _INDEXED

    def sql(self, *, hidden: bool = False) -> list[ColumnElement[Any]]:
        """The terms in SQL. *hidden*: so that no index is used for them."""
        return [term.sql(hidden=hidden) for term in self.terms]

    def behind(self) -> ColumnElement[bool]:
        """A condition: a row comes behind a place, whose values are bound by :func:`placed`."""
        mine: ColumnElement[Any] = tuple_(*self.columns)
        theirs: ColumnElement[Any] = tuple_(
            *(bindparam(f"place_{nth}", type_=column.type) for nth, column in enumerate(self.columns))
        )
        return mine < theirs if self.terms[0].descending else mine > theirs

    def until(self, value: Any) -> ColumnElement[bool]:
        """A condition: a row is not behind those that have *value* in the first column."""
        first: Term = self.terms[0]
        within: ColumnElement[bool] = first.column >= value if first.descending else first.column <= value
        return within


def placed(place: Sequence[Any] | None) -> dict[str, Any]:
    """The parameters of :meth:`Order.behind` for a *place*, which has a value for each of the columns."""
    return {f"place_{nth}": value for nth, value in enumerate(place or ())}


class Search:
    """What a request looks for among the resources of *kind*, as SQL.

    *query*: its parameters, without the page. Raises :class:`~stormpath_wsgi.errors.Error` (2002, 2014, 2103 to 2108).
    """

    def __init__(self, kind: type[Kind], query: Mapping[str, Any], work: UnitOfWork) -> None:
        self.kind, self.table, self.work = kind, SHAPES[kind].table, work
        self._uses_custom_data = False
        #: Whether it looks for somebody by a whole username or e-mail address.
        self.finds_one = False
        #: The column and the value, where that is all that is asked for.
        self.one: tuple[Column[str], str] | None = None
        #: Whether one of the conditions has a whole text or its beginning, so that few may have it.
        self.finds_few = False
        #: Whether an index of accounts leads to them.
        self.finds_by_index = False
        #: Texts of which each account that is found has one in it; None: there are none.
        self.texts: frozenset[str] | None = None
        asked = {name: checked(name, value) for name, value in query.items()}
        order = asked.pop("orderBy", None)
        #: Whether there is any condition.
        self.is_narrow = bool(asked)
        self._conditions = [self._condition(name, value) for name, value in asked.items()]
        self.order = default_order(self.table) if order is None else Order(tuple(self._order(order)))
        self.is_in_own_order = order is None
        if len(asked) != 1 or order is not None:
            self.one = None

    def of(self, statement: Select[Any], *, hidden: bool = False) -> Select[Any]:
        """*statement*, which selects resources of the kind, limited to what is looked for.

        *hidden*: so that no index of an attribute is used.
        """
        statement = statement.where(*(condition(hidden) for condition in self._conditions))
        if self._uses_custom_data:
            statement = statement.join(schema.custom_data, schema.custom_data.c.owner_id == self.table.c.id)
        return statement

    def _condition(self, name: str, value: str) -> Callable[[bool], ColumnElement[bool]]:
        """The condition of one parameter, as a function of whether it is hidden."""
        if name == "q":
            return _same(self._anywhere(value))
        if name.startswith(_CUSTOM_DATA) and self.kind.searches_custom_data:
            return _same(_custom_data(self._custom_data_at(name), value))
        if name.endswith(".href"):
            return _same(self._linked(name, value))
        member = self.kind.members.get(name)
        if not isinstance(member, Attribute) or not member.search:
            raise fault(Code.PARAMETER_NOT_SUPPORTED, f"{self.kind.title()} cannot be searched by {name!r:.80}.")
        if member.derived:  # the id of the resource
            return _same(SHAPES[self.kind].columns[0] == value)
        if not isinstance(member, Text):
            return _same(_equals(self.table.c[member.name], member, value))
        self._note(member, value)

        def matches(hidden: bool) -> ColumnElement[bool]:
            key = self._key(member)
            found = _matches(key.concat("") if hidden else key, value, key_of(member))
            return and_(key != "", found) if member.nullable else found

        return matches

    def _note(self, member: Text[Any], value: str) -> None:
        """Notes how what has *value* in *member* can be found."""
        starts_open, ends_open, text = _parts(value)
        if not starts_open:
            self.finds_few = True
            self.finds_by_index |= self._key(member).name in _INDEXED
            if member in (Account.username, Account.email) and not ends_open:
                self.finds_one, self.one = True, (self._key(member), key_of(member)(text))
        self._note_texts({key_of(member)(text)})

    def _note_texts(self, texts: Collection[str]) -> None:
        """Notes that each account that is found has one of *texts*. If several conditions tell such texts, those stay
        whose shortest is longest.
        """
        if self.texts is None or min(map(len, texts)) > min(map(len, self.texts)):
            self.texts = frozenset(texts)

    def _order(self, text: str) -> Iterator[Term]:
        """The terms of an order such as ``name desc, createdAt``."""
        statements = text.split(",")
        if len(statements) > _MOST:
            raise fault(Code.ORDER_MALFORMED, f"orderBy names more than {_MOST} attributes.")
        for statement in statements:
            match statement.split():
                case [name]:
                    descending = False
                case [name, direction] if direction.lower() in ("asc", "desc"):
                    descending = direction.lower() == "desc"
                case _:
                    raise fault(Code.ORDER_MALFORMED)
            for column in self._sortable(name):
                yield Term(column, descending)
        yield Term(self.table.c.id, descending)  # so that an index can be read backwards

    def _sortable(self, name: str) -> list[ColumnElement[Any]]:
        if name.startswith(_CUSTOM_DATA) and self.kind.searches_custom_data:
            value = self._custom_data_at(name)
            return [value.number, value.folded]
        member = self.kind.members.get(name)
        if not isinstance(member, Attribute) or not member.sort:
            raise fault(Code.ORDER_NOT_SORTABLE, f"{self.kind.title()} cannot be ordered by {name!r:.80}.")
        return [self._key(member) if isinstance(member, Text) else self.table.c[member.name]]

    def _anywhere(self, text: str) -> ColumnElement[bool]:
        searched = [attribute for attribute in self.kind.declared(Text) if attribute.search and not attribute.derived]
        keys = {one: key_of(one)(text) for one in searched}
        self._note_texts(keys.values())
        return or_(false(), *(self._key(one).contains(key, autoescape=True) for one, key in keys.items()))

    def _linked(self, name: str, href: str) -> ColumnElement[bool]:
        """The condition for a linked resource: ``application.href`` of tokens, ``accountStore.href`` of mappings.

        A link can be searched if it can be set when the resource is made.
        """
        member = self.kind.members.get(name.removesuffix(".href"))
        if not isinstance(member, Link) or not member.writable:
            raise fault(Code.PARAMETER_NOT_SUPPORTED, f"{self.kind.title()} cannot be searched by {name!r:.80}.")
        target = resource_at(href, self.work.base_url, member.to, name)
        return self.table.c[schema.link_column(member, target.kind.title())] == target.id

    def _key(self, text: Text[Any]) -> Column[str]:
        return self.table.c[f"{text.name}_folded"]

    def _custom_data_at(self, name: str) -> Value:
        keys = name.removeprefix(_CUSTOM_DATA).split(".")
        if len(keys) > _MOST or not all(map(_KEY.fullmatch, keys)):
            raise fault(
                Code.PARAMETER_NOT_SUPPORTED,
                "A search in custom data names up to ten keys of 0-9 A-Z a-z _ -, with dots between.",
            )
        self._uses_custom_data = True
        return value_at(keys, self.work.connection.dialect.name)


def _same(condition: ColumnElement[bool]) -> Callable[[bool], ColumnElement[bool]]:
    """*condition*, which no index of an attribute answers anyway."""
    return lambda hidden: condition


def checked(name: str, value: Any) -> str:
    """The *value* of a parameter. Raises 2103 unless it is text of a bounded length."""
    if not isinstance(value, str) or len(value) > _LONGEST or not is_storable(value):
        raise fault(Code.PARAMETER_INVALID, f"{name!r:.80} must be text of at most {_LONGEST} characters.")
    return value


def _matches(column: ColumnElement[str], value: str, spelled: Callable[[str], str]) -> ColumnElement[bool]:
    """Whether *column* has the text *value*, which may have a ``*`` at either end."""
    starts_open, ends_open, sought = _parts(value)
    text = spelled(sought)
    if starts_open and ends_open:
        return column.contains(text, autoescape=True)
    if starts_open:
        return column.endswith(text, autoescape=True)
    if ends_open:
        return _starts_with(column, text)
    return column == text


def _parts(value: str) -> tuple[bool, bool, str]:
    """Whether anything may stand before and behind the text in *value*, and that text."""
    starts_open, ends_open = value.startswith("*"), value.endswith("*") and len(value) > 1
    return starts_open, ends_open, value[starts_open : len(value) - ends_open]


def _starts_with(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """A condition: the text begins with *prefix*.

    Written as a range, because neither engine uses an index for LIKE here.
    """
    head = prefix.rstrip("\U0010ffff")
    if not head:
        return column >= prefix
    after = ord(head[-1]) + 1
    after = 0xE000 if after == 0xD800 else after  # there are no characters between these two
    return and_(column >= prefix, column < head[:-1] + chr(after))


def _equals(column: ColumnElement[Any], attribute: Attribute[Any], value: str) -> ColumnElement[bool]:
    if isinstance(attribute, Instant):
        if (period := moments(value)) is None:
            raise fault(
                Code.PARAMETER_INVALID,
                f"{attribute.wire} must be a moment such as 2015-08-25T19:57, or a range [2015,2016).",
            )
        return period.clause(column)
    try:
        checked = attribute.check(value)
    except Error:
        raise fault(Code.PARAMETER_NOT_SUPPORTED, f"{attribute.wire} has no such value.") from None
    equal: ColumnElement[bool] = column == checked
    return equal


def _custom_data(stored: Value, value: str) -> ColumnElement[bool]:
    """A condition: a value in custom data equals *value*, as text or as a number, or is in the range *value* in
    brackets.
    """
    if not _RANGE.fullmatch(value):
        matches = _matches(stored.folded, value, _lower)
        return or_(matches, stored.equals(value)) if spellings(value) else matches
    within = []
    if (numeric := numbers(value)) is not None:
        within.append(numeric.clause(stored.number))
    if (period := moments(value)) is not None:
        within.append(and_(_is_moment(stored), period.in_text().clause(unzoned(stored.text))))
    return or_(*within) if within else _matches(stored.folded, value, _lower)


def _is_moment(stored: Value) -> ColumnElement[bool]:
    """A condition: a value in custom data is a text like ``2015`` or ``2015-08-25T…``, which can be compared with
    moments.
    """
    dated = or_(stored.text.like("____-__%"), func.length(stored.text) == len("2015"))
    return and_(stored.number.is_(None), stored.text >= "0", stored.text < ":", dated)


def _lower(text: str) -> str:
    """*text* in lower case within ASCII, as the engines do it for custom data."""
    return text.translate(_LOWER)


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
