"""Words, and forms of texts, that several kinds use."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

ENABLED, DISABLED, UNVERIFIED, VERIFIED = "ENABLED", "DISABLED", "UNVERIFIED", "VERIFIED"
LOCKED = "LOCKED"
SMS, GOOGLE_AUTHENTICATOR = "SMS", "google-authenticator"
ID = re.compile(r"[0-9A-Za-z]{1,64}\Z")
#: A web origin: a scheme, a host, and possibly a port.
ORIGIN = re.compile(r"https?://[^\s/?#@]+/?", re.IGNORECASE)
#: The key of an organization, and a DNS label (RFC 1123, section 2.1).
NAME_KEY = re.compile(r"[0-9a-z](?:[0-9a-z-]*[0-9a-z])?", re.IGNORECASE)
#: The target of a mapping rule: an attribute of an account, or a key of its custom data.
ACCOUNT_ATTRIBUTE = re.compile(
    r"username|email|givenName|middleName|surname|customData(?:\.[0-9A-Za-z_][0-9A-Za-z_-]{0,254})+"
)
#: For classes of regular expressions: control characters, line breaks, and the marks of interlinear notes.
CONTROL = "\x00-\x1f\x7f-\x9f\u2028\u2029\ufff9-\ufffb"
#: For the same use: invisible characters (Default_Ignorable_Code_Point in Unicode's DerivedCoreProperties.txt), among
#: them those that change the direction of a text.
UNSEEN = (
    "\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
#: For the same use: the colon, and characters that NFKC turns into one.
COLON = ":\u2a74\ufe13\ufe55\uff1a"
_LATER = "\u0590-\u1dff\u2600-\ufdff\ufe0f\ufe70-\ufefe\U00010000-\U0010ffff"
#: A username: one line without invisible characters, and without those that change the direction of a text.
LOGIN_NAME = re.compile(f"[^{CONTROL}{UNSEEN}]*")
#: The name of a person or a thing. It is like a username, with two exceptions. Variation selectors are allowed, which
#: emoji use. The two joiners are allowed between emoji, and between letters of scripts beyond Latin, Greek, Cyrillic
#: and Armenian, because Persian and languages of India cannot be written correctly without them.
NAME = re.compile(f"(?:[^{CONTROL}{UNSEEN}]|[\ufe00-\ufe0f]|(?<=[{_LATER}])[\u200c\u200d](?=[{_LATER}]))*")
NO_NAME = "holds a line break, a control character or one that is not seen."
#: The value of a header in a mail: it must have no line break, which would begin another header.
ONE_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]*")
#: A domain in which each ``*`` stands for any number of any characters.
DOMAIN_PATTERN = re.compile(r"[0-9a-z*_-]+(?:\.[0-9a-z*_-]+)*", re.IGNORECASE)
NO_DOMAIN = "has a wrong entry: It is not a valid domain."
SECOND, YEAR, TEN_YEARS = dt.timedelta(seconds=1), dt.timedelta(days=366), dt.timedelta(days=3660)
#: The address of a visitor: of IPv4 or IPv6, perhaps with a zone.
VISITOR_ADDRESS = re.compile(r"[0-9A-Za-z:.%_-]{2,64}")
_LABEL = re.compile(r"[0-9A-Za-z-]+")


def id_of(href: str) -> str:
    """The id in an *href*, which is ``<base>/<kind>/<id>``: the part behind its last slash."""
    return href.rpartition("/")[2]


def is_authorized_callback(uri: str, authorized: Iterable[str]) -> bool:
    """Whether *uri* is one of the ``authorizedCallbackUris`` of an application, letter for letter.

    In these a ``*`` stands for a part of one label of a host: it matches no dot and no slash.
    """
    return any(_fits(uri, *one.partition("*")) for one in authorized)


def _fits(uri: str, head: str, star: str, tail: str) -> bool:
    if not star:
        return uri == head
    fits = uri.startswith(head) and uri.endswith(tail) and len(uri) > len(head + tail)
    return fits and _LABEL.fullmatch(uri, len(head), len(uri) - len(tail)) is not None
