"""What belongs to what: which resources each collection holds, and which accounts an application reaches.

Source: the links and cascades of the resource reference of the REST API v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BindParameter, Column, ColumnElement, ScalarSelect, Table, bindparam, exists, or_, select

from stormpath_wsgi import kinds
from stormpath_wsgi.directory import schema
from stormpath_wsgi.directory.context import Work
from stormpath_wsgi.directory.paths import Listing
from stormpath_wsgi.directory.wire import SHAPES
from stormpath_wsgi.kinds import ENABLED, Kind

_accounts, _groups, _directories, _applications = (
    schema.accounts,
    schema.groups,
    schema.directories,
    schema.applications,
)
_memberships, _mappings = schema.group_memberships, schema.account_store_mappings
_owner: BindParameter[str] = bindparam("owner")


def condition(owner: type[Kind], of: type[Kind], name: str, *, by_groups: bool) -> ColumnElement[bool]:
    """Which rows of *of* the collection *name* of an *owner* holds, whose id is bound as ``owner``.

    An application's stores are bound as ``directories`` and ``groups``. *by_groups*: whether there are groups
    among them. Without any, one index serves the order too.
    """
    if owner is kinds.Application and of in _OF_DIRECTORIES:
        return or_(_OF_DIRECTORIES[of], _OF_GROUPS[of]) if by_groups else _OF_DIRECTORIES[of]
    special = _SPECIAL.get((owner, name))
    return SHAPES[of].table.c[f"{owner.title().lower()}_id"] == _owner if special is None else special


def stores(work: Work, listing: Listing) -> dict[str, list[str]]:
    """The ids of an application's account stores, for :func:`condition`. Given them, the database plans better."""
    if listing.owner is not kinds.Application or listing.of not in _OF_DIRECTORIES:
        return {}
    rows = work.connection.execute(_STORES, {"application_id": listing.id}).all()
    return {"directories": [row[0] for row in rows if row[0]], "groups": [row[1] for row in rows if row[1]]}


def reachable(application_id: ColumnElement[str], account: Table) -> ColumnElement[bool]:
    """Whether a row of *account* is in an ENABLED account store that is mapped to the application."""
    directory = exists().where(
        _mappings.c.application_id == application_id,
        _mappings.c.account_store_directory_id == account.c.directory_id,
        _directories.c.id == account.c.directory_id,
        _directories.c.status == ENABLED,
    )
    group = exists().where(
        _mappings.c.application_id == application_id,
        _mappings.c.account_store_group_id == _memberships.c.group_id,
        _memberships.c.account_id == account.c.id,
        _groups.c.id == _memberships.c.group_id,
        _groups.c.status == ENABLED,
        _directories.c.id == account.c.directory_id,
        _directories.c.status == ENABLED,
    )
    return or_(directory, group)


def _those(column: Column[str], wanted: ColumnElement[bool]) -> ScalarSelect[str]:
    return select(column).where(wanted).scalar_subquery()


_STORES = select(_mappings.c.account_store_directory_id, _mappings.c.account_store_group_id).where(
    _mappings.c.application_id == bindparam("application_id")
)
_in_directories: BindParameter[Any] = bindparam("directories", expanding=True)
_in_groups: BindParameter[Any] = bindparam("groups", expanding=True)

_OF_DIRECTORIES: Mapping[type[Kind], ColumnElement[bool]] = {
    kinds.Account: _accounts.c.directory_id.in_(_in_directories),
    kinds.Group: _groups.c.directory_id.in_(_in_directories),
}
_OF_GROUPS: Mapping[type[Kind], ColumnElement[bool]] = {
    kinds.Account: _accounts.c.id.in_(_those(_memberships.c.account_id, _memberships.c.group_id.in_(_in_groups))),
    kinds.Group: _groups.c.id.in_(_in_groups),
}

#: The collections whose rows do not name their owner in a column of their own.
_SPECIAL: Mapping[tuple[type[Kind], str], ColumnElement[bool]] = {
    (kinds.Directory, "applications"): _applications.c.id.in_(
        _those(_mappings.c.application_id, _mappings.c.account_store_directory_id == _owner)
    ),
    (kinds.Directory, "applicationMappings"): _mappings.c.account_store_directory_id == _owner,
    (kinds.Group, "accounts"): _accounts.c.id.in_(_those(_memberships.c.account_id, _memberships.c.group_id == _owner)),
    (kinds.Group, "applications"): _applications.c.id.in_(
        _those(_mappings.c.application_id, _mappings.c.account_store_group_id == _owner)
    ),
    (kinds.Account, "groups"): _groups.c.id.in_(_those(_memberships.c.group_id, _memberships.c.account_id == _owner)),
    (kinds.Account, "applications"): _applications.c.id.in_(
        _those(
            _mappings.c.application_id,
            or_(
                _mappings.c.account_store_directory_id.in_(_those(_accounts.c.directory_id, _accounts.c.id == _owner)),
                _mappings.c.account_store_group_id.in_(
                    _those(_memberships.c.group_id, _memberships.c.account_id == _owner)
                ),
            ),
        )
    ),
}
