"""Directories: made with a password policy, and removed with every account and group in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import counts, records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules import custom_data, plain
from stormpath_wsgi.directory.rules.accounts import account_schema
from stormpath_wsgi.directory.rules.mails import email_templates
from stormpath_wsgi.directory.rules.providers import providers
from stormpath_wsgi.directory.rules.stores import removals
from stormpath_wsgi.directory.rules.tenants import administrators
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
    with context.write() as work:
        records.load(work, target)
        administrators.keep_directory(work, target.id)
        is_left = removals.remove(work, target)
    if is_left:
        context.deliver()  # the thread that sends mail removes the rows


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
