"""What guessing does to everybody else, and what it costs a sign-in that guessing is held up.

::

    python benchmarks/guessing.py [--guessers 32] [--rounds 6] [--seconds 3] [--postgresql URL]

First the demo site, served as production serves it but with 2 workers, on its default directory: how long a reader
waits for a page, as a stranger and signed in, in quiet seconds and while so many guess passwords at once: all of them
each second, or each again as soon as it was answered. They guess the password of one account from ever new addresses
(all of 127.0.0.0/8 are this machine's), or those of ever new accounts from one address. To compare: the same with the
limits switched off, and with as many who look at the sign-in page in the place of guessing. Quiet and noisy seconds
take turns, so that whatever else the machine does falls on all of them; told are medians over all looks at a
page, and below what 95 of 100 stay. The guessers are another process, and need processor time that real ones would not
take from the server.

Then in one process: how much longer a sign-in takes with limits than without, with argon2id as it is in production
and with a hash that takes no time. *URL*: a PostgreSQL server where databases may be made,
``postgresql+psycopg://…/postgres``.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import logging
import multiprocessing
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from api import postgresql_databases
from login_flood import ROOT, register, served, status
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import make_url

from stormpath_wsgi.directory import DirectoryOptions, DirectoryService, open_directory
from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.limits import Visitor, visited
from stormpath_wsgi.settings import LimitsSettings

PAUSE = 0.02  # seconds between two looks at a page
LOOKS = {"a stranger's page": ("/", False), "a page of a member": ("/members", True)}
CHEAP = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "Correct-Horse-9"
FORK = multiprocessing.get_context("fork")

#: Whose password is guessed from where, by the number of the guess.
GUESSES: dict[str, Callable[[int], tuple[str, str]]] = {
    "one account, many addresses": lambda n: ("ada@example.com", f"127.{n >> 16 & 127}.{n >> 8 & 255}.{n & 255 or 1}"),
    "many accounts, one address": lambda n: (f"nobody{n}@example.com", "127.9.9.9"),
}


#: Looks at the sign-in page, and guesses nothing.
NOTHING = "the sign-in page"


@dataclass(frozen=True)
class Case:
    """*guesses*: what is done. *pause*: seconds from one time to the next; 0: none. *limits*: whether they hold."""

    guesses: str
    pause: float
    limits: bool = True

    def __str__(self) -> str:
        often = f"every {self.pause:.0f} s" if self.pause else "without a pause"
        return f"{self.guesses}, {often}{'' if self.limits else ', limits switched off'}"


CASES = [
    *(Case(what, 1) for what in (NOTHING, *GUESSES)),
    *(Case(what, 1, limits=False) for what in GUESSES),
    *(Case(what, 0) for what in (NOTHING, *GUESSES)),
    *(Case(what, 0, limits=False) for what in GUESSES),
]


@dataclass
class Looks:
    """How long pages took, in seconds, in quiet and in noisy time, and what became of the guesses."""

    quiet: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in LOOKS})
    noisy: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in LOOKS})
    answers: Counter[int] = field(default_factory=Counter)


def look_at_all(address: str, session: str, guessers: int, case: Case, rounds: int, seconds: float) -> Looks:
    seen = Looks()
    numbers = itertools.count(1, 1_000_000 // rounds)
    for _ in range(rounds):
        for noisy, times in ((False, seen.quiet), (True, seen.noisy)):
            with guessing(address, guessers, case, next(numbers)) if noisy else nullcontext(seen.answers) as answers:
                found = asyncio.run(watch(address, session, seconds))
            for name, taken in found.items():
                times[name] += taken
            if noisy:
                seen.answers += answers
    return seen


async def watch(address: str, session: str, seconds: float) -> dict[str, list[float]]:
    end = time.monotonic() + seconds

    async def look(path: str, cookie: str) -> list[float]:
        times = []
        while time.monotonic() < end:
            begun = time.monotonic()
            assert await status(address, "GET", path, cookie=cookie) == 200
            times.append(time.monotonic() - begun)
            await asyncio.sleep(PAUSE)
        return times

    taken = await asyncio.gather(*(look(path, session if member else "none=1") for path, member in LOOKS.values()))
    return dict(zip(LOOKS, taken, strict=True))


@contextmanager
def guessing(address: str, guessers: int, case: Case, first: int) -> Iterator[Counter[int]]:
    """So many guess in another process while the block runs. After it, how many answers had which status."""
    answers: Counter[int] = Counter()
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=guess, args=(address, guessers, case, first, theirs), daemon=True)
    process.start()
    ours.recv()  # every guesser was answered once
    yield answers
    ours.send("stop")
    answers.update(ours.recv())
    process.join()


def guess(address: str, guessers: int, case: Case, first: int, control: Any) -> None:
    numbers, answers = itertools.count(first), Counter[int]()

    async def once() -> None:
        number = next(numbers)
        if case.guesses == NOTHING:
            answers[await status(address, "GET", "/login", cookie="none=1")] += 1
            return
        login, sender = GUESSES[case.guesses](number)
        form = json.dumps({"login": login, "password": f"Wrong-Horse-{number}"}).encode()
        answers[await status(address, "POST", "/login", body=form, sender=sender)] += 1

    async def guesser() -> None:
        begun = time.monotonic()
        while not control.poll():
            await once()
            begun += case.pause
            await asyncio.sleep(max(0, begun - time.monotonic()))

    async def everybody() -> None:
        await asyncio.gather(*(once() for _ in range(guessers)))
        answers.clear()
        control.send("begun")
        await asyncio.gather(*(guesser() for _ in range(guessers)))

    asyncio.run(everybody())
    control.send(answers)


def compare_pages(arguments: argparse.Namespace) -> None:
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, {arguments.guessers} guessers at once")
    print(f"{'ms':48} {'median':>17} {'x':>6} {'95 of 100 below':>17} {'x':>6}")
    for case in CASES:
        environ = {"WEB_CONCURRENCY": "2", "STORMPATH_LIMITS_ENABLED": str(case.limits).lower()}
        with served(ROOT / "deploy/gunicorn.conf.py", **environ) as address:
            session = register(address)
            seen = look_at_all(address, session, arguments.guessers, case, arguments.rounds, arguments.seconds)
        print(f"{case}: {_told(seen.answers)}")
        for name in LOOKS:
            columns = []
            for of in (statistics.median, _high):
                quiet, noisy = (1000 * of(times[name]) for times in (seen.quiet, seen.noisy))
                columns += [f"{quiet:7.1f} ->{noisy:7.1f}", f"{noisy / quiet:6.2f}"]
            print(f"    {name:44} {columns[0]:>17} {columns[1]} {columns[2]:>17} {columns[3]}", flush=True)


def _high(times: list[float]) -> float:
    return sorted(times)[len(times) * 95 // 100]


def _told(answers: Counter[int]) -> str:
    refused, busy, lost = answers[429], answers[503], answers[0]
    done = answers.total() - refused - busy - lost
    return f"{done} answered, {refused} refused (429), {busy} sent away (503), {lost} lost"


def compare_sign_ins(url: str, rounds: int) -> None:
    print(f"\nsign-ins, {make_url(url).get_backend_name()}, in one process")
    print(f"{'ms':48} {'without':>9} {'limits':>9} {'x':>6}")
    for name, hasher, calls in (("argon2id", None, 4), ("a hash that takes no time", CHEAP, 40)):
        services = [opened(url, hasher, enabled=enabled) for enabled in (False, True)]
        application = prepared(services[0], name)
        for service in services:  # the first call makes what others use, and the account its hash
            taken(service, application, name, 3)
        times = [[taken(service, application, name, calls) for service in services] for _ in range(rounds)]
        before, after = (statistics.median(column) for column in zip(*times, strict=True))
        ratio = statistics.median(limited / free for free, limited in times)
        print(f"{name:48} {before:9.2f} {after:9.2f} {ratio:6.2f}", flush=True)
        for service in services:
            service.close()


def opened(url: str, hasher: Argon2Hasher | None, *, enabled: bool) -> DirectoryService:
    if not url.startswith("sqlite"):
        database = Database(url)
        migrate.upgrade(database)
        database.close()
    limits = LimitsSettings(enabled=enabled)
    return open_directory(url, DirectoryOptions(encryption_keys=("5a" * 32,), password_hasher=hasher, limits=limits))


def prepared(service: DirectoryService, name: str) -> str:
    """The path of the application, in whose directory there is an account for those who sign in now."""
    service.bootstrap()
    application = service.list("tenants/current/applications")["items"][0]["href"].removeprefix(f"{service.base_url}/")
    account = {"username": name, "email": f"{name.replace(' ', '-')}@example.com", "password": PASSWORD}
    service.create(f"{application}/accounts", {**account, "givenName": "Ada", "surname": "Lovelace"})
    return application


def taken(service: DirectoryService, application: str, name: str, calls: int) -> float:
    """Milliseconds that a sign-in takes."""
    begun = time.perf_counter()
    with visited(Visitor("192.0.2.1")):
        for _ in range(calls):
            service.log_in(f"{application}/loginAttempts", name, PASSWORD, {}, {})
    return (time.perf_counter() - begun) / calls * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guessers", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=3, help="quiet, and as many noisy ones, in each round")
    parser.add_argument("--postgresql", metavar="URL")
    arguments = parser.parse_args()
    compare_pages(arguments)
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        compare_sign_ins(f"sqlite:///{folder}/accounts.db", 10 * arguments.rounds)
    if arguments.postgresql:
        with postgresql_databases(arguments.postgresql, ["stormpath_benchmark_guessing"]) as (url,):
            compare_sign_ins(url, 10 * arguments.rounds)


if __name__ == "__main__":
    main()
