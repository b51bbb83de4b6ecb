"""What holds for all of these apps and their tests."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = sorted({*HERE.glob("*.py")} - {HERE / "conftest.py", Path(__file__)})


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_else_of_ours_is_imported(file: Path) -> None:
    nodes = list(ast.walk(ast.parse(file.read_text())))
    modules = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert [name for name in modules if name.startswith(("stormpath_wsgi", "support"))] == []


def test_each_app_has_tests() -> None:
    apps = {file.stem for file in FILES if not file.stem.startswith("test_")}
    assert {file.stem.removeprefix("test_") for file in FILES if file.stem.startswith("test_")} == apps
    assert len(apps) >= 12
