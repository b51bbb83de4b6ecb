"""A nonce, which a program looks for among what it has used already."""

from __future__ import annotations

__all__ = ["Nonce"]


class Nonce:
    """A nonce with its *value*, as the region ``nonces`` of a cache stores it: under its href."""

    def __init__(self, value: str) -> None:
        self.value = value

    @property
    def href(self) -> str:
        """What it is stored under. No directory has anything there."""
        return f"/nonces/{self.value}"
