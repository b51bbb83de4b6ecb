"""Counts tries, and refuses those that come too soon."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from stormpath_wsgi.breaker import Breaker
from stormpath_wsgi.errors import TooManyTries, Unavailable
from stormpath_wsgi.events import Events, LimitsUnavailable, WaitBegan
from stormpath_wsgi.limits.limit import Tally, seconds
from stormpath_wsgi.limits.memory import MemoryTallies
from stormpath_wsgi.limits.tallies import Taken, Tallies

log = logging.getLogger(__name__)

#: Seconds for which one caller may ask a place that did not answer before.
_PATIENCE = 10

T = TypeVar("T")


@dataclass(slots=True)
class Try:
    """One that is being made. :meth:`succeeded` says that the proof was right."""

    right: bool = False

    def succeeded(self) -> None:
        """The proof was right: what was counted is taken back at the end of the block, and the account forgiven."""
        self.right = True


class Limiter:
    """Counts the tries of one directory or site in *tallies*. Threads and greenlets may share it.

    While *tallies* cannot be asked, each process counts in its own memory: whoever knows the password gets in, who
    guesses is held up all the same, and the log and a listener of :class:`~stormpath_wsgi.events.LimitsUnavailable` are
    told. *events*: who listens. *href*: the address of the account with an id. *clock*: seconds since the epoch.
    """

    def __init__(
        self,
        tallies: Tallies,
        events: Events,
        *,
        href: Callable[[str], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        #: Where tries are counted.
        self.tallies = tallies
        self._events, self._href, self._clock = events, href, clock
        self._instead = MemoryTallies()
        self._breaker = Breaker(_PATIENCE, rest=1)
        self._away = threading.Event()

    @contextmanager
    def trying(self, tallies: Sequence[Tally], *, login: str | None = None) -> Iterator[Try]:
        """A try that is made in the block, and counts against *tallies* unless the block calls :meth:`Try.succeeded`.

        *login*: the name that was given, for events. Raises :class:`~stormpath_wsgi.errors.TooManyTries` before the
        block when it is too soon. A block that raises :class:`~stormpath_wsgi.errors.Unavailable` was no try.
        """
        made = Try()
        if not tallies:
            yield made
            return
        tallies = sorted(tallies, key=lambda tally: tally.key)
        store, taken = self._take(tallies)
        try:
            yield made
        except Unavailable:  # nothing was looked at: only this try is taken back
            self._take_back(store, [replace(tally, forgivable=False) for tally in tallies], taken)
            raise
        except BaseException:
            self._settle(store, tallies, taken, made, login)
            raise
        self._settle(store, tallies, taken, made, login)

    def count(self, tallies: Sequence[Tally], *, login: str | None = None) -> None:
        """Count one try that was wrong. Raises as :meth:`trying`."""
        with self.trying(tallies, login=login):
            pass

    def forgive(self, tallies: Sequence[Tally]) -> None:
        """Forgive all that was tried against *tallies*, with their waits. While they cannot be asked, what this process
        has counted in their place is forgiven.
        """
        if tallies:
            for store in (self.tallies, self._instead):
                self._take_back(store, tallies, [])

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return int(self._clock() * 1000)

    def _take(self, tallies: Sequence[Tally]) -> tuple[Tallies, Sequence[Taken]]:
        now = self.now()
        store, taken = self.tallies, self._ask(lambda: self.tallies.take(tallies, now))
        if taken is None:
            store = self._instead
            taken = store.take(tallies, now)
        waits = {each.key: each.until for each in taken if each.refused}
        if waits:
            raise TooManyTries(retry_after=seconds(max(waits.values()) - now), waits=waits)
        return store, taken

    def _settle(
        self, store: Tallies, tallies: Sequence[Tally], taken: Sequence[Taken], made: Try, login: str | None
    ) -> None:
        """What is done after a try, in one step: it is taken back, or a little of what is over is removed."""
        if made.right:
            self._take_back(store, tallies, taken)
            return
        now = self.now()
        self._do(store, lambda: store.tidy(now))
        self._tell(tallies, taken, login)

    def _take_back(self, store: Tallies, tallies: Sequence[Tally], taken: Sequence[Taken]) -> None:
        now = self.now()
        self._do(store, lambda: store.take_back(tallies, taken, now))

    def _do(self, store: Tallies, work: Callable[[], object]) -> None:
        if store is self.tallies:
            self._ask(work)
        else:
            work()

    def _ask(self, work: Callable[[], T]) -> T | None:
        """What *work* answers, which asks :attr:`tallies`; None while these cannot be asked."""
        if self._breaker.refuses():
            return None
        try:
            answer = work()
        except Unavailable as error:
            self._breaker.hung()
            if not self._away.is_set():
                self._away.set()
                log.error("Tries are counted in this process only, since their tallies cannot be asked: %s", error)
                self._events.emit(LimitsUnavailable())
            return None
        self._breaker.answered()
        if self._away.is_set():
            self._away.clear()
            log.warning("Tries are counted for all processes together again.")
        return answer

    def _tell(self, tallies: Sequence[Tally], taken: Sequence[Taken], login: str | None) -> None:
        """Tells who listens of each wait that a wrong try has begun."""
        now, by_key = self.now(), {tally.key: tally for tally in tallies}
        for each in taken:
            tally = by_key[each.key]
            if each.until > now:
                account = None if tally.account_id is None else self._href(tally.account_id)
                self._events.emit(
                    WaitBegan(account=account, limit=tally.name, seconds=seconds(each.until - now), login=login)
                )
