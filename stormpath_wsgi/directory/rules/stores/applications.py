"""Applications: made with or without a directory of their own, removed with everything that belongs to them only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.rules.providers import saml
from stormpath_wsgi.directory.rules.stores import new_directory
from stormpath_wsgi.directory.rules.tenants import web_configs
from stormpath_wsgi.directory.storage import deadline
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.kinds import AccountLinkingPolicy, Application, OAuthPolicy


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes an application. ``createDirectory`` in *params*: true, or a name, to make a directory and map it."""
    body = bodies.of_creation(Application, properties, context.base_url)
    data, directory = custom_data.embedded(properties), new_directory.wish(params)
    with context.write() as work:
        return records.load(work, Resource(Application, make(work, body.values, data, directory=directory)))


def remove(context: Context, target: Resource) -> None:
    """Removes an application, with its mappings, policy, custom data and tokens. Its account stores stay."""
    with deadline.allowing(deadline.LONG), context.write() as work:
        records.load(work, target)
        custom_data.forget(work, [target.id])
        records.remove(work, Application, target.id)


def make(
    work: UnitOfWork,
    values: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    *,
    directory: str | bool,
    id: str | None = None,
) -> str:
    """Makes an application with the attributes *values* and the custom *data*, and returns its id.

    *directory*: whether to make a directory too, or its name. *id*: None: a new one.
    """
    id = id or new_id()
    records.make(work, Application, id, values)
    for part in (OAuthPolicy, AccountLinkingPolicy):
        records.make(work, part, id, bodies.of_creation(part, {}, work.base_url).values, application_id=id)
    saml.make(work, id)
    web_configs.make(work, id)
    custom_data.make(work, id, data)
    new_directory.make(work, Resource(Application, id), values["name"], directory)
    return id
