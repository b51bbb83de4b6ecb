"""Directories: made with a password policy, removed with every account and group in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import or_, select

from stormpath_wsgi.directory import bodies, records, schema
from stormpath_wsgi.directory.context import Context, Work
from stormpath_wsgi.directory.ids import new_id
from stormpath_wsgi.directory.paths import Listing, Resource
from stormpath_wsgi.directory.records import Wire
from stormpath_wsgi.directory.rules import custom_data, mappings
from stormpath_wsgi.kinds import Directory, PasswordPolicy, PasswordStrength


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    body = bodies.of_creation(Directory, properties, context.base_url)
    data = custom_data.embedded(properties)
    with context.write() as work:
        return records.load(work, Resource(Directory, make(work, body.values, data)))


def remove(context: Context, target: Resource) -> None:
    """Its accounts and groups go with it, whatever belongs to them, and its mappings to applications."""
    mapped, accounts, groups = schema.account_store_mappings.c, schema.accounts.c, schema.groups.c
    its_accounts = select(accounts.id).where(accounts.directory_id == target.id)
    its_groups = select(groups.id).where(groups.directory_id == target.id)
    with context.write() as work:
        records.load(work, target)
        mappings.release(
            work, or_(mapped.account_store_directory_id == target.id, mapped.account_store_group_id.in_(its_groups))
        )
        for owners in (its_accounts, its_groups, [target.id]):
            custom_data.forget(work, owners)
        records.remove(work, Directory, target.id)


def make(work: Work, values: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> str:
    """The id of a new directory with the attributes *values* and the custom *data*."""
    id = new_id()
    records.make(work, Directory, id, values)
    for part in (PasswordPolicy, PasswordStrength):
        records.make(work, part, id, bodies.of_creation(part, {}, work.base_url).values)
    custom_data.make(work, id, data)
    return id
