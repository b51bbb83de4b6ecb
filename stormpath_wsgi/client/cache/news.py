"""Notices about changes that other processes make, through the Redis server that they share as a cache."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.client.cache.redis import RedisStore
from stormpath_wsgi.client.concerned import Moved
from stormpath_wsgi.slots import ANY, EVERYBODY, WORDS

#: Seconds within which the server must answer, and seconds until the next try when it did not.
BEAT, PAUSE = 2.0, 1.0

log = logging.getLogger(__name__)


class News:
    """Numbers that move when a process with the same *store* and *channel* says that it has changed something, each
    with what concerns its slot (:mod:`stormpath_wsgi.slots`).

    Redis delivers the notices at once, and no request waits for them. One thread in each process listens, from the
    first call of :meth:`number` on. While it cannot listen, the number does not move; nor does it for changes without a
    notice.
    """

    def __init__(self, store: RedisStore, channel: str) -> None:
        self._store, self._channel = store, channel
        self._moved = Moved()
        self._process: int | None = None  # the id of the process in which the thread runs
        self._closed = threading.Event()

    def number(self, slot: int = ANY) -> int:
        """The number of *slot*. Does no I/O."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._closed = threading.Event()
            threading.Thread(target=self._listen, name="stormpath-wsgi news", daemon=True).start()
        return self._moved.read(slot)

    def tell(self, slot: int = EVERYBODY) -> None:
        """Tells the other processes that this one has changed something that concerns *slot*."""
        self._moved.move(slot)
        self._store.publish(self._channel, str(slot))

    def close(self) -> None:
        """Ends the thread. The next call of :meth:`number` starts another one."""
        self._closed.set()
        self._process = None

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
                if message["type"] != "pong":
                    self._moved.move(_slot_in(message))


def _slot_in(message: Mapping[str, Any]) -> int:
    """The slot that a *message* tells. Everybody's: of a new subscription, before which notices may have been missed,
    and of a process of an older version, which tells no slot.
    """
    text = message["data"] if message["type"] == "message" else b""
    slot = int(text) if isinstance(text, bytes) and text.isdigit() and len(text) < 9 else EVERYBODY
    return slot if slot < WORDS and slot != ANY else EVERYBODY
