"""What a sign-in costs beside the hash of its password: the ratio to the bare argon2 hash, for 1, 2 and 16 at once.

::

    python benchmarks/sign_in.py [--cost rfc9106] [--seconds 5]

Threads call ``application.authenticate_account`` on an embedded directory in a file and, in turns with them, the bare
hash of the same cost, in as many threads. Both compute as many hashes at once as the directory allows, or the bare one
would have more of the processors. Told are, for each number of threads, sign-ins and hashes in a second, the wall time
and the CPU time of a sign-in as a ratio to those of a hash, and how many sign-ins were refused because their turn did
not come in time. A ratio of 1.05 means that a sign-in takes 5 % longer than its hash. Run it on a machine that does
nothing else.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from table import note

from stormpath_wsgi.client import Client, DirectoryOptions
from stormpath_wsgi.directory.crypto.passwords import AT_ONCE
from stormpath_wsgi.errors import Overloaded
from stormpath_wsgi.passwords.cost import DEFAULT, Cost
from stormpath_wsgi.settings import LimitsSettings, PasswordsSettings

THREADS = (1, 2, 16)
PASSWORD = "Correct-Horse-9"
ROUNDS = 4  # turns of each, so that both see the same noise of the machine


class Done(NamedTuple):
    """What was done in some time: *calls*; *refused* of them; *wall* and *cpu*, seconds."""

    calls: int
    refused: int
    wall: float
    cpu: float

    def __add__(self, other: object) -> Done:
        assert isinstance(other, Done)
        calls, refused = self.calls + other.calls, self.refused + other.refused
        return Done(calls, refused, self.wall + other.wall, self.cpu + other.cpu)

    @property
    def done(self) -> int:
        return self.calls - self.refused


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cost", default=DEFAULT, help="as the setting passwords.cost")
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    arguments = parser.parse_args()
    cost = Cost.of(arguments.cost)
    logging.getLogger("stormpath_wsgi").setLevel(logging.ERROR)  # each refusal has a line there
    print(f"{cost}, {os.cpu_count()} processors, {AT_ONCE} hashes at once, load {os.getloadavg()[0]:.1f}")
    print("threads  sign-ins/s  hashes/s  wall ratio  CPU ratio  refused")
    with tempfile.TemporaryDirectory() as folder:
        for threads in THREADS:
            sign_in, bare = measured(Path(folder) / f"{threads}.db", arguments.cost, threads, arguments.seconds)
            rate, bare_rate = sign_in.done / sign_in.wall, bare.done / bare.wall
            cpu = (sign_in.cpu / sign_in.done) / (bare.cpu / bare.done)
            note(f"a sign-in, {threads} at once", bare_rate / rate, "the bare argon2 hash")
            print(
                f"{threads:>7}  {rate:>10.2f}  {bare_rate:>8.2f}  {bare_rate / rate:>10.3f}  {cpu:>9.3f}  "
                f"{sign_in.refused:>7}"
            )


def measured(file: Path, cost: str, threads: int, seconds: float) -> tuple[Done, Done]:
    """What *threads* have done in *seconds*, by signing in and by hashing alone."""
    options = DirectoryOptions(
        passwords=PasswordsSettings(cost=cost), limits=LimitsSettings(enabled=False), hash_queue=max(THREADS)
    )
    hasher, turns = Cost.of(cost).hasher(), threading.Semaphore(AT_ONCE)
    with Client(f"sqlite:///{file}", options=options) as client:
        [application] = client.applications
        person = {"given_name": "Ada", "surname": "Lovelace", "password": PASSWORD}
        logins = [f"ada{number}@example.org" for number in range(threads)]
        for login in logins:
            application.accounts.create({"email": login, **person})
        stored = hasher.hash(PASSWORD)

        def bare(_: int) -> None:
            with turns:
                hasher.verify(PASSWORD, stored)

        def sign_in(number: int) -> None:
            application.authenticate_account(logins[number], PASSWORD)

        part = seconds / ROUNDS
        rounds = [(at_once(sign_in, threads, part), at_once(bare, threads, part)) for _ in range(ROUNDS)]
        nothing = Done(0, 0, 0, 0)
        return sum((mine for mine, _ in rounds), nothing), sum((bare for _, bare in rounds), nothing)


def at_once(call: Callable[[int], None], threads: int, seconds: float) -> Done:
    """What so many *threads* do in *seconds*, each the next *call* as soon as the last one is answered."""
    made, refused = [0] * threads, [0] * threads
    begun, cpu = time.perf_counter(), time.process_time()

    def work(number: int) -> None:
        while time.perf_counter() - begun < seconds:
            made[number] += 1
            try:
                call(number)
            except Overloaded:
                refused[number] += 1

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return Done(sum(made), sum(refused), time.perf_counter() - begun, time.process_time() - cpu)


if __name__ == "__main__":
    main()
