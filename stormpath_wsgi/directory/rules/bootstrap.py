"""The first things in an empty database: a tenant, an application, and a directory mapped to it."""

from __future__ import annotations

from sqlalchemy import Connection, select

from stormpath_wsgi.directory import bodies, records, schema
from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.ids import new_id
from stormpath_wsgi.directory.rules import applications, custom_data
from stormpath_wsgi.kinds import Application, Tenant

#: The key and the name of the tenant of a service that has only one.
TENANT = "stormpath"


def bootstrap(context: Context, application_name: str) -> None:
    """Sets up a database that holds no tenant, and leaves any other alone. Safe for many processes at once."""
    body = bodies.of_creation(Application, {"name": application_name}, context.base_url)
    with context.database.read() as connection:
        if _is_set_up(connection):
            return
    with context.database.write() as transaction:
        if _is_set_up(transaction.connection):  # another process was faster
            return
        work = context.work(transaction.connection, new_id())
        records.make(work, Tenant, work.tenant_id, {"name": TENANT, "key": TENANT})
        custom_data.make(work, work.tenant_id, None)
        applications.make(work, body.values, directory=True)


def _is_set_up(connection: Connection) -> bool:
    return connection.execute(select(schema.tenants.c.id).limit(1)).first() is not None
