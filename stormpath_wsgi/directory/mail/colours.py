"""The colours of mails: plain hex values, since mail programs know no variables."""

from __future__ import annotations

from dataclasses import dataclass


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


def colours() -> Colours:
    """Those that mails have: ink as the accent."""
    return Colours(
        light=Scheme("#f6f5f3", "#ffffff", "#e2dfda", "#1d1b18", "#5e5951", "#2f2b27", "#ffffff"),
        dark=Scheme("#131210", "#1b1a17", "#35322d", "#f1eee9", "#ada79e", "#e9e4de", "#171512"),
    )
