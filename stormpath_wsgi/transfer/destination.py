"""Where in a directory new accounts belong."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, select

from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rules.stores import applications, mappings
from stormpath_wsgi.directory.rules.tenants import bootstrap
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.canonical import canonical_name
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.kinds import Application, id_of
from stormpath_wsgi.transfer.problems import TransferError
from stormpath_wsgi.transfer.targets import Target
from stormpath_wsgi.transfer.writing import unit_of_work

_applications, _directories = schema.applications, schema.directories


def tenant(target: Target, also: Callable[[UnitOfWork], object] = lambda work: None) -> str:
    """The id of the only tenant. One is made where there is none, and *also* is called for what it has from the start.

    Raises :class:`TransferError` when there are several.
    """
    with target.reading() as connection:
        there = connection.execute(select(schema.tenants.c.id).limit(2)).scalars().all()
    if len(there) > 1:
        raise TransferError("The directory has several tenants; an import of accounts needs one that has a single one.")
    if there:
        return str(there[0])
    with target.batch() as connection:
        work = unit_of_work(connection, target, new_id())
        bootstrap.make_tenant(work)
        also(work)
    return work.tenant_id


def tenant_with_application(target: Target, name: str | None) -> str:
    """The same. A new one has an application called *name*, with a directory, as ``init`` makes it."""

    def make(work: UnitOfWork) -> None:
        body = bodies.of_creation(Application, {"name": name or "My Application"}, work.base_url)
        applications.make(work, body.values, directory=True)

    return tenant(target, make)


def store(target: Target, tenant_id: str, into: str | None, name: str | None, href: str | None) -> str:
    """The id of the directory that new accounts go to: the one called *into*, or else the one that the application
    registers people in. *name* or *href* say which application; otherwise it is the only one.

    Raises :class:`TransferError`, or :class:`~stormpath_wsgi.errors.Error` when the application registers nobody.
    """
    with target.reading() as connection:
        if into is not None:
            return _named(connection, tenant_id, into)
        application = _application(connection, tenant_id, name, href)
        work = unit_of_work(connection, target, tenant_id)
        return mappings.default_account_store(work, Resource(Application, application)).directory_id


def _named(connection: Connection, tenant_id: str, name: str) -> str:
    mine = select(_directories.c.id, _directories.c.name, _directories.c.name_folded)
    rows = connection.execute(mine.where(_directories.c.tenant_id == tenant_id)).all()
    for row in rows:
        if row.name_folded == canonical_name(name):
            return str(row.id)
    raise TransferError(f"There is no directory {name!r}, but {', '.join(repr(row.name) for row in rows) or 'none'}.")


def _application(connection: Connection, tenant_id: str, name: str | None, href: str | None) -> str:
    mine = select(_applications.c.id, _applications.c.name).where(_applications.c.tenant_id == tenant_id)
    rows = connection.execute(mine).all()
    found = [row for row in rows if (row.id == id_of(href) if href else name in (None, row.name))]
    if len(found) == 1:
        return str(found[0].id)
    there = ", ".join(repr(row.name) for row in rows) or "none"
    raise TransferError(f"Say where the accounts belong, with --application or --into: the applications are {there}.")
