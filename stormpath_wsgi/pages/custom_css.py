"""What a ``custom.css`` does to the contrast of text: buttons and links must stay readable in both schemes.

Only colours that are written as ``#rrggbb`` are compared; of others nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from stormpath_wsgi.theme import DARK_GROUNDS, LIGHT_GROUNDS, READABLE, Colours, contrast, theme_of

#: The name of the file in the folder ``web.templates``.
NAME = "custom.css"

#: What is written on what, by the variables of the style sheet.
_PAIRS = (("on-fill", "fill"), ("link", "page"))

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_DARK = re.compile(r"@media[^{]*prefers-color-scheme:\s*dark[^{]*\{((?:[^{}]*\{[^{}]*\})*)[^{}]*\}", re.IGNORECASE)
_VALUE = re.compile(r"--(fill|on-fill|link|page)\s*:\s*(#[0-9a-f]{6})\s*[;}]", re.IGNORECASE)


def unreadable(folder: Path | None, accent: str | None) -> list[str]:
    """A sentence for each scheme and pair of colours that cannot be read well. *folder*: that of the templates.
    *accent*: of the settings, from which what the file does not set follows.
    """
    try:
        css = _COMMENT.sub("", (folder / NAME).read_text(encoding="utf-8-sig")) if folder else ""
    except (OSError, UnicodeDecodeError):
        return []  # there is none; or the templates say what is wrong with it
    dark = " ".join(_DARK.findall(css))
    both, in_dark = dict(_VALUE.findall(_DARK.sub("", css))), dict(_VALUE.findall(dark))
    theme = theme_of(accent)
    schemes = {
        "light": {**_ours(theme.light, LIGHT_GROUNDS[0]), **both},
        "dark": {**_ours(theme.dark, DARK_GROUNDS[0]), **both, **in_dark},
    }
    set_here = both.keys() | in_dark.keys()
    return [line for scheme, colours in schemes.items() for line in _wrong(scheme, colours) if set_here]


def _ours(colours: Colours, page: str) -> dict[str, str]:
    return {"fill": colours.fill, "on-fill": colours.on_fill, "link": colours.link, "page": page}


def _wrong(scheme: str, colours: Mapping[str, str]) -> Iterator[str]:
    for text, ground in _PAIRS:
        found = contrast(colours[text].lower(), colours[ground].lower())
        if found < READABLE:
            yield (
                f"web.templates: {NAME}: in the {scheme} scheme --{text} ({colours[text]}) on --{ground} "
                f"({colours[ground]}) has a contrast of {found:.1f}, and text needs {READABLE}; set both."
            )
