"""Expansion: the linked resources that one answer contains."""

from __future__ import annotations

import re
from typing import Self

from stormpath_wsgi.kinds import wire_name

_NAME = re.compile(r"[A-Za-z_]\w*")


class Expansion:
    """Names of linked resources and collections: ``Expansion("custom_data").add_property("groups", limit=10)``."""

    def __init__(self, *names: str) -> None:
        self.items: dict[str, dict[str, int]] = {name: {} for name in names}

    def add_property(self, name: str, offset: int | None = None, limit: int | None = None) -> Self:
        """Expands *name* as well; for a collection, *limit* items from *offset* on. Returns the object itself."""
        asked = {"offset": offset, "limit": limit}
        self.items[name] = {key: value for key, value in asked.items() if value is not None}
        return self

    def get_params(self) -> str:
        """The value of the parameter ``expand``: ``customData,groups(limit:10)``."""
        return ",".join(wire_name(name) + _range(asked) for name, asked in self.items.items())


#: An expansion: the object, or its text with names as in Python or as in JSON.
Expand = Expansion | str | None


def wire_expand(expand: Expand) -> str | None:
    """The parameter on the wire, or None for nothing."""
    if isinstance(expand, Expansion):
        return expand.get_params() or None
    return _NAME.sub(lambda name: wire_name(name[0]), expand) if expand else None


def _range(asked: dict[str, int]) -> str:
    return "(" + ",".join(f"{key}:{value}" for key, value in asked.items()) + ")" if asked else ""
