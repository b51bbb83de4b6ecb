"""Which browser on which device somebody has signed in with, out of what the browser calls itself (``User-Agent``).

It is for people who look for a place that is not theirs, so a few well-known names are enough. Who sends it may write
anything: no decision depends on it. A text is read up to a fixed length, and looked through once for each name.

Source of the form: RFC 9110, section 10.1.5.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

from stormpath_wsgi.events import Origin
from stormpath_wsgi.texts import Texts

#: Characters of an agent that are kept, and read.
LONGEST = 500

#: What a browser puts into its name, in the order in which it is looked for: most claim to be others as well.
_BROWSERS = (
    (("Edg/", "EdgA/", "EdgiOS/", "Edge/"), "Edge"),
    (("OPR/", "OPT/", "OPiOS/", "Opera"), "Opera"),
    (("Vivaldi/",), "Vivaldi"),
    (("SamsungBrowser/",), "Samsung Internet"),
    (("YaBrowser/",), "Yandex Browser"),
    (("UCBrowser/", "UBrowser/"), "UC Browser"),
    (("DuckDuckGo/", "Ddg/"), "DuckDuckGo"),
    (("Brave/",), "Brave"),
    (("Focus/", "Klar/"), "Firefox Focus"),
    (("Firefox/", "FxiOS/"), "Firefox"),
    (("Chromium/",), "Chromium"),
    (("CriOS/", "HeadlessChrome/", "Chrome/"), "Chrome"),
    (("Trident/", "MSIE "), "Internet Explorer"),
    (("Safari/", "Mobile/"), "Safari"),
    (("curl/",), "curl"),
    (("Wget/",), "Wget"),
    (("python-requests/", "Python-urllib/", "python-httpx/", "aiohttp/"), "Python"),
)

#: The same of systems: name, and whether it is held in the hand.
_SYSTEMS = (
    (("iPhone", "iPod"), "iPhone", True),
    (("iPad",), "iPad", True),
    (("Windows Phone",), "Windows Phone", True),
    (("Android",), "Android", True),
    (("CrOS",), "ChromeOS", False),
    (("Windows",), "Windows", False),
    (("Macintosh", "Mac OS X", "Mac_PowerPC"), "Mac", False),
    (("FreeBSD",), "FreeBSD", False),
    (("Linux", "X11"), "Linux", False),
)


class Device(NamedTuple):
    """What an agent tells. *browser*, *system*: names; None: not known. *hand*: whether it is a phone or a tablet."""

    browser: str | None = None
    system: str | None = None
    hand: bool = False


UNKNOWN = Device()


def device_of(agent: str | None) -> Device:
    """The device of a browser that calls itself *agent*, which may be any text."""
    text = (agent or "")[:LONGEST]
    browser = next((name for marks, name in _BROWSERS if _has(text, marks)), None)
    system, hand = next(((name, hand) for marks, name, hand in _SYSTEMS if _has(text, marks)), (None, False))
    return Device(browser, system, hand)


def named(device: Device, texts: Texts) -> str:
    """What people call *device*, in the language of *texts*: "Chrome on Windows"."""
    browser, system = device.browser, device.system
    if browser is None:
        return texts.gettext("A browser on %(system)s", system=system) if system else texts.gettext("A browser")
    return texts.gettext("%(browser)s on %(system)s", browser=browser, system=system) if system else browser


def place_of(origin: Origin) -> dict[str, str]:
    """What of *origin* is kept beside a session: ``agent`` and ``address``, as far as they are known."""
    agent = "".join(each for each in (origin.agent or "")[:LONGEST] if each.isprintable()).strip()
    known = {"agent": agent, "address": _address(origin.address)}
    return {name: text for name, text in known.items() if text}


def _address(text: str | None) -> str:
    try:
        address = ipaddress.ip_address((text or "").partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _has(text: str, marks: Iterable[str]) -> bool:
    return any(mark in text for mark in marks)
