"""A store for cached answers: see :class:`stormpath_wsgi.client.cache.NullCacheStore`."""

from stormpath_wsgi.client.cache import NullCacheStore

__all__ = ["NullCacheStore"]
