"""What the audit costs a sign-in: milliseconds with and without it, and how fast a chain is proved.

::

    python benchmarks/audit.py [--rounds 30] [--calls 10] [--hasher NAME] [--postgresql URL]

Both directories take turns in one process, so that whatever else the machine does falls on both; told are medians of
the rounds. A sign-in is a right password and a new session. That is measured with argon2id as it is in production, and
with a hash that takes no time, where only the database counts. *URL*: a PostgreSQL server where databases may be made,
``postgresql+psycopg://…/postgres``.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from api import postgresql_databases
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import make_url
from table import note

from stormpath_wsgi.audit import prove
from stormpath_wsgi.directory import DirectoryOptions, DirectoryService, open_directory
from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.settings import AuditSettings

#: As in production, and one with which only the database counts.
HASHERS = {"argon2id": None, "a hash that takes no time": Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)}
PASSWORD = "Correct-Horse-9"
KEY = "5a" * 32


@dataclass
class Site:
    """A directory, with an account that signs in."""

    service: DirectoryService
    application: str
    account: str

    def sign_in(self) -> None:
        self.service.log_in(f"{self.application}/loginAttempts", "ada@example.com", PASSWORD, {}, {})
        body = {"application": {"href": f"{self.service.base_url}/{self.application}"}}
        self.service.create(f"{self.account}/sessions", body)

    def milliseconds(self, calls: int) -> tuple[float, float]:
        """What a sign-in takes: on the clock, and of the processor."""
        clock, processor = time.perf_counter(), time.process_time()
        for _ in range(calls):
            self.sign_in()
        spent = time.perf_counter() - clock, time.process_time() - processor
        return spent[0] / calls * 1000, spent[1] / calls * 1000


def opened(url: str, hasher: Argon2Hasher | None, *, audit: bool) -> Site:
    with closing(Database(url)) as database:
        migrate.upgrade(database)
    settings = AuditSettings(enabled=audit)
    options = DirectoryOptions(encryption_keys=(KEY,), password_hasher=hasher, audit=settings)
    service = open_directory(url, options)
    service.bootstrap()
    service.serve()
    base = service.base_url + "/"
    application = service.list("tenants/current/applications")["items"][0]["href"].removeprefix(base)
    account = service.create(f"{application}/accounts", {"email": "ada@example.com", "password": PASSWORD})
    site = Site(service, application, account["href"].removeprefix(base))
    site.sign_in()  # the first makes what others use
    return site


def compare(urls: list[str], rounds: int, calls: int, hashers: list[str]) -> None:
    print(f"{'ms a sign-in, ' + make_url(urls[0]).get_backend_name():44} {'without':>9} {'with':>9} {'more':>7}")
    names = iter(urls)
    for name in hashers:
        sites = [opened(next(names), HASHERS[name], audit=audit) for audit in (False, True)]
        times = [[site.milliseconds(calls) for site in sites] for _ in range(rounds)]
        for number, what in enumerate(("on the clock", "of the processor")):
            pairs = [(without[number], audited[number]) for without, audited in times]
            without, audited = (statistics.median(column) for column in zip(*pairs, strict=True))
            more = statistics.median(more - less for less, more in pairs)
            print(f"{f'{name}, {what}':44} {without:9.2f} {audited:9.2f} {more:7.2f}", flush=True)
            ratio = statistics.median(more / less for less, more in pairs)
            engine = make_url(urls[0]).get_backend_name()
            note(f"{engine}, a sign-in with the audit, {what}, {name}", ratio, "the same without the audit")
        tell_of_chain(sites[1].service)
        for site in sites:
            site.service.close()


def tell_of_chain(service: DirectoryService) -> None:
    service.audit.seal()
    begun = time.perf_counter()
    with service.audit.chain() as (tenant, begins, head, rows):
        proof = prove(tenant, rows, begins=begins, head=head, trusted=service.audit.public_keys())
    assert proof.fault is None
    rate = proof.last / (time.perf_counter() - begun)
    print(f"{'':4}{proof.last} rows, proved at {rate:,.0f} a second", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--hasher", choices=HASHERS, action="append", help="Not given: all.")
    parser.add_argument("--postgresql", metavar="URL")
    given = parser.parse_args()
    logging.disable()
    hashers = given.hasher or list(HASHERS)
    with tempfile.TemporaryDirectory() as folder:
        compare([f"sqlite:///{Path(folder)}/{number}.db" for number in range(4)], given.rounds, given.calls, hashers)
    if given.postgresql:
        with postgresql_databases(given.postgresql, [f"audit_{number}" for number in range(4)]) as urls:
            compare(urls, given.rounds, given.calls, hashers)


if __name__ == "__main__":
    main()
