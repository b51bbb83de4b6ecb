"""A store for cached answers: see :class:`stormpath_wsgi.client.cache.MemcachedStore`."""

from stormpath_wsgi.client.cache import MemcachedStore

__all__ = ["MemcachedStore"]
