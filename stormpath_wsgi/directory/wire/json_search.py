"""Searching custom data with SQL: the value at a path, as text and as a number, on both engines.

Upper and lower case are equal only within ASCII: SQLite knows no more, and both engines must find the same. For the
same reason no engine converts a number to compare it for equality, since each has limits and notations of its own.
Stored numbers are compared by the text that Python wrote.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, Double, Text, and_, case, cast, collate, func

from stormpath_wsgi.directory.storage import schema

_data = schema.custom_data.c.data

_NUMBER = re.compile(r"(?P<mantissa>-?(?:0|[1-9]\d*)(?:\.\d+)?)(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Value:
    """The value at one path, as SQL. It is null where there is no value, or an object or array.

    *text*: the value as text; a number as it is stored. *number*: the value as a double, for ranges and for sorting.
    """

    text: ColumnElement[str]
    number: ColumnElement[float]

    @property
    def folded(self) -> ColumnElement[str]:
        """The text in lower case, within ASCII."""
        return func.lower(self.text)

    def equals(self, number: str) -> ColumnElement[bool]:
        """A condition: the value is the number that the text *number* means. See :func:`spellings`."""
        return and_(self.number.is_not(None), self.text.in_(sorted(spellings(number))))


def spellings(text: str) -> frozenset[str]:
    """The texts under which a number that is equal to *text* may be stored; none when *text* is no JSON number.

    A whole number is stored in digits, and found by its exact value, whether it is written 10, 10.0 or 1e1. Any other
    number is stored as a double, and found by every text that is read as the same double. Zero has no sign. *text* must
    be bounded in length, to some thousand characters.
    """
    found = _NUMBER.fullmatch(text)
    number = float(text) if found else math.inf
    if found is None or math.isinf(number):
        return frozenset()
    if number == 0:
        # The number may be other than zero, but so small that its double is zero.
        return frozenset({"0.0", "-0.0"} | ({"0"} if not re.search("[1-9]", found["mantissa"]) else set()))
    numerator, denominator = Decimal(text).as_integer_ratio()
    return frozenset({repr(number)} | ({str(numerator)} if denominator == 1 else set()))


def value_at(keys: Sequence[str], dialect: str) -> Value:
    """The value at the path *keys*, which must hold no quotes. *dialect*: the name of SQLAlchemy's dialect."""
    return _sqlite_value(keys) if dialect == "sqlite" else _postgresql_value(keys)


def _sqlite_value(keys: Sequence[str]) -> Value:
    path = "$" + "".join(f'."{key}"' for key in keys)
    kind, value = func.json_type(_data, path), func.json_extract(_data, path)
    is_number = kind.in_(("integer", "real"))
    # With a second path SQLite returns an array, which has the number as it is stored: "[1e+21,null]". The second path,
    # $[0], finds nothing in an object.
    pair = func.json_extract(_data, path, "$[0]")
    spelled = func.substr(pair, 2, func.length(pair) - len("[,null]"), type_=Text)
    text = case((kind == "true", "true"), (kind == "false", "false"), (is_number, spelled), (kind == "text", value))
    return Value(text, case((is_number, cast(value, Double))))


def _postgresql_value(keys: Sequence[str]) -> Value:
    kind = func.json_typeof(func.json_extract_path(_data, *keys))
    value = func.json_extract_path_text(_data, *keys)
    text = collate(case((kind.in_(("string", "number", "boolean")), value)), "C")
    return Value(text, case((kind == "number", cast(value, Double))))
