"""The data store port: the five verbs through which the client's objects reach a directory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class DataStore(Protocol):
    """One end of the port. Plain dictionaries in the wire shape of the REST API v1 cross it.

    What cannot cross it as JSON is refused on every end alike, see :mod:`stormpath_wsgi.client.payload`. The values of
    a *query* are text; those of *params* are text, True or False.

    An *href* is absolute and starts with :attr:`base_url`. Timestamps are ISO 8601 text, links are
    ``{"href": …}`` or None, names are camelCase. *expand* is the wire parameter: ``"directory,groups(limit:100)"``.
    Every verb raises :class:`stormpath_wsgi.Error` with the documented status and code, and
    :class:`stormpath_wsgi.errors.Unavailable` when the directory cannot be reached.
    """

    #: The address below which every href lies, without a slash at the end.
    base_url: str

    def get(self, href: str, expand: str | None = None) -> dict[str, Any]:
        """One resource. ``<base>/tenants/current`` answers the caller's tenant."""

    def recall(self, href: str, expand: str | None = None) -> dict[str, Any]:
        """As :meth:`get`, but an answer that was given some moments ago will do, where the store keeps such."""

    def list(self, href: str, query: Mapping[str, str] | None = None, expand: str | None = None) -> dict[str, Any]:
        """One page of a collection: ``href, offset, limit, size, items``.

        *query*: wire parameters (``q``, attribute matches, ``orderBy``, ``offset``, ``limit``). ``size``
        counts all matches.
        """

    def create(
        self, href: str, properties: Mapping[str, Any], params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Post *properties* to a collection and answer the whole new resource. *params*: wire query parameters."""

    def update(self, href: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Change what *properties* names, leave the rest, and answer the whole resource."""

    def delete(self, href: str) -> None:
        """Remove the resource and what lives and dies with it.

        Of what is gone already nothing happens, and nothing is said, where :attr:`.Kind.gone_is_deleted` says so.
        Otherwise, above all for tokens and API keys, it is an :class:`~stormpath_wsgi.Error` with status 404.
        """

    def generation(self) -> int:
        """A number that is equal to an earlier one only while answers read then still hold. Costs no I/O.

        A store that is not told what others write stands still for a bounded time instead, which it documents.
        """

    def close(self) -> None:
        """Give back connections. The store may be used again; it opens new ones then."""
