"""Where a cache keeps its entries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Life:
    """How long an entry is good for, in seconds: at the most (*ttl*), and without being asked for (*tti*)."""

    ttl: float = 300
    tti: float = 300

    def __post_init__(self) -> None:
        for name, value in (("ttl", self.ttl), ("tti", self.tti)):
            if not value > 0:
                raise ValueError(f"{name} of a cache is {value!r}: write a number of seconds above zero")


class CacheStore(Protocol):
    """Keeps JSON objects under text keys. It loses entries as it likes, and raises nothing when it fails."""

    def get(self, key: str, life: Life) -> dict[str, Any] | None:
        """A copy of what is kept under *key*, or None. It was asked for: its idle time begins anew."""

    def put(self, key: str, document: dict[str, Any], life: Life) -> None:
        """Keep *document*, instead of what may be there."""

    def drop(self, keys: Iterable[str]) -> None:
        """Forget what is kept under *keys*."""

    def clear(self) -> None:
        """Forget everything."""
