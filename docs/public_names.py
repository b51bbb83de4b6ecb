"""The reference page says of every public name what it is, and shows no dumps of objects. Otherwise the build warns.

``make docs`` counts warnings as errors, so a public name without a description fails it. The rendered page is what is
looked at: it has the fields of dataclasses and the constants too, which have no docstring that a program could ask for.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging

log = logging.getLogger(__name__)

PACKAGES = ("stormpath_wsgi", "flask_stormpath")

#: Tables that classes make of their own declarations. The page :doc:`resources` shows what is in them.
TABLES = {"members"}

#: The longest signature, in characters, that a reader can still follow.
LONGEST = 900


#: The ``repr`` of an object that cannot be written as source text: ``<… object>``, ``<function …>``.
_DUMP = re.compile(r"<[^<>]*\b(object|function|method|class|module)\b[^<>]*>|\bat 0x[0-9a-f]+")

#: The ``repr`` of a function or class, which can be written by its name.
_NAMED = re.compile(r"<(?:function|class) '?(?:[\w.]*\.)?(?P<name>\w+)'?(?: at 0x[0-9a-f]+)?>")


def skip(app: Sphinx, what: str, name: str, value: object, skipped: bool, options: Any) -> bool | None:
    """Tells autodoc to leave out the member *name*: tables, and what a module has only imported."""
    if name in TABLES:
        return True
    module = getattr(value, "__module__", None) if what == "module" else None
    return True if isinstance(module, str) and not module.startswith(PACKAGES) else None


def shorten(
    app: Sphinx, what: str, name: str, value: object, options: Any, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Writes functions and classes among the defaults by their names: ``backoff=exponential``."""
    return signature and _NAMED.sub(r"\g<name>", signature), returned


def check(app: Sphinx, page: nodes.document) -> None:
    """Warns of each Python name on *page* that has no description, or whose signature shows the dump of an object."""
    for entry in page.findall(addnodes.desc):
        if entry["domain"] != "py":
            continue
        signature = next(entry.findall(addnodes.desc_signature))
        name, text = signature.get("fullname", ""), signature.astext()
        if not any(_says(part) for part in entry.children[-1].children):
            log.warning("%s has no description; write a docstring, or a comment #: above it", name, location=entry)
        if _DUMP.search(text) or len(text) > LONGEST:
            log.warning("the signature of %s shows an object: %.200s", name, text, location=entry)


def _says(part: nodes.Node) -> bool:
    """Whether *part* of a description is text: not the entry of a member, or of the index."""
    return not isinstance(part, addnodes.desc | addnodes.index) and bool(part.astext().strip())


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx, which takes what it returns for facts about this extension."""
    app.connect("autodoc-process-signature", shorten)
    app.connect("autodoc-skip-member", skip)
    app.connect("doctree-read", check)
    return {"parallel_read_safe": True}
