"""The colours of mails: plain hex values, since mail programs know no variables."""

from __future__ import annotations

from dataclasses import dataclass

from stormpath_wsgi.theme import theme_of


@dataclass(frozen=True, slots=True)
class Scheme:
    """The colours of one scheme, each in hex."""

    page: str
    card: str
    edge: str
    text: str
    muted: str
    fill: str
    on_fill: str


@dataclass(frozen=True, slots=True)
class Colours:
    """Those of both schemes."""

    light: Scheme
    dark: Scheme


def colours(accent: str | None = None) -> Colours:
    """Those of mails whose buttons have the colour *accent*, as ``#rrggbb``. Only that differs; None: ink."""
    theme = theme_of(accent)
    return Colours(
        light=Scheme("#f6f5f3", "#ffffff", "#e2dfda", "#1d1b18", "#5e5951", theme.light.fill, theme.light.on_fill),
        dark=Scheme("#131210", "#1b1a17", "#35322d", "#f1eee9", "#ada79e", theme.dark.fill, theme.dark.on_fill),
    )
