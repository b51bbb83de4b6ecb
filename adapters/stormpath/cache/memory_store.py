"""A store for cached answers: see :class:`stormpath_wsgi.client.cache.MemoryStore`."""

from stormpath_wsgi.client.cache import MemoryStore

__all__ = ["MemoryStore"]
