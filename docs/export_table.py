"""The directive ``export-table``: what is in an export, section by section, from the layout."""

from __future__ import annotations

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from stormpath_wsgi.transfer.layout import SECTIONS, Section


class ExportTable(SphinxDirective):
    """A list of the sections of an export, in their order, with the members of the objects of each."""

    def run(self) -> list[nodes.Node]:
        lines = [line for section in SECTIONS for line in _entry(section)]
        return self.parse_text_to_nodes(StringList(lines, "export"))


def _entry(section: Section) -> list[str]:
    names = ", ".join(f"**{member.name}**" if member.place else member.name for member in section.members)
    return [f"``{section.name}``", f"    {names}", ""]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("export-table", ExportTable)
    return {"parallel_read_safe": True}
