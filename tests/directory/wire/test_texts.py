"""The JSON text of a resource: the same as of its document, though it is made without one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import repeat
from typing import Any

from sqlalchemy import select
from support.full_directory import filled
from support.world import BASE, World

from stormpath_wsgi.directory.wire.paths import Listing, Resource, parse
from stormpath_wsgi.directory.wire.shapes import SHAPES, to_json
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds import Kind

#: What JSON has to escape, and what other places would take for a sign of theirs.
NASTY = 'q"b\\s/ %s %(a)s {0} ä 😀</script>'


def test_the_text_of_every_resource_and_page_is_that_of_its_document(world: World) -> None:
    full = filled(world)
    account = {
        "givenName": NASTY,
        "middleName": None,
        "surname": "x" * 255,
        "customData": {"nasty": [f"{NASTY}\u2028\x7f", None, 1.5]},
    }
    world.service.update(full.ada, account)
    world.service.update(world.application, {"description": NASTY})
    seen: set[type[Kind]] = set()
    for path in _paths(world, *_stored(world)):
        match parse(path):
            case Resource(kind) if kind in SHAPES:
                assert world.service.get_json(path) == to_json(world.service.get(path))
                seen.add(kind)
            case Listing(owner=owner):
                if owner is not None:
                    assert world.service.list_json(path) == to_json(world.service.list(path))
                    few = {"limit": "1"}
                    assert world.service.list_json(path, few) == to_json(world.service.list(path, few))
    # Of these there is none in this directory, or none that is found by its id.
    others = {"AccessToken", "Challenge", "SamlServiceProviderMetadata", "SamlServiceProviderRegistration"}
    assert {kind.__name__ for kind in set(SHAPES) - seen} == others


def test_the_texts_of_many_resources_are_those_of_each(world: World) -> None:
    full = filled(world)
    world.service.update(full.ada, {"givenName": NASTY, "middleName": None})
    seen: set[type[Kind]] = set()
    with world.service._context.read() as work:
        for kind, shape in SHAPES.items():
            found = list(work.connection.execute(select(*shape.columns)))
            rows = found * 5  # so many that they are written together
            hrefs = [f"{BASE}/é%s/{nth}" for nth in range(len(rows))]
            documents = [shape.wire(row, work, href) for row, href in zip(rows, hrefs, strict=True)]
            assert shape.all_json(rows, work, hrefs) == list(map(to_json, documents))
            assert [shape.json(*each) for each in zip(rows, repeat(work), hrefs)] == list(map(to_json, documents))
            seen.update({kind} if found else ())
        assert shape.all_json([], work, []) == []
    assert {kind.__name__ for kind in set(SHAPES) - seen} == {
        "AccessToken",
        "Challenge",
        "SamlServiceProviderRegistration",
    }


def test_what_is_expanded_is_in_the_text(world: World) -> None:
    ada = filled(world).ada
    assert json.loads(world.service.get_json(ada, "groups,customData")) == world.service.get(ada, "groups,customData")
    accounts = f"{world.directory}/accounts"
    assert world.service.list_json(accounts, {}, "groups") == to_json(world.service.list(accounts, {}, "groups"))


def _stored(world: World) -> Iterator[str]:
    """The paths of all that has a row of its own and a path by its id."""
    with world.database.read() as connection:
        for kind, shape in SHAPES.items():
            if kind.path:
                yield from (f"{kind.path}/{id}" for (id,) in connection.execute(select(shape.columns[0])))


def _paths(world: World, *others: str) -> Iterator[str]:
    """The paths of all that can be reached by links from the tenant, and from *others*."""
    waiting = [world.tenant, *others]
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        try:
            found = world.service.get(path) if isinstance(parse(path), Resource) else world.service.list(path)
        except Error:
            continue  # such as a directory's own group
        yield path
        for href in _hrefs(found):
            path = href.removeprefix(f"{BASE}/")
            if path not in seen and "?" not in path and path != href:
                seen.add(path)
                waiting.append(path)


def _hrefs(document: Any) -> Iterator[str]:
    match document:
        case {"href": str(href)}:
            yield href
    match document:
        case dict():
            for value in document.values():
                yield from _hrefs(value)
        case list():
            for value in document:
                yield from _hrefs(value)
