"""What is stored of tries stays bounded, and each question about it is one statement that an index answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import event, func, insert, select
from support.cheap import WAITING
from support.world import BASE, ENCRYPTION_KEY, PASSWORD, World, is_mail_thread, refused

from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.tallies import DatabaseTallies
from stormpath_wsgi.errors import Error, TooManyTries
from stormpath_wsgi.limits import Limit, MemoryTallies, Tally, Visitor, visited

FIVE = Limit.parse("5 tries, waits 1s to 5m, one back after 5m")
ACCOUNT = Tally(name="account", limit=FIVE, subject=("t", "ada"))
NOW = 1_790_000_000_000  # milliseconds
MINUTE, A_YEAR = 60_000, 366 * 86_400_000
HASHED = "a hash is made"


def rows(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(schema.tallies)) or 0


# Millions of made-up names


def test_made_up_names_are_forgotten_as_fast_as_they_come(sqlite_world: World) -> None:
    """One each second, from an address each: of a quarter of an hour of them the last minutes are stored."""
    limits = sqlite_world.service.limits
    for number in range(900):
        sqlite_world.now += 1
        with visited(Visitor(f"10.0.{number // 250}.{number % 250}")), limits.sign_in("t", f"name {number}", None):
            pass
    # A tally for each of the last 300 names and addresses together, and for each of the last 60 names, 30 addresses.
    assert rows(sqlite_world.database) <= 300 + 60 + 30 + 8


def test_a_process_keeps_so_many_of_them_and_no_more() -> None:
    tallies = MemoryTallies(size=100)
    for number in range(1000):
        tallies.take([replace(ACCOUNT, subject=("t", str(number)))], NOW)
    assert len(list(tallies.counts(NOW, 1000))) == 100


def test_an_address_that_has_to_wait_adds_no_row(world: World) -> None:
    limits = world.service.limits
    made = 0
    for number in range(80):
        try:
            with visited(Visitor("192.0.2.1")), limits.sign_in("t", f"name {number}", None):
                made += 1
        except TooManyTries:
            pass
    assert made == 51
    assert rows(world.database) == 51 * 2 + 1


@pytest.mark.parametrize("far", [A_YEAR + 1, 10 * A_YEAR])
def test_what_a_clock_far_ahead_has_stored_does_not_stay_for_ever(world: World, far: int) -> None:
    tallies, other = DatabaseTallies(world.database), replace(ACCOUNT, name="other")
    for number in range(12):
        tallies.take([replace(ACCOUNT, subject=("t", str(number)))], NOW + far)
    tallies.take([other], NOW)
    for _ in range(2):
        tallies.tidy(NOW)
    assert [count.name for count in tallies.counts(NOW, 10)] == ["other"]
    assert rows(world.database) == 1


def test_nor_does_it_in_memory() -> None:
    tallies = MemoryTallies()
    tallies.take([ACCOUNT], NOW + 2 * A_YEAR)
    tallies.take([replace(ACCOUNT, name="other")], NOW)
    tallies.tidy(NOW)
    assert [count.name for count in tallies.counts(NOW, 10)] == ["other"]


# What it costs


@pytest.mark.parametrize(
    ("password", "after"), [(PASSWORD, "UPDATE tallies"), ("wrong", "DELETE FROM tallies")], ids=["right", "wrong"]
)
def test_a_sign_in_costs_one_statement_before_the_hash_and_one_after(world: World, password: str, after: str) -> None:
    ran: list[str] = []
    world.service = noting(world, ran)
    with statements(world.database, ran), visited(Visitor("192.0.2.1")), suppress(Error):
        world.login("ada@example.org", password)
    before, hashed, settled = (text for text in ran if "tallies" in text or text == HASHED)
    assert "INSERT INTO tallies" in before
    assert hashed == HASHED
    assert settled.startswith(after)


def test_a_refused_one_costs_one_statement_and_no_hash(world: World) -> None:
    ran: list[str] = []
    world.service = noting(world, ran)
    with visited(Visitor("192.0.2.1")):
        for _ in range(6):
            with refused(7100):
                world.login("ada@example.org", "wrong")
        ran.clear()
        with statements(world.database, ran), refused(7111):
            world.login("ada@example.org")
    (only,) = (text for text in ran if "tallies" in text or text == HASHED)
    assert "INSERT INTO tallies" in only


@pytest.mark.parametrize("ask", ["take", "take_back", "take_back_own", "tidy", "unlock"])
def test_an_index_answers_each_question(world: World, ask: str) -> None:
    tallies = DatabaseTallies(world.database)
    _fill(world)
    several = [replace(ACCOUNT, subject=("t", str(number))) for number in range(3)]
    calls: dict[str, Callable[[], object]] = {
        "take": lambda: tallies.take(several, NOW),
        "take_back": lambda: tallies.take_back(several, [], NOW),
        "take_back_own": lambda: tallies.take_back([replace(each, forgivable=False) for each in several], [], NOW),
        "tidy": lambda: tallies.tidy(NOW),
        "unlock": lambda: tallies.unlock("nobody"),
    }
    ran: list[str] = []
    parameters: list[Any] = []
    with statements(world.database, ran, parameters):
        calls[ask]()
    (number,) = (number for number, text in enumerate(ran) if "tallies" in text)
    assert "SCAN" not in _plan(world.database, ran[number], parameters[number])


def _fill(world: World) -> None:
    """With tallies of several accounts: of one alone, the figures tell that its index leads to all."""
    ids = [world.account(f"person{number}@example.org").rpartition("/")[2] for number in range(10)]
    row = {"name": "account", "forgiven_at": NOW + MINUTE, "until": 0, "until_before": 0}
    rows = [{**row, "key": str(number), "account_id": ids[number % 10]} for number in range(500)]
    with world.database.write(moves_generation=False) as transaction:
        transaction.connection.execute(insert(schema.tallies), rows)
        transaction.connection.exec_driver_sql("ANALYZE tallies")


def _plan(database: Database, statement: str, parameters: Any) -> str:
    """How the database answers when the table is large. SCAN: it reads the whole table of tallies."""
    with database.write(moves_generation=False) as transaction:
        run = transaction.connection.exec_driver_sql
        if transaction.connection.dialect.name == "sqlite":
            rows = [row[-1] for row in run(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            return "\n".join(row for row in rows if row in ("SCAN tallies", "SCAN held") or "USING INDEX" in row)
        run("SET LOCAL enable_seqscan = off")  # small tables are always read as a whole
        text = "\n".join(row[0] for row in run(f"EXPLAIN {statement}", parameters))
        return text.replace("Seq Scan on tallies", "SCAN")


class NotingHasher(Argon2Hasher):
    """Writes down in *ran* that a hash was made."""

    def __init__(self, ran: list[str]) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self._ran = ran

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:
        self._ran.append(HASHED)
        return super().verify(password, hash)


def noting(world: World, ran: list[str]) -> DirectoryService:
    """A service over the same database, which writes down in *ran* that a hash was made."""
    return DirectoryService(
        world.database,
        BASE,
        passwords=Passwords(NotingHasher(ran), waiting=WAITING),
        clock=lambda: world.now,
        secrets=Secrets([ENCRYPTION_KEY]),
    )


@contextmanager
def statements(database: Database, ran: list[str], parameters: list[Any] | None = None) -> Iterator[None]:
    """Writes down all that is asked of the database meanwhile."""

    def record(*arguments: Any) -> None:
        if is_mail_thread():
            return
        ran.append(arguments[2])
        if parameters is not None:
            parameters.append(arguments[3])

    with database.read() as connection:
        engine = connection.engine  # the one for writing is made of it, and tells its listeners
    event.listen(engine, "before_cursor_execute", record)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", record)
