"""The page on ASVS 5.0: each test that it names is there, and no requirement is left out."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/asvs.rst").read_text(encoding="utf-8")

#: How many requirements each section of the chapters has, by its number.
SECTIONS = {
    "6.1": 3, "6.2": 12, "6.3": 8, "6.4": 6, "6.5": 8, "6.6": 4, "6.7": 2, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 3, "7.6": 2,
    "8.1": 4, "8.2": 4, "8.3": 3, "8.4": 2,
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 3, "10.3": 5, "10.4": 16, "10.5": 5, "10.6": 2, "10.7": 3,
}  # fmt: skip

_NUMBERS = re.compile(r"^   \* - (.*)$", re.M)
_TEST = re.compile(r"``(tests/[\w/]+\.py)(?:::(\w+))?``")


def test_every_test_that_it_names_is_there() -> None:
    named = _TEST.findall(PAGE)
    missing = [(file, name) for file, name in named if not _is_there(file, name)]
    assert missing == [] and len(named) > 80


def test_every_requirement_has_a_line() -> None:
    told = {number for line in _NUMBERS.findall(PAGE)[1:] for number in _told(line)}
    wanted = {f"{section}.{number}" for section, most in SECTIONS.items() for number in range(1, most + 1)}
    # Two of level 3 are about functions that this package does not have.
    assert wanted - told <= {"8.2.4", "8.3.3"}


def _is_there(file: str, name: str) -> bool:
    path = ROOT / file
    return path.is_file() and (not name or re.search(rf"\b(?:def|class) {name}\b", path.read_text()) is not None)


def _told(line: str) -> set[str]:
    """The requirements of a line such as ``7.6.1, 7.6.2`` or ``10.2.1 to 10.2.3``."""
    found: set[str] = set()
    for part in line.split(", "):
        first, _, last = (each.strip() for each in part.partition(" to "))
        if first[:1].isdigit():
            found |= set(_between(first, last or first))
    return found


def _between(first: str, last: str) -> list[str]:
    """The requirements from *first* to *last*, which may be of a later section."""
    ordered = [f"{section}.{number}" for section, most in SECTIONS.items() for number in range(1, most + 1)]
    return ordered[ordered.index(first) : ordered.index(last) + 1]
