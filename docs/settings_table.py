"""The directive ``settings-table``: every setting, from its declaration."""

from __future__ import annotations

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from stormpath_wsgi.settings import Settings
from stormpath_wsgi.settings.sources import describe


class SettingsTable(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        lines = []
        for setting in describe(Settings):
            unit = f", {setting.unit}" if setting.unit else ""
            lines += [
                f"``{setting.name}``",
                f"    {setting.meaning}",
                "",
                f"    *{setting.type}{unit}; default:* {_literal(setting.default)}; ``{setting.variable}``",
                "",
            ]
        return self.parse_text_to_nodes(StringList(lines, "settings"))


def _literal(text: str) -> str:
    return f"``{text}``" if text else "empty"


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("settings-table", SettingsTable)
    return {"parallel_read_safe": True}
