"""Who tries, as one machine tells another: the value of a header that goes with requests of the REST API.

It has up to four parts, of which each may be missing, in this order::

    address=203.0.113.7; browser=3JcvR7DpsrJm; accounts=46tityAxU24l,2MKePSh5oj49; place=0a1b…:1790000000000

It is told by a site, which has an API key, of its visitor; nobody else is believed.
"""

from __future__ import annotations

import re

from stormpath_wsgi.limits.visitor import Visitor

#: The name of the header.
NAME = "X-Stormpath-Visitor"
#: Characters of the longest value that is read.
LONGEST = 4096
#: The highest number of accounts that one browser is known for.
MOST_ACCOUNTS = 50

_ID = r"[0-9A-Za-z]{1,64}"
_PARTS = {
    "address": r"[0-9A-Fa-f:.]{2,45}",
    "browser": r"[0-9A-Za-z_-]{1,64}",
    "accounts": rf"{_ID}(?:,{_ID}){{0,{MOST_ACCOUNTS - 1}}}",
    "place": r"[0-9a-f]{32}:[0-9]{1,15}",
}
_FORMS = {name: re.compile(form, re.ASCII) for name, form in _PARTS.items()}
_VALUE = re.compile(
    "".join(rf"(?:{name}=(?P<{name}>{form})(?:; (?!\Z)|\Z))?" for name, form in _PARTS.items()), re.ASCII
)


def written(visitor: Visitor) -> str | None:
    """The value for *visitor*; None where nothing is known of it.

    Of an address only what counts is told: of IPv6 the network. What could not be read again is left out.
    """
    told = {
        "address": (visitor.network or "").partition("/")[0],
        "browser": visitor.browser or "",
        "accounts": ",".join(sorted(visitor.accounts)[:MOST_ACCOUNTS]),
        "place": ":".join(map(str, visitor.place or ())),
    }
    return "; ".join(f"{name}={told[name]}" for name, form in _FORMS.items() if form.fullmatch(told[name])) or None


def read(value: str) -> Visitor:
    """The visitor that *value* tells of. Raises ValueError, which says what to write."""
    found = _VALUE.fullmatch(value) if 0 < len(value) <= LONGEST else None
    if found is None:
        raise ValueError(
            f"{NAME} must be like address=203.0.113.7; browser=ID; accounts=ID,ID; place=KEY:TIME, in this order, "
            f"each part once at the most, and no longer than {LONGEST} characters"
        )
    visitor = Visitor(
        address=found["address"],
        browser=found["browser"],
        accounts=frozenset(found["accounts"].split(",") if found["accounts"] else ()),
        place=_place(found["place"]),
    )
    if visitor.address is not None and visitor.network is None:
        raise ValueError(f"the address in {NAME} must be one of the internet protocol, such as 203.0.113.7")
    return visitor


def _place(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    key, _, due = text.partition(":")
    return key, int(due)
