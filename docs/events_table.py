"""The directive ``events-table``: every event, from its declaration."""

from __future__ import annotations

import dataclasses
import inspect

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from stormpath_wsgi.events import AfterEvent, BeforeEvent, Event


class EventsTable(SphinxDirective):
    """A list of the events of one sort, ``before`` or ``after``: their names, what they mean, what only they say."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        sort: type[Event] = {"before": BeforeEvent, "after": AfterEvent}[self.arguments[0]]
        lines = [line for kind in sort.__subclasses__() for line in _entry(kind)]
        return self.parse_text_to_nodes(StringList(lines, "events"))


def _entry(kind: type[Event]) -> list[str]:
    common = {each.name for each in dataclasses.fields(Event)}
    own = [f"``{each.name}``" for each in dataclasses.fields(kind) if each.name not in common]
    says = ["", f"Says besides: {', '.join(own)}."] if own else []
    text = [*(inspect.getdoc(kind) or "").splitlines(), *says, ""]
    return [f"``{kind.__name__}``", *(f"    {line}" for line in text)]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("events-table", EventsTable)
    return {"parallel_read_safe": True}
