"""The cache store that several processes and machines share: Redis, or Valkey, which has the same protocol."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from stormpath_wsgi.client.cache.store import Life
from stormpath_wsgi.errors import ConfigurationError

#: Seconds for which a server is not asked again after it did not answer, so that the cache does not make the site slow.
REST = 5.0

log = logging.getLogger(__name__)


class RedisStore:
    """Keeps entries in a Redis server (6.2 or newer), as JSON and each with a time to live. All processes share them.

    *options* are those of ``redis.Redis``: ``host``, ``port``, ``db``, ``password``, ``socket_timeout`` (seconds),
    ``unix_socket_path`` …; or *url*: ``redis://:password@host:6379/0``. Keys begin with *prefix*. A person who can read
    that server can read accounts and custom data in it. *clock*: returns seconds since the epoch; it must be about the
    same on all machines.

    While the server cannot be reached, the site is slower. If a change could not be written to it, other processes may
    use the old entry until the end of its time to live.
    """

    def __init__(
        self,
        *,
        url: str | None = None,
        prefix: str = "stormpath:",
        clock: Callable[[], float] = time.time,
        **options: Any,
    ) -> None:
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise ConfigurationError("redis is missing; install it with: pip install redis") from None
        # One more try, on another connection, is for a server that was restarted. By default redis would try for many
        # seconds.
        patience = {"socket_timeout": 1, "socket_connect_timeout": 1, "retry": Retry(NoBackoff(), 1)}
        options = {**patience, **options}
        try:
            self._redis: Any = redis.Redis.from_url(url, **options) if url else redis.Redis(**options)
        except ValueError:
            raise ConfigurationError(
                "The url of the cache is none of a Redis server: write redis://host:6379/0"
            ) from None
        self.failure = redis.RedisError
        self._prefix, self._clock = prefix, clock
        # Removing all our entries from a shared server would be slow. Instead this number is changed: entries that were
        # made under another number are not used.
        self._marker, self._generation = f"{prefix}generation", ""
        self._rests_until = 0.0

    def get(self, key: str, life: Life) -> dict[str, Any] | None:
        """See :meth:`CacheStore.get`."""
        text = None
        if not self._rests():
            with self._tolerant():
                text, generation = (
                    self._redis.pipeline(transaction=False)
                    .getex(self._prefix + key, px=_milliseconds(life.tti))
                    .get(self._marker)
                    .execute()
                )
                self._generation = (generation or b"").decode()
        return self._unpacked(text)

    def put(self, key: str, document: dict[str, Any], life: Life) -> None:
        """See :meth:`CacheStore.put`."""
        if not self._rests():
            with self._tolerant():
                text = json.dumps([self._generation, self._clock() + life.ttl, document])
                self._redis.set(self._prefix + key, text, px=_milliseconds(min(life.ttl, life.tti)))

    def drop(self, keys: Iterable[str]) -> None:
        """See :meth:`CacheStore.drop`."""
        with self._tolerant("Others may not see a change for a while"):
            self._redis.unlink(*(self._prefix + key for key in keys))

    def clear(self) -> None:
        """See :meth:`CacheStore.clear`."""
        with self._tolerant("Others may not see a change for a while"):
            self._generation = str(self._redis.incr(self._marker))

    def publish(self, channel: str, notice: str) -> None:
        """Sends a *notice* about a change to all processes with a :meth:`subscription` of *channel*."""
        with self._tolerant("Others may not see a change for a while"):
            self._redis.publish(self._prefix + channel, notice)

    @contextmanager
    def subscription(self, channel: str) -> Iterator[Any]:
        """A ``PubSub`` of redis with the messages of *channel*. Raises the exceptions in :attr:`failure`."""
        with self._redis.pubsub() as subscription:
            subscription.subscribe(self._prefix + channel)
            yield subscription

    def _unpacked(self, text: bytes | None) -> dict[str, Any] | None:
        try:
            generation, until, document = json.loads(text) if text else (None, 0, None)
        except (ValueError, TypeError):
            return None  # we have not written this entry
        good = generation == self._generation and isinstance(until, int | float) and self._clock() < until
        return document if good and isinstance(document, dict) else None

    def _rests(self) -> bool:
        return self._clock() < self._rests_until

    @contextmanager
    def _tolerant(self, consequence: str = "Going on without") -> Iterator[None]:
        try:
            yield
        except self.failure as error:
            self._rests_until = self._clock() + REST
            log.warning("The cache cannot be used (%s). %s.", type(error).__name__, consequence)


class MemcachedStore:
    """A store of the documented client that does not exist here.

    Making one raises an error that says what to use instead.
    """

    def __init__(self, **options: Any) -> None:
        raise ConfigurationError("Memcached is not spoken: use RedisStore, for Redis or Valkey")


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))
