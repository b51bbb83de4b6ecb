"""What tells people of the same name apart at an application: whose names stand alone, and what the others begin with.

A username is unique in its directory only. So an application has one *home directory*, whose accounts it may know by
their bare usernames: that of the first store that it mapped; none, if that was an organization. The accounts of every
other directory are known by that directory's *qualifier* and their username. Both are written when they are first
needed and never changed: neither mapping, renaming and deleting nor registering somewhere else gives anybody another
name, or the name that was another's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire.canonical import canonical_username
from stormpath_wsgi.directory.wire.paths import Resource

_homes, _qualifiers = schema.home_directories, schema.qualifiers
_directories, _groups = schema.directories, schema.groups

#: What ends a qualifier, and what nobody sees.
_UNSAFE = re.compile(f"[{kinds.COLON}{kinds.CONTROL}{kinds.UNSEEN}]")


def settle(work: UnitOfWork, owner: Resource, store: Resource) -> None:
    """Sees to it that the accounts of *store*, which *owner* is about to map, have a name of their own there.

    *owner*: an application or organization. An organization that is a store has seen to its own stores.
    """
    directory_id = None
    if store.kind is not kinds.Organization:
        directory_id, name = work.connection.execute(_DIRECTORY[store.kind], {"id": store.id}).one()
        _qualify(work, directory_id, name)
    if owner.kind is kinds.Application:
        _insert(work, _homes, application_id=owner.id, directory_id=directory_id)


def _qualify(work: UnitOfWork, directory_id: str, name: str) -> None:
    mine = select(_qualifiers.c.key).where(_qualifiers.c.directory_id == directory_id)
    for qualifier in _candidates(name, directory_id):
        if work.connection.execute(mine).first() is not None:
            return
        key = canonical_username(qualifier)
        _insert(work, _qualifiers, tenant_id=work.tenant_id, directory_id=directory_id, qualifier=qualifier, key=key)


def _candidates(name: str, id: str) -> Iterator[str]:
    """The *name* of the directory, with a number, with its *id*; each without what a qualifier must not hold."""
    plain = _UNSAFE.sub("_", name).strip()
    yield plain
    yield from (f"{plain} ({number})" for number in range(2, 10))
    yield f"{plain} ({id})"


def _insert(work: UnitOfWork, table: Table, **values: str | None) -> None:
    """Adds a row unless one of its keys is there. Waits for another transaction that is about to add it."""
    statement = _DIALECTS[work.connection.dialect.name](table).on_conflict_do_nothing()
    work.connection.execute(statement, values)


_DIALECTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

_DIRECTORY: Mapping[type[kinds.Kind], Any] = {
    kinds.Directory: select(_directories.c.id, _directories.c.name).where(_directories.c.id == bindparam("id")),
    kinds.Group: select(_directories.c.id, _directories.c.name)
    .join_from(_groups, _directories, _directories.c.id == _groups.c.directory_id)
    .where(_groups.c.id == bindparam("id")),
}
