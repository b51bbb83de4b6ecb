"""What an account, a session and each action cost a PostgreSQL server, and a session the memory of a worker.

    python benchmarks/footprint.py --postgresql URL [--accounts 100000] [--times 300] [--redis redis://…]

Printed are

- bytes on the disk, indexes included, of an account with a password and custom data, of a session, and of a row of the
  audit;
- what each action asks of the server: transactions, statements, bytes of its log (WAL), processor time of its
  processes, and processor time of ours. Passwords are hashed in no time, so the hash comes on top. The limits are
  counted there too, and the audit is written;
- how many rows a second are put into the chain of the audit;
- bytes of memory that a worker needs for a session that it remembers, with its cookie header;
- with a Redis or Valkey server, the processor time that it takes for the tallies of one sign-in.

*URL*: a PostgreSQL server where databases may be made, ``postgresql+psycopg://…/postgres``, on this machine.
"""

from __future__ import annotations

import argparse
import base64
import gc
import logging
import secrets
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from api import postgresql_databases
from fanout import connected, spent_by
from population import PASSWORD, populate, username
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, event
from werkzeug.test import create_environ, run_wsgi_app

from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.client import Account, Client
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory import DirectoryOptions, open_directory
from stormpath_wsgi.directory.storage import migrate, schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.errors import Error
from stormpath_wsgi.limits.limit import Limit, Tally
from stormpath_wsgi.limits.redis import RedisTallies
from stormpath_wsgi.session import Known, Sessions
from stormpath_wsgi.settings import AuditSettings, Settings

DATABASE = "stormpath_benchmark_footprint"
OPTIONS = DirectoryOptions(
    encryption_keys=("5a" * 32,),
    password_hasher=Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),
    audit=AuditSettings(enabled=True),
)
LONGEST = 60  # seconds to wait for the audit
KEY = "a key for a benchmark, which nobody else ever uses"


class Server:
    """What is asked of the PostgreSQL server of a database."""

    def __init__(self, line: psycopg.Connection[Any]) -> None:
        self._line = line
        self.asked: Counter[str] = Counter()
        event.listen(Engine, "commit", lambda _: self.asked.update(["commits"]))
        event.listen(Engine, "before_cursor_execute", lambda *_: self.asked.update(["statements"]))

    def value(self, sql: str, *given: Any) -> Any:
        found = self._line.execute(sql, given).fetchone()
        assert found
        return found[0]

    def run(self, sql: str) -> None:
        self._line.execute(sql)

    def size(self, *tables: str) -> int:
        """Bytes of these *tables* with their indexes; without a name of all."""
        chosen = "relname = ANY(%s)" if tables else "%s::text[] IS NOT NULL"
        return int(
            self.value(
                f"SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relkind = 'r' AND {chosen} "  # noqa: S608
                "AND relnamespace = 'public'::regnamespace",
                list(tables),
            )
        )

    def spent(self) -> float:
        """Seconds of processor time of its processes that work for us."""
        rows = self._line.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
        return spent_by(pid for (pid,) in rows) or 0.0

    def action(self, name: str, times: int, do: Callable[[int], object]) -> None:
        """A line of the table: *do* is called so many *times*."""
        do(0)
        self.asked.clear()
        log, spent, ours, began = self._log(), self.spent(), time.process_time(), time.perf_counter()
        for number in range(1, times + 1):
            do(number)
        took = time.perf_counter() - began
        self._wait_for_audit()
        cells = [
            f"{self.asked['commits'] / times:9.1f} {self.asked['statements'] / times:10.1f}",
            f"{(self._log() - log) / times:10.0f}",
            f"{(self.spent() - spent) / times * 1e6:10.0f}",
            f"{(time.process_time() - ours) / times * 1e6:10.0f}",
            f"{took / times * 1e3:8.2f}",
        ]
        print(f"{name:34} {' '.join(cells)}", flush=True)

    def _wait_for_audit(self) -> None:
        """Until the threads that chain the rows of the audit have chained all of them."""
        until = time.monotonic() + LONGEST
        while self.value("SELECT count(*) FROM audit_waiting"):
            if time.monotonic() > until:
                raise TimeoutError("rows of the audit are still waiting")
            time.sleep(0.05)

    def _log(self) -> int:
        return int(self.value("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))


def tell_of_actions(server: Server, client: Client, settings: Settings, times: int) -> list[Known]:
    """Returns sessions that have begun, of an account each."""
    application = client.applications[0]
    sessions = Sessions(client, application, settings)
    head = f"{'transactions':>9} {'statements':>8} {'WAL bytes':>10} {'us server':>10} {'us ours':>10} {'ms':>8}"
    print(f"\n{'for each':31} {head}")
    begun: list[Known] = []
    accounts: list[Account] = []
    looking = Sessions(client, application, settings)

    def sign_in(number: int) -> None:
        accounts.append(application.authenticate_account(username(number), PASSWORD).account)
        begun.append(sessions.start(accounts[-1]))

    def wrong(number: int) -> None:
        try:
            application.authenticate_account(username(times + number), "wrong")
        except Error as error:
            assert error.code == Code.WRONG_PASSWORD, error

    def look(number: int) -> None:
        known = looking.recall(begun[number].text)
        assert known is not None and known.lives

    def change(number: int) -> None:
        accounts[number].surname = f"Lovelace {number}"
        accounts[number].save()

    empty = server.size("refresh_tokens", "sessions")
    server.action("sign-in, without the hash", times, sign_in)
    session = (server.size("refresh_tokens", "sessions") - empty) / len(begun)
    server.action("wrong password, without the hash", times, wrong)
    server.action("session asked for (not remembered)", times, look)
    server.action("session remembered", times, look)
    server.action("profile changed", times, change)
    server.action("signed out", times // 2, lambda number: sessions.end(begun.pop()))
    rows = server.value("SELECT count(*) FROM audit_rows")
    print(f"{'':4}{session:.0f} bytes on the disk for a session", end="; ")
    print(f"{server.size('audit_rows') / rows:.0f} for a row of the audit, of which there are {rows}")
    return begun


def tell_of_api(server: Server, url: str, times: int) -> None:
    service = open_directory(url, OPTIONS)
    app, key = RestAPI(service), ":".join(service.issue_api_key())
    directory = service.list("tenants/current/directories")["items"][0]["href"].removeprefix(service.base_url + "/")
    headers = {"Authorization": f"Basic {base64.b64encode(key.encode()).decode()}", "Accept": "application/json"}
    hrefs = [
        service.list(f"{directory}/accounts", {"username": username(number)})["items"][0]["href"]
        for number in range(times + 1)
    ]

    def get(number: int) -> None:
        path = "/v1" + hrefs[number].removeprefix(service.base_url)
        _, status, _ = run_wsgi_app(app, create_environ(path, headers=headers))
        assert status == "200 OK", status

    server.action("REST API: GET of an account", times, get)
    service.close()


def tell_of_strictness(server: Server, url: str, times: int) -> None:
    """What each request asks with ``session.check: strict``, if nothing has changed."""
    with closing(Database(url, strict=True)) as database:
        server.action("session checked strictly", times, lambda number: database.generation(2 + number))


def tell_of_audit(server: Server, url: str) -> None:
    """How fast waiting rows are put into the chain of a tenant, which one process at a time does."""
    names = ", ".join(column.name for column in schema.audit_waiting.columns if column.name != "number")
    with closing(open_directory(url, OPTIONS)) as service:
        service.audit.seal()
        server.run(f"INSERT INTO audit_waiting ({names}) SELECT {names} FROM audit_rows, generate_series(1, 10)")  # noqa: S608
        began = time.perf_counter()
        sealed = service.audit.seal()
        took = time.perf_counter() - began
    print(f"{'rows of the audit put into the chain':44} {sealed / took:8.0f} a second, of {sealed}")


def tell_of_memory(client: Client, settings: Settings, begun: list[Known]) -> None:
    application = client.applications[0]
    entered = Sessions(client, application, settings).open(create_environ())
    entered.sign_in(application.accounts[0])
    cookie = dict(entered.headers())["Set-Cookie"].partition("=")[0]
    looks: dict[str, Callable[[Known], object]] = {
        "a remembered session, nobody looks": lambda known: known,
        "  with the page of groups": lambda known: known.identity.account and known.identity.account.groups(),
    }
    for name, look in looks.items():
        sessions = Sessions(client, application, settings)
        sessions.recall(begun[0].text)
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for each in begun:
            # As from a request: a text and a header of its own.
            sessions.open({**_ENVIRON, "HTTP_COOKIE": f"other=1234; {cookie}={each.text}"})
            known = sessions.recall(each.text)
            assert known is not None and known.lives
            look(known)
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        print(f"{name:44} {(after - before) / len(begun):8.0f} bytes", flush=True)


_ENVIRON = create_environ()


def tell_of_redis(url: str, times: int) -> None:
    import redis

    tallies = RedisTallies(url)
    server: Any = redis.Redis.from_url(url)
    limit = Limit.parse("5 tries, waits 1s to 5m, one back after 5m")

    def spent() -> float:
        found: Any = server.info("cpu")
        return float(found["used_cpu_user"] + found["used_cpu_sys"])

    before, began, now = spent(), time.perf_counter(), round(time.time() * 1000)
    for _ in range(times):
        some = sorted(
            (
                Tally(name="account", limit=limit, subject=(secrets.token_hex(16),), account_id="a" * 22)
                for _ in range(3)
            ),
            key=lambda tally: tally.key,
        )
        tallies.take_back(some, tallies.take(some, now), now)
    took = time.perf_counter() - began
    print(
        f"\nthe tallies of a sign-in on Redis: {(spent() - before) / times * 1e6:.0f} us of its processor, "
        f"{took / times * 1e6:.0f} us on the clock"
    )


@contextmanager
def opened(url: str) -> Iterator[Client]:
    with Client(url, options=OPTIONS) as client:
        client.serve()  # so that threads write the audit, as in a site
        yield client


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgresql", metavar="URL", required=True)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--redis", metavar="URL")
    arguments = parser.parse_args()
    logging.disable()
    with (
        postgresql_databases(arguments.postgresql, [DATABASE]) as [url],
        connected(url) as line,
    ):
        with closing(Database(url)) as database:
            migrate.upgrade(database)
        server = Server(line)
        service = open_directory(url, OPTIONS)
        service.bootstrap()
        directory = service.list("tenants/current/directories")["items"][0]["href"]
        before = server.size()
        populate(service, url, directory, arguments.accounts)
        service.close()
        print(f"{'an account':44} {(server.size() - before) / arguments.accounts:8.0f} bytes on the disk")
        settings = Settings(directory=url, secret_keys=(KEY,), encryption_keys=("5a" * 32,), cache_size=100_000)
        with opened(url) as client:
            begun = tell_of_actions(server, client, settings, arguments.times)
            tell_of_api(server, url, arguments.times)
            tell_of_strictness(server, url, arguments.times)
            print()
            tell_of_audit(server, url)
            tell_of_memory(client, settings, begun)
    if arguments.redis:
        tell_of_redis(arguments.redis, 2000)


if __name__ == "__main__":
    main()
