"""Directories: made with a password policy, and removed with every account and group in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import counts, records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules import custom_data, plain
from stormpath_wsgi.directory.rules.accounts import account_schema
from stormpath_wsgi.directory.rules.mails import email_templates
from stormpath_wsgi.directory.rules.providers import providers
from stormpath_wsgi.directory.rules.stores import mappings
from stormpath_wsgi.directory.rules.tenants import administrators
from stormpath_wsgi.directory.storage import deadline, schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.kinds import AccountCreationPolicy, Directory, PasswordPolicy, PasswordStrength


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes a directory, with its provider, its policies and its templates."""
    body = bodies.of_creation(Directory, properties, context.base_url)
    data, provider = custom_data.embedded(properties), providers.embedded(properties)
    with context.write() as work:
        return records.load(work, Resource(Directory, make(work, body.values, data, provider)))


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Changes a directory. Raises a 403 for a new name of the administrators' directory."""
    if isinstance(properties, Mapping):
        with context.read() as work:
            administrators.keep_directory(work, target.id, properties)
    return plain.change(context, target, properties)


def remove(context: Context, target: Resource) -> None:
    """Removes a directory, with its mappings, its accounts and groups, and everything that belongs to them."""
    accounts, groups = schema.accounts.c, schema.groups.c
    its_accounts = select(accounts.id).where(accounts.directory_id == target.id)
    its_groups = select(groups.id).where(groups.directory_id == target.id)
    with deadline.allowing(deadline.LONG), context.write() as work:
        records.load(work, target)
        administrators.keep_directory(work, target.id)
        mappings.release(work, target)
        for owners in (its_accounts, its_groups, [target.id]):
            custom_data.forget(work, owners)
        records.remove(work, Directory, target.id)


def make(
    work: UnitOfWork,
    values: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    provider: Mapping[str, Any] | None = None,
    id: str | None = None,
) -> str:
    """Makes a directory with the attributes *values* and the custom *data*, and returns its id.

    *provider*: what the body of the request says about the provider. *id*: None: a new one.
    """
    id = id or new_id()
    records.make(work, Directory, id, values)
    for part in (PasswordPolicy, PasswordStrength, AccountCreationPolicy):
        records.make(work, part, id, bodies.of_creation(part, {}, work.base_url).values)
    providers.make(work, id, provider)
    email_templates.make(work, id)
    account_schema.make(work, id)
    custom_data.make(work, id, data)
    counts.begin(work, id)
    return id
