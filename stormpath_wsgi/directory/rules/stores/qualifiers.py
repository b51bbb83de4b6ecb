"""Qualifiers: how an application distinguishes accounts of the same name in different directories.

A username is unique in its directory only. So an application has one *home directory*, whose accounts it knows by their
bare usernames. It is the directory of the first store that was mapped to the application; if that was an organization,
there is none. The accounts of every other directory are known by the *qualifier* of that directory and their username.
Home directory and qualifiers are stored when they are first needed, and never changed. So neither mapping, renaming or
deleting directories nor registering somewhere else gives an account a new name, or the name of another account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Label, Table, bindparam, exists, select

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.storage import schema, upsert
from stormpath_wsgi.directory.wire.canonical import canonical_username
from stormpath_wsgi.directory.wire.paths import Resource

_homes, _qualifiers = schema.home_directories, schema.qualifiers
_directories, _groups = schema.directories, schema.groups

#: Characters that a qualifier must not have: the colon that ends it, and invisible ones.
_UNSAFE = re.compile(f"[{kinds.COLON}{kinds.CONTROL}{kinds.UNSEEN}]")


def settle(work: UnitOfWork, owner: Resource, store: Resource) -> None:
    """Stores the home directory and the qualifier that are needed when *store* is mapped to *owner*.

    *owner*: an application or organization. If *store* is an organization, this was done for its stores before.
    """
    directory_id = None
    if store.kind is not kinds.Organization:
        directory_id, name = work.connection.execute(_DIRECTORY[store.kind], {"id": store.id}).one()
        _qualify(work, directory_id, name)
    if owner.kind is kinds.Application:
        _insert(work, _homes, application_id=owner.id, directory_id=directory_id)


def naming_columns(directory_id: ColumnElement[str]) -> tuple[Label[bool], Label[str]]:
    """The columns of a statement for what :func:`naming` is given, for accounts in the directory *directory_id*.

    The statement has the parameter ``application_id``.
    """
    is_home = exists().where(
        _homes.c.application_id == bindparam("application_id"), _homes.c.directory_id == directory_id
    )
    qualifier = select(_qualifiers.c.qualifier).where(_qualifiers.c.directory_id == directory_id).scalar_subquery()
    return is_home.label("is_home"), qualifier.label("qualifier")


def naming(is_home: object, qualifier: str | None) -> dict[str, Any]:
    """What tells an account from others of its name at an application, as the REST API writes it."""
    return {"isHome": bool(is_home), "qualifier": qualifier}


def _qualify(work: UnitOfWork, directory_id: str, name: str) -> None:
    mine = select(_qualifiers.c.key).where(_qualifiers.c.directory_id == directory_id)
    for qualifier in _candidates(name, directory_id):
        if work.connection.execute(mine).first() is not None:
            return
        key = canonical_username(qualifier)
        _insert(work, _qualifiers, tenant_id=work.tenant_id, directory_id=directory_id, qualifier=qualifier, key=key)


def _candidates(name: str, id: str) -> Iterator[str]:
    """Possible qualifiers: the *name* of the directory, the name with numbers, the name with the *id*, without unsafe
    characters.
    """
    plain = _UNSAFE.sub("_", name).strip()
    yield plain
    yield from (f"{plain} ({number})" for number in range(2, 10))
    yield f"{plain} ({id})"


def _insert(work: UnitOfWork, table: Table, **values: str | None) -> None:
    """Inserts a row unless a row with one of its keys exists.

    Waits for another transaction that is inserting such a row.
    """
    statement = upsert.insert(table, work.connection.dialect.name).on_conflict_do_nothing()
    work.connection.execute(statement, values)


_DIRECTORY: Mapping[type[kinds.Kind], Any] = {
    kinds.Directory: select(_directories.c.id, _directories.c.name).where(_directories.c.id == bindparam("id")),
    kinds.Group: select(_directories.c.id, _directories.c.name)
    .join_from(_groups, _directories, _directories.c.id == _groups.c.directory_id)
    .where(_groups.c.id == bindparam("id")),
}
