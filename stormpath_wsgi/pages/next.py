"""Where a visitor wanted to go: ``next`` is a path of this site, or an address at a host that a setting names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

LIMIT = 2000  # characters; no page has a longer address, and some proxies cut the Location header

# What RFC 3986 allows in a path and a query, and the few characters browsers leave as they are in a query.
# No backslash (a slash to browsers), no blank and no control character (browsers drop tabs and newlines).
_LOCAL = re.compile(r"""/[A-Za-z0-9._~!$&'()*+,;=:@%/?{}|^`"<>\[\]-]*""")
# After decoding: a second slash in front, a backslash or control character anywhere, a dot segment.
_TRICK = re.compile(r"//|.*[\\\x00-\x1f\x7f]|(.*/)?\.{1,2}(/|\Z)", re.DOTALL)

# What RFC 3986 allows in a fragment.
_FRAGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/?-]+")

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def safe_next(wanted: str | None) -> str | None:
    """*wanted* when it is a path, perhaps with a query and a fragment, of this site; else None.

    Refused are other hosts in every spelling a browser or a proxy may read as one: ``//host``, ``/\\host``,
    ``/%2Fhost`` however often encoded, ``/.//host``; schemes; control characters; what is overlong. A fragment that
    could not stand alone in such a place is left out.
    """
    wanted = _ascii(wanted or "")
    address, _, fragment = wanted.partition("#")
    if len(wanted) > LIMIT or not _LOCAL.fullmatch(address) or _TRICK.match(_decoded(address.partition("?")[0])):
        return None
    kept = _FRAGMENT.fullmatch(fragment) and not _TRICK.match(_decoded(fragment))
    return f"{address}#{fragment}" if kept else address


def safe_return(wanted: str | None, origins: Iterable[str]) -> str | None:
    """*wanted* when it is an address at one of *origins*, such as ``https://wiki.example.com``; else None.

    It has to begin with the origin and a slash, letter for letter; the rest is held to the same as a path of this site.
    """
    for origin in origins:
        if wanted is not None and wanted.startswith(f"{origin}/"):
            path = safe_next(wanted.removeprefix(origin))
            return None if path is None else origin + path
    return None


def _decoded(text: str) -> str:
    while (decoded := unquote(text)) != text:
        text = decoded
    return text


def _ascii(wanted: str) -> str:
    """*wanted* with the letters of all scripts encoded, as browsers do. Some frameworks pass ``next`` on decoded.

    What is invisible is left as it is: no address needs it.
    """
    return _NOT_ASCII.sub(lambda found: quote(found[0]), wanted) if wanted.isprintable() else wanted
