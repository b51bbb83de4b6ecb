"""For all tests: cheap commits, real servers of PostgreSQL and Redis, databases to open, and no skips in CI."""

from __future__ import annotations

import asyncio.events
import copy
import fcntl
import gc
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from sqlalchemy import URL, Engine, create_engine, event, make_url
from support import cheap, compiled, prepared, warm
from support.redis_server import RedisServer, running_redis
from support.states import all_states

from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database

if TYPE_CHECKING:
    from support.elsewhere import Elsewhere
    from support.world import World

    from stormpath_wsgi.testing import OpenIDProvider

# Files of tests are small and many, and need not outlive the machine: where memory can hold them, no disk is asked.
_IN_MEMORY = Path("/dev/shm")  # noqa: S108  # what is made in it has random names, as in /tmp
if _IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK) and shutil.disk_usage(_IN_MEMORY).free > 4 * 2**30:
    tempfile.tempdir = os.environ["TMPDIR"] = str(_IN_MEMORY)

# How long an example takes says more about the machine than about us.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def cheap_commits() -> Iterator[Callable[[object, object], None]]:
    """What this process writes into SQLite files need not outlive the machine. Answers what sees to that."""
    event.listen(Engine, "connect", cheap.hurry)
    yield cheap.hurry
    event.remove(Engine, "connect", cheap.hurry)


@pytest.fixture(autouse=True)
def no_event_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Playwright has an event loop that runs in this thread until its last browser is closed. A test that has none does
    not see it: Django refuses to work beside one.
    """
    if "chromium" in request.fixturenames:
        yield
        return
    loop = asyncio.events._get_running_loop()
    asyncio.events._set_running_loop(None)
    yield
    asyncio.events._set_running_loop(loop)


@pytest.fixture(scope="session", autouse=True)
def shared_statements() -> Iterator[None]:
    """What one database has compiled is known to all."""
    event.listen(Engine, "engine_connect", compiled.share)
    yield
    event.remove(Engine, "engine_connect", compiled.share)


@pytest.fixture(scope="session", autouse=True)
def prepared_databases() -> Iterator[None]:
    """A new SQLite database of this process begins with our tables in it.

    Whoever wants one without them asks for :func:`empty_databases`.
    """
    prepared.template()  # made from an empty one
    event.listen(Engine, "connect", prepared.fill)
    yield
    event.remove(Engine, "connect", prepared.fill)


@pytest.fixture
def empty_databases(prepared_databases: None) -> Iterator[None]:
    """A new SQLite database is empty in this test, as it is everywhere but in tests."""
    event.remove(Engine, "connect", prepared.fill)
    yield
    event.listen(Engine, "connect", prepared.fill)


#: The name of this process among those that share the tests of one run; empty where there is one only.
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")

#: For ``--turn``: folders whose tests run on two engines, or at two ends of the data store, with mostly the same Python
#: in both; and what these are called. What is about engines, races and counted statements is in other folders.
_REPEATED = ("adapters", "client", "directory/rows", "directory/rules", "directory/wire", "flows", "pages")
_ENDS = {"sqlite", "postgresql", "http", "embedded", "remote", "another machine", "on another machine", "world"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--turn",
        choices=["first", "second"],
        help="run each test on one of its engines, or at one end of the data store: its name draws which; "
        "the second turn takes those that the first one leaves out",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    if _WORKER:
        items.sort(key=lambda item: item.path)
    if turn := config.getoption("turn"):
        left_out = set(_of_the_other_turn(items, first=turn == "first"))
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]
    return (yield)


def _of_the_other_turn(items: list[pytest.Item], *, first: bool) -> Iterator[pytest.Item]:
    tests: dict[str, list[pytest.Item]] = {}
    for item in items:
        call = getattr(item, "callspec", None)
        values = _ENDS.intersection(each for each in call.params.values() if isinstance(each, str)) if call else set()
        if values and item.nodeid.startswith(tuple(f"tests/{folder}/" for folder in _REPEATED)):
            tests.setdefault(item.nodeid.replace(values.pop(), "*"), []).append(item)
    for name, repeated in tests.items():
        drawn = zlib.crc32(name.encode()) % len(repeated)
        repeated.sort(key=lambda item: item.nodeid)
        yield from (item for number, item in enumerate(repeated) if (number == drawn) != first and len(repeated) > 1)


def pytest_collection() -> None:
    """To collect makes a million objects that stay: the garbage collector would look at them again and again."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What is loaded by now stays."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failed one: a skipped proof is no proof."""
    report = yield
    if _forbidden(report):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for whole files.

    To compile a test file that is new takes long. The processes of one run look for tests in different orders: then
    most files are compiled by one of them, and the others load what it has written.
    """
    report = yield
    if _forbidden(report):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    if isinstance(collector, pytest.Directory) and _WORKER and report.result:
        random.Random(_WORKER).shuffle(report.result)  # noqa: S311 - no secret
    return report


def _forbidden(report: pytest.TestReport | pytest.CollectReport) -> bool:
    return os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail")


class PostgreSQLServer:
    """A server of its own in *folder*, reached through a socket there. It never runs as root, nor for long."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder = programs, folder
        self._user = "postgres" if os.getuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        self._run("initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8")
        self.start()
        # Stops the server when we close its stdin, and so does the kernel if we are killed before.
        script = 'read _; "$0" stop --pgdata "$1/data" --silent --mode immediate; rm -rf "$1"'
        self._guard = self.popen(["sh", "-c", script, programs / "pg_ctl", folder], stdin=subprocess.PIPE)

    def start(self) -> None:
        """Returns when it accepts connections."""
        # Our data need not outlive the machine, and no database lives for long.
        quick = "-c fsync=off -c full_page_writes=off -c autovacuum=off -c jit=off"
        options = f"-k {self._folder} -c listen_addresses='' {quick}"
        self._run("pg_ctl", "start", "--wait", "--silent", "--log", str(self._folder / "log"), "--options", options)

    def stop(self) -> None:
        """At once, as in a power cut."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode", "immediate")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of it stands still in this block, though the kernel takes connections and packets for them."""
        processes = [self._postmaster, *self._children()]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)

    @property
    def _postmaster(self) -> int:
        return int((self._folder / "data" / "postmaster.pid").read_text().split()[0])

    def _children(self) -> list[int]:
        return [
            int(pid) for pid in Path(f"/proc/{self._postmaster}/task/{self._postmaster}/children").read_text().split()
        ]

    def remove(self) -> None:
        """Stops it, if it runs, and removes its folder."""
        self._guard.communicate()

    def url(self, database: str) -> URL:
        return make_url(f"postgresql+psycopg://postgres@/{database}").set(query={"host": str(self._folder)})

    def command(self, sql: str) -> None:
        """Runs one statement outside of any transaction."""
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(sql)
        engine.dispose()

    def _run(self, program: str, *arguments: str) -> None:
        process = self.popen([self._programs / program, "--pgdata", self._folder / "data", *arguments])
        assert process.wait() == 0, f"{program} failed"

    @contextmanager
    def folder_beside(self) -> Iterator[Path]:
        """A folder for another program that runs as the server does."""
        folder = Path(tempfile.mkdtemp(prefix="stormpath-wsgi-"))
        if self._user:
            shutil.chown(folder, self._user)
        yield folder
        shutil.rmtree(folder)

    def popen(self, command: list[str | Path], stdin: int | None = None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=None if stdin is None else subprocess.DEVNULL,
            cwd=self._folder,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            start_new_session=True,  # Ctrl-C is for us to handle
        )


@pytest.fixture(scope="session")
def postgresql_programs() -> Path:
    """The folder that holds initdb and pg_ctl."""
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not places:
        pytest.skip("PostgreSQL is not installed")
    return places[-1]


@contextmanager
def _running_server(programs: Path) -> Iterator[PostgreSQLServer]:
    folder = Path(tempfile.mkdtemp(prefix="stormpath-wsgi-"))  # short: the name of a socket has 107 bytes
    server = PostgreSQLServer(programs, folder)
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgresql_server(postgresql_programs: Path) -> Iterator[PostgreSQLServer]:
    """The server that most tests share. It holds a database ``migrated`` to copy from."""
    with _running_server(postgresql_programs) as server:
        server.command("CREATE DATABASE migrated")
        database = Database(server.url("migrated").render_as_string())
        migrate.upgrade(database)
        database.close()
        yield server


@pytest.fixture
def mortal_postgresql_server(postgresql_programs: Path) -> Iterator[PostgreSQLServer]:
    """A server for one test, which may stop and start it."""
    with _running_server(postgresql_programs) as server:
        yield server


_counter = itertools.count()

_END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"


def _fresh_database(server: PostgreSQLServer, template: str) -> Iterator[str]:
    name = f"test_{next(_counter)}"
    server.command(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield server.url(name).render_as_string()
    # It goes with the server. To drop it would take half as long as to make it, but nothing in it may go on.
    server.command(_END_ALL.format(name))


@pytest.fixture
def empty_postgresql_url(postgresql_server: PostgreSQLServer) -> Iterator[str]:
    """A database without any table."""
    yield from _fresh_database(postgresql_server, "template0")


@pytest.fixture
def postgresql_url(postgresql_server: PostgreSQLServer) -> Iterator[str]:
    """An empty directory on PostgreSQL, its tables up to date."""
    yield from _fresh_database(postgresql_server, "migrated")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A file that does not exist yet."""
    return f"sqlite:///{tmp_path}/accounts.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty directory on every engine that several processes can share."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """The Redis server that most tests share."""
    with running_redis() as server:
        yield server


@pytest.fixture
def mortal_redis_server() -> Iterator[RedisServer]:
    """A server for one test, which may stop and start it."""
    with running_redis() as server:
        yield server


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIDProvider]:
    """Another site where people have accounts, for one file."""
    from stormpath_wsgi.testing import OpenIDProvider

    with OpenIDProvider() as provider:
        yield provider


@pytest.fixture(scope="session")
def shared_provider() -> Iterator[OpenIDProvider]:
    from stormpath_wsgi.testing import OpenIDProvider

    with OpenIDProvider() as provider:
        yield provider


@pytest.fixture
def elsewhere(world: World, shared_provider: OpenIDProvider) -> Iterator[Elsewhere]:
    """People who have an account elsewhere, as the application of *world* knows them."""
    from support.elsewhere import Elsewhere

    people = copy.deepcopy(shared_provider.people)
    yield Elsewhere(world, shared_provider)
    shared_provider.people = people


@pytest.fixture
def program() -> Iterator[warm.Start]:
    """Starts a text of Python, with arguments; talks through stdin and stdout. What still runs at the end is killed."""
    running: list[warm.Program] = []

    def start(text: str, *arguments: str) -> warm.Program:
        command = ["-c", textwrap.dedent(text), *arguments]
        running.append(warm.Program(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        return running[-1]

    yield start
    for each in running:
        each.kill()
        each.communicate()


@pytest.fixture
def fresh_program() -> Iterator[warm.Fresh]:
    """The same in an interpreter that has imported nothing yet. It takes a second to start."""
    running: list[subprocess.Popen[str]] = []

    def start(text: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", textwrap.dedent(text), *arguments]
        running.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return running[-1]

    yield start
    for each in running:
        each.kill()
        each.communicate()


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[], Any]], Any]:
    """Answers what a function makes that takes long. One process makes it, and the others read it from a file *name*.

    It is what JSON can hold.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # which the processes of one run share

    def made(name: str, make: Callable[[], Any]) -> Any:
        with (folder / f"{name}.json").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if file.seek(0, os.SEEK_END) == 0:
                json.dump(make(), file)
                file.flush()
            file.seek(0)
            return json.load(file)

    return made


@pytest.fixture(scope="session")
def states(
    tmp_path_factory: pytest.TempPathFactory, made_once: Callable[[str, Callable[[], Any]], Any]
) -> dict[str, str]:
    """Every state of every page: HTML by its name."""
    found: dict[str, str] = made_once("states", lambda: all_states(tmp_path_factory.mktemp("states")))
    return found
