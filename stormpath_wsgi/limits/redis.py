"""Tallies on a Redis or Valkey server: all machines that share it count together. One script call a question."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from stormpath_wsgi.errors import ConfigurationError, Unavailable
from stormpath_wsgi.limits.limit import Limit, Tally
from stormpath_wsgi.limits.tallies import Count, Taken

_PREFIX = "stormpath:limits:"

# Seconds to connect, and again to wait for each answer. A sign-in goes on without the server rather than wait longer.
_PATIENCE = 0.5

#: Keys of the server that :meth:`RedisTallies.unlock` and :meth:`RedisTallies.counts` look at, at the most.
_LOOKED_AT = 1_000_000
_AT_ONCE = 1000  # of them

# KEYS: the tallies, in order. ARGV: now, and of each tally: tries, first wait, longest wait, recovery, most, name,
# account id, address. The arithmetic is that of Limit.after and Limit.waits. All numbers are whole and below 2 ** 53,
# so the numbers of Lua hold them exactly. Answers 1 and the ends of the waits of those that have to wait, with the
# number of each; or 0 and the same of all that were counted.
_TAKE = """
local now, facts, held, waiting = tonumber(ARGV[1]), {}, {}, {}
for i, key in ipairs(KEYS) do
    local at = 2 + (i - 1) * 8
    local fact = {tries = tonumber(ARGV[at]), first = tonumber(ARGV[at + 1]), longest = tonumber(ARGV[at + 2]),
        recovery = tonumber(ARGV[at + 3]), most = tonumber(ARGV[at + 4])}
    local found = redis.call('HMGET', key, 'forgiven_at', 'until')
    local forgiven_at, wait_ends = tonumber(found[1]) or now, tonumber(found[2]) or 0
    facts[i], held[i] = fact, forgiven_at
    if now < wait_ends and wait_ends <= now + fact.longest then
        waiting[#waiting + 1] = i
        waiting[#waiting + 1] = wait_ends
    end
end
if #waiting > 0 then
    return {1, waiting}
end
local counted = {}
for i, key in ipairs(KEYS) do
    local at, fact = 2 + (i - 1) * 8, facts[i]
    local before, most = math.max(held[i] - now, 0), fact.most * fact.recovery
    if before > most then
        before = 0
    end
    local owed, wait_ends = math.min(before + fact.recovery, most), 0
    local beyond = math.ceil(owed / fact.recovery) - fact.tries
    if beyond > 0 then
        wait_ends = now + math.min(fact.first * 2 ^ (beyond - 1), fact.longest)
    end
    redis.call('HSET', key, 'forgiven_at', string.format('%.0f', now + owed),
        'until', string.format('%.0f', wait_ends),
        'name', ARGV[at + 5], 'account_id', ARGV[at + 6], 'address', ARGV[at + 7])
    redis.call('PEXPIRE', key, string.format('%.0f', math.max(now + owed, wait_ends) - now + 1000))
    counted[#counted + 1] = i
    counted[#counted + 1] = wait_ends
end
return {0, counted}
"""

# KEYS: the tallies. ARGV of each: the recovery, or -1 where all is forgiven; the end of the wait that the try began.
_TAKE_BACK = """
for i, key in ipairs(KEYS) do
    local recovery, begun = tonumber(ARGV[i * 2 - 1]), tonumber(ARGV[i * 2])
    if recovery < 0 then
        redis.call('DEL', key)
    else
        local found = redis.call('HMGET', key, 'forgiven_at', 'until')
        if found[1] and found[2] then
            redis.call('HSET', key, 'forgiven_at', string.format('%.0f', tonumber(found[1]) - recovery))
            if tonumber(found[2]) == begun then
                redis.call('HSET', key, 'until', '0')
            end
        end
    end
end
"""


class RedisTallies:
    """The tallies on the server at *url*: ``redis://:password@host:6379/0``, version 4 or newer. As :class:`.Tallies`.

    The server forgets a tally by itself, a second after all of it is forgiven. One that restarts without its data has
    forgotten all of them. Nobody waits longer for it than half a second to connect and half a second for an answer.
    Redis Cluster is not supported, since one script uses several keys. Raises
    :class:`~stormpath_wsgi.errors.ConfigurationError` when ``redis`` is not installed, or when *url* cannot be
    understood.
    """

    def __init__(self, url: str) -> None:
        self._redis, self._failure = _opened(url)
        self._take: Callable[..., Any] = self._redis.register_script(_TAKE)
        self._take_back: Callable[..., Any] = self._redis.register_script(_TAKE_BACK)

    def take(self, tallies: Sequence[Tally], now: int) -> Sequence[Taken]:
        """As :meth:`.Tallies.take`."""
        given: list[str | int] = [now]
        for tally in tallies:
            given += [*_numbers(tally.limit), tally.name, tally.account_id or "", tally.address or ""]
        with self._answering():
            refused, found = self._take(keys=_keys(tallies), args=given)
        return [
            Taken(tallies[number - 1].key, until, refused=bool(refused))
            for number, until in zip(found[::2], found[1::2], strict=True)
        ]

    def take_back(self, tallies: Sequence[Tally], taken: Sequence[Taken], now: int) -> None:
        """As :meth:`.Tallies.take_back`."""
        begun = {each.key: each.until for each in taken}
        given: list[int] = []
        for tally in tallies:
            given += [-1 if tally.forgivable else tally.limit.recovery, begun.get(tally.key, 0)]
        with self._answering():
            self._take_back(keys=_keys(tallies), args=given)

    def tidy(self, now: int) -> None:
        """As :meth:`.Tallies.tidy`. The server does it by itself."""

    def unlock(self, account_id: str) -> int:
        """As :meth:`.Tallies.unlock`. It looks at a million keys of the server at the most."""
        removed, wanted = 0, account_id.encode()
        with self._answering():
            for keys in self._found():
                pipeline = self._redis.pipeline(transaction=False)
                for key in keys:
                    pipeline.hget(key, "account_id")
                own = [key for key, id in zip(keys, pipeline.execute(), strict=True) if id == wanted]
                removed += self._redis.delete(*own) if own else 0
        return removed

    def counts(self, now: int, most: int) -> Iterable[Count]:
        """As :meth:`.Tallies.counts`. It looks at a million keys of the server at the most."""
        with self._answering():
            held = (each for each in self._held() if each.forgiven_at > now or each.until > now)
            return heapq.nlargest(most, held, key=lambda each: (each.until, each.forgiven_at))

    def close(self) -> None:
        """Closes every connection."""
        self._redis.close()

    def _held(self) -> Iterator[Count]:
        for keys in self._found():
            pipeline = self._redis.pipeline(transaction=False)
            for key in keys:
                pipeline.hmget(key, "name", "account_id", "address", "forgiven_at", "until")
            for name, account_id, address, forgiven_at, until in pipeline.execute():
                if name is not None:  # it was not forgotten meanwhile
                    yield Count(name.decode(), _text(account_id), _text(address), int(forgiven_at), int(until))

    def _found(self) -> Iterator[list[bytes]]:
        """The keys of tallies, some at a time. The server may tell of a key twice."""
        told: set[bytes] = set()
        cursor, looked_at = 0, 0
        while looked_at < _LOOKED_AT:
            cursor, keys = self._redis.scan(cursor, match=f"{_PREFIX}*", count=_AT_ONCE)
            looked_at += _AT_ONCE
            new = [key for key in dict.fromkeys(keys) if key not in told]
            told.update(new)
            if new:
                yield new
            if cursor == 0:
                return

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except self._failure as error:
            # The text of the error is left out: it may hold the address with the password.
            raise Unavailable(f"The Redis server of the limits does not answer ({type(error).__name__}).") from None


def _opened(url: str) -> tuple[Any, type[Exception]]:
    """The client of the server, which has not connected yet, and the class of its errors."""
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise ConfigurationError("limits.url needs redis; install it with: pip install redis") from None
    # One more try, on another connection, is for a server that was restarted. One that hangs is not asked again.
    retry = Retry(NoBackoff(), 1, (redis.ConnectionError,))
    try:
        server = redis.Redis.from_url(
            url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE, retry=retry, retry_on_timeout=False
        )
        pool = server.connection_pool
        pool.connection_class(**pool.connection_kwargs)  # it finds unknown parameters, and does not connect
    except (TypeError, ValueError):
        raise ConfigurationError("limits.url is none of a Redis server: write redis://host:6379/0") from None
    return server, redis.RedisError


def _keys(tallies: Sequence[Tally]) -> list[str]:
    return [_PREFIX + tally.key for tally in tallies]


def _numbers(limit: Limit) -> tuple[int, ...]:
    return limit.tries, limit.first_wait, limit.longest_wait, limit.recovery, limit.most


def _text(value: bytes | None) -> str | None:
    return value.decode() if value else None
