"""What the REST API costs: its answers beside the least that the same server could do, and with very many accounts.

    python benchmarks/api.py [--accounts 20000] [--postgresql URL] [--rounds 20] [--seconds 0.5]

First through gunicorn, configured as ``stormpath-wsgi serve`` does it but with 2 workers: answers a second to four
connections that stay open and always wait for one, in a process of their own. Each is compared with a constant answer
of the same length, and with the work that nobody can do without: a bare SELECT and JSON, or a bare hash.

On PostgreSQL, what a bare round trip of the driver takes is told too: ``SELECT 1``, over one connection.

Then in one process, without a server: how much longer an answer takes in a directory of so many accounts than in one of
1000. Each request is about other accounts, and was made once before it counts: a server at work has its directory in
memory.

All cases take turns, a short round each, so that whatever else the machine does falls on all of them; printed are
medians over the rounds. *URL*: a PostgreSQL server where databases may be made, ``postgresql+psycopg://…/postgres``.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import json
import logging
import multiprocessing
import os
import random
import selectors
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing.pool import Pool
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from population import PASSWORD, populate, username
from sqlalchemy import create_engine, make_url
from table import note
from werkzeug.test import create_environ, run_wsgi_app

from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.cli.serving import OF_THE_API, Server
from stormpath_wsgi.directory import DirectoryOptions, DirectoryService, open_directory
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database

WORKERS, CONNECTIONS, FEW, ASKED_FOR = 2, 4, 1000, 400
HASH = Passwords().hash(PASSWORD)
FORK = multiprocessing.get_context("fork")


class Filled:
    """A directory of so many *accounts* in a new database at *url*, and requests to its API."""

    def __init__(self, url: str, accounts: int) -> None:
        self.url, self.service = url, opened(url)
        self.service.bootstrap()
        tenant = self._path(self.service.get("tenants/current"))
        application, directory = (
            self._path(self.service.list(f"{tenant}/{name}")["items"][0]) for name in ("applications", "directories")
        )
        self.owners = {"directory": directory, "application": application, "tenant": tenant}
        populate(self.service, url, f"{self.service.base_url}/{directory}", accounts)
        self._key = ":".join(self.service.issue_api_key())
        numbers = random.Random(accounts).sample(range(accounts - 1), ASKED_FOR)  # noqa: S311
        self.names = [username(number) for number in numbers]
        self.accounts = [
            self._path(self.service.list(f"{directory}/accounts", {"username": name})["items"][0])
            for name in self.names
        ]

    def environ(self, path: str, query: str = "", body: Any = None) -> WSGIEnvironment:
        """A request for what is at *path*; with a *body* a POST."""
        credential = base64.b64encode(self._key.encode()).decode()
        return create_environ(
            f"/v1/{path}",
            query_string=query,
            method="GET" if body is None else "POST",
            json=body,
            headers={"Authorization": f"Basic {credential}", "Accept": "application/json"},
        )

    def requests(self) -> Iterator[tuple[str, list[WSGIEnvironment]]]:
        """What is asked for, and requests of each sort."""
        yield "account", [self.environ(path) for path in self.accounts]
        for owner, path in self.owners.items():
            for name, query in (
                ("by username", "username={}"),
                ("by a beginning of the e-mail", "email={}@*"),
                ("first page", ""),
                ("first page, orderBy=surname", "orderBy=surname"),
            ):
                asked = [self.environ(f"{path}/accounts", query.format(one)) for one in self.names]
                yield f"accounts of the {owner}, {name}", asked

    def logins(self) -> list[WSGIEnvironment]:
        path = f"{self.owners['application']}/loginAttempts"
        values = (base64.b64encode(f"{name}:{PASSWORD}".encode()).decode() for name in self.names)
        return [self.environ(path, body={"type": "basic", "value": value}) for value in values]

    def _path(self, resource: dict[str, Any]) -> str:
        return str(resource["href"]).removeprefix(f"{self.service.base_url}/")


def opened(url: str) -> DirectoryService:
    if not url.startswith("sqlite"):
        database = Database(url)
        migrate.upgrade(database)
        database.close()
    return open_directory(url, DirectoryOptions(encryption_keys=("5a" * 32,)))


def bare(url: str) -> WSGIApplication:
    """Does what is asked in the path and nothing else: ``/constant/<length>``, ``/select/<account id>``, ``/hash/``."""
    engine, passwords = create_engine(url), Passwords(timeout=60)  # on a busy machine a hash takes seconds
    select = f"SELECT * FROM accounts WHERE id = {'?' if engine.dialect.name == 'sqlite' else '%s'}"  # noqa: S608

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        _, task, argument = environ["PATH_INFO"].split("/")
        match task:
            case "constant":
                body = b'"' + b"x" * (int(argument) - 2) + b'"'
            case "select":
                connection = engine.raw_connection()
                cursor = connection.cursor()
                cursor.execute(select, (argument,))
                row: Any = cursor.fetchone()
                body = json.dumps(dict(zip((column[0] for column in cursor.description), row, strict=True))).encode()
                connection.close()
            case _:
                assert passwords.verify_and_update(PASSWORD, HASH)[0]
                body = b"{}"
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return app


@contextmanager
def served(make: Callable[[], WSGIApplication], address: str) -> Iterator[None]:
    """gunicorn with what is made by *make*, listening on a socket in the file *address*."""
    process = FORK.Process(target=_serve, args=(make, address))
    process.start()
    while not os.path.exists(address):
        assert process.is_alive(), "gunicorn did not start"
        time.sleep(0.05)
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _serve(make: Callable[[], WSGIApplication], address: str) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the access log is written as always, and read by nobody
    options = {"bind": f"unix:{address}", "workers": WORKERS, "loglevel": "warning"}
    Server(make, None, options, OF_THE_API).run()


def load(address: str, requests: Sequence[bytes], seconds: float) -> float:
    """Answers a second to *requests*, which are sent for so many *seconds*, in turn, on each of some connections."""
    answers, ahead, started = 0, itertools.cycle(requests), time.perf_counter()
    with selectors.DefaultSelector() as waiting, ExitStack() as connections:
        for _ in range(CONNECTIONS):
            connection = connections.enter_context(socket.socket(socket.AF_UNIX))
            connection.connect(address)
            waiting.register(connection, selectors.EVENT_READ)
            connection.sendall(next(ahead))
        while waiting.get_map():
            for key, _ in waiting.select():
                answered: Any = key.fileobj
                _read(answered)
                answers += 1
                if time.perf_counter() < started + seconds:
                    answered.sendall(next(ahead))
                else:
                    waiting.unregister(answered)
    return answers / (time.perf_counter() - started)


def _read(connection: Any) -> None:
    """Takes one answer off *connection*."""
    received = connection.recv(65536)
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    missing = length - len(body)
    while missing:
        missing -= len(connection.recv(65536))


_HEADERS = {"Authorization": "HTTP_AUTHORIZATION", "Accept": "HTTP_ACCEPT"}


def spelled(environ: WSGIEnvironment) -> bytes:
    """The request as HTTP/1.1 has it."""
    body: bytes = environ["wsgi.input"].read()
    environ["wsgi.input"].seek(0)
    query = environ["QUERY_STRING"]
    lines = [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}{'?' if query else ''}{query} HTTP/1.1"]
    lines += ["Host: localhost", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {environ[key]}" for name, key in _HEADERS.items() if key in environ]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Case:
    """*requests* to the server at *address*; *over*: the cases they are compared with."""

    name: str
    address: str
    requests: list[bytes]
    over: dict[str, Case] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)
    slow: bool = False  # takes a quarter of the rounds, which are ten times as long

    def run(self, pool: Pool, turn: int, seconds: float) -> None:
        if not self.slow or turn % 4 == 0:
            self.rates.append(pool.apply(load, (self.address, self.requests, seconds * (10 if self.slow else 1))))

    def times(self, name: str) -> float:
        """How many times as long an answer takes as one of the case it is compared with."""
        pairs = zip(self.rates, self.over[name].rates, strict=True)
        return statistics.median(theirs / mine for mine, theirs in pairs)

    def told(self, name: str) -> str:
        return f"{self.times(name):.2f}" if name in self.over else ""


def cases(filled: Filled, api: str, least: str) -> Iterator[Case]:
    """*api*, *least*: the addresses of the API and of :func:`bare`."""

    def minimal(name: str, *paths: str) -> Case:
        return Case(name, least, [spelled(create_environ(path)) for path in paths])

    asked = dict(filled.requests())
    app = RestAPI(filled.service)
    account = _constant(app, asked["account"][0], minimal)
    select = minimal("bare SELECT and JSON", *(f"/select/{path.rpartition('/')[2]}" for path in filled.accounts))
    hashed = minimal("bare hash", "/hash/")
    hashed.slow = True
    found = "accounts of the directory, by username"
    search = _constant(app, asked[found][0], minimal)
    whole = "accounts of the directory, first page"
    page = _constant(app, asked[whole][0], minimal)
    yield from (account, search, page, select, hashed)
    yield Case("account", api, list(map(spelled, asked["account"])), {"constant": account, "bare": select})
    yield Case(found, api, list(map(spelled, asked[found])), {"constant": search, "bare": select})
    yield Case(whole, api, list(map(spelled, asked[whole])), {"constant": page})
    yield Case("login attempt", api, list(map(spelled, filled.logins())), {"bare": hashed}, slow=True)


def _constant(app: WSGIApplication, environ: WSGIEnvironment, minimal: Callable[..., Case]) -> Case:
    body, status, _ = run_wsgi_app(app, environ)
    assert status == "200 OK"
    length = len(b"".join(body))
    return minimal(f"constant, {length} bytes", f"/constant/{length}")


def compare_served(filled: Filled, folder: str, pool: Pool, rounds: int, seconds: float) -> None:
    engine = make_url(filled.url).get_backend_name()
    api, least = f"{folder}/{engine}-api", f"{folder}/{engine}-bare"
    with served(lambda: RestAPI(opened(filled.url)), api), served(lambda: bare(filled.url), least):
        compared = list(cases(filled, api, least))
        for turn in range(rounds):
            for case in compared:
                case.run(pool, turn, seconds)
    print(f"\n{engine}, gunicorn, {WORKERS} workers, {CONNECTIONS} connections")
    print("x: how many times as long an answer takes, with all processors at work")
    print(f"{'':52} {'answers/s':>9} {'x constant':>10} {'x bare':>8}")
    for case in compared:
        rate = statistics.median(case.rates)
        print(f"{case.name:52} {rate:9.0f} {case.told('constant'):>10} {case.told('bare'):>8}")
        for name, other in case.over.items():
            note(f"{engine}, REST API under gunicorn: {case.name}", case.times(name), other.name)
    if engine == "postgresql":
        print(f"{'a bare round trip of the driver':52} {_round_trip(filled.url):9.0f} us")


def _round_trip(url: str) -> float:
    """Microseconds of ``SELECT 1`` over a connection that is open."""
    import psycopg

    with closing(psycopg.connect(_of_the_driver(url), autocommit=True)) as connection:
        times = []
        for _ in range(2000):
            started = time.perf_counter()
            connection.execute("SELECT 1").fetchone()
            times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e6


def _of_the_driver(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def compare_grown(few: Filled, many: Filled, rounds: int, accounts: int) -> None:
    """How much longer each request takes in *many*, which has so many *accounts*, than in *few*."""
    print(f"\n{make_url(few.url).get_backend_name()}, in one process")
    print(f"{'us':52} {FEW:>9} {accounts:>10} {'x':>8}")
    apps = RestAPI(few.service), RestAPI(many.service)
    for (name, small), (_, large) in zip(few.requests(), many.requests(), strict=True):
        for app, requests in zip(apps, (small, large), strict=True):
            _microseconds(app, requests)
        times = []
        for turn in range(rounds):
            part = slice(turn * 20 % ASKED_FOR, turn * 20 % ASKED_FOR + 20)
            times.append((_microseconds(apps[0], small[part]), _microseconds(apps[1], large[part])))
        before, after = (statistics.median(column) for column in zip(*times, strict=True))
        ratio = statistics.median(b / a for a, b in times)
        print(f"{name:52} {before:9.0f} {after:10.0f} {ratio:8.2f}", flush=True)
        engine = make_url(few.url).get_backend_name()
        note(f"{engine}, REST API: {name}, of {accounts:,} accounts", ratio, f"of {FEW:,} accounts")


def _microseconds(app: WSGIApplication, requests: Sequence[WSGIEnvironment]) -> float:
    """Per request."""
    started = time.perf_counter()
    for environ in requests:
        for _chunk in app(dict(environ), _started):
            pass
    return (time.perf_counter() - started) / len(requests) * 1e6


def _started(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
    assert status == "200 OK", status
    return print


@contextmanager
def postgresql_databases(server: str, names: Iterable[str]) -> Iterator[list[str]]:
    """URLs of new databases on a *server*, which are removed in the end."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in names:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        try:
            yield [make_url(server).set(database=name).render_as_string(hide_password=False) for name in names]
        finally:
            for name in names:
                connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def compare(urls: Sequence[str], folder: str, pool: Pool, arguments: argparse.Namespace) -> None:
    few, many = (Filled(url, accounts) for url, accounts in zip(urls, (FEW, arguments.accounts), strict=True))
    compare_served(few, folder, pool, arguments.rounds, arguments.seconds)
    compare_grown(few, many, 5 * arguments.rounds, arguments.accounts)
    few.service.close()
    many.service.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=20_000, help="a million takes some minutes and 1.5 GB")
    parser.add_argument("--postgresql", metavar="URL")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=0.5, help="per case and round")
    arguments = parser.parse_args()
    logging.disable()
    with FORK.Pool(1) as pool, tempfile.TemporaryDirectory() as folder:
        compare([f"sqlite:///{folder}/{name}.db" for name in ("few", "many")], folder, pool, arguments)
        if arguments.postgresql:
            names = "stormpath_benchmark_few", "stormpath_benchmark_many"
            with postgresql_databases(arguments.postgresql, names) as urls:
                compare(urls, folder, pool, arguments)


if __name__ == "__main__":
    main()
