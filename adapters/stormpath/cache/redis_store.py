"""A store for cached answers: see :class:`stormpath_wsgi.client.cache.RedisStore`."""

from stormpath_wsgi.client.cache import RedisStore

__all__ = ["RedisStore"]
