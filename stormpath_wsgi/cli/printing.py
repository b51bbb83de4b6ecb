"""What commands print: lines for people on a terminal, and for programs elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import repeat

import click


def say(*cells: object, widths: Sequence[int] = ()) -> None:
    """Prints one line. Several *cells* are in columns on a terminal, and separated by tabs for a program.

    *widths*: characters of the columns but the last one; 32 each where none are given.
    """
    texts = [printable(str(cell)) for cell in cells]
    padded = zip(texts[:-1], widths or repeat(32), strict=False)
    columns = [text.ljust(width) for text, width in padded] + texts[-1:]
    click.echo("  ".join(columns) if sys.stdout.isatty() else "\t".join(texts))


def show(**values: object) -> None:
    """Prints names and their values, one on a line."""
    for name, value in values.items():
        click.echo(f"{name.replace('_', ' '):<13} {printable(str(value))}")


def printable(text: str) -> str:
    """*text* for a terminal, without control characters: the name of an account must not control the terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)
