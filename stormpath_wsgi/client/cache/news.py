"""Notices about changes that other processes make, through the Redis server that they share as a cache."""

from __future__ import annotations

import itertools
import logging
import os
import threading
from typing import Any

from stormpath_wsgi.client.cache.redis import RedisStore

#: Seconds within which the server must answer, and seconds until the next try when it did not.
BEAT, PAUSE = 2.0, 1.0

log = logging.getLogger(__name__)


class News:
    """A number that moves when a process with the same *store* and *channel* says that it has changed something.

    Redis delivers the notices at once, and no request waits for them. One thread in each process listens, from the
    first call of :meth:`number` on. While it cannot listen, the number does not move; nor does it for changes without a
    notice.
    """

    def __init__(self, store: RedisStore, channel: str) -> None:
        self._store, self._channel = store, channel
        self._numbers = itertools.count(1)
        self._number = 0
        self._process: int | None = None  # the id of the process in which the thread runs
        self._closed = threading.Event()

    def number(self) -> int:
        """The number. Does no I/O."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._closed = threading.Event()
            threading.Thread(target=self._listen, name="stormpath-wsgi news", daemon=True).start()
        return self._number

    def tell(self) -> None:
        """Tells the other processes that this one has changed something."""
        self._move()
        self._store.publish(self._channel)

    def close(self) -> None:
        """Ends the thread. The next call of :meth:`number` starts another one."""
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
        """Listens to *subscription*. Returns when the server does not answer any more."""
        answered = True
        while answered and not closed.is_set() and os.getpid() == process:
            answered = False
            subscription.ping()
            # Reads one message after the other, until none arrives within BEAT seconds.
            while not closed.is_set() and (message := subscription.get_message(timeout=BEAT)):
                answered = True
                # A change; or a new subscription, before which notices may have been missed.
                if message["type"] != "pong":
                    self._move()
