"""The client: how code talks to a directory, wherever that is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from stormpath_wsgi import kinds
from stormpath_wsgi.client.account import AccessToken, Account, RefreshToken
from stormpath_wsgi.client.application import AccountStoreMapping, Application, LoginAttempt, OAuthPolicy
from stormpath_wsgi.client.collection import Collection, R, Unlisted
from stormpath_wsgi.client.custom_data import CustomData
from stormpath_wsgi.client.directory import Directory, PasswordPolicy, PasswordStrength
from stormpath_wsgi.client.group import Group, GroupMembership
from stormpath_wsgi.client.local import open_local
from stormpath_wsgi.client.resource import Resource
from stormpath_wsgi.client.store import DataStore
from stormpath_wsgi.client.tenant import Tenant
from stormpath_wsgi.errors import ConfigurationError

#: The class of the objects of each kind, by the kind's title.
RESOURCES: Mapping[str, type[Resource]] = {
    resource.title(): resource
    for resource in (
        Tenant,
        Application,
        AccountStoreMapping,
        Directory,
        PasswordPolicy,
        PasswordStrength,
        Group,
        GroupMembership,
        Account,
        CustomData,
        OAuthPolicy,
        AccessToken,
        RefreshToken,
        LoginAttempt,
    )
}


class Client:
    """Accounts, groups, applications and the rest as Python objects.

    It is opened by the *url* of a directory: ``sqlite:///accounts.db`` is an embedded one, made when it is not
    there, with a tenant, an application (*application_name*) and a directory in it; ``postgresql+psycopg://…`` is
    one that was prepared by ``stormpath-wsgi init``. Or it is given a *data_store*. Hrefs start with *base_url*;
    only ids are stored, so another one may be set later.

    Raises :class:`~stormpath_wsgi.ConfigurationError` for a url that cannot be used.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        base_url: str = "https://localhost/v1",
        application_name: str = "My Application",
        data_store: DataStore | None = None,
    ) -> None:
        if (url is None) == (data_store is None):
            raise ConfigurationError('a client needs either a url, such as "sqlite:///accounts.db", or a data_store')
        self.data_store = data_store if data_store is not None else _open(url or "", base_url, application_name)

    @property
    def base_url(self) -> str:
        """What every href starts with, without a slash at the end."""
        return self.data_store.base_url

    @cached_property
    def tenant(self) -> Tenant:
        """The tenant that owns everything; asked for once."""
        return Tenant(self, properties=self.data_store.get(f"{self.base_url}/tenants/current"))

    @property
    def applications(self) -> Collection[Application]:
        return self.tenant.applications

    @property
    def directories(self) -> Collection[Directory]:
        return self.tenant.directories

    @property
    def accounts(self) -> Collection[Account]:
        """All accounts. They are created in a directory or an application."""
        return self.tenant.accounts

    @property
    def groups(self) -> Collection[Group]:
        """All groups. They are created in a directory or an application."""
        return self.tenant.groups

    @property
    def account_store_mappings(self) -> Collection[AccountStoreMapping]:
        """Only ``create`` and ``get``: mappings are listed by applications and directories."""
        return self._top(AccountStoreMapping)

    @property
    def group_memberships(self) -> Collection[GroupMembership]:
        """Only ``create`` and ``get``: memberships are listed by accounts and groups."""
        return self._top(GroupMembership)

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
        return Collection(self, kind, href, create_at=create_at, page=page)

    def _top(self, kind: type[R]) -> Collection[R]:
        return Unlisted(self, kind, self._top_href(kind), create_at=self._top_href(kind))

    def _top_href(self, kind: type[Resource]) -> str:
        return f"{self.base_url}/{kind.path}"


def _open(url: str, base_url: str, application_name: str) -> DataStore:
    if url.startswith(("https://", "http://")):
        raise ConfigurationError(  # without the address: an API key may stand in it
            "directory: this version speaks to embedded directories and to PostgreSQL only, not over https; "
            'write "sqlite:///accounts.db" or "postgresql+psycopg://…"'
        )
    return open_local(url, base_url, application_name)
