"""Organizations: made with or without a directory of their own, removed with everything that belongs to them only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.directory.context import Context
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
    policy = bodies.of_creation(AccountLinkingPolicy, {}, context.base_url)
    made = Resource(Organization, new_id())
    with context.write() as work:
        records.make(work, Organization, made.id, body.values)
        records.make(work, AccountLinkingPolicy, made.id, policy.values, organization_id=made.id)
        custom_data.make(work, made.id, data)
        new_directory.make(work, made, body.values["name"], directory)
        return records.load(work, made)


def remove(context: Context, target: Resource) -> None:
    """Removes an organization, with its mappings on both sides, its policy and its custom data.

    Its account stores stay.
    """
    with context.write() as work:
        records.load(work, target)
        mappings.release(work, target)
        custom_data.forget(work, [target.id])
        records.remove(work, Organization, target.id)
