"""Resources without rules of their own: their declaration is enough to change and remove them."""

from __future__ import annotations

from typing import Any

from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Resource


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Changes what *properties* names, custom data included, and returns the resource. The rest stays as it is."""
    data = custom_data.embedded(properties)
    with context.write() as work:
        body = bodies.of_update(target.kind, properties, records.load(work, target))
        records.change(work, target.kind, target.id, body.values)
        custom_data.merge(work, target.id, data)
        return records.load(work, target)


def remove(context: Context, target: Resource) -> None:
    """Removes the resource, and the rows that refer to it."""
    with context.write() as work:
        records.load(work, target)
        records.remove(work, target.kind, target.id)
