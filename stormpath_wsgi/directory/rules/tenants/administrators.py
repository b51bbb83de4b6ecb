"""The administrators of a tenant: a directory of its own. Only the API keys of its accounts may use the REST API.

:mod:`.bootstrap` makes this directory together with the first API key; a site that never makes an API key has none. It
cannot be mapped to an application, so nobody becomes an administrator by registering. A table says which directory it
is. Its name does not decide, because another directory could get that name.
Source: the tenant in the resource reference of the REST API v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.errors import fault

#: The name by which old clients know the directory.
NAME = "Stormpath Administrators"

_table, _accounts, _groups, _keys = schema.administrators, schema.accounts, schema.groups, schema.api_keys
_OWNER = select(_table.c.account_id).where(_table.c.tenant_id == bindparam("tenant_id"))


def owner(work: UnitOfWork) -> str | None:
    """The id of the account that owns the tenant; None before there is an API key."""
    return work.connection.execute(_OWNER, {"tenant_id": work.tenant_id}).scalar()


def have_key(work: UnitOfWork) -> bool:
    """Whether an administrator has an API key, enabled or not."""
    found = (
        select(_keys.c.id)
        .join(_accounts, _accounts.c.id == _keys.c.account_id)
        .join(_table, _table.c.directory_id == _accounts.c.directory_id)
        .where(_table.c.tenant_id == work.tenant_id)
    )
    return work.connection.execute(found.limit(1)).first() is not None


def keep_owner(work: UnitOfWork, account_id: str, code: Code) -> None:
    """Raises *code* if the account is the tenant's owner."""
    if owner(work) == account_id:
        raise fault(code)


def keep_directory(work: UnitOfWork, directory_id: str, properties: Mapping[str, Any] | None = None) -> None:
    """Raises a 403 if the directory is the administrators', which can neither be removed nor renamed.

    *properties*: the body of a change; None: the directory is to be removed.
    """
    if _is_theirs(work, _table.c.directory_id == directory_id):
        if properties is None:
            raise fault(Code.NOT_ALLOWED, f"The directory {NAME} cannot be deleted.")
        if properties.get("name", NAME) != NAME:
            raise fault(Code.NOT_ALLOWED, f"The directory {NAME} cannot be renamed.")


def keep_apart(work: UnitOfWork, store: Resource) -> None:
    """Raises 2014 if *store* is the administrators' directory or a group in it: these may not be mapped."""
    of_group = select(_groups.c.directory_id).where(_groups.c.id == store.id).scalar_subquery()
    if _is_theirs(work, or_(_table.c.directory_id == store.id, _table.c.directory_id == of_group)):
        raise fault(Code.NOT_LINKABLE, f"The directory {NAME} cannot be mapped.")


def _is_theirs(work: UnitOfWork, which: ColumnElement[bool]) -> bool:
    found = select(_table.c.directory_id).where(_table.c.tenant_id == work.tenant_id, which)
    return work.connection.execute(found).first() is not None
