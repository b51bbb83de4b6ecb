"""Searching a collection: for text in any attribute, by single attributes, by custom data; and sorting it.

All comparisons ignore upper and lower case. A ``*`` at either end of a text stands for any characters.
Source: the search chapter of the REST API v1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, and_, false, func, or_, types

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows.records import key_of
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire.bodies import resource_at
from stormpath_wsgi.directory.wire.json_search import Value, spellings, value_at
from stormpath_wsgi.directory.wire.ranges import moments, numbers, unzoned
from stormpath_wsgi.directory.wire.shapes import SHAPES
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.kinds import Attribute, Instant, Kind, Link, Text, is_storable

_LONGEST = 4000  # characters of a value
_MOST = 10  # attributes to sort by; keys in a path into custom data

_CUSTOM_DATA = "customData."
_KEY = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_-]{0,254}")
_RANGE = re.compile(r"[\[(].*[\])]", re.DOTALL)


def default_order(table: Table) -> list[Column[Any]]:
    """The columns to sort by if the request names none: groups by name, mappings by index, others by age."""
    if table is schema.groups:
        return [table.c.name_folded, table.c.id]
    names = [name for name in ("list_index", "created_at") if name in table.c]
    return [table.c[name] for name in (*names[:1], "id")]


def narrow(
    statement: Select[Any], kind: type[Kind], query: Mapping[str, Any], work: UnitOfWork, *, through_groups: bool
) -> Select[Any]:
    """*statement*, which selects resources of *kind*, limited to what *query* asks for and sorted as it asks.

    *through_groups*: whether they are accounts that belong here as members of groups, for which there is no index.
    Raises :class:`~stormpath_wsgi.errors.Error` (2002, 2014, 2103 to 2108).
    """
    search = _Search(kind, work)
    asked = {name: _checked(name, value) for name, value in query.items()}
    order = asked.pop("orderBy", None)
    statement = statement.where(*[search.filter(name, value) for name, value in asked.items()])
    statement = statement.order_by(None).order_by(*search.order(order))
    if search.finds_few and through_groups:  # changes no result, but lets the database use an index
        statement = statement.where(search.table.c.tenant_id == work.tenant_id)
    if search.uses_custom_data:
        statement = statement.join(schema.custom_data, schema.custom_data.c.owner_id == search.table.c.id)
    return statement


class _Search:
    """The parts of one search, as SQL."""

    def __init__(self, kind: type[Kind], work: UnitOfWork) -> None:
        self.kind, self.table, self.work = kind, SHAPES[kind].table, work
        self.uses_custom_data = False
        self.finds_few = False

    def filter(self, name: str, value: str) -> ColumnElement[bool]:
        """The condition of one parameter."""
        if name == "q":
            return self._anywhere(value)
        if name.startswith(_CUSTOM_DATA) and self.kind.searches_custom_data:
            return _custom_data(self._custom_data_at(name), value)
        if name.endswith(".href"):
            return self._linked(name, value)
        member = self.kind.members.get(name)
        if not isinstance(member, Attribute) or not member.search:
            raise fault(Code.PARAMETER_NOT_SUPPORTED, f"{self.kind.title()} cannot be searched by {name!r:.80}.")
        if member.derived:  # the id of the resource
            return SHAPES[self.kind].columns[0] == value
        if isinstance(member, Text):
            self.finds_few |= not value.startswith("*")
            matches = _matches(self._key(member), value, key_of(member))
            return and_(self._key(member) != "", matches) if member.nullable else matches
        return _equals(self.table.c[member.name], member, value)

    def order(self, text: str | None) -> Iterator[ColumnElement[Any]]:
        """The SQL terms of an order such as ``name desc, createdAt``, or of the default order."""
        if text is None:
            yield from map(self._term, default_order(self.table))
            return
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
                yield self._term(column, descending=descending)
        yield self.table.c.id.desc() if descending else self.table.c.id  # so that an index can be read backwards

    def _term(self, column: ColumnElement[Any], *, descending: bool = False) -> ColumnElement[Any]:
        nullable = not isinstance(column, Column) or column.nullable
        if self.finds_few:  # otherwise SQLite would use the index of the order, and read every row to find a few
            column = column.concat("") if isinstance(column.type, types.Text) else column + 0
        term = column.desc() if descending else column.asc()
        if not nullable:
            return term
        return term.nulls_last() if descending else term.nulls_first()  # as SQLite does by itself, unlike PostgreSQL

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
        return or_(false(), *(self._key(one).contains(key_of(one)(text), autoescape=True) for one in searched))

    def _linked(self, name: str, href: str) -> ColumnElement[bool]:
        """The condition for a linked resource: ``application.href`` of tokens, ``accountStore.href`` of mappings.

        A link can be searched if it can be set when the resource is made.
        """
        member = self.kind.members.get(name.removesuffix(".href"))
        if not isinstance(member, Link) or not member.writable:
            raise fault(Code.PARAMETER_NOT_SUPPORTED, f"{self.kind.title()} cannot be searched by {name!r:.80}.")
        target = resource_at(href, self.work.base_url, member.to, name)
        return self.table.c[schema.link_column(member, target.kind.title())] == target.id

    def _key(self, text: Text[Any]) -> ColumnElement[str]:
        return self.table.c[f"{text.name}_folded"]

    def _custom_data_at(self, name: str) -> Value:
        keys = name.removeprefix(_CUSTOM_DATA).split(".")
        if len(keys) > _MOST or not all(map(_KEY.fullmatch, keys)):
            raise fault(
                Code.PARAMETER_NOT_SUPPORTED,
                "A search in custom data names up to ten keys of 0-9 A-Z a-z _ -, with dots between.",
            )
        self.uses_custom_data = True
        return value_at(keys, self.work.connection.dialect.name)


def _checked(name: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST or not is_storable(value):
        raise fault(Code.PARAMETER_INVALID, f"{name!r:.80} must be text of at most {_LONGEST} characters.")
    return value


def _matches(column: ColumnElement[str], value: str, spelled: Callable[[str], str]) -> ColumnElement[bool]:
    """Whether *column* has the text *value*, which may have a ``*`` at either end."""
    starts_open, ends_open = value.startswith("*"), value.endswith("*") and len(value) > 1
    text = spelled(value[starts_open : len(value) - ends_open])
    if starts_open and ends_open:
        return column.contains(text, autoescape=True)
    if starts_open:
        return column.endswith(text, autoescape=True)
    if ends_open:
        return _starts_with(column, text)
    return column == text


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
