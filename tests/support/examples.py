"""The examples in the documentation: found in its pages, and run as they stand there."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_BLOCK = re.compile(
    r"^( *)\.\. code-block:: (\S+)\n(?:\1 +:caption: (.*)\n)?(?:\1 +:.*\n)*\n((?:\1 +.*\n|\n)+)", re.MULTILINE
)


class Example(NamedTuple):
    """A block of a page. *caption*: where its text belongs, where the page says that."""

    language: str
    caption: str
    text: str


def examples(page: Path | str, *languages: str) -> list[Example]:
    """The blocks of *page*, a path or its name in ``docs/``, in their order. *languages*: only those; none: all."""
    text = (DOCS / page if isinstance(page, str) else page).read_text(encoding="utf-8")
    found = [
        Example(language, caption, textwrap.dedent(body).strip() + "\n")
        for _, language, caption, body in _BLOCK.findall(text)
    ]
    return [each for each in found if not languages or each.language in languages]


def commands(example: Example) -> Iterator[str]:
    """The lines that are typed into a shell, each whole, without prompts and comments."""
    lines = example.text.replace("\\\n", " ").splitlines()
    for line in lines:
        typed = line.removeprefix("$ ") if example.language == "console" else line
        if line.strip() and (typed != line or example.language == "sh"):
            yield re.sub(r"(^|\s+)#.*", "", typed).strip()


def run(example: Example, names: dict[str, Any]) -> Any:
    """Runs a block of Python. What it names it finds in *names*, and what it makes is there afterwards.

    A block that returns is the inside of a function; answers what it returns.
    """
    tree = ast.parse(example.text)
    returns = any(isinstance(node, ast.Return) for each in tree.body for node in _outside_of_functions(each))
    if returns:
        tree = ast.parse("def example():\n" + textwrap.indent(example.text, "    "))
    exec(compile(tree, f"an example: {example.text[:40]!r}", "exec"), names)  # noqa: S102 - our own documentation
    return names["example"]() if returns else None


def _outside_of_functions(node: ast.AST) -> Iterator[ast.AST]:
    if not isinstance(node, ast.FunctionDef):
        yield node
        for child in ast.iter_child_nodes(node):
            yield from _outside_of_functions(child)
