"""The data store port: the five verbs with which the objects of the client use a directory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from stormpath_wsgi.slots import ANY


class DataStore(Protocol):
    """The port to a directory. Its arguments and results are plain dictionaries in the form of the REST API v1.

    Every data store refuses the same values that are not JSON, see :mod:`stormpath_wsgi.client.payload`. The values of
    a *query* are texts; those of *params* are texts, True or False.

    An *href* is absolute and starts with :attr:`base_url`. Timestamps are ISO 8601 texts, links are ``{"href": …}`` or
    None, names are camelCase. *expand* is the parameter of the REST API: ``"directory,groups(limit:100)"``.
    Every verb raises :class:`stormpath_wsgi.Error` with the documented status and code, and
    :class:`stormpath_wsgi.errors.Unavailable` when the directory cannot be reached.
    """

    #: The address below which every href lies, without a slash at the end.
    base_url: str

    def get(self, href: str, expand: str | None = None) -> dict[str, Any]:
        """One resource. ``<base>/tenants/current`` is the tenant of the caller."""

    def recall(self, href: str, expand: str | None = None) -> dict[str, Any]:
        """One resource, like :meth:`get`, but possibly from a cache, where the data store has one."""

    def list(self, href: str, query: Mapping[str, str] | None = None, expand: str | None = None) -> dict[str, Any]:
        """One page of a collection: ``href, offset, limit, size, items``.

        *query*: parameters of the REST API (``q``, attribute matches, ``orderBy``, ``offset``, ``after``, ``limit``,
        ``exactSize``). ``size`` is the number of all matches; with ``sizeIsExact``: false that of all that the
        collection holds. ``next`` has the href of the page behind it, where there is one.
        """

    def create(
        self, href: str, properties: Mapping[str, Any], params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Makes a resource in a collection from *properties*, and returns it whole.

        *params*: parameters of the request.
        """

    def update(self, href: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Changes what *properties* names, and returns the resource whole. The rest stays as it is."""

    def delete(self, href: str, about: str | None = None) -> None:
        """Removes the resource, and the resources that cannot exist without it.

        *about*: the id of the account that alone is concerned, where the caller knows that and the *href* does not say
        it: then less of what is remembered is asked for again.
        For a resource that does not exist, kinds with :attr:`.Kind.gone_is_deleted` do nothing. Others, such as tokens
        and API keys, raise :class:`~stormpath_wsgi.Error` with status 404.
        """

    def generation(self, slot: int = ANY, /) -> int:
        """A number. As long as it does not change, the answers still hold that were read since and concern the accounts
        of *slot* (:mod:`stormpath_wsgi.slots`); without a slot, all answers. Does no I/O.

        A data store that is not told what other programs write keeps its number for a limited time, which it documents.
        """

    def close(self) -> None:
        """Closes the connections. The data store can still be used: it opens new ones then."""
