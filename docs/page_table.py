"""The directive ``page-table``: every page, as it declares itself."""

from __future__ import annotations

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from stormpath_wsgi.pages import declared
from stormpath_wsgi.settings import WebSettings


class PageTable(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 12 12 26 14 36", ""]
        for row in [("page", "address", "methods", "template", "what it is"), *_rows()]:
            lines += [f"   {mark} - {cell}" for mark, cell in zip("*    ", row, strict=True)]
        return self.parse_text_to_nodes(StringList(lines, "pages"))


def _rows() -> list[tuple[str, str, str, str, str]]:
    pages = {page.section: page for page in declared()}
    rows = []
    for name, section in WebSettings().pages.items():
        page = pages[type(section)]
        methods = ", ".join(sorted(page.methods - {"HEAD"}))
        templates = ", ".join(f"``{view}.html``" for view in page.templates(section)) or "none"
        what = (type(section).__doc__ or "").partition("\n")[0]
        rows.append((f"``{page.name}``", f"``{section.uri}`` (``web.{name}.uri``)", methods, templates, what))
    return rows


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("page-table", PageTable)
    return {"parallel_read_safe": True}
