"""The look that a site has set, as the templates need it: CSS, an icon for the tab, and where images come from."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, urlsplit

from markupsafe import escape

from stormpath_wsgi.settings import LookSettings
from stormpath_wsgi.theme import Colours, theme_of

_DARK = "(prefers-color-scheme: dark)"
#: What stands in a style sheet for that condition where a site has one scheme only.
_ALWAYS = {"light": "not all", "dark": "all"}

#: The values of the attribute ``content`` of the tag ``<meta name="color-scheme">``.
COLOR_SCHEMES = {"auto": "light dark", "light": "light", "dark": "dark"}

_SYSTEM = "var(--system)"


def css(look: LookSettings) -> str:
    """What is laid over the variables of our style sheet; empty where nothing is set."""
    rules = []
    if look.accent is not None:
        light, dark = theme_of(look.accent)
        rules += [_root(_colours(light)), f"@media {_DARK} {{ {_root(_colours(dark))} }}"]
    shape = {}
    if "radius" in look.model_fields_set:
        shape["radius"] = f"{look.radius}px"
    if look.font:
        shape["font"] = ", ".join((*(f'"{name}"' for name in look.font), _SYSTEM))
    if look.scheme != "auto":
        rules.append(f":root {{ color-scheme: {look.scheme}; }}")
    if shape:
        rules.append(_root(shape))
    return "\n".join(rules)


def in_scheme(style: str, look: LookSettings) -> str:
    """The style sheet *style* for a site that is only light or only dark, where *look* says so."""
    return style.replace(_DARK, _ALWAYS[look.scheme]) if look.scheme in _ALWAYS else style


@lru_cache(maxsize=64)
def favicon(look: LookSettings, name: str) -> str:
    """A small icon for the tab of the browser, as a ``data:`` address: the first letter of *name*."""
    light, dark = theme_of(look.accent)
    other = {"auto": dark, "light": light, "dark": dark}[look.scheme]
    first = dark if look.scheme == "dark" else light
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><style>'
        f"rect{{fill:{first.fill}}}text{{fill:{first.on_fill};font:600 18px system-ui,sans-serif}}"
        f"@media {_DARK}{{rect{{fill:{other.fill}}}text{{fill:{other.on_fill}}}}}</style>"
        f'<rect width="32" height="32" rx="{min(look.radius * 0.75, 16):g}"/>'
        f'<text x="16" y="22.5" text-anchor="middle">{escape(name[:1].upper())}</text></svg>'
    )
    return "data:image/svg+xml," + quote(drawing, safe="")


def image_sources(look: LookSettings, marks: Iterable[str | None] = ()) -> list[str]:
    """The other sites that images come from, as sources of a Content-Security-Policy. *marks*: the addresses of those
    of providers.
    """
    images = (look.logo, look.logo_dark, *marks)
    addresses = [urlsplit(address) for address in images if address and address.startswith("https")]
    return sorted({f"https://{address.netloc}" for address in addresses})


def _root(variables: dict[str, str]) -> str:
    return ":root { " + " ".join(f"--{name}: {value};" for name, value in variables.items()) + " }"


def _colours(colours: Colours) -> dict[str, str]:
    return {"fill": colours.fill, "on-fill": colours.on_fill, "link": colours.link}
