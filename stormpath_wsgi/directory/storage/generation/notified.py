"""The generation on PostgreSQL: numbers in rows of the database, told to other processes with NOTIFY."""

from __future__ import annotations

import itertools
import logging
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, exc

from stormpath_wsgi.directory.storage import deadline
from stormpath_wsgi.slots import ANY, EVERYBODY, WORDS

log = logging.getLogger(__name__)

#: The highest number of slots that one notice tells. A change of more tells everybody.
MOST = 16

_CHANNEL = "stormpath_epoch"
# Seconds that a change waits at the most for its own notice to arrive in this process.
_ECHO = 0.1
# A reader gets the word for everybody above that of the slot, so that two different pairs of words make two numbers.
_ABOVE = 64

# Asks nothing of the tables. The answer proves that the connection works, and it follows the notices of before.
_BEAT = f"SELECT 1 /* listens to {_CHANNEL} */"
# The sum of the words of all slots stands for "any of them".
_ASK_ANY = """
    SELECT coalesce(sum(number) FILTER (WHERE slot = 0), 0), coalesce(sum(number) FILTER (WHERE slot > 0), 0)
    FROM epochs
"""
_ASK_ONE = "SELECT slot, number FROM epochs WHERE slot IN (0, %(slot)s)"
_ASK_ALL = "SELECT slot, number FROM epochs"
# Each number is at least the time in microseconds. So after a backup was restored, no change gets a number that an
# earlier change has had.
_MOVE = f"""
    WITH moved AS (
        INSERT INTO epochs AS its (slot, number)
        SELECT slot, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM unnest(%(slots)s::int[]) AS slot
        ON CONFLICT (slot) DO UPDATE SET number = greatest(its.number + 1, excluded.number)
        RETURNING slot, number
    ), told AS (
        SELECT string_agg(slot || ':' || number, ' ') AS numbers FROM moved
    )
    SELECT numbers, pg_notify('{_CHANNEL}', %(mark)s || ' ' || numbers) FROM told
"""  # noqa: S608  (no value of anybody's)


class NotifiedGeneration:
    """The generation on PostgreSQL: a word is a number in a row, which each change moves in its own transaction.

    A reading could ask for its rows each time. One thread in each process makes this unnecessary. It listens for the
    NOTIFY that goes with each change, which tells the new numbers. Every *beat* seconds it asks whether the connection
    still works, and the words are used for *lease* seconds after such a question. So when the network fails, cached
    answers are wrong for no longer than *lease*. The server sends a notice if the transaction commits, and only then,
    and in the order of the commits, so a writer that dies leaves nothing unfinished. While the thread does not know a
    word, each reading of it asks the server.

    No notice is lost on a connection that works. In case that something else goes wrong, as when somebody writes into
    the table by hand, each of so many beats asks whether the sum of all numbers is what is known (*thorough*), and if
    not, what they are. That takes the server some hundred times as long as the other question.

    A notice takes a moment to arrive, and on a busy machine the thread needs a moment to read it. So the process that
    has made a change waits until it has got its own notice: by then the other processes mostly have theirs. With
    *strict* each reading asks the server. Then *listener* returns None, and otherwise the engine to listen through.
    Listening needs a connection of its own, because a pooler that lends connections for one transaction loses notices.
    So the thread tries out first whether notices arrive.

    *engine*: for asking. *ask*: returns the number of a slot, or None when the server cannot be asked. *beat*, *lease*:
    seconds. *thorough*: a number of beats. *longest*: seconds that the thread waits for an answer.
    """

    def __init__(
        self,
        engine: Engine,
        listener: Callable[[], Engine | None],
        ask: Callable[[int], int | None],
        *,
        beat: float = 2,
        lease: float = 5,
        thorough: int = 15,
        longest: float = 5,
    ) -> None:
        self._engine, self._listener, self._ask = engine, listener, ask
        self._beat, self._lease, self._thorough, self._longest = beat, lease, thorough, longest
        self._unsettled = itertools.count(-1, -1)
        self._closed = self._deaf = False
        self._until = 0.0  # the end of the lease, of time.monotonic()
        self._words = _Words()
        self._doubts = 0
        self._marks, self._echoes = itertools.count(), dict[str, threading.Event]()
        self._waker: socket.socket | None = None  # to interrupt the thread while it waits
        self._begin()

    def read(self, slot: int = ANY, /) -> int:
        """See :meth:`Generation.read`."""
        if time.monotonic() < self._until:
            words = self._words
            if not words.expected or words.is_known(slot):
                return words.above + words.numbers[slot]
        asked = None if self._closed else self._ask(slot)
        self._start()
        return next(self._unsettled) if asked is None else asked

    @contextmanager
    def moving(self, connection: Connection, slots: Collection[int] = (EVERYBODY,)) -> Iterator[None]:
        """See :meth:`Generation.moving`."""
        mark = f"{os.getpid()}-{next(self._marks)}"
        echo = self._echoes[mark] = threading.Event()
        listens = time.monotonic() < self._until
        try:
            moved = connection.exec_driver_sql(_MOVE, {"slots": sorted(slots), "mark": mark}).scalar() or ""
            try:
                yield
            finally:
                with self._knowing:  # this process knows of its own change at once
                    self._doubts += 1
                    self._words.expect(_pairs(moved))
            if listens:
                echo.wait(_ECHO)  # when our notice is here, the other processes mostly have theirs
        finally:
            del self._echoes[mark]

    def after_fork(self) -> None:
        """See :meth:`Generation.after_fork`. The child starts a thread of its own."""
        self._until = 0.0
        self._begin()
        if self._waker:
            self._waker.close()  # this is the child's copy; the parent's stays open

    def close(self) -> None:
        """See :meth:`Generation.close`. Ends the thread."""
        self._closed = True
        self._doubt()
        with self._starting:
            if self._thread and self._waker:
                self._waker.close()
                self._thread.join(self._lease)

    def _begin(self) -> None:
        self._thread: threading.Thread | None = None
        self._starting, self._knowing = threading.Lock(), threading.Lock()

    def _doubt(self) -> None:
        """Ends the lease: nothing that is known counts until the thread has asked again."""
        with self._knowing:
            self._until = 0.0
            self._doubts += 1

    def _hear(self, notice: str) -> None:
        """Takes over what a *notice* tells: the mark of its sender, and the new numbers."""
        mark, _, moved = notice.partition(" ")
        try:
            with self._knowing:
                self._words.move(_pairs(moved))
        except ValueError:  # it is not one of ours
            self._doubt()
        if echo := self._echoes.get(mark):
            echo.set()

    def _trust(self, until: float, doubts: int, words: Iterable[tuple[int, int]] | None = None) -> bool:
        """Has the words used until *until* (of time.monotonic), unless something came in between. *words*: what the
        server has said they are; None: it has said that they are what is known. *doubts*: how often there had been a
        doubt when it was asked. Returns whether they are used.
        """
        with self._knowing:
            if self._doubts != doubts or self._closed:
                return False
            if words is not None:
                self._words = _Words(words)
            else:
                self._words.confirm()
            self._until = until
            return True

    def _start(self) -> None:
        with self._starting:
            if not self._wanted(os.getpid()) or self._listener() is None or (self._thread and self._thread.is_alive()):
                return
            self._waker, waiter = socket.socketpair()
            self._thread = threading.Thread(target=self._listen, args=(waiter,), name=_CHANNEL, daemon=True)
            self._thread.start()

    def _listen(self, waiter: socket.socket) -> None:
        complain, pid = log.warning, os.getpid()
        with waiter:
            while self._wanted(pid) and (engine := self._listener()) is not None:
                try:
                    with self._connected(engine) as connection:
                        complain = log.warning
                        self._follow(connection, waiter, pid)
                except (exc.DBAPIError, exc.TimeoutError, engine.dialect.loaded_dbapi.Error) as error:
                    complain("cannot listen for changes, so each request asks for them: %s", type(error).__name__)
                    complain = log.debug  # warn once for each outage
                self._doubt()
                _wait(1, waiter)

    def _follow(self, connection: Connection, waiter: socket.socket, pid: int) -> None:
        if self._listener() is None:
            return  # a pooler was met on the way
        line = _Line(connection, self._longest)
        line.said(f"LISTEN {_CHANNEL}")
        self._deaf = not self._hears(line, waiter)
        for beat in itertools.count():
            if not self._wanted(pid):
                break
            asked = time.monotonic()
            until = asked + self._lease
            # After a doubt it is not enough that the connection works: a change may have been told in vain.
            in_doubt = not self._until
            if in_doubt or beat % self._thorough == 0 or not self._goes_on(line, until):
                self._ask_for_all(line, until)
            while self._wanted(pid) and (left := asked + self._beat - time.monotonic()) > 0:
                self._read_notices(line)
                if waiter in _wait(left, line.driver, waiter):
                    break

    def _goes_on(self, line: _Line, until: float) -> bool:
        """Has the words used until *until*, if the connection works. False: something has come in between, such as a
        change of this process of whose end it does not know, or a notice that is not ours, so it has to ask for them.
        """
        doubts = self._doubts
        line.said(_BEAT)
        self._read_notices(line)
        return not self._words.expected and self._trust(until, doubts)

    def _ask_for_all(self, line: _Line, until: float) -> None:
        """Asks whether the words are what is known, and if not, what they are. It also proves that the connection
        works.

        Each is asked twice: a notice may be on its way, or a change of this process has come in between.
        """
        for _ in range(2):
            doubts = self._doubts
            ((everybody, any),) = line.said(_ASK_ANY)
            self._read_notices(line)
            if self._words.are(int(everybody), int(any)) and self._trust(until, doubts):
                return
        for _ in range(2):
            doubts = self._doubts
            if self._trust(until, doubts, [(slot, number) for slot, number in line.said(_ASK_ALL)]):
                break
        self._read_notices(line)

    def _read_notices(self, line: _Line) -> None:
        for notice in line.notices():
            self._hear(notice)

    def _hears(self, line: _Line, waiter: socket.socket) -> bool:
        """Whether notices arrive on this connection: sends one and waits for it."""
        with self._connected(self._engine) as other, deadline.within(self._longest):
            other.exec_driver_sql(f"NOTIFY {_CHANNEL}")
        if line.driver in _wait(self._lease, line.driver, waiter) or self._closed:
            return True
        log.error(
            "no notices come in through %r, so each request asks for changes; write an address of the server itself "
            "into listenUrl",
            self._listener(),
        )
        return False

    @contextmanager
    def _connected(self, engine: Engine) -> Iterator[Connection]:
        with deadline.within(self._longest):
            connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        with connection:
            yield connection

    def _wanted(self, pid: int) -> bool:
        # Unlike threads, greenlets go on running in a forked child, which must not use this connection.
        return not (self._closed or self._deaf) and os.getpid() == pid


class _Line:
    """The connection on which a process listens. *longest*: seconds that it waits for an answer."""

    def __init__(self, connection: Connection, longest: float) -> None:
        self._connection, self._longest = connection, longest
        driver: Any = connection.connection.driver_connection
        self.driver = driver
        connection.detach()  # the pool no longer counts this connection
        self._heard = deque[str]()
        driver.add_notify_handler(lambda notice: self._heard.append(notice.payload))

    def said(self, statement: str) -> Sequence[Any]:
        """The rows of the server's answer to *statement*."""
        with deadline.within(self._longest):
            answer = self._connection.exec_driver_sql(statement)
            return answer.all() if answer.returns_rows else ()

    def notices(self) -> Iterator[str]:
        """What has arrived, also with an answer, in the order in which it was sent. Waits for nothing."""
        self.driver.pgconn.consume_input()
        while notice := self.driver.pgconn.notifies():
            self._heard.append(notice.extra.decode())
        while self._heard:
            yield self._heard.popleft()


class _Words:
    """What a process knows of the words. To be changed under a lock; to be read without one.

    *words*: the slots that have ever moved, with their numbers.
    """

    def __init__(self, words: Iterable[tuple[int, int]] = ()) -> None:
        #: The number of each word; at ANY the sum of those of the slots.
        self.numbers = [0] * WORDS
        #: That for everybody, as readers get it.
        self.above = 0
        #: By word: what this process has made it, until the notice has come.
        self.expected: dict[int, int] = {}
        self.move(words)

    def is_known(self, slot: int) -> bool:
        """Whether a reader need not ask for the number of *slot*, also while something is expected."""
        return slot != ANY and self.expected.keys().isdisjoint((EVERYBODY, slot))

    def are(self, everybody: int, any: int) -> bool:
        """Whether the word for everybody, and the sum of the others, are these."""
        return (self.numbers[EVERYBODY], self.numbers[ANY]) == (everybody, any)

    def confirm(self) -> None:
        """Nothing is expected any more: the words are as the server has them."""
        self.expected = {}

    def expect(self, moved: Iterable[tuple[int, int]]) -> None:
        """This process has given words other numbers, which count if its transaction was committed."""
        more = {word: number for word, number in moved if self.numbers[word] < number}
        self.expected = {**self.expected, **more}

    def move(self, moved: Iterable[tuple[int, int]]) -> None:
        """Words have other numbers. What is older than what is known changes nothing."""
        numbers = self.numbers
        for word, number in moved:
            if (more := number - numbers[word]) > 0:
                if word == EVERYBODY:
                    self.above = number << _ABOVE
                else:
                    numbers[ANY] += more  # first: who has read the slot's old number takes no newer answer for its own
                numbers[word] = number
        self.expected = {word: number for word, number in self.expected.items() if numbers[word] < number}


def number_in(connection: Connection, slot: int = ANY) -> int:
    """The number of *slot* in the database."""
    if slot == ANY:
        everybody, own = connection.exec_driver_sql(_ASK_ANY).one()
    else:
        words = {row.slot: row.number for row in connection.exec_driver_sql(_ASK_ONE, {"slot": slot})}
        everybody, own = words.get(EVERYBODY, 0), words.get(slot, 0)
    return (int(everybody) << _ABOVE) + int(own)


def _pairs(text: str) -> list[tuple[int, int]]:
    """The words and numbers that a notice tells. Raises ValueError for a text that is none of ours."""
    pairs = [tuple(map(int, pair.split(":", 1))) for pair in text.split()]
    if not all(len(pair) == 2 and pair[0] in range(WORDS) and pair[0] != ANY for pair in pairs):
        raise ValueError(text)
    return [(word, number) for word, number in pairs]


def _wait(timeout: float, *sources: Any) -> list[Any]:
    """Waits until one of *sources* can be read, *timeout* seconds at the most. Returns those that can be read."""
    with selectors.DefaultSelector() as selector:
        for source in sources:
            selector.register(source, selectors.EVENT_READ)
        return [key.fileobj for key, _ in selector.select(timeout)]
