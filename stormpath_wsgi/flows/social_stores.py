"""Through which other sites people can sign in: the directories of an application that have a provider.

They are read once in a while, and not for each page: a site without any must not ask for them all the time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stormpath_wsgi.client.store import DataStore
from stormpath_wsgi.errors import Error
from stormpath_wsgi.flows.refusals import failure
from stormpath_wsgi.kinds import ENABLED, Directory, Provider
from stormpath_wsgi.remembered import Remembered, unmoved
from stormpath_wsgi.settings.social import PROVIDER_ID

#: Of how many organizations it is remembered.
MOST = 1000

_PAGE = 100  # items, the most that a directory gives at once

#: The providers that nobody is sent to: those of SAML have a way of their own, the others no page. Twitter's speaks
#: OAuth 1.0a, which has none of what makes the way back safe.
_ELSEWHERE = frozenset({Provider.STORMPATH, Provider.SAML, Provider.LDAP, Provider.AD, Provider.TWITTER})


@dataclass(frozen=True, slots=True)
class SocialStore:
    """A directory with the accounts of another site. *href*, *name*: its own. *provider*: the href of its provider,
    *provider_id* the id of that, and *client_id* the one that we have there.
    """

    href: str
    name: str
    provider: str
    provider_id: str
    client_id: str | None


class SocialStores:
    """Lives with the process; threads may share it.

    *application*: the href. *ttl*: seconds that it is remembered. *offers*: whether the settings want a provider with
    that id. *clock*: seconds since the epoch.
    """

    def __init__(
        self,
        store: DataStore,
        application: str,
        *,
        ttl: float,
        offers: Callable[[str], bool] = lambda id: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._application, self._offers = store, application, offers
        # Whatever else changes in the directory: it is read again after the time only.
        self._remembered = Remembered(self._read, generation=unmoved, ttl=ttl, clock=clock, size=MOST)

    def at(self, organization: str | None = None) -> Mapping[str, SocialStore]:
        """Those of the application, or of the organization with that href: by the ids of their providers, as they are
        mapped. Raises :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        return self._remembered.get(organization or self._application)

    def _read(self, owner: str) -> Mapping[str, SocialStore]:
        try:
            return {found.provider_id: found for found in self._found(owner)}
        except Error as error:
            raise failure(error) from error

    def _found(self, owner: str) -> Iterator[SocialStore]:
        for mapping in self._mappings(owner):
            href = mapping["accountStore"]["href"]
            if f"/{Directory.path}/" not in href:
                continue  # a group, or an organization: they have no provider
            directory = self._store.get(href)
            provider = self._store.get(directory["provider"]["href"])
            id = provider["providerId"]
            if (
                directory["status"] == ENABLED
                and id not in _ELSEWHERE
                and PROVIDER_ID.fullmatch(id)
                and self._offers(id)
            ):
                yield SocialStore(href, directory["name"], provider["href"], id, provider.get("clientId"))

    def _mappings(self, owner: str) -> Iterator[Mapping[str, Any]]:
        offset, size = 0, 1
        while offset < size:
            query = {"orderBy": "listIndex asc", "offset": str(offset), "limit": str(_PAGE)}
            page = self._store.list(f"{owner}/accountStoreMappings", query)
            yield from page["items"]
            offset, size = offset + _PAGE, page["size"]
