"""The colours of the style sheet can be told apart: WCAG 2.2, level AA, in light and in dark."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from stormpath_wsgi.theme import DARK_GROUNDS, DEFAULT, LIGHT_GROUNDS, Colours, contrast

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


@pytest.mark.parametrize(
    ("scheme", "grounds", "colours"),
    [(LIGHT, LIGHT_GROUNDS, DEFAULT.light), (DARK, DARK_GROUNDS, DEFAULT.dark)],
    ids=["light", "dark"],
)
def test_the_theme_reckons_with_the_grounds_of_the_style_sheet(
    scheme: dict[str, str], grounds: tuple[str, ...], colours: Colours
) -> None:
    assert tuple(scheme[name] for name in GROUNDS) == grounds
    assert (scheme["fill"], scheme["on-fill"], scheme["link"]) == colours


def test_nothing_is_loaded_from_anywhere() -> None:
    assert "url(" not in CSS
    assert "@import" not in CSS
