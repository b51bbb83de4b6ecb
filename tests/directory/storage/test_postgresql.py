"""PostgreSQL on its bad days: it stops, a table is locked, the network swallows everything. Every wait has an end."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import Engine, event, make_url
from support.waiting import eventually

from stormpath_wsgi.breaker import Breaker
from stormpath_wsgi.directory.storage import deadline
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.errors import ConfigurationError, Unavailable
from stormpath_wsgi.slots import slot_of

if TYPE_CHECKING:
    from conftest import PostgreSQLServer

#: Seconds that a transaction may take in these tests: the least there may be.
PATIENCE = 2.0
#: Seconds that a busy machine may need on top of it.
GRACE = 3.0


@pytest.fixture
def database(postgresql_url: str) -> Iterator[Database]:
    with closing(Database(postgresql_url, timeout=PATIENCE)) as database:
        yield database


def asked(database: Database, statement: str = "SELECT count(*) FROM accounts") -> object:
    with database.read() as connection:
        return connection.exec_driver_sql(statement).scalar()


def written(database: Database) -> None:
    with database.write() as transaction:
        transaction.connection.exec_driver_sql("DELETE FROM accounts")


def refused(use: Callable[[], object]) -> float:
    """How many seconds it took until *use* was refused, with 503 and a time to come back."""
    start = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        use()
    assert (caught.value.status, caught.value.retry_after > 0) == (503, True)
    return time.monotonic() - start


def serves(database: Database, use: Callable[[Database], object] = asked) -> bool:
    try:
        use(database)
    except Unavailable:
        return False
    return True


@contextmanager
def locked(url: str, table: str = "accounts") -> Iterator[None]:
    """The table, as ALTER TABLE and VACUUM FULL lock it."""
    with psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string()) as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


# It hangs


@pytest.mark.parametrize("use", [asked, written])
def test_a_server_that_stands_still_is_given_up_in_time_and_found_again(
    database: Database, postgresql_server: PostgreSQLServer, use: Callable[[Database], object]
) -> None:
    use(database)
    with postgresql_server.frozen():
        assert refused(lambda: use(database)) < PATIENCE + GRACE
    eventually(lambda: serves(database, use))


def test_a_server_that_never_answered_is_given_up_in_time(
    database: Database, postgresql_server: PostgreSQLServer
) -> None:
    with postgresql_server.frozen():
        assert refused(lambda: asked(database)) < PATIENCE + GRACE


def test_a_commit_that_hangs_is_given_up_in_time(database: Database, postgresql_server: PostgreSQLServer) -> None:
    def write() -> None:
        with database.write() as transaction:
            transaction.connection.exec_driver_sql("DELETE FROM accounts")
            frozen.__enter__()

    frozen = postgresql_server.frozen()
    try:
        assert refused(write) < PATIENCE + GRACE
    finally:
        frozen.__exit__(None, None, None)


def test_a_network_that_swallows_everything_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with closing(Database(f"postgresql://ada@127.0.0.1:{port}/accounts", timeout=PATIENCE)) as database:
            assert refused(lambda: asked(database)) < PATIENCE + GRACE


def test_one_dead_connection_costs_nobody_an_error(database: Database) -> None:
    """A firewall forgets connections that nobody used for a while, and tells neither end."""
    backend = asked(database, "SELECT pg_backend_pid()")
    assert isinstance(backend, int)
    os.kill(backend, signal.SIGSTOP)
    try:
        threading.Event().wait(1.1)  # only what rested for a while is tried before it is used
        assert asked(database, "SELECT pg_backend_pid()") != backend
    finally:
        os.kill(backend, signal.SIGCONT)


@pytest.mark.parametrize("use", [asked, written])
def test_a_locked_table_is_given_up_in_time(
    database: Database, postgresql_url: str, use: Callable[[Database], object]
) -> None:
    use(database)
    with locked(postgresql_url):
        assert refused(lambda: use(database)) < PATIENCE + GRACE
    eventually(lambda: serves(database, use))


def test_what_gave_up_waits_in_the_server_no_longer(database: Database, postgresql_url: str) -> None:
    """Or the queue before a lock would fill every connection that there is."""
    with locked(postgresql_url):
        refused(lambda: asked(database))
        waiting = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE NOT granted"
        waiting += " AND datname = current_database()"
        with closing(Database(postgresql_url)) as other:
            eventually(lambda: asked(other, waiting) == 0)


def test_the_statements_of_one_transaction_share_its_time(database: Database) -> None:
    def ask() -> None:
        with database.read() as connection:
            for _ in range(5):
                connection.exec_driver_sql("SELECT pg_sleep(0.9)")

    assert refused(ask) < PATIENCE + GRACE


def test_what_takes_long_may_where_that_is_known(database: Database) -> None:
    with deadline.allowing(60), database.write() as transaction:
        transaction.connection.exec_driver_sql(f"SELECT pg_sleep({PATIENCE + 0.5})")


# It is known to hang


def test_once_it_is_known_to_hang_nobody_waits_but_one(database: Database, postgresql_url: str) -> None:
    asked(database)
    with locked(postgresql_url):
        refused(lambda: asked(database))
        times = sorted(refused(lambda: asked(database, "SELECT 1")) for _ in range(20))
        assert times[-1] < 1, "at once, and whatever is asked"
        threading.Event().wait(1.1)
        times = []
        threads = [threading.Thread(target=lambda: times.append(refused(lambda: asked(database)))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(1 for seconds in times if seconds > PATIENCE / 2) <= 1
    eventually(lambda: serves(database))


def test_a_statement_that_takes_long_does_not_shut_others_out(database: Database) -> None:
    refused(lambda: asked(database, "SELECT pg_sleep(60)"))
    assert asked(database) == 0


def test_writers_that_wait_for_each_other_shut_no_reader_out(database: Database) -> None:
    with deadline.allowing(60), database.write():  # it holds its lock until the other one has given up
        refusals: list[float] = []
        other = threading.Thread(target=lambda: refusals.append(refused(lambda: written(database))))
        other.start()
        other.join()
        assert refusals
        assert asked(database) == 0


def test_a_breaker_lets_one_try_at_a_time() -> None:
    now = [0.0]
    breaker = Breaker(5, rest=1, clock=lambda: now[0])
    assert [breaker.refuses() for _ in range(3)] == [False] * 3
    breaker.hung()
    assert [breaker.refuses() for _ in range(3)] == [True] * 3
    now[0] = 1.0
    assert [breaker.refuses() for _ in range(3)] == [False, True, True]
    breaker.hung()
    now[0] = 2.0
    assert [breaker.refuses() for _ in range(3)] == [False, True, True]
    breaker.answered()
    assert [breaker.refuses() for _ in range(3)] == [False] * 3


def test_a_breaker_waits_no_longer_for_whoever_tried_and_died() -> None:
    now = [0.0]
    breaker = Breaker(5, rest=1, clock=lambda: now[0])
    breaker.hung()
    now[0] = 1.0
    assert not breaker.refuses()
    now[0] = 5.9
    assert breaker.refuses()
    now[0] = 6.1
    assert not breaker.refuses()


# How soon a change counts


def test_a_strict_check_is_never_late(postgresql_url: str) -> None:
    with (
        closing(Database(postgresql_url, strict=True)) as writer,
        closing(Database(postgresql_url, strict=True)) as reader,
    ):
        for _ in range(100):
            before = reader.generation()
            assert reader.generation() == before
            written(writer)
            assert reader.generation() != before


def test_a_strict_check_asks_one_indexed_question(postgresql_url: str) -> None:
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    with closing(Database(postgresql_url, strict=True)) as database:
        written(database)
        database.generation()
        event.listen(Engine, "before_cursor_execute", note)
        database.generation(slot_of("ada"))
        event.remove(Engine, "before_cursor_execute", note)
        assert asked == ["SELECT slot, number FROM epochs WHERE slot IN (0, %(slot)s)"]


# What its URL may say


@pytest.mark.parametrize("text", ["many", "-1"])
def test_a_wrong_threshold_of_prepared_statements_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="prepare_threshold: write a number, or none"):
        Database(f"postgresql://localhost/accounts?prepare_threshold={text}")


@pytest.mark.parametrize(("text", "prepared"), [("0", 3), ("none", 0)])
def test_the_threshold_of_prepared_statements_is_taken(postgresql_url: str, text: str, prepared: int) -> None:
    with closing(Database(f"{postgresql_url}&prepare_threshold={text}")) as database, database.read() as connection:
        for number in range(3):
            connection.exec_driver_sql(f"SELECT {number} + %(one)s", {"one": 1})
        assert connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar() in (
            prepared,
            prepared + bool(prepared),
        )
