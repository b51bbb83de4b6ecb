"""The colours of pages and mails, from the one accent that a site sets.

Three values in each scheme follow from it: the ground of a primary button, the text on that, and links. Whatever the
accent is, text has a contrast of 4.5:1 at least (WCAG 2.2, 1.4.3). Only lightness and, in the dark, chroma change; the
hue stays.

Source: OKLCH and its conversion, B. Ottosson, "A perceptual color space for image processing"; CSS Color 4.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

#: The least contrast of text.
READABLE = 4.5

#: The grounds on which links stand: the page, the card, the band. Those of the style sheet.
LIGHT_GROUNDS = ("#f6f5f3", "#ffffff", "#f8f7f5")
DARK_GROUNDS = ("#131210", "#1b1a17", "#22201d")

WHITE, INK = "#ffffff", "#171512"

#: Lighter accents than that get dark text.
_BRIGHT = 0.75
#: In the dark: the most colour that a large ground may have, and how light it is.
_MOST_CHROMA, _DIM, _LIGHTEST = 0.13, 0.78, 0.93

_HEX = re.compile(r"#[0-9a-f]{6}")


class Colours(NamedTuple):
    """Those of one scheme, as ``#rrggbb``."""

    fill: str
    on_fill: str
    link: str


class Theme(NamedTuple):
    """The colours of both schemes."""

    light: Colours
    dark: Colours


#: Ink, which is no colour: any logo fits beside it.
DEFAULT = Theme(Colours("#2f2b27", WHITE, "#2f2b27"), Colours("#e9e4de", INK, "#e9e4de"))


def theme_of(accent: str | None) -> Theme:
    """The theme of an *accent*, ``#rrggbb`` in lower case; None: :data:`DEFAULT`. Raises ValueError for other texts."""
    if accent is None:
        return DEFAULT
    if not _HEX.fullmatch(accent):
        raise ValueError("write a colour such as #2563eb")
    lightness, chroma, hue = to_oklch(accent)
    link = _darkened(accent)
    light = Colours(accent, INK, link) if lightness > _BRIGHT else Colours(link, WHITE, link)
    least = min(max(_DIM, _LIGHTEST - chroma), _LIGHTEST)
    dark = from_oklch(max(lightness, least), min(chroma, _MOST_CHROMA), hue)
    return Theme(light, Colours(dark, INK, dark))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def to_oklch(colour: str) -> tuple[float, float, float]:
    """Lightness from 0 to 1, chroma, and hue in radians."""
    red, green, blue = map(_linear, _channels(colour))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.atan2(b, a)


def from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """The colour as ``#rrggbb``. What a screen cannot show is cut off at each channel."""
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(255 * _encoded(min(max(value, 0), 1))):02x}" for value in linear)


def _darkened(accent: str) -> str:
    """The *accent*, or what is as much darker as links need."""
    lightness, chroma, hue = to_oklch(accent)
    colour = accent
    while min(contrast(colour, ground) for ground in LIGHT_GROUNDS) < READABLE:
        lightness -= 0.01
        colour = from_oklch(lightness, chroma, hue)
    return colour


def _channels(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _encoded(linear: float) -> float:
    return linear * 12.92 if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055


def _luminance(colour: str) -> float:
    red, green, blue = map(_linear, _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
