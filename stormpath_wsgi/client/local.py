"""The data store that is at hand: a directory in this process, without HTTP and without JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any, Protocol

from stormpath_wsgi.client import payload
from stormpath_wsgi.client.credentials import KeyPair
from stormpath_wsgi.client.live import Shared
from stormpath_wsgi.client.store import DataStore
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import ConfigurationError, fault
from stormpath_wsgi.settings import DirectoryOptions

if TYPE_CHECKING:
    from stormpath_wsgi.directory import DirectoryService

__all__ = ["DirectoryOptions", "LocalDataStore", "open_local"]


class LocalDataStore(Shared):
    """A :class:`~stormpath_wsgi.client.DataStore` over the five verbs of a directory *service*."""

    def __init__(self, service: DirectoryService) -> None:
        self._service = service
        self.base_url = service.base_url
        self.generation = service.generation
        #: Who listens to what happens in the directory.
        self.events = service.events
        #: How often something may be tried in the directory.
        self.limits = service.limits

    def get(self, href: str, expand: str | None = None) -> dict[str, Any]:
        """See :meth:`DataStore.get`."""
        return self._service.get(self._path(href), payload.expansion(expand))

    def recall(self, href: str, expand: str | None = None) -> dict[str, Any]:
        """See :meth:`DataStore.recall`. It always asks the directory."""
        return self.get(href, expand)  # asking costs no more than remembering would

    def list(self, href: str, query: Mapping[str, str] | None = None, expand: str | None = None) -> dict[str, Any]:
        """See :meth:`DataStore.list`."""
        return self._service.list(self._path(href), payload.matches(query), payload.expansion(expand))

    def create(
        self, href: str, properties: Mapping[str, Any], params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """See :meth:`DataStore.create`."""
        path = self._path(href)
        return self._service.create(path, payload.body(path, properties), payload.parameters(params))

    def log_in(
        self, href: str, login: str, password: str, properties: Mapping[str, Any], params: Mapping[str, Any]
    ) -> dict[str, Any]:
        """As :meth:`create` of a login attempt with these *properties*, but nothing is encoded on the way."""
        path = self._path(href)
        return self._service.log_in(path, login, password, payload.body(path, properties), payload.parameters(params))

    def update(self, href: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        """See :meth:`DataStore.update`."""
        path = self._path(href)
        return self._service.update(path, payload.body(path, properties))

    def delete(self, href: str, about: str | None = None) -> None:
        """See :meth:`DataStore.delete`. The directory knows itself who is concerned."""
        self._service.delete(self._path(href))

    def key_pair(self) -> KeyPair:
        """The API key with which the directory signs tokens that are asked for in process."""
        key = self._service.signing_key()
        return KeyPair(key.id, key.secret)

    def serve(self) -> None:
        """As :meth:`DirectoryService.serve`."""
        self._service.serve()

    def close(self) -> None:
        """See :meth:`DataStore.close`."""
        self._service.close()

    def _path(self, href: str) -> str:
        base = self.base_url + "/"
        if not href.startswith(base):
            raise fault(Code.NOT_FOUND, f"{href} is not below {self.base_url}.")
        return href[len(base) :]


class Signing(Protocol):
    """A client, as far as the key matters that signs its tokens."""

    #: The API key with which it authenticates; None where none is needed.
    auth: KeyPair | None
    #: The data store that all requests go through.
    data_store: DataStore


def key_pair(client: Signing) -> KeyPair:
    """The API key that signs tokens: the *client*'s; for a directory in this process, its own, which is looked up.

    Raises :class:`~stormpath_wsgi.ConfigurationError` where there is none.
    """
    if client.auth is not None:
        return client.auth
    if isinstance(client.data_store, LocalDataStore):
        return client.data_store.key_pair()
    raise ConfigurationError("tokens are signed with an API key, and this client has none: open it by a url")


def open_local(url: str, options: DirectoryOptions) -> LocalDataStore:
    """The data store of the directory in the database *url*. An embedded one that is empty is set up."""
    from stormpath_wsgi.directory import open_directory  # here, because a site whose directory is remote needs no SQL

    with ExitStack() as opened:
        service = opened.enter_context(closing(open_directory(url, options)))
        if service.embedded:
            service.bootstrap(options.application_name)
        opened.pop_all()  # it is good: leave it open
    return LocalDataStore(service)
