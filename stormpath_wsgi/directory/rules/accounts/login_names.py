"""Login names: the usernames and e-mail addresses with which people sign in. They are unique within a directory.

Usernames and e-mail addresses share one name space. Otherwise somebody could register another person's address as a
username, and a login with that address might find the wrong account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
)

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows.reach import ROUTE_DIRECTORY, ROUTE_GROUP, ROUTES
from stormpath_wsgi.directory.rows.records import taken
from stormpath_wsgi.directory.rules.stores import stores
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire.canonical import canonical_email, canonical_username
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import VERIFIED, Kind

_table, _accounts = schema.login_names, schema.accounts
_groups, _mappings, _inner = schema.groups, schema.account_store_mappings, schema.organization_store_mappings


def claim(work: UnitOfWork, account_id: str, among: Resource | None = None) -> None:
    """Makes the account's username and e-mail address its only login names.

    No account in an account store of *among*, an application or organization, may have one of them; one of a social
    provider counts if the provider has proved its address. Within a directory a constraint of the table makes them
    unique. Across directories this function reads before it writes, so on PostgreSQL two accounts that are made at the
    same moment in two directories may get the same name.

    Raises 2001, which names the attribute that is taken; 2000 when a name consists of invisible characters only.
    """
    account = work.connection.execute(_OF_ACCOUNT, {"id": account_id}).one()
    wanted = {canonical_username(account.username): "username", canonical_email(account.email): "email"}
    if "" in wanted:
        raise fault(Code.REQUIRED, f"Account {wanted['']} is required; it cannot be null, empty, or blank.")
    if among is not None and among.kind in _KNOWN:
        known = work.connection.execute(_KNOWN[among.kind], {"owner": among.id, "keys": sorted(wanted)}).first()
        if known is not None:
            raise fault(Code.NOT_UNIQUE, taken_text(wanted[known.key]))
    mine = _table.c.account_id == account_id
    held = set(work.connection.execute(select(_table.c.key).where(mine)).scalars())
    # Sorted, and before it gives names up: otherwise two transactions could wait for each other for ever.
    for key in sorted(wanted.keys() - held):
        with taken(taken_text(wanted[key])):
            row = {"directory_id": account.directory_id, "key": key, "account_id": account_id}
            work.connection.execute(insert(_table), row)
    if gone := held - wanted.keys():
        work.connection.execute(delete(_table).where(mine, _table.c.key.in_(gone)))


def are_free(
    work: UnitOfWork, account_id: str, directory_id: str, *, username: str | None = None, email: str | None = None
) -> bool:
    """Whether no other account of the directory has one of these names. None: that one is not asked for."""
    keys = [] if username is None else [canonical_username(username)]
    keys += [] if email is None else [canonical_email(email)]
    mine = (_table.c.directory_id == directory_id, _table.c.key.in_(keys), _table.c.account_id != account_id)
    return "" not in keys and work.connection.execute(select(_table.c.key).where(*mine)).first() is None


def is_taken(work: UnitOfWork, email: str, application_id: str) -> bool:
    """Whether :func:`claim` would refuse the address among the accounts of the application."""
    asked = {"keys": [canonical_email(email)], "owner": application_id}
    return work.connection.execute(_KNOWN[kinds.Application], asked).first() is not None


def is_known(work: UnitOfWork, email: str, directory_id: str, application_id: str) -> bool:
    """Whether an account has the address as a login name: in the directory, or in an account store of the application
    where people sign in with a password.
    """
    asked = {"keys": [canonical_email(email)], "directory": directory_id, "owner": application_id}
    return work.connection.execute(_WITH_PASSWORDS, asked).first() is not None


def owners(work: UnitOfWork, directory_id: str, keys: Iterable[str], among: Resource) -> dict[str, str]:
    """The ids of the accounts in the directory, and in the account stores of *among*, that have one of the login names
    *keys*, by that name.
    """
    wanted = {"keys": sorted({*keys}), "directory": directory_id, "owner": among.id}
    found = work.connection.execute(_OWNERS[among.kind if among.kind in _KNOWN else kinds.Directory], wanted)
    return {row.key: row.account_id for row in found}


def taken_text(attribute: str) -> str:
    """What developers are told of an *attribute* whose value another account has."""
    return f"Account {attribute} is already in use; choose another."


_OF_ACCOUNT = select(_accounts.c.username, _accounts.c.email, _accounts.c.directory_id).where(
    _accounts.c.id == bindparam("id")
)


def _directories(
    ways: FromClause, owner: Column[str], directory: ColumnElement[str], group: ColumnElement[str]
) -> Select[Any]:
    """The directories of the account stores of *owner*. A group counts as its directory."""
    return (
        select(func.coalesce(directory, _groups.c.directory_id))
        .select_from(ways.outerjoin(_groups, _groups.c.id == group))
        .where(owner == bindparam("owner"))
    )


_WANTED = _table.c.key.in_(bindparam("keys", expanding=True))
_STORES_OF: Mapping[type[Kind], Select[Any]] = {
    kinds.Application: _directories(ROUTES, _mappings.c.application_id, ROUTE_DIRECTORY, ROUTE_GROUP),
    kinds.Organization: _directories(
        _inner, _inner.c.organization_id, _inner.c.account_store_directory_id, _inner.c.account_store_group_id
    ),
}
_OF_PROVIDERS = exists().where(schema.providers.c.id == _table.c.directory_id, stores.is_social())
#: Somebody may say at a provider to have the address of somebody else, who shall get an account here all the same.
_COUNTS = or_(
    ~_OF_PROVIDERS,
    exists().where(_accounts.c.id == _table.c.account_id, _accounts.c.email_verification_status == VERIFIED),
)
#: The keys, among given ones, that accounts in the account stores of an owner have.
_KNOWN: Mapping[type[Kind], Select[Any]] = {
    kind: select(_table.c.key).where(_WANTED, _table.c.directory_id.in_(within), _COUNTS)
    for kind, within in _STORES_OF.items()
}
_IN_DIRECTORY = _table.c.directory_id == bindparam("directory")
_OF_KEYS = select(_table.c.key, _table.c.account_id)
_OWNERS: Mapping[type[Kind], Select[Any]] = {
    kinds.Directory: _OF_KEYS.where(_WANTED, _IN_DIRECTORY),
    **{
        kind: _OF_KEYS.where(_WANTED, or_(_IN_DIRECTORY, and_(_table.c.directory_id.in_(within), _COUNTS)))
        for kind, within in _STORES_OF.items()
    },
}
_WITH_PASSWORDS = _OWNERS[kinds.Application].where(or_(_IN_DIRECTORY, ~_OF_PROVIDERS)).limit(1)
