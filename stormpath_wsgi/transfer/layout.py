"""The sections of an export: which tables are in it, and how a row of each is written as a JSON object.

A section has the name of its table, and a member the name of its column, both as names are in JSON: ``accounts``,
``groupMemberships``, ``givenName``, ``directoryId``. Moments are ISO 8601 in UTC. A member that is null is left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Integer, Row, Table

from stormpath_wsgi.directory.rotation import encrypted_texts
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire.shapes import SHAPES
from stormpath_wsgi.kinds import ID, Attribute, format_instant, is_storable, parse_instant
from stormpath_wsgi.kinds.kind import wire_name
from stormpath_wsgi.transfer.problems import BadRecord

#: What is computed from the rest when a row is imported.
DERIVED = frozenset({schema.account_counts, schema.login_names, schema.member_counts})

#: Columns that are computed from the rest.
COMPUTED = frozenset({schema.group_memberships.c.account_created_at})

#: What lives for minutes or hours, or belongs to one installation: it is in no export.
LEFT_OUT = frozenset(
    {
        schema.access_tokens, schema.account_nonces, schema.challenges, schema.email_changes, schema.generation,
        schema.mailed_codes, schema.mailed_tokens, schema.nonces, schema.outbox, schema.refresh_tokens,
        schema.removals, schema.sessions, schema.spent_tokens, schema.tallies,
        schema.audit_heads, schema.audit_rows, schema.audit_waiting,
    }
)  # fmt: skip

#: Columns that point at what is left out, and are null in an export.
_DANGLING = frozenset({schema.factors.c.recent_challenge_id})

#: The member of each object that names its section.
_KIND = "kind"

#: Columns of texts that anybody may see, and that yet are none of the kind's attributes.
_FOLDED = "_folded"

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LARGEST = 2**63

#: The place that the secret in a column is bound to, for the id of its row.
Place = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the objects of a section. *place*: where its text is a secret, the place that it is bound to."""

    name: str
    column: Column[Any]
    is_moment: bool
    place: Place | None

    def written(self, value: Any) -> Any:
        """The stored *value* as JSON. A secret stays as it is."""
        return format_instant(value) if self.is_moment else value

    def read(self, value: Any) -> Any:
        """The value to store for the JSON *value*, which is not null. Raises :class:`BadRecord`."""
        if self.is_moment:
            return milliseconds(self.name, value)
        kind = self.column.type
        if isinstance(kind, JSON):
            return value
        if isinstance(kind, Boolean):
            right = isinstance(value, bool)
        elif isinstance(kind, Integer):
            right = isinstance(value, int) and not isinstance(value, bool) and abs(value) < self._largest
        else:
            right = isinstance(value, str)
        if not right:
            raise BadRecord(f"{self.name} has a value of the wrong type.")
        if isinstance(value, str) and not is_storable(value):
            raise BadRecord(f"{self.name} holds characters that cannot be stored.")
        return value

    @property
    def _largest(self) -> int:
        return _LARGEST if isinstance(self.column.type, BigInteger) else 2**31


class Section:
    """One table in an export."""

    def __init__(self, table: Table, places: Mapping[Column[Any], Place]) -> None:
        self.table, self.name = table, wire_name(table.name)
        self.members = tuple(
            Member(wire_name(column.name), column, _is_moment(column), places.get(column))
            for column in table.c
            if not column.name.endswith(_FOLDED) and column not in _DANGLING | COMPUTED
        )
        self.by_name = {member.name: member for member in self.members}
        if _KIND in self.by_name:
            raise ValueError(f"{table.name} has a column {_KIND!r}, which is the member that names the section.")
        #: The columns that identify a row.
        self.key = tuple(column.name for column in table.primary_key)
        self.secrets = tuple(member for member in self.members if member.place is not None)
        #: What makes the folded form of a text, by the name of its column.
        self.folded = {
            f"{attribute.name}{_FOLDED}": (attribute.name, records.key_of(attribute))
            for attribute in _attributes(table)
            if f"{attribute.name}{_FOLDED}" in table.c
        }

    def document(self, row: Row[Any]) -> dict[str, Any]:
        """*row*, with the columns of the members in their order, as a JSON object. Secrets are as they are stored."""
        written: dict[str, Any] = {_KIND: self.name}
        for member, value in zip(self.members, row, strict=True):
            if value is not None:
                written[member.name] = member.written(value)
        return written

    def values(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The columns that *document* has, by their names. Raises :class:`BadRecord`."""
        values = {}
        for name, value in document.items():
            if name == _KIND:
                continue
            member = self.by_name.get(name)
            if member is None:
                raise BadRecord(f"{self.name} have no member {name!r:.60}.")
            if value is not None:
                values[member.column.name] = member.read(value)
        for name in self.key:
            if name not in values:
                raise BadRecord(f"{self.by_name[wire_name(name)].name} is missing.")
        for column in (each.column for each in self.members if _is_id(each.column)):
            if (value := values.get(column.name)) is not None and not ID.match(value):
                raise BadRecord(f"{wire_name(column.name)} is no id.")
        return values


def milliseconds(name: str, value: Any) -> int:
    """The moment *value*, ISO 8601, as milliseconds since the epoch. Raises :class:`BadRecord`, which names *name*."""
    try:
        return round((parse_instant(value) - _EPOCH) / dt.timedelta(milliseconds=1))
    except (TypeError, ValueError, OverflowError):
        raise BadRecord(f"{name} is no moment such as 2026-01-31T12:00:00.000Z.") from None


def _attributes(table: Table) -> Iterator[Attribute[Any]]:
    kind = next((kind for kind, shape in SHAPES.items() if shape.table is table), None)
    return iter(()) if kind is None else kind.declared(Attribute)


def _is_moment(column: Column[Any]) -> bool:
    return isinstance(column.type, BigInteger) and column.name.endswith("_at")


def _is_id(column: Column[Any]) -> bool:
    return column.name == "id" or (column.name.endswith("_id") and bool(column.foreign_keys))


def _sections() -> Iterator[Section]:
    """In the order in which they can be imported. Custom data comes last: its owner is in any of five tables."""
    places = {each.column: each.context for each in encrypted_texts()}
    tables = [each for each in schema.metadata.sorted_tables if each not in DERIVED | LEFT_OUT]
    for table in sorted(tables, key=lambda each: each is schema.custom_data):  # stable: the others keep their order
        yield Section(table, places)


SECTIONS = tuple(_sections())
BY_NAME: Mapping[str, Section] = {section.name: section for section in SECTIONS}
BY_TABLE: Mapping[Table, Section] = {section.table: section for section in SECTIONS}
