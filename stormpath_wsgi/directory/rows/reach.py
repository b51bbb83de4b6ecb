"""Which resources each collection holds, and which accounts belong to the account stores of an application.

Source: the links and cascades of the resource reference of the REST API v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    CompoundSelect,
    ScalarSelect,
    Table,
    bindparam,
    case,
    exists,
    false,
    func,
    or_,
    select,
    true,
    union_all,
)

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.mail import RESET, RESET_SUCCESS, VERIFICATION, VERIFICATION_SUCCESS, WELCOME
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.queries import Query
from stormpath_wsgi.directory.wire.paths import Listing
from stormpath_wsgi.directory.wire.shapes import SHAPES
from stormpath_wsgi.kinds import ENABLED, Kind

_accounts, _groups, _directories, _applications = (
    schema.accounts,
    schema.groups,
    schema.directories,
    schema.applications,
)
_memberships, _mappings = schema.group_memberships, schema.account_store_mappings
_organizations, _inner = schema.organizations, schema.organization_store_mappings
_links = schema.account_links
_owner: BindParameter[str] = bindparam("owner")

#: The ways from applications to account stores. Each mapping is a row. A mapping of an organization has a row for each
#: mapping of that organization, or one row that leads to no store if there are none.
ROUTES = _mappings.outerjoin(_inner, _inner.c.organization_id == _mappings.c.account_store_organization_id)
#: The directory and the group that a way leads to; one of them is null.
ROUTE_DIRECTORY = func.coalesce(_mappings.c.account_store_directory_id, _inner.c.account_store_directory_id)
ROUTE_GROUP = func.coalesce(_mappings.c.account_store_group_id, _inner.c.account_store_group_id)


#: The highest number of account stores that are listed in a statement: engines allow some ten thousand parameters.
MOST_LISTED = 1000


class Through(Enum):
    """How a collection belongs to its owner: by a column, or by the account stores of the owner."""

    NOTHING = "columns of its rows"
    DIRECTORIES = "directories, which are listed; one index serves the order too"
    GROUPS = "directories and groups, which are listed"
    MANY = "more account stores than can be listed"


def condition(owner: type[Kind], of: type[Kind], name: str, through: Through) -> ColumnElement[bool]:
    """The condition for the rows of the kind *of* in the collection *name* of an *owner*, whose id is bound as
    ``owner``.

    Where the account stores are listed, they are bound as ``directories`` and ``groups``.
    """
    listed: list[Any] = [bindparam(name, expanding=True) for name in ("directories", "groups")]
    match through:
        case Through.DIRECTORIES:
            return _in_directories(of, listed[0])
        case Through.GROUPS:
            return or_(_in_directories(of, listed[0]), _in_groups(of, listed[1]))
        case Through.MANY:
            every = _STORES[owner].statement.limit(None)
            directories, groups = (every.with_only_columns(one) for one in every.selected_columns)
            return or_(_in_directories(of, directories), _in_groups(of, groups))
    special = _SPECIAL.get((owner, name))
    return SHAPES[of].table.c[f"{owner.title().lower()}_id"] == _owner if special is None else special


def is_held(owner: type[Kind] | None, through: Through) -> ColumnElement[bool]:
    """The condition that :func:`condition` has for accounts, to be checked for each of those that something else has
    found. No index answers it, so that the database does not begin with it.

    For an account of an application, organization, directory or group, or of the tenant.
    """
    directory = _accounts.c.directory_id.concat("")
    listed: list[Any] = [bindparam(name, expanding=True) for name in ("directories", "groups")]
    match through:
        case Through.DIRECTORIES:
            return directory.in_(listed[0])
        case Through.GROUPS:
            return or_(directory.in_(listed[0]), _is_member(listed[1]))
        case Through.MANY:
            every = _STORES[owner].statement.limit(None)
            directories, groups = (every.with_only_columns(one) for one in every.selected_columns)
            return or_(directory.in_(directories), _is_member(groups))
    if owner is kinds.Group:
        return _is_member([_owner])
    return (directory if owner is kinds.Directory else _accounts.c.tenant_id.concat("")) == _owner


def _is_member(groups: Any) -> ColumnElement[bool]:
    return exists().where(_memberships.c.account_id == _accounts.c.id, _memberships.c.group_id.in_(groups))


def stores(work: UnitOfWork, listing: Listing) -> tuple[Through, dict[str, list[str]]]:
    """How *listing* belongs to its owner, and the ids of the directories and groups among the owner's account stores.

    They are parameters of :func:`condition`. With listed ids the database finds a better plan.
    """
    if listing.owner not in _STORES or listing.of not in (kinds.Account, kinds.Group):
        return Through.NOTHING, {}
    rows = _STORES[listing.owner].rows(work.connection, {"owner": listing.id})
    if len(rows) > MOST_LISTED:
        return Through.MANY, {}
    directories, groups = ([row[at] for row in rows if row[at]] for at in (0, 1))
    return Through.GROUPS if groups else Through.DIRECTORIES, {"directories": directories, "groups": groups}


def reachable(application_id: ColumnElement[str], account: Table) -> ColumnElement[bool]:
    """A condition: a row of *account* is in an ENABLED account store that is mapped to the application.

    A store of an ENABLED organization counts as mapped where the organization is. The usual kinds of mapping are tried
    first, and the database stops at the first one that fits.
    """
    is_mapped = _mappings.c.application_id == application_id
    in_directory = _directories.c.id == account.c.directory_id, _directories.c.status == ENABLED
    in_group = (
        *in_directory,
        _memberships.c.account_id == account.c.id,
        _groups.c.id == _memberships.c.group_id,
        _groups.c.status == ENABLED,
    )
    in_organization = (
        is_mapped,
        _mappings.c.account_store_organization_id == _inner.c.organization_id,
        _organizations.c.id == _inner.c.organization_id,
        _organizations.c.status == ENABLED,
    )
    ways = (
        (is_mapped, _mappings.c.account_store_directory_id == account.c.directory_id, *in_directory),
        (is_mapped, _mappings.c.account_store_group_id == _memberships.c.group_id, *in_group),
        (*in_organization, _inner.c.account_store_directory_id == account.c.directory_id, *in_directory),
        (*in_organization, _inner.c.account_store_group_id == _memberships.c.group_id, *in_group),
    )
    return case(*((exists().where(*way), true()) for way in ways), else_=false())


def linked_to(account_id: str | BindParameter[str]) -> CompoundSelect[Any]:
    """A SELECT of the ids of the accounts that *account_id* is linked to, on either side of a link."""
    to_the_right = select(_links.c.right_account_id).where(_links.c.left_account_id == account_id)
    to_the_left = select(_links.c.left_account_id).where(_links.c.right_account_id == account_id)
    return to_the_right.union_all(to_the_left)


def _those(column: Column[str], wanted: ColumnElement[bool]) -> ScalarSelect[str]:
    return select(column).where(wanted).scalar_subquery()


def _having(**stores: Any) -> ColumnElement[bool]:
    """The condition for applications that have one of *stores* (ids of directories, or of groups), or an organization
    with it.

    Each kind of mapping is a SELECT of its own, because PostgreSQL uses no index for an OR of subqueries.
    """
    through = _mappings.join(_inner, _inner.c.organization_id == _mappings.c.account_store_organization_id)
    ways = [
        select(_mappings.c.application_id).select_from(way).where(mappings.c[f"account_store_{kind}_id"].in_(ids))
        for way, mappings in ((_mappings, _mappings), (through, _inner))
        for kind, ids in stores.items()
    ]
    return _applications.c.id.in_(union_all(*ways))


def _in_directories(of: type[Kind], directories: Any) -> ColumnElement[bool]:
    return SHAPES[of].table.c.directory_id.in_(directories)


def _in_groups(of: type[Kind], groups: Any) -> ColumnElement[bool]:
    if of is kinds.Group:
        return _groups.c.id.in_(groups)
    return _accounts.c.id.in_(_those(_memberships.c.account_id, _memberships.c.group_id.in_(groups)))


_STORES: Mapping[type[Kind] | None, Query] = {
    kinds.Application: Query(
        select(ROUTE_DIRECTORY, ROUTE_GROUP)
        .select_from(ROUTES)
        .where(_mappings.c.application_id == _owner)
        .distinct()
        .limit(MOST_LISTED + 1)
    ),
    kinds.Organization: Query(
        select(_inner.c.account_store_directory_id, _inner.c.account_store_group_id)
        .where(_inner.c.organization_id == _owner)
        .limit(MOST_LISTED + 1)
    ),
}

_keys, _registrations = schema.api_keys, schema.saml_service_provider_registrations
_templates = schema.email_templates

#: The conditions of collections whose rows have no column with the id of the owner.
_SPECIAL: Mapping[tuple[type[Kind], str], ColumnElement[bool]] = {
    (kinds.Application, "apiKeys"): exists().where(
        _accounts.c.id == _keys.c.account_id,
        _accounts.c.status == ENABLED,
        reachable(_owner, _accounts),
        exists().where(_applications.c.id == _owner, _applications.c.status == ENABLED),
    ),
    (kinds.Directory, "applications"): _having(directory=[_owner]),
    (kinds.Directory, "applicationMappings"): _mappings.c.account_store_directory_id == _owner,
    (kinds.Directory, "organizations"): _organizations.c.id.in_(
        _those(_inner.c.organization_id, _inner.c.account_store_directory_id == _owner)
    ),
    (kinds.Directory, "organizationMappings"): _inner.c.account_store_directory_id == _owner,
    (kinds.Group, "accounts"): _accounts.c.id.in_(_those(_memberships.c.account_id, _memberships.c.group_id == _owner)),
    (kinds.Group, "applications"): _having(group=[_owner]),
    (kinds.Account, "groups"): _groups.c.id.in_(_those(_memberships.c.group_id, _memberships.c.account_id == _owner)),
    (kinds.Account, "applications"): _having(
        directory=_those(_accounts.c.directory_id, _accounts.c.id == _owner),
        group=_those(_memberships.c.group_id, _memberships.c.account_id == _owner),
    ),
    **{
        (owner, f"{purpose}EmailTemplates"): (_templates.c.directory_id == _owner) & (_templates.c.purpose == purpose)
        for owner, purposes in (
            (kinds.PasswordPolicy, (RESET, RESET_SUCCESS)),
            (kinds.AccountCreationPolicy, (VERIFICATION, VERIFICATION_SUCCESS, WELCOME)),
        )
        for purpose in purposes
    },
    (kinds.AccountSchema, "fields"): schema.fields.c.schema_id == _owner,
    (kinds.SamlIdentityProvider, "samlServiceProviderRegistrations"): _registrations.c.identity_provider_id == _owner,
    (kinds.SamlIdentityProvider, "registeredSamlServiceProviders"): schema.registered_saml_service_providers.c.id.in_(
        _those(_registrations.c.service_provider_id, _registrations.c.identity_provider_id == _owner)
    ),
    (kinds.Invitation, "groups"): _groups.c.id.in_(
        _those(schema.invitation_groups.c.group_id, schema.invitation_groups.c.invitation_id == _owner)
    ),
    (kinds.Account, "linkedAccounts"): _accounts.c.id.in_(linked_to(_owner)),
    (kinds.Account, "accountLinks"): or_(_links.c.left_account_id == _owner, _links.c.right_account_id == _owner),
}
