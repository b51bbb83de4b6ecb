"""The directive ``doctor-table``: every check of the doctor, as it declares itself."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from stormpath_wsgi.doctor.check import Check, Need
from stormpath_wsgi.doctor.examination import declared
from stormpath_wsgi.doctor.site import Site

_NEEDS = {Need.NOTHING: "", Need.ACCOUNT: " Needs an account.", Need.OWN_ACCOUNT: " Needs ``--make-account``."}


class DoctorTable(SphinxDirective):
    """A list of the checks of one sort, ``site`` or ``settings``, the worst first."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        of_site = self.arguments[0] == "site"
        checks = [check for check in declared() if (check.subject is Site) == of_site]
        lines = [line for check in sorted(checks, key=lambda check: -check.grade) for line in _entry(check)]
        return self.parse_text_to_nodes(StringList(lines, "checks"))


def _entry(check: Check) -> Iterator[str]:
    page, _, label = check.docs.partition("#")
    more = f":ref:`{label}`" if label else f":doc:`{page}`"
    yield f"``{check.id}`` ({check.grade})"
    yield f"    {check.title}. {check.why} *Fires at:* {_first(check)}{_NEEDS[check.need]}"
    yield ""
    yield f"    *Mend:* ``{check.mend}``. More: {more}."
    yield ""


def _first(check: Check) -> str:
    """What the check looks for: the docstring of its function, as a part of a sentence."""
    text = (inspect.getdoc(check.look) or "").replace("\n", " ")
    return text[0].lower() + text[1:] if text[:2].istitle() or text[1:2] == " " else text


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("doctor-table", DoctorTable)
    return {"parallel_read_safe": True}
