"""What other processes change, told through the Redis server that they share as a cache."""

from __future__ import annotations

import itertools
import logging
import os
import threading
from typing import Any

from stormpath_wsgi.client.cache.redis import RedisStore

#: Seconds after which the server must have given a sign of life, and those until the next try where it did not.
BEAT, PAUSE = 2.0, 1.0

log = logging.getLogger(__name__)


class News:
    """A number that moves when a process that shares *store* and *channel* says that it has changed something.

    Redis publishes what is told at once; nobody waits for it. One thread in each process listens, from the first
    :meth:`number` on. While it cannot, and for what is changed without being told, the number says nothing.
    """

    def __init__(self, store: RedisStore, channel: str) -> None:
        self._store, self._channel = store, channel
        self._numbers = itertools.count(1)
        self._number = 0
        self._process: int | None = None  # in which the thread runs
        self._closed = threading.Event()

    def number(self) -> int:
        """Without I/O."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._closed = threading.Event()
            threading.Thread(target=self._listen, name="stormpath-wsgi news", daemon=True).start()
        return self._number

    def tell(self) -> None:
        """Says that something was changed."""
        self._move()
        self._store.publish(self._channel)

    def close(self) -> None:
        """Listen no longer, until the next :meth:`number`."""
        self._closed.set()
        self._process = None

    def _move(self) -> None:
        self._number = next(self._numbers)

    def _listen(self) -> None:
        closed, process = self._closed, os.getpid()
        while not closed.is_set() and os.getpid() == process:
            try:
                with self._store.subscription(self._channel) as subscription:
                    self._follow(subscription, closed, process)
            except self._store.failure as error:
                log.info("What others change is not told (%s).", type(error).__name__)
            closed.wait(PAUSE)

    def _follow(self, subscription: Any, closed: threading.Event, process: int) -> None:
        """Returns when the server gives no sign of life."""
        answered = True
        while answered and not closed.is_set() and os.getpid() == process:
            answered = False
            subscription.ping()
            # One message after the other, until there was none for a beat.
            while not closed.is_set() and (message := subscription.get_message(timeout=BEAT)):
                answered = True
                if message["type"] != "pong":  # a change; or a subscription, before which some may have been missed
                    self._move()
