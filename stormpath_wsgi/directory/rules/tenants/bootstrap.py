"""What an empty database gets first: a tenant, an application, a directory mapped to it; and the first API key."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import counts, records
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.rules.accounts import login_names
from stormpath_wsgi.directory.rules.providers import providers
from stormpath_wsgi.directory.rules.stores import applications, directories
from stormpath_wsgi.directory.rules.tenants import administrators
from stormpath_wsgi.directory.rules.tokens import api_keys
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.kinds import Account, ApiKey, Application, Directory, IdSite, Tenant

#: The key and the name of the only tenant.
TENANT = "stormpath"

#: The attributes of the tenant's owner, who has no password. No mail can be sent to this domain (RFC 2606, section 2).
_OWNER = {"email": "administrator@stormpath.invalid", "username": "administrator", "surname": "Administrator"}


def bootstrap(context: Context, application_name: str) -> None:
    """Sets up a database without a tenant, and changes no other. Many processes may call it at the same time."""
    body = bodies.of_creation(Application, {"name": application_name}, context.base_url)
    with context.database.read() as connection:
        if _is_set_up(connection):
            return
    with context.database.write() as transaction:
        if _is_set_up(transaction.connection):  # another process has done it meanwhile
            return
        work = context.work(transaction.connection, new_id())
        make_tenant(work)
        applications.make(work, body.values, directory=True)


def make_tenant(work: UnitOfWork) -> None:
    """Makes the tenant whose id the unit of work has. No application, and nothing else, belongs to it yet."""
    records.make(work, Tenant, work.tenant_id, {"name": TENANT, "key": TENANT})
    custom_data.make(work, work.tenant_id, None)
    records.make(work, IdSite, work.tenant_id, bodies.of_creation(IdSite, {}, work.base_url).values)


def issue_api_key(context: Context, name: str | None) -> tuple[str, str]:
    """Makes an API key of the tenant's owner, called *name*, and returns its id and secret.

    The first call also makes the owner and the administrators' directory. Raises 2001 when another directory has its
    name.
    """
    with context.write() as work:
        return _issue(work, name)


def issue_first_api_key(context: Context) -> tuple[str, str] | None:
    """Does what :func:`issue_api_key` does, but returns None when an administrator has an API key already."""
    with context.write() as work:
        return None if administrators.have_key(work) else _issue(work, "The first one")


def _issue(work: UnitOfWork, name: str | None) -> tuple[str, str]:
    body = bodies.of_creation(ApiKey, {"name": name}, work.base_url)
    return api_keys.make(work, administrators.owner(work) or _make_owner(work), body.values)


def _make_owner(work: UnitOfWork) -> str:
    """Makes the owner's account in a new directory, and returns its id."""
    directory = bodies.of_creation(Directory, {"name": administrators.NAME}, work.base_url)
    directory_id, account_id = directories.make(work, directory.values), new_id()
    owner = bodies.of_creation(Account, _OWNER, work.base_url)
    records.make(work, Account, account_id, owner.values, directory_id=directory_id)
    login_names.claim(work, account_id)
    providers.make_data(work, account_id)
    custom_data.make(work, account_id, None)
    row = {"tenant_id": work.tenant_id, "directory_id": directory_id, "account_id": account_id}
    work.connection.execute(insert(schema.administrators), row)
    counts.change(work, directory_id, account_id, +1)
    return account_id


def _is_set_up(connection: Connection) -> bool:
    return connection.execute(select(schema.tenants.c.id).limit(1)).first() is not None
