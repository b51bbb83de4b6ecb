"""The names by which clients know the API: the allowed values of a signed ``Host`` header.

A signature is made for one host. Otherwise the owner of another host, who got a signed request, could send it to us.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.settings.types import HOST

_DEFAULT_PORTS = ("80", "443")  # of http and https: clients leave them out, and proxies put them in


class Hosts:
    """The host of *base_url*, and *further* hosts, such as ``10.0.0.5:8000``.

    Upper and lower case, a dot at the end, the form of an IPv6 address and a default port make no difference. Raises
    :class:`~stormpath_wsgi.ConfigurationError` for a text that is no host.
    """

    def __init__(self, base_url: str, further: Iterable[str] = ()) -> None:
        self._known = frozenset(_named(host) for host in (urlsplit(base_url).netloc.rpartition("@")[2], *further))

    def __contains__(self, host: str) -> bool:
        """Whether *host*, the value of a header, is one of them."""
        return _normal(host) in self._known


def _named(host: str) -> str:
    try:
        found = _normal(host.encode("idna").decode() if not host.isascii() else host)
    except UnicodeError:
        found = None
    if found is None:
        raise ConfigurationError(f"api.hosts: {host!r} is no host: write one such as id.example.com or 10.0.0.5:8000")
    return found


def _normal(host: str) -> str | None:
    """The normal form of *host*; None when it is no host."""
    parts = HOST.fullmatch(host)
    if parts is None:
        return None
    name, port = parts["name"].lower().removesuffix("."), (parts["port"] or "").lstrip("0")
    if name.startswith("["):
        try:
            name = f"[{IPv6Address(name[1:-1])}]"
        except ValueError:
            return None
    return name if not port or port in _DEFAULT_PORTS else f"{name}:{port}"
