"""A data store that caches the answers of another one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.client.cache.memory import MemoryStore
from stormpath_wsgi.client.cache.news import News
from stormpath_wsgi.client.cache.redis import RedisStore
from stormpath_wsgi.client.cache.store import CacheStore, Life
from stormpath_wsgi.client.concerned import concerned
from stormpath_wsgi.client.live import Shared
from stormpath_wsgi.client.store import DataStore
from stormpath_wsgi.slots import ANY

#: The regions of the cache, by their documented names: the segments of paths. Resources with secrets are never cached,
#: and the region ``nonces`` stays empty.
REGIONS = (
    "accounts",
    "apiKeys",
    "accountStoreMappings",
    "applications",
    "customData",
    "directories",
    "organizations",
    "groups",
    "groupMemberships",
    "tenants",
    "nonces",
)

#: Kinds for which a change affects only the resource itself. A change of any other kind clears the whole cache.
_ALONE = frozenset({"accounts", "applications", "customData", "directories", "groups", "organizations", "tenants"})
#: The generation of the store below is less than two to this power.
_ABOVE = 128
#: Resources whose removal changes no cached answer.
_TRACELESS = frozenset({"accessTokens", "refreshTokens"})


@dataclass(frozen=True)
class CacheOptions:
    """Where answers are cached, and for how long."""

    #: Makes a :class:`~stormpath_wsgi.client.cache.CacheStore` when it is called with :attr:`store_opts`. All regions
    #: share one store, unless :attr:`regions` says otherwise.
    store: Any = MemoryStore
    #: The arguments of :attr:`store`. They are in no ``repr``, because they may contain a password.
    store_opts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    #: Seconds that an entry is used at the most.
    ttl: float = 300
    #: Seconds that an entry is used without being asked for.
    tti: float = 300
    #: Other values of the four options above, for some of :data:`REGIONS`.
    regions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    #: The address of a Redis server, which is then the store.
    url: str | None = field(default=None, repr=False)

    def made(self) -> dict[str, tuple[CacheStore, Life]]:
        """The store and the times of each region. Raises ValueError and TypeError for options that are wrong."""
        if unknown := self.regions.keys() - set(REGIONS):
            raise ValueError(f"there is no cache region {min(unknown)!r}; there are {', '.join(REGIONS)}")
        shared: CacheStore = RedisStore(url=self.url) if self.url else self.store(**self.store_opts)
        return {name: self._region(shared, **self.regions.get(name, {})) for name in REGIONS}

    def _region(
        self,
        shared: CacheStore,
        *,
        store: Any = None,
        store_opts: Mapping[str, Any] | None = None,
        ttl: float | None = None,
        tti: float | None = None,
    ) -> tuple[CacheStore, Life]:
        own = store is not None or store_opts is not None
        opts = self.store_opts if store_opts is None else store_opts
        place = (store or self.store)(**opts) if own else shared
        return place, Life(self.ttl if ttl is None else ttl, self.tti if tti is None else tti)


class CachingDataStore(Shared):
    """The data store *store* with a cache for :meth:`recall`. Every other verb asks *store*, and updates the cache.

    Collections are not cached, and neither are answers with an expansion as a whole; the single resources in them are.
    Removing a resource, or changing one on which others depend, clears the cache. *owner*: identifies who may see the
    answers; on a shared server, the entries of different owners are kept apart.
    """

    def __init__(self, store: DataStore, options: CacheOptions, *, owner: str) -> None:
        self._store = store
        self.base_url = store.base_url
        self._regions = options.made()
        self._stores = list({id(place): place for place, _ in self._regions.values()}.values())
        self._namespace = hashlib.sha256(f"{store.base_url}\n{owner}".encode()).hexdigest()[:16]
        shared = next((place for place in self._stores if isinstance(place, RedisStore)), None)
        self._news = None if shared is None else News(shared, f"{self._namespace}:news")

    def get(self, href: str, expand: str | None = None) -> dict[str, Any]:
        """See :meth:`DataStore.get`. The answer is cached for :meth:`recall`."""
        before = self._store.generation()
        answer = self._store.get(href, expand)
        self._note(answer, before)
        return answer

    def recall(self, href: str, expand: str | None = None) -> dict[str, Any]:
        """See :meth:`DataStore.recall`. The answer is from the cache, if it has one."""
        region = self._region(href)
        if region is None or expand:
            return self.get(href, expand)
        place, life = self._regions[region]
        return place.get(self._key(href), life) or self.get(href)

    def list(self, href: str, query: Mapping[str, str] | None = None, expand: str | None = None) -> dict[str, Any]:
        """See :meth:`DataStore.list`. Collections are not cached."""
        return self._store.list(href, query, expand)

    def create(
        self, href: str, properties: Mapping[str, Any], params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """See :meth:`DataStore.create`."""
        with self._telling(concerned(self.base_url, href, properties)):
            try:
                return self._store.create(href, properties, params)
            finally:
                # A new mapping moves others, and may change the default stores in the answer about its application.
                if href.endswith("StoreMappings"):
                    self._clear()

    def update(self, href: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        """See :meth:`DataStore.update`."""
        with self._telling(concerned(self.base_url, href)):
            try:
                return self._store.update(href, properties)
            finally:
                self._forget(href)

    def delete(self, href: str, about: str | None = None) -> None:
        """See :meth:`DataStore.delete`."""
        with self._telling(concerned(self.base_url, href, about=about)):
            try:
                self._store.delete(href, about)
            finally:
                path = self._path(href)
                if "customData" in path[2:3]:
                    self._forget("/".join((self.base_url, *path[:3])))  # the whole custom data, or one key of it
                elif path[0] not in _TRACELESS:
                    self._clear()

    def generation(self, slot: int = ANY, /) -> int:
        """See :meth:`DataStore.generation`.

        With a Redis server, it also moves when another process there makes a change that may concern *slot*.
        """
        number = self._store.generation(slot)
        return number if self._news is None else (self._news.number(slot) << _ABOVE) + number

    def close(self) -> None:
        """See :meth:`DataStore.close`."""
        if self._news is not None:
            self._news.close()
        self._store.close()

    @contextmanager
    def _telling(self, slot: int) -> Iterator[None]:
        """In this block a change of *slot* is made. Afterwards, when it is out of our cache, other processes are told
        of it.
        """
        before = self._store.generation()
        try:
            yield
        finally:
            if self._news is not None and self._store.generation() != before:
                self._news.tell(slot)

    def _note(self, resource: Mapping[str, Any], before: int) -> None:
        """Caches *resource* and the expanded resources in it. *before*: the generation when it was read."""
        href = resource.get("href")
        if not isinstance(href, str) or "items" in resource:
            return
        region = self._region(href)
        if region == "customData":
            self._put(region, href, resource, before)
            return
        parts = {name: value for name, value in resource.items() if _is_resource(value)}
        for part in parts.values():
            self._note(part, before)
        # With this token, a person who can read a shared cache could verify an address of somebody else.
        if region is not None and not resource.get("emailVerificationToken"):
            links = {name: {"href": part["href"]} for name, part in parts.items()}
            self._put(region, href, {**resource, **links}, before)

    def _put(self, region: str, href: str, resource: Mapping[str, Any], before: int) -> None:
        place, life = self._regions[region]
        place.put(self._key(href), dict(resource), life)
        # A writer moves the generation first, and then removes the entry. If it has moved it meanwhile, the entry may
        # be old and the writer may have removed it before we stored it. So we remove it.
        if self._store.generation() != before:
            place.drop([self._key(href)])

    def _forget(self, href: str) -> None:
        """Removes the resource at *href* and its custom data from the cache; or everything, if others depend on it."""
        if self._region(href) not in _ALONE:
            self._clear()
            return
        for each in (href, f"{href}/customData"):
            if (region := self._region(each)) is not None:
                self._regions[region][0].drop([self._key(each)])

    def _clear(self) -> None:
        for place in self._stores:
            place.clear()

    def _region(self, href: str) -> str | None:
        """The region for the resource at *href*; None when it is not cached."""
        path = self._path(href)
        if len(path) == 3 and path[2] == "customData":
            return "customData"
        if len(path) != 2 or path[1] == "current" or path[0] not in REGIONS or path[0] in _SECRET:
            return None
        return path[0]

    def _path(self, href: str) -> tuple[str, ...]:
        return tuple(href.removeprefix(self.base_url + "/").split("/"))

    def _key(self, href: str) -> str:
        return f"{self._namespace}:{href.removeprefix(self.base_url + '/')}"


def _is_resource(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("href"), str) and len(value) > 1


def _holds_secret(kind: type[kinds.Kind]) -> bool:
    return any(attribute.encrypted for attribute in kind.declared(kinds.Attribute))


#: The paths of the kinds whose answers have a secret.
_SECRET = frozenset(kind.path for kind in kinds.KINDS.values() if _holds_secret(kind))
