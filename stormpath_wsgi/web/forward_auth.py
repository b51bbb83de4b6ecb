"""Forward authentication: what a proxy says of a request for another application, and what it is told of the visitor.

Before it passes a request on, the proxy sends us one with the cookies and headers of the visitor, and looks at the
status of our answer. nginx calls it ``auth_request``, Caddy ``forward_auth``, Traefik ``ForwardAuth``, Envoy
``ext_authz``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from stormpath_wsgi.settings import Settings, host_key
from stormpath_wsgi.users import RememberedAccount
from stormpath_wsgi.web.address import Proxies
from stormpath_wsgi.web.remote_user import Told, native_text, verified_email

_METHOD, _HOST, _URI = "HTTP_X_FORWARDED_METHOD", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_URI"

#: Characters of a host that are read.
_LONGEST_HOST = 300


class Asked(NamedTuple):
    """The request that a proxy asks about. *host*: as :func:`~stormpath_wsgi.settings.host_key` writes it. *uri*: its
    path and query, which may be anything. *reads*: whether it may be sent again, as a GET.
    """

    host: str
    uri: str
    reads: bool

    @classmethod
    def by_headers(cls, environ: Mapping[str, Any], proxies: Proxies) -> Asked:
        """The one that ``X-Forwarded-Method``, ``-Host`` and ``-Uri`` tell of.

        The host decides who may pass, so only *proxies* of the site are believed; else it is the one of the request to
        us. A proxy that asks us sets it. Where several hosts stand, a visitor may have written one of them, on either
        side, so none of them is asked for.
        """
        host = environ.get("HTTP_HOST", "")
        if environ.get(_HOST) and proxies.has(environ.get("REMOTE_ADDR") or None):
            host = environ[_HOST].strip()
        method = environ.get(_METHOD) or environ["REQUEST_METHOD"]
        return cls(_key(host), environ.get(_URI, ""), method in ("GET", "HEAD"))

    @classmethod
    def by_path(cls, environ: Mapping[str, Any], below: str) -> Asked:
        """The one whose method, host, query, and path, behind *below*, the request to us has itself, as Envoy does."""
        path = quote(environ["PATH_INFO"].removeprefix(below).encode("latin-1"), safe="/:@!$&'()*+,;=~")
        query = environ.get("QUERY_STRING")
        uri = f"{path}?{query}" if query else path
        return cls(_key(environ.get("HTTP_HOST", "")), uri, environ["REQUEST_METHOD"] in ("GET", "HEAD"))


def _key(host: str) -> str:
    return "" if len(host) > _LONGEST_HOST or "," in host else host_key(host)


class IdentityHeaders:
    """The headers that tell of a visitor, as *settings* say. Threads may share it."""

    def __init__(self, settings: Settings) -> None:
        self._names = settings.web.forward_auth.headers
        self._told = Told(settings)

    def of(self, account: RememberedAccount) -> list[tuple[str, str]]:
        """All headers for *account*. What cannot be told is empty, and is there all the same: proxies put our headers
        in the place of those that a visitor has sent.

        Asks the directory for the groups, if they are told and nobody has asked before. Raises Error.
        """
        names = self._names
        values = {
            names.user: self._told.person(account) if names.user else None,
            names.email: verified_email(account) if names.email else None,
            names.groups: self._told.groups(account) if names.groups else None,
            names.name: account.account["fullName"] if names.name else None,
        }
        return [(name, native_text(value) or "") for name, value in values.items() if name is not None]
