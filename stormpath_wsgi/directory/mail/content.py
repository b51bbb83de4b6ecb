"""What a mail of ours says, before anybody has drawn it: one content, from which both its parts are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Where a block is shown: in both parts, or in the one that has no buttons, or in the one that has.
Part = Literal["both", "text", "html"]


@dataclass(frozen=True, slots=True)
class Block:
    """One thing in a mail, below the one before it.

    *kind*: ``paragraph``; ``note``, a smaller one; ``code``; ``button``, whose *address* the text part writes out; or
    ``address``, an address that is written out. *part*: where it is shown.
    """

    kind: Literal["paragraph", "note", "code", "button", "address"]
    text: str
    address: str | None = None
    part: Part = "both"


@dataclass(frozen=True, slots=True)
class Content:
    """*subject*, *heading*, the *blocks*, and under a line the *asides*: what to do who did not expect the mail."""

    subject: str
    heading: str
    blocks: tuple[Block, ...]
    asides: tuple[str, ...] = ()


def paragraph(text: str, part: Part = "both") -> Block:
    """A paragraph of text."""
    return Block("paragraph", text, part=part)


def note(text: str, part: Part = "both") -> Block:
    """A smaller paragraph: how long something is good, for example."""
    return Block("note", text, part=part)


def code(digits: str) -> Block:
    """A code to type, in two halves, which are easier to read and to keep in mind."""
    half = len(digits) // 2
    return Block("code", f"{digits[:half]} {digits[half:]}")


def button(label: str, address: str) -> Block:
    """A button that leads to *address*."""
    return Block("button", label, address)


def address(text: str) -> Block:
    """An address, for who can press no button. The text part has it already."""
    return Block("address", text, text, part="html")
