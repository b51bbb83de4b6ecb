"""Looking into custom data with SQL: one value at a path, as text and as a number, on either engine.

Letters are compared ignoring case only within ASCII: SQLite knows no more, and both must find the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Numeric, Text, case, cast, collate, func

from stormpath_wsgi.directory import schema

_data = schema.custom_data.c.data


@dataclass(frozen=True, slots=True)
class Value:
    """The scalar at one path. Null where there is none, or an object or array."""

    text: ColumnElement[str]
    number: ColumnElement[float]

    @property
    def folded(self) -> ColumnElement[str]:
        return func.lower(self.text)


def value_at(keys: Sequence[str], dialect: str) -> Value:
    """The value below *keys*, which hold no quotes, in the dialect of that name."""
    return _sqlite_value(keys) if dialect == "sqlite" else _postgresql_value(keys)


def _sqlite_value(keys: Sequence[str]) -> Value:
    path = "$" + "".join(f'."{key}"' for key in keys)
    kind, value = func.json_type(_data, path), func.json_extract(_data, path)
    is_number = kind.in_(("integer", "real"))
    text = case(
        (kind == "true", "true"), (kind == "false", "false"), (is_number, cast(value, Text)), (kind == "text", value)
    )
    return Value(text, case((is_number, value)))


def _postgresql_value(keys: Sequence[str]) -> Value:
    kind = func.json_typeof(func.json_extract_path(_data, *keys))
    value = func.json_extract_path_text(_data, *keys)
    text = collate(case((kind.in_(("string", "number", "boolean")), value)), "C")
    return Value(text, case((kind == "number", cast(value, Numeric))))
