"""Which organization a request is for, where each has a host: the label in front of the domain is its nameKey.

Whoever sends a request may write any host into it. So a host decides only which of the organizations that are mapped to
the application is meant, and an address that we send somebody to has the domain of the settings in it, and never
another one.

Source: the Stormpath framework specification, "multi-tenancy".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from wsgiref.types import WSGIEnvironment

from stormpath_wsgi.client import Application, Client, Organization
from stormpath_wsgi.client.choice import find_organization, is_name_key
from stormpath_wsgi.errors import Error, Unavailable
from stormpath_wsgi.kinds import ENABLED
from stormpath_wsgi.remembered import Remembered
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.settings.types import HOST
from stormpath_wsgi.slots import EVERYBODY, Generation
from stormpath_wsgi.users import RememberedAccount
from stormpath_wsgi.web.address import Proxies
from stormpath_wsgi.web.environ import ORGANIZATION, PLACE

#: How many labels are remembered, with the organizations that they stand for, or none.
MOST = 1000

#: The header in which a proxy tells for which host it was asked.
FORWARDED = "X-Forwarded-Host"

#: Characters of the longest host, with a port, that is looked at.
_LONGEST = 300

#: How many account stores are read at once.
_PAGE = 100

# What a path and a query may hold as it is (RFC 3986, section 3.3 and 3.4).
_PATH, _QUERY = "/%:@!$&'()*+,;=~", "/?%:@!$&'()*+,;=~[]"


@dataclass(frozen=True, slots=True)
class Found:
    """An organization, and the hrefs of its account stores that are ENABLED."""

    organization: Organization
    stores: frozenset[str]

    def admits(self, account: RememberedAccount) -> bool:
        """Whether *account* is in one of the account stores of the organization, a directory or a group."""
        directory = account.account.get("directory")
        if directory is None:
            return False
        return directory["href"] in self.stores or any(
            account.has_group(store) for store in self.stores if "/groups/" in store
        )


@dataclass(frozen=True, slots=True)
class Place:
    """The host that a request was sent to.

    *found*: the organization that it belongs to. *is_parent*: whether it is the domain itself. *port*: as the browser
    wrote it, with a colon. *forwarded*: whether a proxy has told it, in :data:`FORWARDED`.
    """

    domain: str = field(repr=False)
    scheme: str = field(repr=False)
    port: str
    found: Found | None = None
    is_parent: bool = False
    forwarded: bool = False

    @property
    def organization(self) -> Organization | None:
        """The organization; None: the host belongs to none."""
        return None if self.found is None else self.found.organization

    def address(self, environ: Mapping[str, Any], name_key: str | None = None) -> str:
        """What was asked for, path and query, at the domain itself, or at the host of the organization *name_key*."""
        host = self.domain if name_key is None else f"{name_key.lower()}.{self.domain}"
        return f"{self.scheme}://{host}{self.port}{asked(environ)}"

    @property
    def every_host(self) -> str:
        """The hosts of all organizations, as a source of a content security policy."""
        return f"{self.scheme}://*.{self.domain}{self.port}"


def asked(environ: Mapping[str, Any]) -> str:
    """The path and the query that a request asks for, for an address."""
    path = "/" + _quoted(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""), _PATH).lstrip("/")
    query = _quoted(environ.get("QUERY_STRING", ""), _QUERY)
    return f"{path}?{query}" if query else path


class Organizations:
    """The hosts of organizations. Lives with the process; threads may share it.

    *proxies*: whose :data:`FORWARDED` is believed. *generation*: as that of the sessions. *now*: seconds since the
    epoch.
    """

    def __init__(
        self,
        client: Client,
        application: Application,
        settings: Settings,
        proxies: Proxies,
        *,
        generation: Generation,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client, self._application, self._proxies = client, application, proxies
        self._domain = settings.web.organizations_below or ""
        self._secure = bool(settings.session.cookie_secure)
        ttl = settings.cache_ttl.total_seconds()
        self._found: Remembered[str, Found | None] = Remembered(
            self._look_up, generation=generation, slot=EVERYBODY, ttl=ttl, clock=now, size=MOST
        )

    @classmethod
    def of(cls, client: Client, application: Application, settings: Settings, **rest: Any) -> Organizations | None:
        """None where organizations have no hosts of their own."""
        return cls(client, application, settings, **rest) if settings.web.organizations_below else None

    def place(self, environ: WSGIEnvironment) -> Place:
        """Where the request was sent to, also for the app to read in *environ*. No I/O while the answer is remembered.

        Raises :class:`~stormpath_wsgi.errors.Unavailable` when the directory cannot be asked.
        """
        host, forwarded = self._host(environ)
        name, port = _parts(host)
        label, below, rest = name.partition(f".{self._domain}")
        is_parent, is_below = name == self._domain, bool(below) and not rest
        place = Place(
            self._domain,
            scheme="https" if self._secure else environ["wsgi.url_scheme"],
            port=port if is_parent or is_below else "",  # that of another host says nothing of ours
            found=self._found.get(label) if is_below and is_name_key(label) else None,
            is_parent=is_parent,
            forwarded=forwarded,
        )
        environ[PLACE], environ[ORGANIZATION] = place, place.organization
        return place

    def _host(self, environ: Mapping[str, Any]) -> tuple[str, bool]:
        """The host that the browser asked for, and whether a proxy has told it. Of several the nearest proxy's counts:
        what stands on its left, the visitor may have written.
        """
        told = environ.get("HTTP_X_FORWARDED_HOST", "")
        if told and self._proxies.has(environ.get("REMOTE_ADDR") or None):
            return told[-_LONGEST:].rpartition(",")[2].strip(), True
        return environ.get("HTTP_HOST", ""), False

    def _look_up(self, label: str) -> Found | None:
        try:
            organization = find_organization(self._client, self._application, label)
            return None if organization is None else Found(organization, frozenset(self._stores(organization)))
        except Unavailable:
            raise
        except Error as error:
            raise Unavailable(error.body()) from error  # it is not the visitor's doing

    def _stores(self, organization: Organization) -> Iterator[str]:
        store, offset, size = self._client.data_store, 0, 1
        while offset < size:
            query = {"offset": str(offset), "limit": str(_PAGE)}
            page = store.list(f"{organization.href}/accountStoreMappings", query, "accountStore")
            found = (mapping["accountStore"] for mapping in page["items"])
            yield from (each["href"] for each in found if each["status"] == ENABLED)
            offset, size = offset + _PAGE, page["size"]


def place_of(environ: Mapping[str, Any]) -> Place | None:
    """The host that a request was sent to; None where organizations have no hosts of their own."""
    place: Place | None = environ.get(PLACE)
    return place


def organization_of(environ: Mapping[str, Any]) -> Organization | None:
    """The organization that a request is for; None: it is for none, or organizations have no hosts of their own."""
    organization: Organization | None = environ.get(ORGANIZATION)
    return organization


def _parts(host: str) -> tuple[str, str]:
    """The name in *host*, which may be anything, in lower case, and its port with a colon; both empty for no host."""
    found = HOST.fullmatch(host) if len(host) <= _LONGEST else None
    if found is None:
        return "", ""
    port = found["port"]
    return found["name"].lower().removesuffix("."), f":{port}" if port else ""


def _quoted(text: str, safe: str) -> str:
    return quote(text.encode("latin-1"), safe=safe)
