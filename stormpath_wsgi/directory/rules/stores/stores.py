"""The account stores that a request is about: all stores of an application in their order, or those that it names.

An organization stands for its own stores, in its own order. A store of an organization counts as mapped to the
applications that the organization is mapped to.
Source: the login chapter of the REST API v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, Select, bindparam, case, exists, func, or_, select

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.reach import ROUTE_DIRECTORY, ROUTE_GROUP, ROUTES
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.canonical import canonical_name, canonical_username
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import DISABLED, ENABLED, is_storable

_accounts, _passwords, _names = schema.accounts, schema.passwords, schema.login_names
_groups, _directories, _memberships = schema.groups, schema.directories, schema.group_memberships
_applications, _mappings = schema.applications, schema.account_store_mappings
_organizations, _inner = schema.organizations, schema.organization_store_mappings
_policies, _providers = schema.account_linking_policies, schema.providers

#: The property of a body. The old Python SDK uses the second spelling when it asks for a verification mail.
_SPELLINGS = ("accountStore", "account_store")


@dataclass(frozen=True, slots=True)
class Scope:
    """The account stores that a request searches. The request names a *store*, an organization, both, or neither.

    *is_open*: whether the application is ENABLED. *is_empty*: whether there is no store to search.
    *organization_id*: the id of the organization that the request names, by its href or by its key.
    """

    application_id: str
    is_open: bool
    is_empty: bool
    store: Resource | None = None
    organization_id: str | None = None

    @property
    def names(self) -> Names:
        """What the request names, as the statements need it."""
        return Names(self.store.kind if self.store is not None else None, self.organization_id is not None)

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the statements for :attr:`names`."""
        store_id = self.store.id if self.store is not None else None
        named = {"store_id": store_id, "organization_id": self.organization_id}
        return {"application_id": self.application_id, **named}


class Names(NamedTuple):
    """What kinds of resources a request names. Requests that name the same kinds use the same statement, built once."""

    store: type[kinds.Kind] | None
    organization: bool


class Candidate(NamedTuple):
    """The first account that a login names, with its password and all that decides whether it may sign in."""

    account_id: str
    directory_id: str
    status: str
    directory_status: str
    group_status: str | None  # None: the account was found in a directory, not through a group
    organization_status: str | None  # None: the account was not found through an organization
    linking_status: str | None  # the status of the account linking policy that applies
    position: int | None
    hash: str | None

    def __repr__(self) -> str:
        return f"Candidate({self.account_id!r})"


class Provided(NamedTuple):
    """The directory of a provider that a request is about, and the statuses on the way to it."""

    directory_id: str
    directory_status: str
    organization_status: str | None  # None: the directory was not found through an organization


def taken_out(properties: Any) -> tuple[Any, Any]:
    """*properties* of a body without the account store in them, and that store as it was sent."""
    if not isinstance(properties, Mapping):
        return properties, None
    sent = [properties[name] for name in _SPELLINGS if properties.get(name) is not None]
    rest = {name: value for name, value in properties.items() if name not in _SPELLINGS}
    return rest, sent[0] if sent else None


def scope(work: UnitOfWork, application_id: str, account_store: Any = None, name_key: Any = None) -> Scope:
    """The scope that a request names with *account_store* (``{"href": …}``, ``{"nameKey": …}`` or an href) and
    *name_key*.

    Both are values of a body, or None. Raises a 404 where the tenant has no such application; 2002, 2004, 2014, 2016
    for a value that names no account store; 5114 for a store that is not mapped to the application.
    """
    store, organization_id = _named(work, account_store, name_key)
    of_organization = organization_id is not None
    parameters = {"application_id": application_id, "tenant_id": work.tenant_id, "organization_id": organization_id}
    row = work.connection.execute(_application(of_organization=of_organization), parameters).first()
    if row is None:
        raise fault(Code.NOT_FOUND)
    found = Scope(application_id, row.status == ENABLED, not row.has_stores, store, organization_id)
    if any(found.names) and work.connection.execute(_mapped(found.names), found.parameters).first() is None:
        raise fault(Code.STORE_NOT_MAPPED)
    return found


def find(work: UnitOfWork, scope: Scope, login: str) -> Candidate | None:
    """The first account in *scope* that has *login* as its username or e-mail address. None of a social directory is
    found: nobody signs in there with a password.

    None if there is none, and always at a disabled application: the REST API has no code for that case, and an answer
    shall not tell whether an account exists there.
    """
    if not scope.is_open or not is_storable(login):
        return None
    policy_id = scope.organization_id or scope.application_id
    parameters = {**scope.parameters, "policy_id": policy_id, "key": canonical_username(login)}
    row = work.connection.execute(_candidates(scope.names), parameters).first()
    return None if row is None else Candidate._make(row)


def of_provider(work: UnitOfWork, scope: Scope, provider_id: str) -> Provided | None:
    """The first directory in *scope* of the social provider with that id, and one that is open before one that is not.

    None if there is none, and always at a disabled application.
    """
    if not scope.is_open:
        return None
    parameters = {**scope.parameters, "provider_id": provider_id}
    row = work.connection.execute(_provided(scope.names), parameters).first()
    return None if row is None else Provided._make(row)


def is_social() -> ColumnElement[bool]:
    """A condition for providers: people sign in there, so no password of theirs is checked here."""
    return _providers.c.provider_id.not_in(sorted(kinds.Provider.own))


def holds(work: UnitOfWork, scope: Scope, account_id: str) -> bool:
    """Whether the account is in *scope*, with every group, directory and organization on the way to it ENABLED."""
    if not scope.is_open:
        return False
    parameters = {**scope.parameters, "account_id": account_id}
    return work.connection.execute(_holding(scope.names), parameters).first() is not None


def newest() -> ScalarSelect[Any]:
    """A SELECT of the position of an account's current password.

    A new password moves it, a new hash of the same does not.
    """
    every = _passwords.alias()
    return select(func.max(every.c.position)).where(every.c.account_id == _accounts.c.id).scalar_subquery()


def organization_named(work: UnitOfWork, account_store: Any) -> str | None:
    """The id of the organization that a request names with *account_store*, a value of its body; None: it names none.

    Raises as :func:`scope` does for a value that names no account store.
    """
    return None if account_store is None else _named(work, account_store, None)[1]


def _named(work: UnitOfWork, account_store: Any, name_key: Any) -> tuple[Resource | None, str | None]:
    """The directory or group that the request names, and the id of the organization that it names."""
    href = account_store
    if isinstance(account_store, Mapping):
        href, name_key = account_store.get("href"), account_store.get("nameKey", name_key)
        if href is None and name_key is None:
            raise fault(Code.WRONG_TYPE, "accountStore must be an object with an href or a nameKey.")
    store, organization_id = None, None if name_key is None else _organization(work, name_key)
    if href is not None:
        if not isinstance(href, str):
            raise fault(Code.WRONG_TYPE, "accountStore is an invalid type.")
        store = bodies.resource_at(href, work.base_url, kinds.LoginAttempt.account_store.to, "accountStore")
        records.require(work, store, "accountStore")
    if store is not None and store.kind is kinds.Organization:
        return None, store.id
    return store, organization_id


def _organization(work: UnitOfWork, name_key: Any) -> str:
    """The id of the organization with the key *name_key*. Raises 2004, 2016."""
    if not isinstance(name_key, str):
        raise fault(Code.WRONG_TYPE, "nameKey is an invalid type.")
    parameters = {"tenant_id": work.tenant_id, "key": canonical_name(name_key)}
    found = work.connection.execute(_BY_KEY, parameters).scalar() if is_storable(name_key) else None
    if found is None:
        raise fault(Code.UNKNOWN_RESOURCE, "nameKey does not match a known resource.")
    return str(found)


_BY_KEY = select(_organizations.c.id).where(
    _organizations.c.tenant_id == bindparam("tenant_id"), _organizations.c.name_key_folded == bindparam("key")
)

#: The stores of an organization come at the place of the organization.
_ORDER = (_mappings.c.list_index, _inner.c.list_index)


@cache
def _application(*, of_organization: bool) -> Select[Any]:
    """The status of an application, and whether it has stores, or the named organization has."""
    mapping = _mappings.c.application_id == _applications.c.id
    if of_organization:
        mapping = _inner.c.organization_id == bindparam("organization_id")
    return select(_applications.c.status, exists().where(mapping).label("has_stores")).where(
        _applications.c.id == bindparam("application_id"), _applications.c.tenant_id == bindparam("tenant_id")
    )


def _within(names: Names) -> list[ColumnElement[bool]]:
    """The conditions for the routes of an application that lead to what the request names."""
    within = [_mappings.c.application_id == bindparam("application_id")]
    if names.organization:
        within.append(_mappings.c.account_store_organization_id == bindparam("organization_id"))
    if names.store is not None:
        within.append((ROUTE_GROUP if names.store is kinds.Group else ROUTE_DIRECTORY) == bindparam("store_id"))
    return within


@cache
def _mapped(names: Names) -> Select[Any]:
    """A mapping of an application that leads to what the request names."""
    return select(_mappings.c.id).select_from(ROUTES).where(*_within(names)).limit(1)


def _ways() -> FromClause:
    """The routes, joined with the organizations, directories and groups on them."""
    directory_id = func.coalesce(ROUTE_DIRECTORY, _groups.c.directory_id)
    return (
        ROUTES.outerjoin(_organizations, _organizations.c.id == _mappings.c.account_store_organization_id)
        .outerjoin(_groups, _groups.c.id == ROUTE_GROUP)
        .join(_directories, _directories.c.id == directory_id)
    )


def _lets_in() -> ColumnElement[bool]:
    """The condition that a route leads to an account of its directory; a route to a group leads only to its members."""
    is_member = exists().where(_memberships.c.group_id == ROUTE_GROUP, _memberships.c.account_id == _accounts.c.id)
    return or_(ROUTE_GROUP.is_(None), is_member)


@cache
def _holding(names: Names) -> Select[Any]:
    """The statement for an account to which a route leads on which everything is ENABLED."""
    statuses = (_organizations.c.status, _groups.c.status, _directories.c.status)
    return (
        select(_accounts.c.id)
        .select_from(_ways())
        .join(_accounts, _accounts.c.directory_id == _directories.c.id)
        .where(
            *_within(names),
            _accounts.c.id == bindparam("account_id"),
            _lets_in(),
            *(func.coalesce(status, ENABLED) == ENABLED for status in statuses),
        )
        .limit(1)
    )


@cache
def _provided(names: Names) -> Select[Any]:
    """The statement for the directory of a provider."""
    is_closed = or_(_directories.c.status == DISABLED, func.coalesce(_organizations.c.status, ENABLED) == DISABLED)
    return (
        select(_directories.c.id, _directories.c.status, _organizations.c.status)
        .select_from(_ways())
        .join(_providers, _providers.c.id == _directories.c.id)
        .where(
            *_within(names), ROUTE_GROUP.is_(None), _providers.c.provider_id == bindparam("provider_id"), is_social()
        )
        .order_by(case((is_closed, 1), else_=0), *_ORDER)
        .limit(1)
    )


@cache
def _candidates(names: Names) -> Select[Any]:
    """The statement for the account with a login name, in the first store that has it."""
    of_provider = exists().where(_providers.c.id == _directories.c.id, is_social())
    linking = select(_policies.c.status).where(_policies.c.id == bindparam("policy_id")).scalar_subquery()
    # To a store that the request names, a route on which everything is ENABLED comes first, if there is one.
    closed = [case((_organizations.c.status == DISABLED, 1), else_=0)] if any(names) else []
    return (
        select(
            _accounts.c.id,
            _accounts.c.directory_id,
            _accounts.c.status,
            _directories.c.status,
            _groups.c.status,
            _organizations.c.status,
            linking,
            _passwords.c.position,
            _passwords.c.hash,
        )
        .select_from(_ways())
        .join(_names, (_names.c.directory_id == _directories.c.id) & (_names.c.key == bindparam("key")))
        .join(_accounts, _accounts.c.id == _names.c.account_id)
        .outerjoin(_passwords, (_passwords.c.account_id == _accounts.c.id) & (_passwords.c.position == newest()))
        .where(*_within(names), _lets_in(), ~of_provider)
        .order_by(*closed, *_ORDER)
        .limit(1)
    )
