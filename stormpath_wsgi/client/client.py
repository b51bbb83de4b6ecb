"""The client: how code talks to a directory, wherever that is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

from stormpath_wsgi import kinds
from stormpath_wsgi.client.cache import CacheOptions
from stormpath_wsgi.client.collection import Collection, Unlisted
from stormpath_wsgi.client.credentials import KEYWORDS, KeyPair, find_key_pair
from stormpath_wsgi.client.expansion import Expand, wire_expand
from stormpath_wsgi.client.live import Shared
from stormpath_wsgi.client.local import DirectoryOptions, LocalDataStore, open_local
from stormpath_wsgi.client.other_site import Answers
from stormpath_wsgi.client.remote import Backoff, Remote, checked_address, exponential, is_address
from stormpath_wsgi.client.resource import Resource
from stormpath_wsgi.client.resources import COLLECTIONS, RESOURCES
from stormpath_wsgi.client.resources.tenant import (
    AccountLink,
    Accounts,
    AccountStoreMapping,
    Agent,
    ApiKey,
    Application,
    Directory,
    Group,
    GroupMembership,
    IdSite,
    Organization,
    OrganizationAccountStoreMapping,
    Tenant,
)
from stormpath_wsgi.client.store import DataStore
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.events import Events
from stormpath_wsgi.extras import REMOTE
from stormpath_wsgi.limits import Limits


class Client(Shared):
    """Accounts, groups, applications and the rest as Python objects.

    It is opened by the *url* of a directory: ``sqlite:///accounts.db`` is an embedded one, made when it is not
    there, with a tenant, an application and a directory in it; ``postgresql+psycopg://…`` is one that was prepared by
    ``stormpath-wsgi init``. *options* says how it is opened, see :class:`~stormpath_wsgi.client.DirectoryOptions`.
    Hrefs start with *base_url*, if given, else with that of the options; only ids are stored, so another one may be
    set later.

    ``https://id.example.com/v1`` is a directory on another machine, reached through its REST API; *base_url* may be
    written instead of *url* then, as documented for the old client. It takes an API key: ``id`` and ``secret``,
    ``api_key_file_location`` or one of the other documented keywords and places, see
    :mod:`stormpath_wsgi.client.credentials`. *scheme* is how it proves itself, SAuthc1 or basic. *cache_options*: see
    :class:`~stormpath_wsgi.client.cache.CacheOptions`. *expand*: what of the tenant is loaded with it. *proxies* as
    for ``requests``. *backoff_strategy* tells the milliseconds to pause before the n-th repetition. *timeout*,
    *ca_bundle* and *allow_insecure*: see :class:`~stormpath_wsgi.client.remote.Remote`. An embedded directory asks for
    no API key and no cache, and ignores what it is given of these. *events*: who listens to what a site does with this
    directory; those of an embedded one are among the options, for it tells its events itself.

    Or it is given a *data_store*.

    A copy of a client is the client itself. It cannot be pickled: each process opens its own.

    Raises :class:`~stormpath_wsgi.ConfigurationError` for a url that cannot be used; where no API key is found it
    is a ValueError as well.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        base_url: str | None = None,
        options: DirectoryOptions | None = None,
        data_store: DataStore | None = None,
        cache_options: Mapping[str, Any] | None = None,
        expand: Expand = None,
        proxies: Mapping[str, str] | None = None,
        user_agent: str | None = None,
        backoff_strategy: Backoff | None = None,
        scheme: str = "SAuthc1",
        method: str | None = None,
        timeout: float = 15,
        ca_bundle: str | None = None,
        allow_insecure: bool = False,
        events: Events | None = None,
        **auth: Any,
    ) -> None:
        for unknown in auth.keys() - KEYWORDS:
            raise TypeError(f"Client() got an unexpected keyword argument {unknown!r}")
        if url is None and is_address(base_url):
            url = base_url
        #: What the client proves itself with, where that is asked for.
        self.auth: KeyPair | None = None
        self._expand = wire_expand(expand)
        self._events = events or Events()
        if data_store is not None and url is None:
            self.data_store = data_store
        elif url is None or data_store is not None:
            raise ConfigurationError(_nowhere(auth))
        elif is_address(url):
            REMOTE.check()  # here and below, before a missing key is what is complained of
            checked_address(url, allow_insecure=allow_insecure)
            self.auth = find_key_pair(auth, os.environ)
            cache = CacheOptions(**cache_options or {})
            remote = Remote(
                url,
                self.auth,
                scheme=method or scheme,
                timeout=timeout,
                ttl=cache.ttl,
                backoff=backoff_strategy or exponential,
                user_agent=user_agent,
                proxies=proxies,
                ca_bundle=ca_bundle,
                allow_insecure=allow_insecure,
            )
            self.data_store = _open_remote(remote, cache)
        else:
            options = options or DirectoryOptions()
            self.data_store = open_local(url, replace(options, base_url=base_url) if base_url else options)
        #: Reads what visitors bring back from an ID Site.
        self.answers = Answers(self.data_store)

    @property
    def base_url(self) -> str:
        """What every href starts with, without a slash at the end."""
        return self.data_store.base_url

    @property
    def events(self) -> Events:
        """Who listens to what happens in an embedded directory; of another one, to what the flows of a site do."""
        return self.data_store.events if isinstance(self.data_store, LocalDataStore) else self._events

    @property
    def limits(self) -> Limits | None:
        """How often something may be tried in an embedded directory. None: another machine counts."""
        return self.data_store.limits if isinstance(self.data_store, LocalDataStore) else None

    @cached_property
    def tenant(self) -> Tenant:
        """The tenant that owns everything; asked for once."""
        return Tenant(self, properties=self.data_store.get(f"{self.base_url}/tenants/current", self._expand))

    @property
    def applications(self) -> Collection[Application]:
        """All applications of the tenant."""
        return self.tenant.applications

    @property
    def directories(self) -> Collection[Directory]:
        """All directories of the tenant."""
        return self.tenant.directories

    @property
    def organizations(self) -> Collection[Organization]:
        """All organizations of the tenant."""
        return self.tenant.organizations

    @property
    def accounts(self) -> Accounts:
        """All accounts. They are created in a directory or an application."""
        return self.tenant.accounts

    @property
    def groups(self) -> Collection[Group]:
        """All groups. They are created in a directory or an application."""
        return self.tenant.groups

    @property
    def agents(self) -> Collection[Agent]:
        """All agents. They are created with their directories."""
        return self.tenant.agents

    @property
    def id_sites(self) -> Collection[IdSite]:
        """The one ID Site of the tenant."""
        return self.tenant.id_sites

    @property
    def account_store_mappings(self) -> Collection[AccountStoreMapping]:
        """Only ``create`` and ``get``: mappings are listed by applications and directories."""
        return Unlisted.of(self, AccountStoreMapping)

    @property
    def organization_account_store_mappings(self) -> Collection[OrganizationAccountStoreMapping]:
        """Only ``create`` and ``get``: mappings are listed by organizations and directories."""
        return Unlisted.of(self, OrganizationAccountStoreMapping)

    @property
    def account_links(self) -> Collection[AccountLink]:
        """Only ``create`` and ``get``: links are listed by accounts."""
        return Unlisted.of(self, AccountLink)

    @property
    def group_memberships(self) -> Collection[GroupMembership]:
        """Only ``create`` and ``get``: memberships are listed by accounts and groups."""
        return Unlisted.of(self, GroupMembership)

    @property
    def api_keys(self) -> Collection[ApiKey]:
        """Only ``get``: API keys are created and listed by accounts."""
        return Unlisted.of(self, ApiKey)

    def serve(self) -> None:
        """Say that this process serves requests from now on, and will not fork.

        An embedded directory then sends the mail that a process which died has left, and lets nobody wait long for a
        SQLite file that is locked.
        """
        if isinstance(self.data_store, LocalDataStore):
            self.data_store.serve()

    def close(self) -> None:
        """Give back the connections of the data store."""
        self.data_store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What resources make other objects with.

    def resource(self, properties: Mapping[str, Any], *titles: str) -> Resource:
        """The object that *properties* are of. Of several *titles* its href tells the one."""
        found = [RESOURCES[title] for title in titles] or [Resource]
        if len(found) > 1:
            segment = properties["href"].rsplit("/", 2)[-2]
            found = [resource for resource in found if resource.path == segment]
        return found[0](self, properties=properties)

    def collection(
        self, declared: kinds.Collection[Any], href: str, page: Mapping[str, Any] | None = None
    ) -> Collection[Any]:
        """The object for the collection *declared* at *href*."""
        kind = RESOURCES[declared.of]
        create_at = href if declared.create else self._top_href(kind) if kind.creatable else None
        return COLLECTIONS.get(kind, Collection)(self, kind, href, create_at=create_at, page=page)

    def _top_href(self, kind: type[Resource]) -> str:
        return f"{self.base_url}/{kind.path}"


def _open_remote(remote: Remote, cache: CacheOptions) -> DataStore:
    # Here and not above: it brings requests, which takes its time and which nobody else needs.
    from stormpath_wsgi.client.http import open_remote

    return open_remote(remote, cache)


def _nowhere(auth: Mapping[str, Any]) -> str:
    if auth:
        return (
            "The hosted Stormpath service closed in 2017, so a client has to be told where the directory is: "
            "write base_url='https://id.example.com/v1'"
        )
    return 'a client needs either a url, such as "sqlite:///accounts.db", or a data_store'
