"""Looking into custom data with SQL: one value at a path, as text and as a number, on either engine.

Letters are compared ignoring case only within ASCII: SQLite knows no more, and both must find the same. For the same
reason no number is converted by an engine where it has to be equal to another one: each has its own limits and its own
spellings. Stored numbers are compared by the text that Python wrote.
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
    """The scalar at one path. Null where there is none, or an object or array.

    *text*: of a number as it is stored. *number*: as a double, for ranges and for an order.
    """

    text: ColumnElement[str]
    number: ColumnElement[float]

    @property
    def folded(self) -> ColumnElement[str]:
        return func.lower(self.text)

    def equals(self, number: str) -> ColumnElement[bool]:
        """Whether it is the number that *number* spells. See :func:`spellings`."""
        return and_(self.number.is_not(None), self.text.in_(sorted(spellings(number))))


def spellings(text: str) -> frozenset[str]:
    """How the numbers are stored that *text* means; nothing for what is no JSON number.

    A whole number is stored in digits, and found by its exact value however that is spelled: 10, 10.0 and 1e1. Any
    other is a double, and found by every text that is read as that double. Zero has no sign. *text*: at most some
    thousands of characters.
    """
    found = _NUMBER.fullmatch(text)
    number = float(text) if found else math.inf
    if found is None or math.isinf(number):
        return frozenset()
    if number == 0:
        # So small a number may not be zero, but the double is.
        return frozenset({"0.0", "-0.0"} | ({"0"} if not re.search("[1-9]", found["mantissa"]) else set()))
    numerator, denominator = Decimal(text).as_integer_ratio()
    return frozenset({repr(number)} | ({str(numerator)} if denominator == 1 else set()))


def value_at(keys: Sequence[str], dialect: str) -> Value:
    """The value below *keys*, which hold no quotes, in the dialect of that name."""
    return _sqlite_value(keys) if dialect == "sqlite" else _postgresql_value(keys)


def _sqlite_value(keys: Sequence[str]) -> Value:
    path = "$" + "".join(f'."{key}"' for key in keys)
    kind, value = func.json_type(_data, path), func.json_extract(_data, path)
    is_number = kind.in_(("integer", "real"))
    # As one of two values it comes as it is stored: "[1e+21,null]". There is never one at $[0], in an object.
    pair = func.json_extract(_data, path, "$[0]")
    spelled = func.substr(pair, 2, func.length(pair) - len("[,null]"), type_=Text)
    text = case((kind == "true", "true"), (kind == "false", "false"), (is_number, spelled), (kind == "text", value))
    return Value(text, case((is_number, cast(value, Double))))


def _postgresql_value(keys: Sequence[str]) -> Value:
    kind = func.json_typeof(func.json_extract_path(_data, *keys))
    value = func.json_extract_path_text(_data, *keys)
    text = collate(case((kind.in_(("string", "number", "boolean")), value)), "C")
    return Value(text, case((kind == "number", cast(value, Double))))
