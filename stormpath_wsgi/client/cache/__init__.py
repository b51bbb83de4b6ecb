"""The cache of a client: answers of a directory on another machine, which are used for a limited time."""

from stormpath_wsgi.client.cache.caching import REGIONS, CacheOptions, CachingDataStore
from stormpath_wsgi.client.cache.memory import MemoryStore, NullCacheStore
from stormpath_wsgi.client.cache.redis import MemcachedStore, RedisStore
from stormpath_wsgi.client.cache.store import CacheStore

__all__ = [
    "REGIONS",
    "CacheOptions",
    "CacheStore",
    "CachingDataStore",
    "MemcachedStore",
    "MemoryStore",
    "NullCacheStore",
    "RedisStore",
]
