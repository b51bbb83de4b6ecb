"""What a change costs that PostgreSQL tells to many listening processes: commits, notices, processor time.

    python benchmarks/fanout.py --postgresql URL [--listeners 0 50 200 500] [--rates 10 50 200 1000] [--seconds 4]

A listener is a plain connection that has sent ``LISTEN``, as each worker of a site has one. One process reads all of
them: thousands of Python processes would not fit one machine. Beside them runs one worker of ours, whose thread listens
as it does in a site. Writers send, at a rate, transactions with the locks and the statement of a change of one account,
which moves the generation and notifies; they change nothing else.

Printed are, for each number of listeners and each rate:

- the changes that were done in a second. Where these are fewer than were wanted, something was at its limit;
- milliseconds that a ``COMMIT`` took;
- milliseconds from sending the ``COMMIT`` until the last of the listeners had the notice;
- microseconds of processor time for each change: of the server process that commits it, and of the server process of
  each listener;
- what part of a processor the worker of ours took, and the server processes that work for it. A worker asks every two
  seconds whether it has missed something, so these are not zero where nothing changes.

All run on one machine, if the server does, and share its processors; processor time can only be read there. *URL*: a
PostgreSQL server where databases may be made, ``postgresql+psycopg://…/postgres``. It must allow as many connections.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import selectors
import statistics
import time
from collections.abc import Iterable
from contextlib import ExitStack, closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from api import postgresql_databases
from sqlalchemy import make_url

from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database, _locks
from stormpath_wsgi.directory.storage.generation.notified import _CHANNEL, _MOVE
from stormpath_wsgi.slots import WORDS

FORK = multiprocessing.get_context("fork")
DATABASE = "stormpath_benchmark_fanout"
_OURS = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'stormpath-wsgi'
"""
#: Seconds until the last notice must have come.
PATIENCE = 20


class Change(NamedTuple):
    """A change that was done. *sent*, *done*: when its COMMIT was sent and answered, of time.monotonic()."""

    mark: str
    sent: float
    done: float


class Written(NamedTuple):
    """What one writer has done. *spent*: seconds of processor time of its server process; None: not to be read."""

    changes: list[Change]
    spent: float | None


def connected(url: str) -> psycopg.Connection[Any]:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(address, autocommit=True)


def spent_by(pids: Iterable[int]) -> float | None:
    """Seconds of processor time that these processes have taken so far; None: they are not of this machine."""
    try:
        return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1e9
    except OSError:
        return None


def write(url: str, rate: float, seconds: float, begin: float, pipe: Connection) -> None:
    """One writer: makes *rate* changes a second from *begin* on, or as many as it can."""
    changes: list[Change] = []
    with connected(url) as connection:
        pid = connection.info.backend_pid
        for warming in (True, False):
            before = spent_by([pid])
            end = begin if warming else begin + seconds
            due = time.monotonic() if warming else begin + random.random() / rate  # noqa: S311
            while due < end and time.monotonic() < end:
                time.sleep(max(0, due - time.monotonic()))
                slot, mark = random.randrange(2, WORDS), f"{os.getpid()}-{len(changes)}"  # noqa: S311
                connection.execute("BEGIN")
                connection.execute(f"SELECT {', '.join(_locks([slot]))}", prepare=False)
                connection.execute(_MOVE, {"slots": [slot], "mark": "warming" if warming else mark})
                sent = time.monotonic()
                connection.execute("COMMIT")
                if not warming:
                    changes.append(Change(mark, sent, time.monotonic()))
                due += 0.02 if warming else 1 / rate
        after = spent_by([pid])
    pipe.send(Written(changes, None if before is None or after is None else after - before))


def listen(url: str, listeners: int, pipe: Connection) -> None:
    """The process of all listeners. It tells the numbers of their server processes; whenever it is told how many
    notices to wait for, it tells when the last of each mark came, and forgets them.
    """
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        lines = [stack.enter_context(connected(url)) for _ in range(listeners)]
        for line in lines:
            line.execute(f"LISTEN {_CHANNEL}")
            selector.register(line, selectors.EVENT_READ, line.pgconn)
        selector.register(pipe, selectors.EVENT_READ)
        pipe.send([line.info.backend_pid for line in lines])
        last: dict[str, float] = {}
        count, wanted, until = 0, -1, 0.0
        while True:
            for key, _ in selector.select(0.05):
                if key.fileobj is pipe:
                    wanted, until = pipe.recv(), time.monotonic() + PATIENCE
                    continue
                key.data.consume_input()
                while notice := key.data.notifies():
                    mark = notice.extra.partition(b" ")[0].decode()
                    if mark != "warming":
                        last[mark] = time.monotonic()
                        count += 1
            if wanted >= 0 and (count >= wanted or time.monotonic() > until):
                pipe.send((last, wanted - count))
                last, count, wanted = {}, 0, -1


def work(url: str, pipe: Connection) -> None:
    """A worker of ours: whenever it is asked, it tells what processor time it has taken, and its server processes."""
    with closing(Database(url)) as database, connected(url) as connection:
        database.generation()  # starts the thread that listens
        time.sleep(1)  # the thread connects, listens, and asks for the first time, which nobody outside of it is told
        found = connection.execute(_OURS).fetchall()
        while True:
            pipe.send((time.process_time(), spent_by(pid for (pid,) in found)))
            pipe.recv()


class Listening:
    """So many listeners, and a worker of ours."""

    def __init__(self, url: str, listeners: int) -> None:
        self.number = listeners
        self._pipe, theirs = FORK.Pipe()
        self._worker, workers = FORK.Pipe()
        self._processes: list[multiprocessing.context.ForkProcess] = []
        self._pids: list[int] = []
        if listeners:
            self._processes = [
                FORK.Process(target=listen, args=(url, listeners, theirs), daemon=True),
                FORK.Process(target=work, args=(url, workers), daemon=True),
            ]
            for process in self._processes:
                process.start()
            self._pids = self._pipe.recv()
            self._worker.recv()

    def spent(self) -> list[float | None]:
        """Seconds of processor time: of the server processes of all listeners, of the worker, and of its server
        processes.
        """
        if not self.number:
            return [None] * 3
        self._worker.send(None)
        return [spent_by(self._pids), *self._worker.recv()]

    def heard(self, changes: int) -> dict[str, float]:
        """When the last listener had the notice, by the mark of the change."""
        if not self.number:
            return {}
        self._pipe.send(changes * self.number)
        last, lost = self._pipe.recv()
        assert not lost, f"{lost} notices have not come in {PATIENCE} seconds"
        return last  # type: ignore[no-any-return]

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.join()


def measure(url: str, listening: Listening, rate: float, writers: int, seconds: float) -> str:
    """A line of the table."""
    begin = time.monotonic() + 1
    pipes = [FORK.Pipe() for _ in range(writers)]
    processes = [FORK.Process(target=write, args=(url, rate / writers, seconds, begin, theirs)) for _, theirs in pipes]
    for process in processes:
        process.start()
    time.sleep(max(0, begin - time.monotonic()))
    before = listening.spent()
    written: list[Written] = [ours.recv() for ours, _ in pipes]
    for process in processes:
        process.join()
    changes = [change for each in written for change in each.changes]
    last = listening.heard(len(changes))
    time.sleep(0.2)  # until the worker of ours has read the last ones
    after = listening.spent()
    taken = time.monotonic() - begin
    took = max(change.done for change in changes) - begin
    commits = [(change.done - change.sent) * 1000 for change in changes]
    lags = [(last[change.mark] - change.sent) * 1000 for change in changes if last]
    committing = None if None in (each.spent for each in written) else sum(each.spent or 0 for each in written)
    listeners, worker, workers = (
        None if earlier is None or later is None else later - earlier
        for earlier, later in zip(before, after, strict=True)
    )
    cells = [
        f"{listening.number:9} {rate:8.0f} {len(changes) / max(took, seconds):8.0f}",
        *middle_and_end(commits),
        *middle_and_end(lags),
        number(committing, 1e6 / len(changes)),
        number(listeners, 1e6 / len(changes) / max(1, listening.number)),
        number(worker, 100 / taken, "%"),
        number(workers, 100 / taken, "%"),
    ]
    return " ".join(cells)


def middle_and_end(times: list[float]) -> tuple[str, str]:
    """The median, and what 99 of 100 stay below."""
    if len(times) < 2:
        return f"{'-':>8}", f"{'-':>8}"
    return f"{statistics.median(times):8.1f}", f"{statistics.quantiles(times, n=100)[98]:8.1f}"


def number(measured: float | None, unit: float, name: str = "") -> str:
    return f"{'-':>9}" if measured is None else f"{measured * unit:{9 - len(name)}.1f}{name}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgresql", metavar="URL", required=True)
    parser.add_argument("--listeners", type=int, nargs="+", default=[0, 50, 200, 500])
    parser.add_argument("--rates", type=float, nargs="+", default=[10, 50, 200, 1000], help="changes a second")
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement")
    arguments = parser.parse_args()
    with connected(arguments.postgresql) as connection:
        settings = ("server_version", "fsync", "synchronous_commit", "max_connections")
        known = {name: connection.execute(f"SHOW {name}").fetchone() for name in settings}
    told = ", ".join(f"{name} {value[0]}" for name, value in known.items() if value)
    print(f"{told}; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; {arguments.writers} writers")
    with postgresql_databases(arguments.postgresql, [DATABASE]) as [url]:
        with closing(Database(url)) as database:
            migrate.upgrade(database)
        with connected(url) as connection:  # each slot has moved before, as after some hours of a busy site
            connection.execute("INSERT INTO epochs SELECT slot, 1 FROM generate_series(2, %s) slot", [WORDS - 1])
            connection.execute("VACUUM ANALYZE epochs")
        print(
            f"{'':9} {'changes a second':>17} {'ms of a COMMIT':>17} {'ms to the last':>17} {'us, each change':>19} "
            f"{'a worker of ours':>19}"
        )
        print(
            f"listeners {'wanted':>8} {'done':>8} {'median':>8} {'99 %':>8} {'median':>8} {'99 %':>8} {'committer':>9} "
            f"{'listener':>9} {'itself':>9} {'server':>9}"
        )
        for listeners in arguments.listeners:
            listening = Listening(url, listeners)
            for rate in arguments.rates:
                line = measure(url, listening, rate, arguments.writers, arguments.seconds)
                print(line, flush=True)
            listening.stop()


if __name__ == "__main__":
    main()
