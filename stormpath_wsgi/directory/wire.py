"""From rows to the wire: which columns each kind is read from, and how its members are spelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, select

from stormpath_wsgi import kinds
from stormpath_wsgi.directory import schema
from stormpath_wsgi.kinds import KINDS, Attribute, Collection, Instant, Kind, Link, Member, Part, format_instant

#: The selected columns of one resource, in the order of :attr:`Shape.columns`.
Row = Sequence[Any]

#: What stands on the wire for one member, given the row, the base URL and the href of the resource.
Spelling = Callable[[Row, str, str], Any]


class Shape:
    """How the resources of one kind are read and spelled; worked out once, from the declaration."""

    def __init__(self, kind: type[Kind], table: Table) -> None:
        self.kind, self.table = kind, table
        self._columns: dict[str, ColumnElement[Any]] = {"id": next(iter(table.primary_key))}
        self._spellings = [
            (name, self._spelling(member))
            for name, member in kind.members.items()
            if not getattr(member, "secret", False)
        ]
        self._data = self._at("data", table.c.data) if kind is kinds.CustomData else None
        #: What to select; the id comes first.
        self.columns = tuple(self._columns.values())

    def wire(self, row: Row, base_url: str, href: str) -> dict[str, Any]:
        """The whole resource *href* as it crosses the data store port."""
        answer = {"href": href}
        for name, spelling in self._spellings:
            answer[name] = spelling(row, base_url, href)
        if self._data is not None:
            answer.update(row[self._data])
        return answer

    def _at(self, name: str, column: ColumnElement[Any]) -> int:
        """The place of *column* in the row, where it is put if it is not there yet."""
        self._columns.setdefault(name, column)
        return list(self._columns).index(name)

    def _spelling(self, member: Member[Any]) -> Spelling:
        match member:
            case kinds.Account.full_name:
                return self._full_name()
            case Attribute():
                return self._value(member)
            case Link(derived=True):
                return self._link(_default_mapping(member), member.to)
            case Link():
                columns = [self.table.c[schema.link_column(member, title)] for title in member.to]
                return self._link(columns, member.to)
            case Part(at=str()):
                return _apart(member)
            case Part() | Collection():
                return _below(member.wire)
        raise TypeError(f"{member!r} has no spelling on the wire")

    def _value(self, attribute: Attribute[Any]) -> Spelling:
        at = self._at(attribute.name, self.table.c[attribute.name])
        if isinstance(attribute, Instant):
            return lambda row, base_url, href: None if row[at] is None else format_instant(row[at])
        return lambda row, base_url, href: row[at]

    def _full_name(self) -> Spelling:
        names = [self._at(name, self.table.c[name]) for name in ("given_name", "middle_name", "surname")]
        return lambda row, base_url, href: " ".join(row[at] for at in names if row[at])

    def _link(self, columns: Sequence[ColumnElement[Any]], titles: Sequence[str]) -> Spelling:
        targets = [
            (self._at(str(column.key), column), f"/{KINDS[title].path}/")
            for column, title in zip(columns, titles, strict=True)
        ]

        def spelling(row: Row, base_url: str, href: str) -> dict[str, str] | None:
            for at, segment in targets:
                if row[at] is not None:
                    return {"href": base_url + segment + row[at]}
            return None

        return spelling


def _below(name: str) -> Spelling:
    return lambda row, base_url, href: {"href": f"{href}/{name}"}


def _apart(part: Part[Any]) -> Spelling:
    return lambda row, base_url, href: {"href": f"{base_url}/{part.path(href, row[0])}"}


def _default_mapping(link: Link[Any]) -> Sequence[ColumnElement[Any]]:
    """An application's mapping that carries the flag after which *link* is named; at the most one does."""
    mappings, flag = schema.account_store_mappings.alias(), _DEFAULT_FLAGS[link.name]
    chosen = select(mappings.c.id).where(mappings.c.application_id == schema.applications.c.id, mappings.c[flag])
    return [chosen.scalar_subquery().label(link.name)]


_DEFAULT_FLAGS = {
    "default_account_store_mapping": kinds.AccountStoreMapping.is_default_account_store.name,
    "default_group_store_mapping": kinds.AccountStoreMapping.is_default_group_store.name,
}

#: Every kind that is stored. A login attempt is not.
SHAPES: Mapping[type[Kind], Shape] = {
    kind: Shape(kind, table)
    for kind, table in (
        (kinds.Tenant, schema.tenants),
        (kinds.Application, schema.applications),
        (kinds.AccountStoreMapping, schema.account_store_mappings),
        (kinds.Directory, schema.directories),
        (kinds.PasswordPolicy, schema.password_policies),
        (kinds.PasswordStrength, schema.password_strengths),
        (kinds.Group, schema.groups),
        (kinds.GroupMembership, schema.group_memberships),
        (kinds.Account, schema.accounts),
        (kinds.CustomData, schema.custom_data),
        (kinds.OAuthPolicy, schema.o_auth_policies),
        (kinds.AccessToken, schema.access_tokens),
        (kinds.RefreshToken, schema.refresh_tokens),
    )
}
