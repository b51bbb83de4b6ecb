"""What grows with the number of accounts, and what others wait for while very many are removed.

    python benchmarks/growth.py [--accounts 100000 1000000] [--postgresql URL] [--rounds 15]

First how long the directory takes for each of some requests, beside one with 1000 accounts: medians over the rounds, in
which all directories take turns. Requests for one account and for what an index answers are in ``api.py``.

Then a group of half of the accounts of the smallest large directory is deleted, and that directory, while a thread
makes groups in another one: how long it waits for a write, alone and meanwhile.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

from api import FEW, opened, postgresql_databases
from population import HALF, populate
from sqlalchemy import make_url
from table import note

from stormpath_wsgi.directory.rules.stores.removals import Removals

_NUMBERS = itertools.count()


class Grown:
    """A directory of so many *accounts* in a new database at *url*."""

    def __init__(self, url: str, accounts: int) -> None:
        self.url, self.number, self.service = url, accounts, opened(url)
        self.service.bootstrap()
        self.directory = self._only("tenants/current/directories")
        self.application = self._only("tenants/current/applications")
        populate(self.service, url, f"{self.service.base_url}/{self.directory}", accounts)
        self.group = self._only(f"{self.directory}/groups", name=HALF)

    def cases(self) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        """The name of each, the collection, and the query."""
        here, group = f"{self.directory}/accounts", f"{self.group}/accounts"
        yield "first page", here, {}
        yield "email=ada*", here, {"email": "ada*"}
        yield "email=ada*&orderBy=surname", here, {"email": "ada*", "orderBy": "surname"}
        yield "email=ada*, of the application", f"{self.application}/accounts", {"email": "ada*"}
        yield "q=ada (one of 8 has it)", here, {"q": "ada"}
        yield "q=example.org (all have it)", here, {"q": "example.org"}
        yield "q=turing71 (few, or some of a million)", here, {"q": "turing71"}
        yield "q=ng7 (one of 80, the younger ones)", here, {"q": "ng7"}
        yield "the same, orderBy=email", here, {"q": "ng7", "orderBy": "email"}
        yield "email=ada.t*", here, {"email": "ada.t*"}
        yield "email=ada.t*&orderBy=surname", here, {"email": "ada.t*", "orderBy": "surname"}
        yield "q=nobody (none has it)", here, {"q": "nobody"}
        yield "email=*7@example.org (one of 10)", here, {"email": "*7@example.org"}
        yield "a group of half of them", group, {}
        yield "the same, orderBy=email", group, {"orderBy": "email"}
        yield "the same, email=ada*", group, {"email": "ada*"}
        yield "offset at 50 %", here, {"offset": str(self.number // 2)}
        offset = self.number * 9 // 10
        yield "offset at 90 %", here, {"offset": str(offset)}
        page = self.service.list(here, {"offset": str(offset)})
        yield "the next page there", here, dict(parse_qsl(urlsplit(page["next"]["href"]).query))

    def path(self, href: str) -> str:
        """Below the base URL."""
        return href.removeprefix(f"{self.service.base_url}/")

    def _only(self, collection: str, **query: str) -> str:
        return self.path(self.service.list(collection, query)["items"][0]["href"])


def compare(grown: Sequence[Grown], rounds: int) -> None:
    engine = make_url(grown[0].url).get_backend_name()
    heads = [f"{one.number:>10}" for one in grown]
    print(f"\n{engine + ', ms':40} {heads[0]}" + "".join(f"{head} {'x':>6}" for head in heads[1:]))
    for asked in zip(*(one.cases() for one in grown), strict=True):
        calls = [
            lambda one=one, at=at, query=query: one.service.list(at, query)
            for one, (_, at, query) in zip(grown, asked, strict=True)
        ]
        for call in calls * 3:
            call()
        times = [[_milliseconds(call) for call in calls] for _ in range(rounds)]
        first, *others = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{asked[0][0]:40} {first:10.2f}" + "".join(f"{other:10.2f} {other / first:6.1f}" for other in others))
        for one, other in zip(grown[1:], others, strict=True):
            note(f"{engine}, {asked[0][0]}, of {one.number:,} accounts", other / first, f"of {FEW:,} accounts")


def remove(grown: Grown) -> None:
    """Deletes the group, and then the directory."""
    other = grown.path(grown.service.create("directories", {"name": "another"})["href"])
    grown.service.serve()
    with writing(grown, other, "alone"):
        time.sleep(2)
    waiting = Removals(grown.service._context)
    for what, path in (("a group of half of them", grown.group), ("the directory", grown.directory)):
        with writing(grown, other, f"while {what} is removed"):
            begun = time.perf_counter()
            grown.service.delete(path)
            answered = time.perf_counter()
            while waiting.are_waiting():
                time.sleep(0.2)
        print(f"  answered in {(answered - begun) * 1000:.0f} ms, all rows gone in {time.perf_counter() - begun:.0f} s")


@contextmanager
def writing(grown: Grown, at: str, when: str) -> Iterator[None]:
    """Meanwhile a thread makes a group in the directory *at*, again and again."""
    over, times = threading.Event(), list[float]()

    def write() -> None:
        while not over.wait(0.02):
            times.append(_milliseconds(lambda: grown.service.create(f"{at}/groups", {"name": f"{next(_NUMBERS)}"})))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if not times:
        print(f"{when}: over before anybody could write")
        return
    times.sort()
    shares = (times[len(times) * share // 100] for share in (50, 99))
    print(
        f"{when}: {len(times)} writes, ms: " + ", ".join(f"{one:.1f}" for one in (*shares, times[-1])) + " at the most"
    )


def _milliseconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def measure(urls: Sequence[str], arguments: argparse.Namespace) -> None:
    grown = [Grown(url, accounts) for url, accounts in zip(urls, (FEW, *arguments.accounts), strict=True)]
    compare(grown, arguments.rounds)
    remove(grown[1])
    for one in grown:
        one.service.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, nargs="+", default=[100_000], help="a million takes some minutes")
    parser.add_argument("--postgresql", metavar="URL")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    logging.disable()
    names = [f"stormpath_growth_{number}" for number in (FEW, *arguments.accounts)]
    with tempfile.TemporaryDirectory() as folder:
        measure([f"sqlite:///{folder}/{name}.db" for name in names], arguments)
    if arguments.postgresql:
        with postgresql_databases(arguments.postgresql, names) as urls:
            measure(urls, arguments)


if __name__ == "__main__":
    main()
