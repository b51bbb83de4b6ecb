"""The port to the stores in which a cache keeps its entries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Life:
    """How long an entry is used, in seconds: *ttl* at the most, and *tti* without being asked for."""

    ttl: float = 300
    tti: float = 300

    def __post_init__(self) -> None:
        for name, value in (("ttl", self.ttl), ("tti", self.tti)):
            if not value > 0:
                raise ValueError(f"{name} of a cache is {value!r}: write a number of seconds above zero")


class CacheStore(Protocol):
    """Keeps JSON objects under text keys. It may lose entries at any time, and does not raise when it fails."""

    def get(self, key: str, life: Life) -> dict[str, Any] | None:
        """A copy of the object under *key*; None when there is none. The idle time (*tti*) of the entry begins anew."""

    def put(self, key: str, document: dict[str, Any], life: Life) -> None:
        """Keeps *document* under *key*, in place of an older one. *life*: how long it is used."""

    def drop(self, keys: Iterable[str]) -> None:
        """Removes the objects under *keys*."""

    def clear(self) -> None:
        """Removes everything."""
