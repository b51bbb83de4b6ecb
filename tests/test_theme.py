"""The colours that follow from one accent can be read, whatever it is: WCAG 2.2, level AA, in light and in dark."""

from __future__ import annotations

import itertools

import pytest

from stormpath_wsgi.theme import (
    DARK_GROUNDS,
    LIGHT_GROUNDS,
    READABLE,
    Colours,
    Theme,
    contrast,
    from_oklch,
    theme_of,
    to_oklch,
)

#: Six values of each channel, from none to all.
ACCENTS = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in itertools.product(range(0, 256, 51), repeat=3)]


def test_the_arithmetic_knows_black_on_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#777777") == pytest.approx(4.48, abs=0.01)


def test_the_text_of_buttons_and_links_can_be_read_whatever_the_accent_is() -> None:
    unreadable = [
        accent
        for accent in ACCENTS
        for colours, grounds in zip(theme_of(accent), (LIGHT_GROUNDS, DARK_GROUNDS), strict=True)
        if contrast(colours.on_fill, colours.fill) < READABLE
        or min(contrast(colours.link, ground) for ground in grounds) < READABLE
    ]
    assert unreadable == []


@pytest.mark.parametrize(
    ("accent", "fill", "link", "dark"),
    [
        ("#2563eb", "#2563eb", "#2563eb", "#8bb6ff"),
        ("#ffc400", "#ffc400", "#9a6200", "#f3c861"),
        ("#0f766e", "#0f766e", "#0f766e", "#87ded4"),
    ],
)
def test_an_accent_stays_as_it_is_where_it_can(accent: str, fill: str, link: str, dark: str) -> None:
    theme = theme_of(accent)
    assert (theme.light.fill, theme.light.link, theme.dark.fill, theme.dark.link) == (fill, link, dark, dark)


def test_without_an_accent_it_is_ink() -> None:
    assert theme_of(None) == Theme(Colours("#2f2b27", "#ffffff", "#2f2b27"), Colours("#e9e4de", "#171512", "#e9e4de"))


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#2563eb", "#ffc400", "#13a538"])
def test_a_colour_comes_back_from_oklch_as_it_was(colour: str) -> None:
    assert from_oklch(*to_oklch(colour)) == colour


@pytest.mark.parametrize("text", ["red", "#12", "#12345g", "2563eb", "#2563EB"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="#2563eb"):
        theme_of(text)
