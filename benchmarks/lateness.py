"""How often what one process has changed is not seen by another one for a moment, and for how long.

    python benchmarks/lateness.py postgresql+psycopg://user@host/database [--kind password] [--trials 2000]
                                  [--workers 2] [--check strict] [--busy 2]

Several processes share the directory. In each trial one signs somebody in, and all others have seen the session; then
the first makes a change that ends it (``--kind``: a sign-out, a new password, another status) or that takes somebody
out of a group and, as soon as that is done, has the others look again. *late*: the times that one of them still saw
what was before. *busy*: processes that do nothing but keep the processors from all. It also prints what a look costs
while nothing changes. The database must be prepared (``stormpath-wsgi init``); what is made there stays.
"""

from __future__ import annotations

import argparse
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pwdlib.hashers.argon2 import Argon2Hasher

from stormpath_wsgi.client import Account, Client, Group
from stormpath_wsgi.session import Known, Sessions
from stormpath_wsgi.settings import Settings

KEY = "a key for a benchmark, which nobody else ever uses"
GROUP = "members of a benchmark"


@contextmanager
def opened(url: str, check: str) -> Iterator[Sessions]:
    """The sessions of the directory's first application."""
    settings = Settings(
        directory=url,
        secret_keys=(KEY,),
        session={"check": check},  # type: ignore[arg-type]
        encryption_keys=("ab" * 32,),
        password_hasher=Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),  # its time is not what is measured
    )
    with Client(**settings.opening()) as client:
        yield Sessions(client, client.applications[0], settings)


def look(url: str, check: str) -> None:
    """Another process: for each cookie that it reads it answers, and again when it is told to."""
    with opened(url, check) as sessions:
        for line in sys.stdin:
            text = line.strip()
            seen = is_member(sessions, text)
            while seen:  # until what was known a moment ago may be remembered
                known = sessions.recall(text)
                if known is not None and known is sessions.recall(text):
                    break
                if check == "strict":
                    break
            is_member(sessions, text)  # so that the groups are remembered too
            print(looks(sessions, text), flush=True)
            sys.stdin.readline()
            told = time.perf_counter()
            late = 0
            while is_member(sessions, text):
                late += 1
            print(late and time.perf_counter() - told, flush=True)


def is_member(sessions: Sessions, text: str) -> bool:
    """Whether somebody is signed in, and in the group."""
    known = sessions.recall(text)
    account = None if known is None else known.identity.account
    return account is not None and account.has_group(GROUP)


def looks(sessions: Sessions, text: str, calls: int = 20) -> float:
    """Seconds that one look takes."""
    started = time.perf_counter()
    for _ in range(calls):
        sessions.recall(text)
    return (time.perf_counter() - started) / calls


class Trials:
    """What is changed in the trials, to one account, and how it becomes again what it was."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions, self.store = sessions, sessions.client.data_store
        name = secrets.token_hex(8)
        application = sessions.application
        self.account: Account = application.accounts.create(
            {"email": f"{name}@example.org", "password": "Changeme1", "given_name": "A", "surname": "B"}
        )
        groups = application.groups.search({"name": GROUP})
        self.group: Group = groups[0] if len(groups) else application.groups.create({"name": GROUP})
        self.account.add_group(self.group)
        self.kinds: dict[str, Callable[[Known], object]] = {
            "sign-out": sessions.end,
            "password": lambda known: self.update(password=f"Changeme-{secrets.token_hex(4)}"),
            "disabled": lambda known: self.update(status="DISABLED"),
            "membership": lambda known: self.account.remove_group(self.group),
        }

    def update(self, **properties: str) -> None:
        self.store.update(self.account.href, properties)

    def begin(self) -> Known:
        """A new session of the account, after what the last trial has done was undone."""
        if self.store.get(self.account.href)["status"] != "ENABLED":
            self.update(status="ENABLED")
        if not self.account.has_group(self.group):
            self.account.add_group(self.group)
        self.account.refresh()
        return self.sessions.start(self.account)


def measure(
    sessions: Sessions, others: list[subprocess.Popen[str]], kind: str, trials: int
) -> tuple[list[float], list[float]]:
    """For each trial and each of the others how late it was, in seconds, and what a look cost it."""
    made = Trials(sessions)
    late, costs = [], []
    for _ in range(trials):
        known = made.begin()
        costs += [float(answer) for answer in tell(others, known.text)]
        made.kinds[kind](known)
        late += [float(answer) for answer in tell(others, "")]
    return late, costs


def tell(others: list[subprocess.Popen[str]], line: str) -> list[str]:
    """Writes a *line* to each of the others, and returns their answers."""
    for other in others:
        print(line, file=other.stdin, flush=True)
    return [other.stdout.readline() for other in others if other.stdout]


@contextmanager
def processes(arguments: argparse.Namespace) -> Iterator[list[subprocess.Popen[str]]]:
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(arguments.busy)]
    command: list[Any] = [sys.executable, __file__, arguments.directory, "--check", arguments.check, "--look"]
    others = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(arguments.workers)
    ]
    try:
        yield others
    finally:
        for process in (*busy, *others):
            process.kill()
            process.communicate()


def main() -> None:
    kinds = ["sign-out", "password", "disabled", "membership"]
    parser = argparse.ArgumentParser(description="How late is a sign-out?")
    parser.add_argument("directory", help="the URL of its database")
    parser.add_argument("--kind", choices=[*kinds, "all"], default="sign-out")
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--check", choices=["remembered", "strict"], default="remembered")
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--look", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.look:
        look(arguments.directory, arguments.check)
        return
    for kind in kinds if arguments.kind == "all" else [arguments.kind]:
        with processes(arguments) as others, opened(arguments.directory, arguments.check) as sessions:
            late, costs = measure(sessions, others, kind, arguments.trials)
        delays = [seconds * 1000 for seconds in late if seconds]
        print(f"{kind}: late {len(delays)} of {len(late)}", end="")
        if delays:
            print(f"; median {statistics.median(delays):.2f} ms, longest {max(delays):.1f} ms", end="")
        print(f"; a look takes {statistics.median(costs) * 1e6:.1f} us", flush=True)


if __name__ == "__main__":
    main()
