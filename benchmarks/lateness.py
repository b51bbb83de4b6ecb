"""How often a session that one process has ended still opens another for a moment, and for how long.

    python benchmarks/lateness.py postgresql+psycopg://user@host/database [--trials 2000] [--check strict] [--busy 2]

Two processes share the directory. In each trial one signs somebody in, the other has seen the session; then the first
ends it and, as soon as that is done, has the other look again. *late*: the times it still saw somebody signed in.
*busy*: processes that do nothing but keep the processors from both. It also prints what a look costs while nothing
changes. The database must be prepared (``stormpath-wsgi init``); what is made there stays.
"""

from __future__ import annotations

import argparse
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stormpath_wsgi.client import Client
from stormpath_wsgi.session import Sessions
from stormpath_wsgi.settings import Settings

KEY = "a key for a benchmark, which nobody else ever uses"


@contextmanager
def opened(url: str, check: str) -> Iterator[Sessions]:
    """The sessions of the directory's first application."""
    settings = Settings(directory=url, secret_keys=(KEY,), session={"check": check}, encryption_keys=("ab" * 32,))  # type: ignore[arg-type]
    with Client(**settings.opening()) as client:
        yield Sessions(client, client.applications[0], settings)


def look(url: str, check: str) -> None:
    """The other process: for each cookie that it reads it answers, and again when it is told to."""
    with opened(url, check) as sessions:
        for line in sys.stdin:
            text = line.strip()
            seen = signed_in(sessions, text)
            while seen:  # until what was known a moment ago may be remembered
                known = sessions.recall(text)
                if known is not None and known is sessions.recall(text):
                    break
                if check == "strict":
                    break
            print(looks(sessions, text), flush=True)
            sys.stdin.readline()
            told = time.perf_counter()
            late = 0
            while signed_in(sessions, text):
                late += 1
            print(late and time.perf_counter() - told, flush=True)


def signed_in(sessions: Sessions, text: str) -> bool:
    known = sessions.recall(text)
    return known is not None and known.lives


def looks(sessions: Sessions, text: str, calls: int = 20) -> float:
    """Seconds that one look takes."""
    started = time.perf_counter()
    for _ in range(calls):
        sessions.recall(text)
    return (time.perf_counter() - started) / calls


def measure(sessions: Sessions, other: subprocess.Popen[str], trials: int) -> tuple[list[float], list[float]]:
    """For each trial how long the other was late, in seconds, and what a look cost it."""
    assert other.stdin and other.stdout
    application = sessions.application
    name = secrets.token_hex(8)
    account = application.accounts.create(
        {"email": f"{name}@example.org", "password": "Changeme1", "given_name": "A", "surname": "B"}
    )
    late, costs = [], []
    for _ in range(trials):
        known = sessions.start(account)
        print(known.text, file=other.stdin, flush=True)
        costs.append(float(other.stdout.readline()))
        sessions.end(known)
        print(file=other.stdin, flush=True)
        late.append(float(other.stdout.readline()))
    return late, costs


@contextmanager
def processes(arguments: argparse.Namespace) -> Iterator[subprocess.Popen[str]]:
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(arguments.busy)]
    command: list[Any] = [sys.executable, __file__, arguments.directory, "--check", arguments.check, "--look"]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield other
    finally:
        for process in (*busy, other):
            process.kill()
            process.communicate()


def main() -> None:
    parser = argparse.ArgumentParser(description="How late is a sign-out?")
    parser.add_argument("directory", help="the URL of its database")
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--check", choices=["remembered", "strict"], default="remembered")
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--look", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.look:
        look(arguments.directory, arguments.check)
        return
    with processes(arguments) as other, opened(arguments.directory, arguments.check) as sessions:
        late, costs = measure(sessions, other, arguments.trials)
    delays = [seconds * 1000 for seconds in late if seconds]
    print(f"late {len(delays)} of {arguments.trials}", end="")
    if delays:
        print(f"; median {statistics.median(delays):.2f} ms, longest {max(delays):.1f} ms", end="")
    print(f"; a look takes {statistics.median(costs) * 1e6:.1f} us")


if __name__ == "__main__":
    main()
