"""Account store mappings: the order in which an application or organization searches its stores, and its default
stores.

The stores of an application are directories, groups and organizations. An organization has directories and groups only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, Table, bindparam, delete, func, null, or_, select, update

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.providers import providers
from stormpath_wsgi.directory.rules.stores import qualifiers
from stormpath_wsgi.directory.rules.tenants import administrators
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource, below
from stormpath_wsgi.directory.wire.shapes import SHAPES
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import DISABLED, Kind

_ACCOUNTS, _GROUPS = "is_default_account_store", "is_default_group_store"

#: The codes for a missing and for a disabled default store, by the flag of the mapping.
_Faults = Mapping[str, tuple[Code, Code]]


@dataclass(frozen=True)
class _Family:
    """The mappings of one *kind*, with the kind of their owner and the codes of their errors."""

    kind: type[Kind]
    owner: type[Kind]
    twice: Code  # the store is mapped already
    of_group: Code  # a group cannot be the default group store
    of_social: Code  # a second social directory of the same provider
    defaults: _Faults

    @property
    def table(self) -> Table:
        """The table of these mappings."""
        return SHAPES[self.kind].table

    @property
    def owner_id(self) -> Column[str]:
        """The column with the id of the owner."""
        return self.table.c[f"{self.owner.title().lower()}_id"]


_OF_APPLICATIONS = _Family(
    kinds.AccountStoreMapping,
    kinds.Application,
    Code.APPLICATION_STORE_MAPPED_TWICE,
    Code.APPLICATION_DEFAULT_GROUP_STORE_IS_GROUP,
    Code.APPLICATION_PROVIDER_TWICE,
    {
        _ACCOUNTS: (Code.APPLICATION_WITHOUT_DEFAULT_ACCOUNT_STORE, Code.APPLICATION_DEFAULT_ACCOUNT_STORE_DISABLED),
        _GROUPS: (Code.APPLICATION_WITHOUT_DEFAULT_GROUP_STORE, Code.APPLICATION_DEFAULT_GROUP_STORE_DISABLED),
    },
)
_OF_ORGANIZATIONS = _Family(
    kinds.OrganizationAccountStoreMapping,
    kinds.Organization,
    Code.ORGANIZATION_STORE_MAPPED_TWICE,
    Code.ORGANIZATION_DEFAULT_GROUP_STORE_IS_GROUP,
    Code.ORGANIZATION_PROVIDER_TWICE,
    {
        _ACCOUNTS: (Code.ORGANIZATION_WITHOUT_DEFAULT_ACCOUNT_STORE, Code.ORGANIZATION_DEFAULT_ACCOUNT_STORE_DISABLED),
        _GROUPS: (Code.ORGANIZATION_WITHOUT_DEFAULT_GROUP_STORE, Code.ORGANIZATION_DEFAULT_GROUP_STORE_DISABLED),
    },
)
_FAMILIES: Mapping[type[Kind], _Family] = {
    key: family for family in (_OF_APPLICATIONS, _OF_ORGANIZATIONS) for key in (family.kind, family.owner)
}

#: These codes for an organization that is itself the default store of an application.
_NESTED: _Faults = {
    _ACCOUNTS: (
        Code.NESTED_ORGANIZATION_WITHOUT_DEFAULT_ACCOUNT_STORE,
        Code.NESTED_ORGANIZATION_DEFAULT_ACCOUNT_STORE_DISABLED,
    ),
    _GROUPS: (
        Code.NESTED_ORGANIZATION_WITHOUT_DEFAULT_GROUP_STORE,
        Code.NESTED_ORGANIZATION_DEFAULT_GROUP_STORE_DISABLED,
    ),
}


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Maps an account store to an application or organization, at ``listIndex``, or else at the end."""
    family = _FAMILIES[listing.of]
    if family is _OF_ORGANIZATIONS:
        _refuse_nesting(properties, context.base_url)
    body = bodies.of_creation(family.kind, properties, context.base_url)
    owner, store = body.links[family.owner.title().lower()], body.links["account_store"]
    with context.write() as work:
        records.require(work, owner, f"{family.kind.title()} {family.owner.title().lower()}")
        records.require(work, store, f"{family.kind.title()} accountStore")
        administrators.keep_apart(work, store)
        id = add(work, owner, store, **body.values)
        return records.load(work, Resource(family.kind, id))


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Moves a mapping, or changes whether it is a default store."""
    family = _FAMILIES[target.kind]
    table = family.table
    with context.write() as work:
        body = bodies.of_update(family.kind, properties, records.load(work, target))
        row = work.connection.execute(select(table).where(table.c.id == target.id)).one()
        _check_flags(family, body.values, is_group=row.account_store_group_id is not None)
        owner = Resource(family.owner, getattr(row, family.owner_id.name))
        before = _places(work, owner)
        index = body.values.pop("list_index", row.list_index)
        records.change(work, family.kind, target.id, body.values)
        _take_flags(work, owner, target.id, body.values)
        _place(work, owner, before, _inserted([id for id in before if id != target.id], index, target.id))
        return records.load(work, target)


def remove(context: Context, target: Resource) -> None:
    """Removes a mapping, and closes the gap in the order."""
    family = _FAMILIES[target.kind]
    with context.write() as work:
        records.load(work, target)
        _release(work, family, family.table.c.id == target.id)
        records.tell(work, family.kind, target.id, "removed")


def add(
    work: UnitOfWork,
    owner: Resource,
    store: Resource,
    *,
    list_index: int | None = None,
    id: str | None = None,
    **values: Any,
) -> str:
    """Maps *store* to *owner*, an application or organization, and returns the id of the mapping.

    *list_index*: its place in the order, from 0; None: at the end. *id*: None: a new one. *values*: other attributes.
    Raises 5104, 5112, 5200
    for an application, and 4604, 4612, 4700 for an organization.
    """
    family = _FAMILIES[owner.kind]
    column = f"account_store_{store.kind.title().lower()}_id"
    _check_flags(family, values, is_group=store.kind is kinds.Group)
    before = _places(work, owner)
    if _mapped(work, family, family.owner_id == owner.id, family.table.c[column] == store.id):
        raise fault(family.twice)
    mapped = select(family.table.c.account_store_directory_id).where(family.owner_id == owner.id)
    providers.refuse_second(work, store, mapped, family.of_social)
    qualifiers.settle(work, owner, store)
    id = id or new_id()
    links = {family.owner_id.name: owner.id, column: store.id}
    records.make(work, family.kind, id, {"list_index": len(before), **values}, **links)
    _take_flags(work, owner, id, values)
    before[id] = len(before)
    if list_index is not None:
        _place(work, owner, before, _inserted([one for one in before if one != id], list_index, id))
    return id


def release(work: UnitOfWork, store: Resource) -> None:
    """Removes every mapping of *store*; for a directory also those of its groups. Closes the gaps in the order.

    Applications and organizations may lose a default store by this.
    """
    for family in (_OF_APPLICATIONS, _OF_ORGANIZATIONS):
        columns = family.table.c
        match store.kind:
            case kinds.Directory:
                groups = select(schema.groups.c.id).where(schema.groups.c.directory_id == store.id)
                of_groups = columns.account_store_group_id.in_(groups)
                _release(work, family, or_(columns.account_store_directory_id == store.id, of_groups))
            case kinds.Group:
                _release(work, family, columns.account_store_group_id == store.id)
            case kinds.Organization if family is _OF_APPLICATIONS:
                _release(work, family, columns.account_store_organization_id == store.id)


@dataclass(frozen=True, slots=True)
class Store:
    """The place of a new account or group: a directory, and for an account perhaps a group in it."""

    directory_id: str
    group_id: str | None = None


def default_account_store(work: UnitOfWork, owner: Resource) -> Store:
    """The store in which *owner*, an application or organization, makes new accounts.

    If the default store of an application is an organization, it is the default store of that organization. Raises
    5100, 5101, 5116, 5117 for an application, and 4600, 4601 for an organization.
    """
    return _default(work, owner, _ACCOUNTS, _FAMILIES[owner.kind].defaults)


def default_group_store(work: UnitOfWork, owner: Resource) -> Store:
    """The store in which *owner*, an application or organization, makes new groups; see :func:`default_account_store`.

    Raises 5102, 5103, 5118, 5119 for an application, and 4602, 4603 for an organization.
    """
    return _default(work, owner, _GROUPS, _FAMILIES[owner.kind].defaults)


def _default(work: UnitOfWork, owner: Resource, flag: str, faults: _Faults) -> Store:
    missing, disabled = faults[flag]
    family = _FAMILIES[owner.kind]
    columns = family.table.c
    groups, directories = schema.groups, schema.directories
    organization_id = columns.get("account_store_organization_id", null())
    directory_id = func.coalesce(columns.account_store_directory_id, groups.c.directory_id)
    found = work.connection.execute(
        select(directory_id, groups.c.id, organization_id, directories.c.status, groups.c.status)
        .outerjoin_from(family.table, groups, groups.c.id == columns.account_store_group_id)
        .outerjoin(directories, directories.c.id == directory_id)
        .where(family.owner_id == owner.id, columns[flag])
    ).first()
    if found is None:
        raise fault(missing)
    directory, group, organization, *statuses = found
    if DISABLED in (_status(work, organization), *statuses):
        raise fault(disabled)
    if organization is not None:
        return _default(work, Resource(kinds.Organization, organization), flag, _NESTED)
    return Store(directory, group)


def _status(work: UnitOfWork, organization_id: str | None) -> str | None:
    table = schema.organizations
    if organization_id is None:
        return None
    return work.connection.execute(select(table.c.status).where(table.c.id == organization_id)).scalar()


def _refuse_nesting(properties: Any, base_url: str) -> None:
    """Raises 4614 when an organization is to become a store of an organization."""
    match properties:
        case {"accountStore": {"href": href}}:
            store = below(base_url, href)
            if isinstance(store, Resource) and store.kind is kinds.Organization:
                raise fault(Code.ORGANIZATION_IN_ORGANIZATION)


def _check_flags(family: _Family, values: Mapping[str, Any], *, is_group: bool) -> None:
    if is_group and values.get(_GROUPS):
        raise fault(family.of_group)


def _take_flags(work: UnitOfWork, owner: Resource, holder: str, values: Mapping[str, Any]) -> None:
    """Removes each flag that the mapping *holder* was given from the other mappings: an owner has one default store
    each.
    """
    family = _FAMILIES[owner.kind]
    columns = family.table.c
    for flag in (_ACCOUNTS, _GROUPS):
        if values.get(flag):
            others = (family.owner_id == owner.id, columns.id != holder, columns[flag])
            work.connection.execute(update(family.table).where(*others).values({flag: False}))


def _release(work: UnitOfWork, family: _Family, which: ColumnElement[bool]) -> None:
    owners = {Resource(family.owner, row.owner_id) for row in _mapped(work, family, which)}
    work.connection.execute(delete(family.table).where(which))
    for owner in owners:
        before = _places(work, owner)
        _place(work, owner, before, list(before))


def _places(work: UnitOfWork, owner: Resource) -> dict[str, int]:
    """The ids of an owner's mappings in their order, each with its ``listIndex``."""
    family = _FAMILIES[owner.kind]
    return {row.id: row.list_index for row in _mapped(work, family, family.owner_id == owner.id)}


def _mapped(work: UnitOfWork, family: _Family, *which: ColumnElement[bool]) -> Sequence[Row[*tuple[Any, ...]]]:
    columns = family.table.c
    return work.connection.execute(
        select(columns.id, columns.list_index, family.owner_id.label("owner_id"))
        .where(*which)
        .order_by(columns.list_index)
    ).all()


def _inserted(order: list[str], index: int, id: str) -> list[str]:
    """*order* with *id* at *index*. An index below 0 means the beginning, and one that is too high means the end."""
    index = max(index, 0)
    return [*order[:index], id, *order[index:]]


def _place(work: UnitOfWork, owner: Resource, before: Mapping[str, int], order: Sequence[str]) -> None:
    """Numbers the mappings of *owner* from 0, in *order*. *before*: the numbers that they have now."""
    moved = [{"mapping_id": id, "place": place} for place, id in enumerate(order) if before[id] != place]
    if moved:
        table = _FAMILIES[owner.kind].table
        statement = update(table).where(table.c.id == bindparam("mapping_id")).values(list_index=bindparam("place"))
        work.connection.execute(statement, moved)
