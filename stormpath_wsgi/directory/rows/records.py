"""Finding, making and changing single resources of any kind, by their declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Table,
    bindparam,
    case,
    delete,
    exists,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.storage import grams, schema
from stormpath_wsgi.directory.storage.queries import Query
from stormpath_wsgi.directory.wire import canonical
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.directory.wire.shapes import SHAPES, Row, Shape, encryption_context
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import ConfigurationChanged
from stormpath_wsgi.kinds import Attribute, Kind

Wire = dict[str, Any]

#: What administrators make and remove: listeners are told of it. What comes with one of these is no event of its own.
_MADE = frozenset({
    kinds.AccountStoreMapping, kinds.Agent, kinds.Application, kinds.Directory, kinds.Group,
    kinds.Organization, kinds.OrganizationAccountStoreMapping, kinds.RegisteredSamlServiceProvider,
    kinds.SamlServiceProviderRegistration, kinds.SmtpServer,
})  # fmt: skip

#: What they change.
_CHANGED = _MADE | {
    kinds.AccountCreationPolicy, kinds.AccountLinkingPolicy, kinds.ApplicationWebConfig,
    kinds.AttributeStatementMappingRules, kinds.EmailTemplate, kinds.Field, kinds.IdSite, kinds.OAuthPolicy,
    kinds.PasswordPolicy, kinds.PasswordStrength, kinds.Provider, kinds.SamlIdentityProvider, kinds.Tenant,
    kinds.UserInfoMappingRules,
}  # fmt: skip


def load(work: UnitOfWork, resource: Resource) -> Wire:
    """The wire form of *resource*. Raises a 404 when the tenant has no such resource."""
    return wire(work, resource, _row(work, resource))


def load_json(work: UnitOfWork, resource: Resource) -> str:
    """The same as JSON text."""
    return SHAPES[resource.kind].json(_row(work, resource), work, work.href(resource))


def _row(work: UnitOfWork, resource: Resource) -> Row:
    query = _one(SHAPES[resource.kind], SHAPES[resource.owner] if resource.owner else None)
    row = query.first(work.connection, _parameters(work, id=resource.id))
    if row is None:
        raise fault(Code.NOT_FOUND)
    return row


def load_own(work: UnitOfWork, resource: Resource) -> Wire:
    """As :func:`load`, of what belongs to an account, in a write that says here that it concerns this account alone. So
    what it reads is true until it ends. Raises a 404.
    """
    work.concern(kinds.id_of(load(work, resource)["account"]["href"]))
    return load(work, resource)


def load_all(work: UnitOfWork, kind: type[Kind], owner: type[Kind] | None, ids: Iterable[str]) -> dict[str, Wire]:
    """The wire forms of the resources with *ids*, by id, as far as the tenant has them.

    *owner*: see :class:`.paths.Resource`.
    """
    statement = _several(SHAPES[kind], SHAPES[owner] if owner else None)
    rows = work.connection.execute(statement, _parameters(work, ids=list(ids)))
    return {row[0]: wire(work, Resource(kind, row[0], owner), row) for row in rows}


def wire(work: UnitOfWork, resource: Resource, row: Row) -> Wire:
    """The wire form of *resource*, from its selected columns *row*."""
    return SHAPES[resource.kind].wire(row, work, work.href(resource))


def exist(work: UnitOfWork, kind: type[Kind], id: str) -> bool:
    """Whether the tenant has a resource of *kind* with that *id*."""
    return _existence(SHAPES[kind]).first(work.connection, _parameters(work, id=id)) is not None


def require(work: UnitOfWork, resource: Resource, name: str) -> None:
    """Raises 2016 unless the tenant has *resource*. *name*: the property of the body that names it."""
    if not exist(work, resource.kind, resource.id):
        raise fault(Code.UNKNOWN_RESOURCE, f"{name} does not match a known resource.")


def require_owner(work: UnitOfWork, listing: Listing) -> None:
    """Raises a 404 unless the tenant has the owner of *listing*."""
    if listing.owner is not None and not exist(work, listing.owner, listing.id):
        raise fault(Code.NOT_FOUND)


def make(work: UnitOfWork, kind: type[Kind], id: str, values: Mapping[str, Any], **columns: Any) -> None:
    """Stores a new resource of *kind*: *values* are its attributes by their names in Python, *columns* its other
    columns.

    Raises :class:`~stormpath_wsgi.errors.Error`: 2001 when a unique value is taken, 2020 when a resource that it refers
    to was removed.
    """
    table = SHAPES[kind].table
    common = {"id": id, "tenant_id": work.tenant_id, "created_at": work.now, "modified_at": work.now}
    row = {name: value for name, value in common.items() if name in table.c}
    with taken(*_uniqueness(kind)):
        work.connection.execute(insert(table), {**row, **_stored(work, kind, id, values), **columns})
    if kind is kinds.Account:
        grams.learn(work.connection, [id])
    if kind in _MADE:
        tell(work, kind, id, "made")


def change(work: UnitOfWork, kind: type[Kind], id: str, values: Mapping[str, Any]) -> None:
    """Stores new *values*, by their names in Python, and moves ``modifiedAt``. Raises the errors of :func:`make`."""
    table = SHAPES[kind].table
    row = {**_touched(work, table), **_stored(work, kind, id, values)}
    if not row:  # nothing was changed, and the kind has no modifiedAt
        return
    with taken(*_uniqueness(kind)):
        work.connection.execute(update(table).where(table.c.id == id).values(row))
    if kind in _CHANGED:
        tell(work, kind, id, "changed", values)


def remove(work: UnitOfWork, kind: type[Kind], id: str) -> None:
    """Removes the resource, if it exists, and the rows that refer to it with ON DELETE CASCADE."""
    table = SHAPES[kind].table
    work.connection.execute(delete(table).where(table.c.id == id))
    if kind in _MADE:
        tell(work, kind, id, "removed")


def tell(work: UnitOfWork, kind: type[Kind], id: str, action: str, written: Mapping[str, Any] | None = None) -> None:
    """Tells that an administrator has ``made``, ``changed`` or ``removed`` something.

    *written*: the values that were written, by their names in Python.
    """
    changed = tuple(sorted(kinds.wire_name(name) for name in written or ()))
    href = work.href(Resource(kind, id))
    work.tell(ConfigurationChanged, None, what=kind.title(), resource=href, action=action, changed=changed)


def _touched(work: UnitOfWork, table: Table) -> dict[str, Any]:
    return {"modified_at": later(table.c.modified_at, work.now)} if "modified_at" in table.c else {}


def later(column: ColumnElement[int], now: int) -> ColumnElement[int]:
    """*now*, but at least one millisecond after the moment in *column*. Both are milliseconds since the epoch."""
    return case((column >= now, column + 1), else_=now)


@contextmanager
def taken(text: str | None, code: Code = Code.NOT_UNIQUE) -> Iterator[None]:
    """In this block a broken UNIQUE constraint raises *code* with *text*, and a broken reference raises 2020."""
    try:
        yield
    except IntegrityError as error:
        raise fault(code, text) if _is_duplicate(error) else fault(Code.REFERENCE_NOT_FOUND) from None


def key_of(attribute: Attribute[Any]) -> Callable[[str], str]:
    """The function that makes the canonical form of *attribute*, for which it is unique, and by which it is found and
    sorted.
    """
    if attribute is kinds.Account.email:
        return canonical.canonical_email
    if attribute is kinds.Account.username:
        return canonical.canonical_username
    return canonical.canonical_name if attribute.unique else canonical.fold


def of_tenant(table: Table) -> ColumnElement[bool]:
    """A condition: a row of *table* belongs to the tenant, whose id is bound as ``tenant_id``.

    For a table without a column for the tenant, the owner of the row decides.
    """
    tenant_id: BindParameter[str] = bindparam("tenant_id")
    if "tenant_id" in table.c:
        return table.c.tenant_id == tenant_id
    if table is schema.tenants:
        return table.c.id == tenant_id
    column, owner = next(
        (column, key.column) for column in table.c for key in column.foreign_keys if not column.nullable
    )
    return exists().where(owner == column, owner.table.c.tenant_id == tenant_id)


def is_alive(table: Table) -> list[ColumnElement[bool]]:
    """The conditions for rows of *table* that are valid at the moment bound as ``now``: expired tokens are not, and
    neither is what is in a directory or group that is being removed, or belongs to what is in it.
    """
    removed = select(schema.removals.c.id)
    valid: list[ColumnElement[bool]] = [table.c[name].not_in(removed) for name in _HIDDEN_WITH.get(table, ())]
    if table not in _HIDDEN_WITH:
        valid = _held(table)
    return [*valid, table.c.expires_at > bindparam("now")] if "expires_at" in table.c else valid


#: The columns with the ids of directories and groups with which a row is hidden. Rows of other tables are hidden with
#: the rows that they belong to.
_HIDDEN_WITH: Mapping[Table, tuple[str, ...]] = {
    schema.directories: ("id",),
    schema.groups: ("id", "directory_id"),
    schema.accounts: ("directory_id",),
    schema.group_memberships: ("group_id",),
    schema.invitations: ("directory_id",),
}


def _held(table: Table) -> list[ColumnElement[bool]]:
    """The conditions that what the rows of *table* belong to is alive."""
    held: list[ColumnElement[bool]] = []
    for column in table.c:
        for key in column.foreign_keys:
            owner = key.column.table
            if not column.nullable and (alive := is_alive(owner)):
                held.append(exists().where(key.column == column, *alive).correlate(table))
    return held


def _parameters(work: UnitOfWork, **more: Any) -> dict[str, Any]:
    return {"tenant_id": work.tenant_id, "now": work.now, **more}


# Statements are built once: building one takes longer than SQLite needs to answer it.


@cache
def _one(shape: Shape, owner: Shape | None) -> Query:
    return Query(_live(shape, owner).where(shape.columns[0] == bindparam("id")))


@cache
def _several(shape: Shape, owner: Shape | None) -> Select[Any]:
    return _live(shape, owner).where(shape.columns[0].in_(bindparam("ids", expanding=True)))


@cache
def _existence(shape: Shape) -> Query:
    table = shape.table
    return Query(select(table.c.id).where(table.c.id == bindparam("id"), of_tenant(table), *is_alive(table)))


def _live(shape: Shape, owner: Shape | None) -> Select[Any]:
    statement = select(*shape.columns).where(of_tenant(shape.table), *is_alive(shape.table))
    if owner is not None:  # so that custom data of an account is not found at a path below groups/
        statement = statement.where(exists().where(owner.table.c.id == shape.columns[0], *is_alive(owner.table)))
    return statement


def _stored(work: UnitOfWork, kind: type[Kind], id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns for *values*: plain or encrypted, and the folded form of searchable texts."""
    table, row = SHAPES[kind].table, dict(values)
    for attribute in kind.declared(Attribute):
        if attribute.encrypted and attribute.name in row:  # an empty text is no secret
            text = row[attribute.name]
            row[attribute.name] = work.secrets.encrypt(text, encryption_context(kind, attribute)(id)) if text else None
        name = f"{attribute.name}_folded"
        if attribute.name in values and name in table.c:
            value = values[attribute.name]
            row[name] = "" if value is None else key_of(attribute)(value)
    return row


#: Kinds for whose duplicates the REST API has a code of their own.
_DUPLICATES: Mapping[type[Kind], Code] = {
    kinds.Phone: Code.PHONE_NUMBER_TAKEN,
    kinds.Factor: Code.PHONE_OF_OTHER_FACTOR,
    kinds.Passkey: Code.PASSKEY_REFUSED,  # whose it is, is told to nobody else
}


def _uniqueness(kind: type[Kind]) -> tuple[str | None, Code]:
    if code := _DUPLICATES.get(kind):
        return None, code
    names = [attribute.wire for attribute in kind.declared(Attribute) if attribute.unique]
    if not names:
        return f"There is such a {kind.title()} already.", Code.NOT_UNIQUE
    return f"{kind.title()} {' or '.join(names)} is already in use; choose another.", Code.NOT_UNIQUE


def _is_duplicate(error: IntegrityError) -> bool:
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None)
    return code in {"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
