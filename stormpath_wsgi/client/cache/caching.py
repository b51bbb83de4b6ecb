"""A data store that remembers what another one has answered."""

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
from stormpath_wsgi.client.live import Shared
from stormpath_wsgi.client.store import DataStore

#: What is kept, by the segment of the path that names it; the documented names. What holds a secret is never kept,
#: and nothing of the service's is kept under ``nonces``.
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

#: Kinds of which a change changes that one resource and no other. Everything else makes us forget all.
_ALONE = frozenset({"accounts", "applications", "customData", "directories", "groups", "organizations", "tenants"})
#: Bits of the number of any store below.
_ABOVE = 128
#: What can be removed without a trace in anything that is kept.
_TRACELESS = frozenset({"accessTokens", "refreshTokens"})


@dataclass(frozen=True)
class CacheOptions:
    """What is kept where, and for how long.

    *store* makes a :class:`~stormpath_wsgi.client.cache.CacheStore` when it is called with *store_opts*; all regions
    share one unless they say otherwise. *ttl* and *tti*: seconds an entry is good for at the most, and without being
    asked for. *regions*: other values of these four for some of :data:`REGIONS`. *url*: of a Redis server, which is
    the store then.
    """

    store: Any = MemoryStore
    store_opts: Mapping[str, Any] = field(default_factory=dict, repr=False)  # a password may be among them
    ttl: float = 300
    tti: float = 300
    regions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    url: str | None = field(default=None, repr=False)

    def made(self) -> dict[str, tuple[CacheStore, Life]]:
        """The store and the times of each region. Raises ValueError and TypeError for what cannot be."""
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
    """*store*, with a cache for :meth:`recall`. Every other verb asks, and what it answers or changes is noted.

    Collections are not kept, nor is what was asked for with an expansion; the single resources that came along are.
    Removing something, and changing what others depend on, clears the cache. *owner*: whoever may see the same things;
    caches of different owners do not mix, though they share a server.
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
        before = self._store.generation()
        answer = self._store.get(href, expand)
        self._note(answer, before)
        return answer

    def recall(self, href: str, expand: str | None = None) -> dict[str, Any]:
        region = self._region(href)
        if region is None or expand:
            return self.get(href, expand)
        place, life = self._regions[region]
        return place.get(self._key(href), life) or self.get(href)

    def list(self, href: str, query: Mapping[str, str] | None = None, expand: str | None = None) -> dict[str, Any]:
        return self._store.list(href, query, expand)

    def create(
        self, href: str, properties: Mapping[str, Any], params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        with self._telling():
            try:
                return self._store.create(href, properties, params)
            finally:
                # A mapping moves others, and may become what its application tells of as the default.
                if href.endswith("StoreMappings"):
                    self._clear()

    def update(self, href: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        with self._telling():
            try:
                return self._store.update(href, properties)
            finally:
                self._forget(href)

    def delete(self, href: str) -> None:
        with self._telling():
            try:
                self._store.delete(href)
            finally:
                path = self._path(href)
                if "customData" in path[2:3]:
                    self._forget("/".join((self.base_url, *path[:3])))  # all of it, or one key
                elif path[0] not in _TRACELESS:
                    self._clear()

    def generation(self) -> int:
        """That of the store below; with a Redis server it moves too when another process there has made a change."""
        number = self._store.generation()
        return number if self._news is None else (self._news.number() << _ABOVE) + number

    def close(self) -> None:
        if self._news is not None:
            self._news.close()
        self._store.close()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Tells others of a change that is made in this block, once it is done and forgotten here."""
        before = self._store.generation()
        try:
            yield
        finally:
            if self._news is not None and self._store.generation() != before:
                self._news.tell()

    def _note(self, resource: Mapping[str, Any], before: int) -> None:
        """Keep *resource*, read while the generation was *before*, and the resources that came along in it."""
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
        # Whoever may read a shared cache could prove with that token that an address is his.
        if region is not None and not resource.get("emailVerificationToken"):
            links = {name: {"href": part["href"]} for name, part in parts.items()}
            self._put(region, href, {**resource, **links}, before)

    def _put(self, region: str, href: str, resource: Mapping[str, Any], before: int) -> None:
        place, life = self._regions[region]
        place.put(self._key(href), dict(resource), life)
        # Whoever writes moves the generation first and forgets then. So if that was meanwhile, one of us two forgets.
        if self._store.generation() != before:
            place.drop([self._key(href)])

    def _forget(self, href: str) -> None:
        """Forget the resource at *href*, with its custom data; or all, if others depend on it."""
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
        """The region in which the resource at *href* is kept, or None."""
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


#: Paths of the kinds of which an answer holds a secret.
_SECRET = frozenset(kind.path for kind in kinds.KINDS.values() if _holds_secret(kind))
