"""Groups: made in a directory, or in the default group store of an application or organization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.rules.providers import providers
from stormpath_wsgi.directory.rules.stores import mappings, removals
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.kinds import Group


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes a group. Raises where only the provider of the directory makes groups."""
    body = bodies.of_creation(Group, properties, context.base_url)
    id, data = new_id(), custom_data.embedded(properties)
    with context.write() as work:
        records.require_owner(work, listing)
        directory_id = listing.id
        if listing.owner in (kinds.Application, kinds.Organization):
            directory_id = mappings.default_group_store(work, Resource(listing.owner, listing.id)).directory_id
        providers.refuse_new(work, Group, listing, directory_id)
        records.make(work, Group, id, body.values, directory_id=directory_id)
        custom_data.make(work, id, data)
        return records.load(work, Resource(Group, id))


def remove(context: Context, target: Resource) -> None:
    """Removes a group, with its memberships and mappings. Its accounts stay."""
    with context.write() as work:
        records.load(work, target)
        is_left = removals.remove(work, target)
    if is_left:
        context.deliver()  # the thread that sends mail removes the rows
