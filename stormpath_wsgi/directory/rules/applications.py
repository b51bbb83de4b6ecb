"""Applications: made with or without a directory of their own, removed with everything that is theirs alone."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from stormpath_wsgi.directory import bodies, canonical, records, schema
from stormpath_wsgi.directory.context import Context, Work
from stormpath_wsgi.directory.ids import new_id
from stormpath_wsgi.directory.paths import Listing, Resource
from stormpath_wsgi.directory.records import Wire
from stormpath_wsgi.directory.rules import custom_data, directories, mappings
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import Application, Directory, OAuthPolicy


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """A new application. ``createDirectory``: true, or the name of a directory that is made and mapped to it."""
    body = bodies.of_creation(Application, properties, context.base_url)
    data, directory = custom_data.embedded(properties), _directory_wish(params.get("createDirectory"))
    with context.write() as work:
        return records.load(work, Resource(Application, make(work, body.values, data, directory=directory)))


def remove(context: Context, target: Resource) -> None:
    """Its mappings, policy, custom data and tokens go with it. Its account stores stay."""
    with context.write() as work:
        records.load(work, target)
        custom_data.forget(work, [target.id])
        records.remove(work, Application, target.id)


def make(work: Work, values: Mapping[str, Any], data: Mapping[str, Any] | None = None, *, directory: str | bool) -> str:
    """The id of a new application with the attributes *values* and the custom *data*.

    *directory*: whether to make one too, or its name.
    """
    id = new_id()
    records.make(work, Application, id, values)
    records.make(work, OAuthPolicy, id, bodies.of_creation(OAuthPolicy, {}, work.base_url).values, application_id=id)
    custom_data.make(work, id, data)
    if directory:
        _make_directory(work, id, _free_name(work, values["name"]) if directory is True else directory)
    return id


def _make_directory(work: Work, application_id: str, name: str) -> None:
    """A directory that is the application's default store of accounts and groups. Raises 5010 when *name* is taken."""
    if _is_taken(work, name):
        raise fault(5010)
    directory_id = directories.make(work, bodies.of_creation(Directory, {"name": name}, work.base_url).values)
    mappings.add(
        work,
        application_id,
        Resource(Directory, directory_id),
        is_default_account_store=True,
        is_default_group_store=True,
    )


def _directory_wish(value: Any) -> str | bool:
    """``createDirectory`` off the wire: False, True, or a name. Python's clients send ``True`` and ``False``."""
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise fault(2004, "createDirectory must be true, false or a name.")
    if not value.strip():
        raise fault(2000, "createDirectory is required; it cannot be null, empty, or blank.")
    wish = {"true": True, "false": False}.get(value.lower())
    return str(Directory.name.check(value)) if wish is None else wish


def _free_name(work: Work, application: str) -> str:
    """``<application> Directory``, or with the first of ``(2)``, ``(3)`` … that is free; cut to what may be."""
    longest = Directory.name.length[1]
    endings = itertools.chain([" Directory"], (f" Directory ({number})" for number in itertools.count(2)))
    names = (application[: longest - len(ending)] + ending for ending in endings)
    return next(name for name in names if not _is_taken(work, name))


def _is_taken(work: Work, name: str) -> bool:
    table = schema.directories
    mine = select(table.c.id).where(
        table.c.tenant_id == work.tenant_id, table.c.name_key == canonical.canonical_name(name)
    )
    return work.connection.execute(mine).first() is not None
