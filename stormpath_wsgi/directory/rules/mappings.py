"""Account store mappings: in which order an application looks into its stores, and which are its default ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, delete, func, select, update

from stormpath_wsgi import kinds
from stormpath_wsgi.directory import bodies, records, schema
from stormpath_wsgi.directory.context import Context, Work
from stormpath_wsgi.directory.ids import new_id
from stormpath_wsgi.directory.paths import Listing, Resource
from stormpath_wsgi.directory.records import Wire
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import DISABLED, AccountStoreMapping

_table = schema.account_store_mappings
_FLAGS = ("is_default_account_store", "is_default_group_store")


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Maps a directory or a group to an application, at ``listIndex`` or behind all others."""
    body = bodies.of_creation(AccountStoreMapping, properties, context.base_url)
    application, store = body.links["application"], body.links["account_store"]
    with context.write() as work:
        records.require(work, application, "AccountStoreMapping application")
        records.require(work, store, "AccountStoreMapping accountStore")
        id = add(work, application.id, store, **body.values)
        return records.load(work, Resource(AccountStoreMapping, id))


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Moves a mapping, or gives it default flags, or takes them from it."""
    with context.write() as work:
        body = bodies.of_update(AccountStoreMapping, properties, records.load(work, target))
        row = work.connection.execute(select(_table).where(_table.c.id == target.id)).one()
        _check_flags(body.values, is_group=row.account_store_group_id is not None)
        order = [id for id in _order(work, row.application_id) if id != target.id]
        index = body.values.pop("list_index", row.list_index)
        records.change(work, AccountStoreMapping, target.id, body.values)
        _take_flags(work, row.application_id, target.id, body.values)
        _place(work, _inserted(order, index, target.id))
        return records.load(work, target)


def remove(context: Context, target: Resource) -> None:
    with context.write() as work:
        records.load(work, target)
        release(work, _table.c.id == target.id)


def add(work: Work, application_id: str, store: Resource, *, list_index: int | None = None, **values: Any) -> str:
    """The id of a new mapping with the attributes given. Raises 5104, 5112."""
    column = schema.link_column(AccountStoreMapping.account_store, store.kind.title())
    _check_flags(values, is_group=store.kind is kinds.Group)
    order = _order(work, application_id)
    if _mapped(work, _table.c.application_id == application_id, _table.c[column] == store.id):
        raise fault(5104)
    id = new_id()
    links = {"application_id": application_id, column: store.id}
    records.make(work, AccountStoreMapping, id, {"list_index": len(order), **values}, **links)
    _take_flags(work, application_id, id, values)
    _place(work, _inserted(order, len(order) if list_index is None else list_index, id))
    return id


def release(work: Work, which: ColumnElement[bool]) -> None:
    """Removes the mappings *which* and closes the gaps that they leave. Applications may lose a default store."""
    applications = {row.application_id for row in _mapped(work, which)}
    work.connection.execute(delete(_table).where(which))
    for application_id in applications:
        _place(work, _order(work, application_id))


@dataclass(frozen=True, slots=True)
class Store:
    """Where a new account or group goes: into a directory, and for an account perhaps into a group of it."""

    directory_id: str
    group_id: str | None = None


def default_account_store(work: Work, application_id: str) -> Store:
    """Raises 5100 when the application has none, 5101 when it is disabled."""
    return _default(work, application_id, _table.c.is_default_account_store, missing=5100, disabled=5101)


def default_group_store(work: Work, application_id: str) -> Store:
    """Raises 5102 when the application has none, 5103 when it is disabled."""
    return _default(work, application_id, _table.c.is_default_group_store, missing=5102, disabled=5103)


def _default(work: Work, application_id: str, flag: ColumnElement[bool], *, missing: int, disabled: int) -> Store:
    groups, directories = schema.groups, schema.directories
    found = work.connection.execute(
        select(directories.c.id, _table.c.account_store_group_id, directories.c.status, groups.c.status)
        .outerjoin_from(_table, groups, groups.c.id == _table.c.account_store_group_id)
        .join(
            directories, directories.c.id == func.coalesce(_table.c.account_store_directory_id, groups.c.directory_id)
        )
        .where(_table.c.application_id == application_id, flag)
    ).first()
    if found is None:
        raise fault(missing)
    directory_id, group_id, *statuses = found
    if DISABLED in statuses:
        raise fault(disabled)
    return Store(directory_id, group_id)


def _check_flags(values: Mapping[str, Any], *, is_group: bool) -> None:
    if is_group and values.get("is_default_group_store"):
        raise fault(5112)


def _take_flags(work: Work, application_id: str, holder: str, values: Mapping[str, Any]) -> None:
    """Takes from the other mappings each flag that *holder* was given: an application has one default of a sort."""
    for flag in _FLAGS:
        if values.get(flag):
            others = (_table.c.application_id == application_id, _table.c.id != holder, _table.c[flag])
            work.connection.execute(update(_table).where(*others).values({flag: False}))


def _order(work: Work, application_id: str) -> list[str]:
    return [row.id for row in _mapped(work, _table.c.application_id == application_id)]


def _mapped(work: Work, *which: ColumnElement[bool]) -> Sequence[Row[*tuple[Any, ...]]]:
    return work.connection.execute(
        select(_table.c.id, _table.c.application_id).where(*which).order_by(_table.c.list_index)
    ).all()


def _inserted(order: list[str], index: int, id: str) -> list[str]:
    """*order* with *id* at *index*; before the first is first, behind the last is last."""
    index = max(index, 0)
    return [*order[:index], id, *order[index:]]


def _place(work: Work, order: Sequence[str]) -> None:
    """Numbers the mappings of an application from 0, in *order*."""
    if order:
        statement = update(_table).where(_table.c.id == bindparam("mapping_id")).values(list_index=bindparam("place"))
        work.connection.execute(statement, [{"mapping_id": id, "place": place} for place, id in enumerate(order)])
