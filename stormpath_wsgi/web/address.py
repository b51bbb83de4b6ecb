"""Whose address counts: that of the peer, who is connected to the server, or the one that a proxy of the site tells."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from urllib.parse import quote

from stormpath_wsgi.events import SignInFailed, here

log = logging.getLogger(__name__)

#: The name, among those of proxies, of whoever is connected through a unix socket: such a peer has no address.
UNIX = "unix"

#: How much of X-Forwarded-For is read, in characters, from its end.
LONGEST = 1000

#: What proxies send, and visitors do not.
_OF_PROXIES = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_FORWARDED",
    "HTTP_X_REAL_IP",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_VIA",
)

#: Werkzeug's ProxyFix has put the address of the visitor in the place of the peer's, and tells here what was there.
_FIXED = "werkzeug.proxy_fix.orig"

#: An address as proxies write it, some of them with a port.
_WRITTEN = re.compile(
    r"\[(?P<in_brackets>[0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?|(?P<with_port>[0-9.]+):[0-9]{1,5}|(?P<alone>[0-9A-Fa-f:.]+)"
)


#: The names by which a machine calls itself, with a port.
_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")


class Proxies:
    """The proxies that may say, with ``X-Forwarded-For``, for which address they ask. Threads may share it.

    *names*: addresses and networks, and perhaps ``unix``, as in the setting ``proxies``. Raises ValueError for another
    text.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        named = set(names)
        self._unix = UNIX in named
        self._networks = tuple(ipaddress.ip_network(name) for name in sorted(named - {UNIX}))

    def address(self, environ: Mapping[str, Any]) -> str | None:
        """The address of the visitor; None: it is not known, for the peer is connected through a unix socket.

        Each proxy adds the address of its own peer on the right. So the visitor is the right-most one that is no proxy;
        what stands on its left, the visitor may have written, at any length. Where all are proxies, the left-most asks
        for itself. Where anything stands that is no address, none is believed: then the visitor is the peer.
        """
        peer = environ.get("REMOTE_ADDR") or None
        if not self.has(peer):
            return peer
        said = environ.get("HTTP_X_FORWARDED_FOR", "")
        if len(said) > LONGEST:
            said = "-" + said[-LONGEST:]  # the first that is left may have lost its beginning, and is no address now
        found = None
        for text in filter(None, map(str.strip, reversed(said.split(",")))):
            found = _parsed(text)
            if found is None:
                return peer
            if not self._is_proxy(found):
                break
        return peer if found is None else str(found)

    def missed(self, environ: Mapping[str, Any]) -> str | None:
        """Which proxy seems to be missing here, as the setting ``proxies`` would name it; None: none.

        That is a peer with an address that is not public, or with none, who sends what proxies send.
        """
        peer = environ.get("REMOTE_ADDR") or None
        if self.has(peer) or _FIXED in environ or not any(environ.get(name) for name in _OF_PROXIES):
            return None
        if peer is None:
            return UNIX
        return peer if may_be_proxy(peer) else None

    def has(self, peer: str | None) -> bool:
        """Whether *peer*, an address, is one of the proxies. None: whoever is connected through a unix socket."""
        if peer is None:
            return self._unix
        address = _parsed(peer.partition("%")[0])
        return address is not None and self._is_proxy(address)

    def _is_proxy(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)


class ProxyHint:
    """A listener of sign-ins that fail. It says in the log, once, that *proxies* seem to lack one.

    For then all visitors have one address, or none: limits hold them up together, or do not know them.
    """

    def __init__(self, proxies: Proxies) -> None:
        self._proxies, self._said = proxies, False

    def __call__(self, event: SignInFailed) -> None:
        environ = here().environ
        if self._said or environ is None:
            return
        missed = self._proxies.missed(environ)
        if missed is not None:
            self._said = True
            log.warning("%s", hint(missed))


def hint(missed: str) -> str:
    """What to tell whoever runs the site when a proxy seems to be missing: *missed*, as :meth:`Proxies.missed`."""
    what = (
        "Where visitors come through a unix socket their addresses are not known, and no limit counts by them"
        if missed == UNIX
        else f"All visitors who come through {missed} count as one, and have to wait together"
    )
    return f"{what}. If that is your proxy, let it set X-Forwarded-For, and name it: STORMPATH_PROXIES={missed}"


def may_be_proxy(address: str) -> bool:
    """Whether *address* is of a machine nearby: it is none of the public internet."""
    found = _parsed(address.partition("%")[0])
    return found is not None and not found.is_global


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """The address that *text* says, perhaps with a port; None for another text."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return None
    try:
        address = ipaddress.ip_address(written[written.lastgroup or 0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address  # a server that listens to both kinds sees IPv4 so


def development_site(environ: Mapping[str, Any]) -> str | None:
    """Where a browser on this machine has reached a server on it, by a name of the machine itself; None in any other
    case.

    A visitor can write any name into ``Host``, so no other one is believed, and none where a proxy is in between.
    """
    host = str(environ.get("HTTP_HOST", ""))
    if environ.get("wsgi.url_scheme") != "http" or not _LOOPBACK.fullmatch(host):
        return None
    if any(name in environ for name in _OF_PROXIES) or environ.get("REMOTE_ADDR") not in ("127.0.0.1", "::1"):
        return None
    return f"http://{host}{quote(str(environ.get('SCRIPT_NAME', '')).encode('latin-1'))}"
