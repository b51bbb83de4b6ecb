"""Checks: what a policy has asked, what came of it, and what would make it pass. For developers, never for visitors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One question, with those that it is made of.

    *asks*: the question, such as ``groups_required(admins)``. *passed*: whether the answer is yes. *remedy*: what would
    make it pass, a sentence without a stop; empty: nothing is needed, or the *parts* say it.
    """

    asks: str
    passed: bool
    remedy: str = ""
    parts: tuple[Check, ...] = ()

    def __str__(self) -> str:
        """All of it in one line, for a log."""
        remedy = f": {self.remedy}" if self.remedy and not self.passed else ""
        parts = f" [{'; '.join(map(str, self.parts))}]" if self.parts else ""
        return f"{_word(self.passed)} {self.asks}{remedy}{parts}"

    def lines(self, depth: int = 0) -> Iterator[str]:
        """A line for each question, those that it is made of below it and further in."""
        remedy = f": {self.remedy}" if self.remedy and not self.passed else ""
        yield f"{_word(self.passed):3}  {'  ' * depth}{self.asks}{remedy}"
        for part in self.parts:
            yield from part.lines(depth + 1)


def _word(passed: bool) -> str:
    return "yes" if passed else "no"
