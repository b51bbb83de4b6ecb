"""The database: reading, writing as a whole or not at all, and every way in which it may fail."""

from __future__ import annotations

import gc
import logging
import os
import socket
import sqlite3
import stat
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, event, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from support.marks import mark, marked, marks, metadata, opened
from support.warm import Fresh, Start

from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.errors import ConfigurationError, Unavailable

if TYPE_CHECKING:
    from conftest import PostgreSQLServer

pytestmark = pytest.mark.usefixtures("empty_databases")


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    url: str = "sqlite://" if request.param == "memory" else request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with opened(url) as database:
        with database.write() as transaction:
            metadata.create_all(transaction.connection)
        yield database


@pytest.fixture
def file(sqlite_url: str) -> Path:
    """A database file with the table, open nowhere."""
    with opened(sqlite_url) as database, database.write() as transaction:
        metadata.create_all(transaction.connection)
    return Path(sqlite_url.removeprefix("sqlite:///"))


# Transactions


def test_what_a_write_did_is_there_at_its_end(database: Database) -> None:
    mark(database, 1, 2)
    assert marked(database) == [1, 2]


def test_a_failed_write_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as transaction:
        transaction.connection.execute(insert(marks), {"number": 1})
        raise ZeroDivisionError
    assert marked(database) == []


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_a_connection_that_has_read_writes_as_a_whole_or_not_at_all(database: Database) -> None:
    mark(database, 1)
    read_before = lent_for_reading(database)
    with pytest.raises(DBAPIError), database.write() as transaction:
        assert transaction.connection.connection.driver_connection is read_before
        transaction.connection.execute(insert(marks), {"number": 2})
        transaction.connection.execute(text("INSERT INTO marks (number) VALUES (3), (1)"))
    assert marked(database) == [1]
    with pytest.raises(ZeroDivisionError), database.write(moves_generation=False) as transaction:
        transaction.connection.execute(insert(marks), {"number": 2})
        raise ZeroDivisionError
    assert marked(database) == [1]
    assert lent_for_reading(database) is read_before


def test_a_connection_that_was_used_for_all_else_reads_without_a_transaction(postgresql_url: str) -> None:
    with closing(Database(postgresql_url)) as database:
        for _ in range(2):
            with database.write() as transaction:
                assert transaction_of(transaction.connection) == (TransactionStatus.INTRANS, "read committed")
            with database.snapshot() as connection:
                assert transaction_of(connection) == (TransactionStatus.INTRANS, "repeatable read")
            with database.read() as connection:
                assert transaction_of(connection) == (TransactionStatus.IDLE, "read committed")
                driver = connection.connection.driver_connection
        assert lent_for_reading(database) is driver, "it was one connection all the time"


def test_the_statements_of_a_snapshot_see_one_moment(database_url: str) -> None:
    with opened(database_url) as database:
        with database.write() as transaction:
            metadata.create_all(transaction.connection)
        mark(database, 1)
        with database.snapshot() as connection:
            before = connection.execute(select(marks.c.number)).scalars().all()
            mark(database, 2)
            assert connection.execute(select(marks.c.number)).scalars().all() == before == [1]
        assert marked(database) == [1, 2]


def lent_for_reading(database: Database) -> object:
    with database.read() as connection:
        return connection.connection.driver_connection


def transaction_of(connection: Connection) -> tuple[TransactionStatus, str]:
    """What the driver says of the transaction after a statement, and what the server says of its isolation."""
    isolation = connection.exec_driver_sql("SHOW transaction_isolation").scalar_one()
    driver: Any = connection.connection.driver_connection
    return driver.info.transaction_status, isolation


def test_a_broken_constraint_is_the_callers_to_explain(database: Database) -> None:
    mark(database, 1)
    with pytest.raises(IntegrityError):
        mark(database, 2, 1)
    assert marked(database) == [1]
    mark(database, 3)


@pytest.mark.parametrize("url", ["memory", "sqlite"], indirect=True)
def test_transactions_do_not_nest(database: Database) -> None:
    with pytest.raises(RuntimeError, match="nest"), database.write(), database.write():
        pytest.fail("the inner one would wait for the outer one")
    mark(database, 1)


def test_errors_do_not_repeat_what_was_to_be_stored(database: Database) -> None:
    mark(database, 271828)
    with pytest.raises(IntegrityError) as caught:
        mark(database, 271828)
    assert "hidden" in str(caught.value)


def test_foreign_keys_are_kept(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as transaction:
        transaction.connection.exec_driver_sql("CREATE TABLE notes (mark INTEGER REFERENCES marks (number))")
        transaction.connection.exec_driver_sql("INSERT INTO notes VALUES (7)")


def test_a_wrong_statement_is_not_blamed_on_postgresql(postgresql_url: str) -> None:
    with opened(postgresql_url) as database, pytest.raises(ProgrammingError), database.read() as connection:
        connection.exec_driver_sql("SELEKT 1")


def test_a_reader_does_not_wait_for_a_writer(database_url: str) -> None:
    with opened(database_url) as database:
        with database.write() as transaction:
            metadata.create_all(transaction.connection)
        with database.write() as transaction:
            transaction.connection.execute(insert(marks), {"number": 1})
            assert marked(database) == []
        assert marked(database) == [1]


def test_threads_lose_nothing(database: Database) -> None:
    """Each adds one to what it has read: a lost update would show."""
    mark(database, 0)

    def add() -> None:
        for _ in range(20):
            with database.write() as transaction:
                number = transaction.connection.scalar(select(func.max(marks.c.number)))
                transaction.connection.execute(insert(marks), {"number": number + 1})
            marked(database)

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert marked(database) == list(range(121))


def test_processes_lose_nothing(database_url: str, program: Start) -> None:
    with opened(database_url) as database:
        with database.write() as transaction:
            metadata.create_all(transaction.connection)
        mark(database, 0)
        adders = [
            program(
                """
                import sys
                from stormpath_wsgi.directory.storage.engine import Database
                database = Database(sys.argv[1])
                print("ready", flush=True)
                sys.stdin.readline()
                for _ in range(50):
                    with database.write() as transaction:
                        transaction.connection.exec_driver_sql("INSERT INTO marks SELECT max(number) + 1 FROM marks")
                database.close()
                """,
                database_url,
            )
            for _ in range(3)
        ]
        for adder in adders:
            assert adder.stdout and adder.stdout.readline() == "ready\n"
        for adder in adders:
            adder.communicate("\n")
        assert [adder.returncode for adder in adders] == [0, 0, 0]
        assert marked(database) == list(range(151))


# The generation


def test_a_change_moves_the_generation_and_other_writes_do_not(url: str) -> None:
    with opened(url) as database:
        with database.write() as transaction:
            metadata.create_all(transaction.connection)
        before = settled_generation(database)
        mark(database, 1, moves_generation=False)
        assert database.generation() == before
        mark(database, 2)
        assert database.generation() != before


def test_an_undone_change_leaves_the_generation(url: str) -> None:
    with opened(url) as database:
        before = settled_generation(database)
        with pytest.raises(ZeroDivisionError), database.write():
            raise ZeroDivisionError
        assert database.generation() == before


def settled_generation(database: Database) -> int:
    while (number := database.generation()) < 0:
        pass
    return number


def test_killed_writers_never_leave_a_cache_trusted(file: Path, program: Start) -> None:
    """The promise of the generation, with writers that die at any moment: one number, one state."""
    known: dict[int, int] = {}
    with opened(f"sqlite:///{file}") as database:
        mark(database, 0)
        for _ in range(6):
            writer = program(
                """
                import sys
                from stormpath_wsgi.directory.storage.engine import Database
                database = Database(sys.argv[1])
                print("ready", flush=True)
                while True:
                    with database.write() as transaction:
                        transaction.connection.exec_driver_sql("UPDATE marks SET number = number + 1")
                """,
                f"sqlite:///{file}",
            )
            assert writer.stdout and writer.stdout.readline() == "ready\n"
            for reading in range(200):
                if reading == 60:
                    writer.kill()
                number = database.generation()
                (state,) = marked(database)
                if number >= 0 and database.generation() == number:
                    assert known.setdefault(number, state) == state
            writer.wait()
            assert settled_generation(database) >= 0


# Failures of a SQLite file


def test_the_files_are_private(file: Path) -> None:
    with opened(f"sqlite:///{file}") as database:
        mark(database, 1)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert set(modes) == {file.name + suffix for suffix in ("", "-wal", "-shm", "-generation")}
    assert set(modes.values()) == {0o600}


@pytest.fixture
def unhurried(cheap_commits: Callable[[object, object], None]) -> Iterator[None]:
    """Connections to SQLite as they are outside of the tests."""
    event.remove(Engine, "connect", cheap_commits)
    yield
    event.listen(Engine, "connect", cheap_commits)


@pytest.mark.usefixtures("unhurried")
def test_a_commit_reaches_the_disk(file: Path) -> None:
    with opened(f"sqlite:///{file}") as database, database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2, "FULL"
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


@pytest.mark.usefixtures("unhurried")
def test_whoever_writes_much_keeps_more_in_memory_and_commits_reach_the_disk(file: Path) -> None:
    for bulk, kept in ((False, 2_000), (True, 65_536)):
        with closing(Database(f"sqlite:///{file}", bulk=bulk)) as database, database.read() as connection:
            found = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("cache_size", "synchronous")
            ]
            assert found == [-kept, 2]


def test_a_relative_name_stays_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with opened("sqlite:///accounts.db") as database:
        monkeypatch.chdir(tmp_path.parent)
        with database.write() as transaction:
            metadata.create_all(transaction.connection)
    assert (tmp_path / "accounts.db").stat().st_size


def test_two_names_of_one_file_share_one_generation(file: Path) -> None:
    other = file.with_name("other.db")
    other.symlink_to(file)
    with opened(f"sqlite:///{file}") as one, opened(f"sqlite:///{other}") as two:
        before = two.generation()
        mark(one, 1)
        assert two.generation() == one.generation() != before


def test_names_may_hold_what_urls_treat_as_special(tmp_path: Path) -> None:
    folder = tmp_path / "50% off? #1 é"
    folder.mkdir()
    with opened(f"sqlite:///{str(folder).replace('%', '%25').replace('?', '%3F')}/a.db") as database, database.write():
        pass
    assert list(tmp_path.iterdir()) == [folder]


@pytest.fixture
def complaints(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """What was logged as an error."""
    return lambda: "\n".join(record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR)


def test_a_locked_file_is_unavailable_to_writers_only(file: Path, complaints: Callable[[], str]) -> None:
    with opened(f"sqlite:///{file}", timeout=0.05) as database:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as caught:
            mark(database, 1)
        assert (caught.value.status, caught.value.retry_after > 0) == (503, True)
        assert "SQLITE_BUSY" in complaints()
        assert marked(database) == []
        other.close()
        mark(database, 2)
        assert marked(database) == [2]


def test_a_thread_that_writes_for_too_long_makes_the_next_one_give_up(url: str) -> None:
    patience = 2 if "postgresql" in url else 0.05  # a connection to a server takes a moment
    with opened(url, timeout=patience) as database, database.write():
        refused = []

        def write() -> None:
            with pytest.raises(Unavailable), database.write():
                pytest.fail("two writes at once")
            refused.append(True)

        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert refused == [True]


def test_a_read_only_database_is_unavailable(file: Path, complaints: Callable[[], str]) -> None:
    with opened(f"sqlite:///{file}") as database:
        with pytest.raises(Unavailable), database.write() as transaction:
            transaction.connection.exec_driver_sql("PRAGMA query_only = ON")
            transaction.connection.execute(insert(marks), {"number": 1})
        assert "SQLITE_READONLY" in complaints()


def test_a_full_disk_is_unavailable_and_leaves_nothing(file: Path, complaints: Callable[[], str]) -> None:
    with opened(f"sqlite:///{file}") as database:
        with pytest.raises(Unavailable), database.write() as transaction:
            transaction.connection.exec_driver_sql("PRAGMA max_page_count = 3")
            transaction.connection.execute(insert(marks), [{"number": number} for number in range(10_000)])
        assert "SQLITE_FULL" in complaints()
        assert marked(database) == []


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path, complaints: Callable[[], str]) -> None:
    (tmp_path / "a.db").write_bytes(b"Dear diary, " * 1000)
    with opened(f"sqlite:///{tmp_path}/a.db") as database:
        for use in (lambda: marked(database), lambda: mark(database, 1)):
            with pytest.raises(Unavailable):
                use()
    assert "SQLITE_NOTADB" in complaints()
    assert (tmp_path / "a.db").read_bytes().startswith(b"Dear diary")


def test_a_file_that_is_gone_is_unavailable_until_it_is_back(file: Path, complaints: Callable[[], str]) -> None:
    with opened(f"sqlite:///{file}") as database:
        mark(database, 1)
        away = file.rename(file.with_name("away"))
        for use in (lambda: marked(database), lambda: mark(database, 2)):
            with pytest.raises(Unavailable):
                use()
        assert not file.exists(), "nothing empty is put in its place"
        assert str(file) in complaints()
        away.rename(file)
        assert marked(database) == [1]


@pytest.mark.parametrize(("place", "text"), [("nowhere/a.db", "folder must exist"), (".", "is not a file")])
def test_a_place_where_no_file_can_be_is_a_wrong_setting(tmp_path: Path, place: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        Database(f"sqlite:///{tmp_path}/{place}")


# Failures of PostgreSQL


def test_a_server_that_goes_away_is_unavailable_until_it_is_back(mortal_postgresql_server: PostgreSQLServer) -> None:
    with opened(mortal_postgresql_server.url("postgres").render_as_string()) as database:
        migrate.upgrade(database)
        with database.write() as transaction:
            metadata.create_all(transaction.connection)
        with pytest.raises(Unavailable), database.write() as transaction:
            transaction.connection.execute(insert(marks), {"number": 1})
            mortal_postgresql_server.stop()
            transaction.connection.execute(insert(marks), {"number": 2})
        with pytest.raises(Unavailable):
            marked(database)
        mortal_postgresql_server.start()
        assert marked(database) == []
        mark(database, 3)


def test_a_session_that_the_server_ends_is_unavailable_once(postgresql_url: str) -> None:
    with opened(postgresql_url) as database:
        with pytest.raises(Unavailable), database.read() as connection:
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_a_read_only_server_is_unavailable_to_writers(postgresql_url: str, complaints: Callable[[], str]) -> None:
    """As a stand-by is."""
    with opened(postgresql_url + "&options=-cdefault_transaction_read_only%3Don") as database:
        with pytest.raises(Unavailable), database.write() as transaction:
            metadata.create_all(transaction.connection)
        assert "25006" in complaints()
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_no_secret_is_logged_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with opened(f"postgresql+psycopg://ada:tr0ub4dor@127.0.0.1:{port}/accounts") as database:
        with pytest.raises(Unavailable) as caught:
            marked(database)
        told = f"{caplog.text} {caught.value} {caught.value.body()} {database!r}"
    assert f"ada:***@127.0.0.1:{port}/accounts" in told
    assert "tr0ub4dor" not in told


# Wrong settings


@pytest.mark.parametrize(
    "url",
    [
        "",
        "accounts.db",
        "sqlite:accounts.db",
        "sqlite://accounts.db",
        "sqlite:///accounts.db?mode=ro",
        "sqlite+aiosqlite:///accounts.db",
        "mysql://ada:tr0ub4dor@localhost/accounts",
        "postgresql+asyncpg://localhost/accounts",
        "postgresql://ada:tr0ub4dor@localhost:port/accounts",
        "postgresql://ada:tr0ub4dor@localhost/accounts?colour=green",
        "https://id.example.com/v1",
    ],
)
def test_a_url_that_means_nothing_is_told_what_to_write(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"directory: .* write sqlite:///") as caught:
        Database(url)
    assert "tr0ub4dor" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_missing_driver_names_the_cure(fresh_program: Fresh) -> None:
    process = fresh_program(
        """
        import sys
        sys.modules["psycopg"] = None
        from stormpath_wsgi.directory.storage.engine import Database
        from stormpath_wsgi.errors import ConfigurationError
        try:
            Database("postgresql+psycopg://localhost/accounts")
        except ConfigurationError as error:
            print(error)
        """
    )
    assert "pip install 'psycopg[binary]'" in process.communicate()[0]


def test_a_sqlite_user_pays_for_nothing_else(fresh_program: Fresh, sqlite_url: str) -> None:
    process = fresh_program(
        """
        import sys
        from stormpath_wsgi.directory.storage.engine import Database
        Database(sys.argv[1]).close()
        print({"psycopg", "alembic", "flask"} & set(sys.modules))
        """,
        sqlite_url,
    )
    assert process.communicate()[0] == "set()\n"


# Forks and greenlets


LOCKS = """
    import os
    from pathlib import Path

    def locks():
        "The parts of files that the kernel has locked in our name, by POSIX (proc_pid_fdinfo(5))."
        files = Path("/proc/self/fdinfo")
        lines = [line for fd in os.listdir(files) if (files / fd).exists() for line in open(files / fd)]
        return {tuple(line.split()[7:]) for line in lines if line.startswith("lock:") and "POSIX" in line}
"""

FORK = """
    import sys
    from stormpath_wsgi.directory.storage.engine import Database

    def session(database):
        # What the database knows us by: a server process, or the locks that the kernel has in our name.
        with database.read() as connection:
            if not database.embedded:
                return connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            connection.exec_driver_sql("SELECT count(*) FROM marks").scalar()
            return locks()

    database = Database(sys.argv[1])
    while database.generation() < 0:
        pass
    before = session(database)
    assert before
    children = []
    for number in range(3):
        if child := os.fork():
            children.append(child)
            continue
        status = 1
        try:
            if database.embedded:
                assert session(database) == before, "locks of its own, like the parent's"
            else:
                assert session(database) != before, "a server process of its own"
            while (generation := database.generation()) < 0:
                pass
            with database.write() as transaction:
                transaction.connection.exec_driver_sql(f"INSERT INTO marks VALUES ({number})")
            assert database.generation() != generation
            database.close()
            status = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    with database.read() as connection:
        if not database.embedded:
            alive = connection.exec_driver_sql("SELECT pid FROM pg_stat_activity").scalars().all()
        assert before == locks() if database.embedded else before in alive, "the parent's are unharmed"
        assert connection.exec_driver_sql("SELECT count(*) FROM marks").scalar() == 3
    with database.write() as transaction:
        transaction.connection.exec_driver_sql("DELETE FROM marks")
    database.close()
"""


def test_a_forked_child_opens_connections_of_its_own(database_url: str, program: Start) -> None:
    """Servers load the application once and fork their workers (gunicorn's preload_app)."""
    with opened(database_url) as database, database.write() as transaction:
        metadata.create_all(transaction.connection)
    parent = program(LOCKS + FORK, database_url)
    parent.communicate()
    assert parent.returncode == 0


def test_a_child_of_a_process_that_was_using_the_file_refuses(file: Path, program: Start) -> None:
    """Its SQLite believes that it holds the parent's locks, and could destroy the file."""
    parent = program(
        """
        import os, sys
        from stormpath_wsgi.directory.storage.engine import Database
        from stormpath_wsgi.errors import Unavailable

        database = Database(sys.argv[1])
        with database.read() as connection:
            if not (child := os.fork()):
                try:
                    with database.read():
                        os._exit(1)
                except Unavailable:
                    os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM marks").scalar() == 0
        """,
        f"sqlite:///{file}",
    )
    parent.communicate()
    assert parent.returncode == 0


TWICE = """
    import sys
    from stormpath_wsgi.directory.storage.engine import Database

    first = Database(sys.argv[1])
    with first.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM marks").scalar()
    before = locks()
    second = Database(sys.argv[1])
    assert locks() == before != set()
    second.close()
    assert locks() == before
    first.close()
"""


def test_opening_a_file_twice_leaves_the_first_its_locks(file: Path, program: Start) -> None:
    """Closing any descriptor of a file drops every lock that a process holds on it (POSIX, fcntl)."""
    process = program(LOCKS + TWICE, f"sqlite:///{file}")
    process.communicate()
    assert process.returncode == 0


def test_greenlets_share_it(database_url: str, fresh_program: Fresh) -> None:
    """One holds the write lock and lets the others run; they must wait without stopping it."""
    with opened(database_url) as database, database.write() as transaction:
        metadata.create_all(transaction.connection)
    process = fresh_program(
        """
        from gevent import monkey
        monkey.patch_all()
        import sys
        import gevent
        from stormpath_wsgi.directory.storage.engine import Database

        database = Database(sys.argv[1], timeout=5)

        def add(number):
            with database.write() as transaction:
                gevent.sleep(0.001)
                transaction.connection.exec_driver_sql(f"INSERT INTO marks VALUES ({number})")
                gevent.sleep(0.001)
            while database.generation() < 0:
                gevent.sleep(0.001)

        gevent.joinall([gevent.spawn(add, number) for number in range(20)], raise_error=True)
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM marks").scalar() == 20
        database.close()
        """,
        database_url,
    )
    process.communicate()
    assert process.returncode == 0


def test_closing_gives_every_file_back(file: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for number in range(10):
        with opened(f"sqlite:///{file}") as database:
            mark(database, number)
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before


@pytest.mark.parametrize("place", ["file", "memory"])
def test_one_that_is_forgotten_leaves_no_connection_open(file: Path, place: str) -> None:
    """Python 3.13 warns of each."""
    database = Database(f"sqlite:///{file}" if place == "file" else "sqlite://")
    with database.read() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
    del database, connection
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        driver.execute("SELECT 1")


def test_a_database_that_nobody_holds_is_forgotten(file: Path) -> None:
    """Although forks are announced to it."""
    database = Database(f"sqlite:///{file}")
    mark(database, 1)
    reference = weakref.ref(database)
    database.close()
    del database
    gc.collect()
    assert reference() is None
