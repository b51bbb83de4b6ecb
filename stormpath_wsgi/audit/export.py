"""An export: a chain as JSON Lines, which can be proved without the database."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from typing import Any

from stormpath_wsgi.audit.chain import Head, Row
from stormpath_wsgi.audit.entry import Entry
from stormpath_wsgi.audit.witness import head_of

_LONGEST_LINE = 100_000
_BEGINS, _HEAD, _ROW = "begins", "head", "row"
_ENTRY = {each.name: each.type for each in dataclasses.fields(Entry)}


def documents(rows: Iterable[Row], *, begins: Head | None, head: Head | None) -> Iterator[dict[str, Any]]:
    """The lines of an export, as JSON objects: where the chain begins, its head, all rows."""
    for name, each in ((_BEGINS, begins), (_HEAD, head)):
        if each is not None:
            yield {name: each.document()}
    for row in rows:
        entry = {name: getattr(row.entry, name) for name in _ENTRY}
        yield {_ROW: {"position": row.position, "previous": row.previous, "digest": row.digest, **entry}}


def read(lines: Iterable[str]) -> Iterator[tuple[str, Head | Row]]:
    """What *lines* of an export hold: ``begins`` or ``head`` with a head, ``row`` with a row.

    Raises ValueError with the number of a line that is something else.
    """
    for number, line in enumerate(lines, 1):
        try:
            [(name, said)] = json.loads(line if len(line) <= _LONGEST_LINE else "").items()
            yield name, _row(said) if name == _ROW else _head(said)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"line {number} is none of an export of the audit") from error


def _head(said: Any) -> Head:
    head = head_of(json.dumps(said))
    if head is None:
        raise ValueError("no head")
    return head


def _row(said: dict[str, Any]) -> Row:
    known = dict(said)
    position, previous, digest = (known.pop(name) for name in ("position", "previous", "digest"))
    if type(position) is not int or type(known["at"]) is not int or not all(map(_is_text, (previous, digest))):
        raise ValueError("no row")
    if not all(value is None or _is_text(value) for name, value in known.items() if name != "at"):
        raise ValueError("no row")
    return Row(position, previous, digest, Entry(**known))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
