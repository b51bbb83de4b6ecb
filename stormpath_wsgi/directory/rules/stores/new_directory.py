"""The directory that is made together with an application or organization, for ``createDirectory``."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rules.stores import directories, mappings
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire import bodies, canonical
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import Application, Directory, Kind, Organization

#: The codes for a name that is taken, by the kind of the owner.
_TAKEN: Mapping[type[Kind], Code] = {
    Application: Code.APPLICATION_DIRECTORY_NAME_TAKEN,
    Organization: Code.ORGANIZATION_DIRECTORY_NAME_TAKEN,
}


def wish(params: Mapping[str, Any]) -> str | bool:
    """The value of ``createDirectory`` in *params*: False, True, or a name.

    Clients in Python send ``True`` and ``False``.
    """
    value = params.get("createDirectory")
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise fault(Code.WRONG_TYPE, "createDirectory must be true, false or a name.")
    if not value.strip():
        raise fault(Code.REQUIRED, "createDirectory is required; it cannot be null, empty, or blank.")
    wish = {"true": True, "false": False}.get(value.lower())
    return str(Directory.name.check(value)) if wish is None else wish


def make(work: UnitOfWork, owner: Resource, owner_name: str, wish: str | bool) -> None:
    """Makes the directory that *wish* asks for, if any, as the default store of *owner* for accounts and groups.

    Raises 5010 when its name is taken; 4520 for an organization.
    """
    if not wish:
        return
    name = _free_name(work, owner_name) if wish is True else wish
    if _is_taken(work, name):
        raise fault(_TAKEN[owner.kind])
    id = directories.make(work, bodies.of_creation(Directory, {"name": name}, work.base_url).values)
    store = Resource(Directory, id)
    mappings.add(work, owner, store, is_default_account_store=True, is_default_group_store=True)


def _free_name(work: UnitOfWork, owner: str) -> str:
    """``<owner> Directory``, followed by ``(2)``, ``(3)`` … if that name is taken; shortened to the allowed length."""
    longest = Directory.name.length[1]
    endings = itertools.chain([" Directory"], (f" Directory ({number})" for number in itertools.count(2)))
    names = (owner[: longest - len(ending)] + ending for ending in endings)
    return next(name for name in names if not _is_taken(work, name))


def _is_taken(work: UnitOfWork, name: str) -> bool:
    table = schema.directories
    mine = select(table.c.id).where(
        table.c.tenant_id == work.tenant_id, table.c.name_folded == canonical.canonical_name(name)
    )
    return work.connection.execute(mine).first() is not None
