"""Custom data: what may be stored, merging by top-level key, removing one key or all of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, insert, select, update

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows.records import Wire, later, load
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire.bodies import COMMON, CUSTOM_DATA
from stormpath_wsgi.directory.wire.paths import DataKey, Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import Account, CustomData, is_storable

#: The highest number of bytes of custom data, as JSON, that one resource may have.
LARGEST = 10_000_000
#: The highest number of levels of objects and arrays below one key. Deeper nesting would only serve to attack parsers.
DEEPEST = 100

_LONGEST_KEY = 255  # characters

_table = schema.custom_data


def embedded(properties: Any) -> Mapping[str, Any] | None:
    """The custom data in the body of its owner, checked; None when there is none.

    To be called before a write begins, because checking may take a while. An object with an href was read earlier and
    is sent back; keys that the directory sets are ignored in it. Raises 2004, 2005, 3000 to 3004.
    """
    data = properties.get(CUSTOM_DATA) if isinstance(properties, Mapping) else None
    if data is None:
        return None
    if not isinstance(data, Mapping):
        raise fault(Code.WRONG_TYPE, f"{CUSTOM_DATA} is an invalid type.")
    if "href" in data:
        data = {key: value for key, value in data.items() if key not in COMMON}
    _check(data)
    return data


def make(work: UnitOfWork, owner_id: str, data: Mapping[str, Any] | None) -> None:
    """Stores the custom data of a new resource. *data* was checked by :func:`embedded`."""
    row = {"owner_id": owner_id, "tenant_id": work.tenant_id, "created_at": work.now, "modified_at": work.now}
    work.connection.execute(insert(_table), {**row, "data": _without_nulls(data or {})})


def merge(work: UnitOfWork, owner_id: str, data: Mapping[str, Any] | None) -> None:
    """Merges *data*, which was checked, into the stored custom data. Null removes a key. Raises 3004."""
    if data is not None:
        merged = _without_nulls({**_stored(work, owner_id), **data})
        _check_size(merged)
        _store(work, owner_id, merged)


def forget(work: UnitOfWork, owner_ids: Any) -> None:
    """Removes the custom data of resources that are being removed. *owner_ids*: a list or a SELECT of their ids."""
    work.connection.execute(delete(_table).where(_table.c.owner_id.in_(owner_ids)))


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """POST to custom data: merges *properties* into it, and returns all of it."""
    if not isinstance(properties, Mapping):
        raise fault(Code.MALFORMED_REQUEST, "Custom data must be a JSON object.")
    with context.read() as work:
        current = load(work, target)
    echo = {name for name in COMMON & properties.keys() if properties[name] == current[name]}
    data = {key: value for key, value in properties.items() if key not in echo}
    _check(data)
    with context.write(about=_concerned(target)) as work:
        load(work, target)
        merge(work, target.id, data)
        return load(work, target)


def clear(context: Context, target: Resource) -> None:
    """DELETE of custom data: removes all keys. The resource stays, and is empty."""
    with context.write(about=_concerned(target)) as work:
        load(work, target)
        _store(work, target.id, {})


def remove_key(context: Context, target: DataKey) -> None:
    """DELETE of one key. A key that does not exist counts as removed."""
    with context.write(about=_concerned(target)) as work:
        load(work, Resource(CustomData, target.id, target.owner))
        data = _stored(work, target.id)
        data.pop(target.key, None)
        _store(work, target.id, data)


def _concerned(target: Resource | DataKey) -> tuple[str] | None:
    """The account whose custom data it is. None: it is that of something that everybody may depend on."""
    return (target.id,) if target.owner is Account else None


def _stored(work: UnitOfWork, owner_id: str) -> dict[str, Any]:
    return dict(work.connection.execute(select(_table.c.data).where(_table.c.owner_id == owner_id)).scalar_one())


def _store(work: UnitOfWork, owner_id: str, data: Mapping[str, Any]) -> None:
    row = {"data": data, "modified_at": later(_table.c.modified_at, work.now)}
    work.connection.execute(update(_table).where(_table.c.owner_id == owner_id).values(row))


def _without_nulls(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}


def _check(data: Mapping[Any, Any]) -> None:
    for key, value in data.items():
        _check_key(key)
        _check_value(value)
    _check_size(data)


def _check_key(key: Any) -> None:
    if not isinstance(key, str) or not key.strip():
        raise fault(Code.DATA_KEY_BLANK)
    if len(key) > _LONGEST_KEY:
        raise fault(Code.DATA_KEY_TOO_LONG)
    if key in CustomData.reserved:
        raise fault(Code.DATA_KEY_RESERVED, f"{key} is a reserved key of custom data.")
    if not CustomData.key.fullmatch(key):
        raise fault(Code.DATA_KEY_CHARACTERS)


def _check_size(data: Mapping[str, Any]) -> None:
    if len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()) > LARGEST:
        raise fault(Code.DATA_TOO_LARGE)


def _check_value(value: Any) -> None:
    """Checks *value* level by level.

    Each item needs a byte at least, so the limit also stops an object that contains itself.
    """
    level, seen, depth = [value], 0, 0
    while level:
        seen += len(level)
        if seen > LARGEST:
            raise fault(Code.DATA_TOO_LARGE)
        if depth > DEEPEST:
            raise fault(Code.INVALID, f"Custom data is nested deeper than {DEEPEST} levels.")
        level, depth = [inner for outer in level for inner in _inside(outer)], depth + 1


def _inside(value: Any) -> Iterable[Any]:
    """The values in an object or array. Raises unless *value* itself can be stored as JSON."""
    match value:
        case dict():
            if not all(isinstance(key, str) for key in value):
                raise fault(Code.WRONG_TYPE, "Keys of custom data must be text.")
            return [*value.keys(), *value.values()]
        case list():
            return value
        case str():
            if not is_storable(value):
                raise fault(Code.NOT_STORABLE, "Custom data holds characters that cannot be stored.")
        case None | bool():
            pass
        case int() | float():
            _check_number(value)
        case _:
            raise fault(Code.WRONG_TYPE, f"Custom data cannot hold a {type(value).__name__}.")
    return ()


def _check_number(value: float) -> None:
    """Raises for numbers that cannot be written in JSON, and for numbers that other readers of JSON could not read."""
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise fault(Code.INVALID, "Custom data cannot hold NaN, infinities and numbers beyond them.")
