"""The directive ``settings-table``: every setting, from its declaration, below a heading for each section."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from stormpath_wsgi.settings import Section, Settings
from stormpath_wsgi.settings.sources import Description, describe

#: Sections inside of sections get no heading of their own below this depth.
DEEPEST = 2


class SettingsTable(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        lines = chain.from_iterable(_group(name, section) for name, section in _sections("", Settings))
        return self.parse_text_to_nodes(StringList([*lines], "settings"), allow_section_headings=True)


def _sections(name: str, section: type[Section]) -> Iterator[tuple[str, type[Section]]]:
    """The *section* and those inside of it that get a heading, with their dotted names."""
    yield name, section
    for field in section.model_fields.values():
        inner = field.annotation
        dotted = f"{name}.{field.alias}".lstrip(".")
        if isinstance(inner, type) and issubclass(inner, Section) and dotted.count(".") < DEEPEST:
            yield from _sections(dotted, inner)


def _group(name: str, section: type[Section]) -> Iterator[str]:
    own = [setting for setting in describe(Settings) if _heading(setting) == name]
    if not own:
        return
    heading = f"``{name}``" if name else "The site as a whole"
    meaning = (section.__doc__ or "").partition("\n")[0]
    yield from (heading, "-" * len(heading), "", meaning if name else "", "")
    for setting in own:
        yield from _entry(setting)


def _heading(setting: Description) -> str:
    """The section below whose heading *setting* stands: the innermost that has one."""
    names = [name for name, _ in _sections("", Settings)]
    return max((name for name in names if setting.name.startswith(name and f"{name}.")), key=len)


def _entry(setting: Description) -> Iterator[str]:
    unit = f", {setting.unit}" if setting.unit else ""
    yield f"``{setting.name}``"
    yield f"    {setting.meaning}"
    yield ""
    yield f"    *{setting.type}{unit}; default:* {_literal(setting.default)}; ``{setting.variable}``"
    yield ""


def _literal(text: str) -> str:
    return f"``{text}``" if text else "empty"


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("settings-table", SettingsTable)
    return {"parallel_read_safe": True}
