"""Organizations: made with or without a directory of their own, removed with everything that belongs to them only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.rules.stores import mappings, new_directory
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.kinds import AccountLinkingPolicy, Organization


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes an organization. ``createDirectory`` in *params*: true, or a name, to make a directory and map it."""
    body = bodies.of_creation(Organization, properties, context.base_url)
    data, directory = custom_data.embedded(properties), new_directory.wish(params)
    made = Resource(Organization, new_id())
    with context.write() as work:
        make(work, made.id, body.values, data)
        new_directory.make(work, made, body.values["name"], directory)
        return records.load(work, made)


def make(work: UnitOfWork, id: str, values: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> None:
    """Makes an organization with the attributes *values* and the custom *data*."""
    policy = bodies.of_creation(AccountLinkingPolicy, {}, work.base_url)
    records.make(work, Organization, id, values)
    records.make(work, AccountLinkingPolicy, id, policy.values, organization_id=id)
    custom_data.make(work, id, data)


def remove(context: Context, target: Resource) -> None:
    """Removes an organization, with its mappings on both sides, its policy and its custom data.

    Its account stores stay.
    """
    with context.write() as work:
        records.load(work, target)
        mappings.release(work, target)
        custom_data.forget(work, [target.id])
        records.remove(work, Organization, target.id)
