"""The library that judges passkeys is imported when the first one answers, since that takes a third of a second."""

from __future__ import annotations

import ast
from pathlib import Path

import stormpath_wsgi


def test_nothing_imports_it_before() -> None:
    for module in Path(stormpath_wsgi.__file__).parent.rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        if "webauthn" not in text:
            continue
        imports = [each for each in ast.parse(text).body if isinstance(each, ast.Import | ast.ImportFrom)]
        assert "webauthn" not in " ".join(map(ast.unparse, imports)), module
