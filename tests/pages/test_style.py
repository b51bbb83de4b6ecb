"""The colours of the style sheet can be told apart: WCAG 2.2, level AA, in light and in dark."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

CSS = (files("stormpath_wsgi.pages") / "templates/style.css").read_text()
BLOCKS = re.findall(r":root {(.*?)}", CSS, re.DOTALL)
LIGHT, DARK = (dict(re.findall(r"--([\w-]+): (?:var\(--[\w-]+, )?(#[0-9a-f]{6})\)?;", block)) for block in BLOCKS)

GROUNDS = ["page", "card", "tint"]
TEXT = [
    *((front, back) for front in ("text", "muted", "link", "bad", "good", "wait") for back in GROUNDS),
    ("text", "field"),
    ("muted", "field"),
    ("on-fill", "fill"),
    ("on-bad", "bad"),
    *((front, f"{tone}-soft") for tone in ("good", "wait", "bad") for front in ("text", "muted", "link", tone)),
]
SHAPES = [
    *(("field-edge", back) for back in (*GROUNDS, "field")),
    *((front, back) for front in ("link", "bad", "fill") for back in (*GROUNDS, "field", "good-soft", "bad-soft")),
]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2, definitions)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_arithmetic_knows_black_on_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXT)
def test_text_is_readable(scheme: dict[str, str], front: str, back: str) -> None:
    assert contrast(scheme[front], scheme[back]) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), SHAPES)
def test_what_has_to_be_found_stands_out(scheme: dict[str, str], front: str, back: str) -> None:
    assert contrast(scheme[front], scheme[back]) >= 3


def test_both_schemes_name_the_same_colours() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert len(LIGHT) > 10


def test_nothing_is_loaded_from_anywhere() -> None:
    assert "url(" not in CSS
    assert "@import" not in CSS
