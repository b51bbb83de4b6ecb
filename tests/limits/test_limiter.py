"""Counting tries: what is taken back, who is told, and what happens while the place where they are counted is away."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import event as database_events
from sqlalchemy import make_url
from support.cheap import HASHER, WAITING
from support.redis_server import RedisServer
from support.tallies import Place
from support.waiting import eventually
from support.world import BASE, ENCRYPTION_KEY, PASSWORD, Beginning, World

from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.directory.crypto.passwords import Passwords
from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.errors import Error, Overloaded, TooManyTries, Unavailable
from stormpath_wsgi.events import Events, LimitsUnavailable, WaitBegan
from stormpath_wsgi.limits import Limit, Limiter, MemoryTallies, Tally, Visitor, visited
from stormpath_wsgi.settings import LimitsSettings

FIVE = Limit.parse("5 tries, waits 1s to 5m, one back after 5m")
ACCOUNT = Tally(name="account", limit=FIVE, subject=("t", "ada"))
ADDRESS = Tally(name="address", limit=FIVE, subject=("t", "192.0.2.1"), address="192.0.2.1", forgivable=False)


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> list[Any]:
    """The events of the limiter."""
    return []


@pytest.fixture
def limiter(place: Place, clock: Clock, told: list[Any]) -> Limiter:
    return Limiter(place.tallies, listened(told), href=lambda id: f"{BASE}/accounts/{id}", clock=clock)


def listened(told: list[Any]) -> Events:
    return Events([(kind, told.append) for kind in (LimitsUnavailable, WaitBegan)])


def tries_left(limiter: Limiter, *tallies: Tally) -> int:
    """How many wrong tries are made before one has to wait. One of them has begun the wait."""
    for number in range(100):
        try:
            limiter.count(tallies)
        except TooManyTries:
            return number
    pytest.fail("nothing holds them up")


# What a block was


def test_a_block_that_says_nothing_was_a_wrong_try(limiter: Limiter) -> None:
    limiter.count([ACCOUNT, ADDRESS])
    assert tries_left(limiter, ADDRESS) == 5


def test_one_that_succeeds_forgives_the_account_and_not_the_address(limiter: Limiter) -> None:
    for _ in range(3):
        limiter.count([ACCOUNT, ADDRESS])
    with limiter.trying([ACCOUNT, ADDRESS]) as made:
        made.succeeded()
    assert (tries_left(limiter, ACCOUNT), tries_left(limiter, ADDRESS)) == (6, 3)


@pytest.mark.parametrize("kind", [Unavailable, Overloaded])
def test_one_that_could_not_be_looked_at_takes_only_itself_back(limiter: Limiter, kind: type[Unavailable]) -> None:
    for _ in range(3):
        limiter.count([ACCOUNT, ADDRESS])
    with pytest.raises(kind), limiter.trying([ACCOUNT, ADDRESS]):
        raise kind
    assert (tries_left(limiter, ACCOUNT), tries_left(limiter, ADDRESS)) == (3, 3)


def test_it_takes_the_wait_back_that_it_has_begun(limiter: Limiter, told: list[Any]) -> None:
    for _ in range(5):
        limiter.count([ACCOUNT])
    with pytest.raises(Overloaded), limiter.trying([ACCOUNT]):
        raise Overloaded
    assert told == []
    with limiter.trying([ACCOUNT]) as made:
        made.succeeded()


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit, ZeroDivisionError])
def test_one_that_ends_in_any_other_way_was_a_wrong_try(limiter: Limiter, kind: type[BaseException]) -> None:
    with pytest.raises(kind), limiter.trying([ACCOUNT]):
        raise kind
    assert tries_left(limiter, ACCOUNT) == 5


def test_a_success_counts_though_the_block_raises_afterwards(limiter: Limiter) -> None:
    limiter.count([ACCOUNT])
    with pytest.raises(ZeroDivisionError), limiter.trying([ACCOUNT]) as made:
        made.succeeded()
        raise ZeroDivisionError
    assert tries_left(limiter, ACCOUNT) == 6


def test_without_tallies_nothing_is_asked() -> None:
    limiter = Limiter(MemoryTallies(size=0), Events(), href=str)
    for _ in range(100):
        limiter.count([])


def test_each_wait_is_told_once_and_says_how_long(limiter: Limiter, clock: Clock, told: list[Any]) -> None:
    for _ in range(5):
        limiter.count([ACCOUNT], login="ada")
    assert told == []
    limiter.count([ACCOUNT], login="ada")
    for wait in (1, 2, 4):
        for _ in range(10):
            with pytest.raises(TooManyTries) as caught:
                limiter.count([ACCOUNT], login="ada")
            assert caught.value.retry_after == wait
        clock.now += wait
        limiter.count([ACCOUNT], login="ada")
    assert [(each.limit, each.seconds, each.login) for each in told] == [
        ("account", seconds, "ada") for seconds in (1, 2, 4, 8)
    ]


# While the place where tries are counted is away


class Site:
    """A directory in *world* whose tries are counted as *limits* say. It writes down what it is *told*."""

    def __init__(self, world: World, limits: LimitsSettings | None = None) -> None:
        self.told: list[Any] = []
        self.world = world
        self.service = DirectoryService(
            world.database,
            BASE,
            passwords=Passwords(HASHER, waiting=WAITING),
            clock=lambda: world.now,
            secrets=Secrets([ENCRYPTION_KEY]),
            limits=limits,
            events=listened(self.told),
        )

    def log_in(self, password: str = PASSWORD, login: str = "ada@example.org") -> int:
        """The code of the error; 0: it went well."""
        with visited(Visitor("192.0.2.1")):
            try:
                self.service.log_in(f"{self.world.application}/loginAttempts", login, password, {}, {})
            except Error as error:
                return error.code
        return 0

    def guesses(self, login: str = "ada@example.org") -> int:
        """How many guesses are looked at before one has to wait."""
        for number in range(100):
            code = self.log_in("wrong", login)
            if code == 7111:
                return number
            assert code == (7100 if login == "ada@example.org" else 7104)
        pytest.fail("nothing holds them up")

    def lost(self) -> int:
        """How often it was told that the limits cannot be asked."""
        return sum(isinstance(each, LimitsUnavailable) for each in self.told)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What was said of the limits, with the level."""
    caplog.set_level(logging.INFO)
    return lambda: [f"{record.levelname} {record.getMessage()}" for record in caplog.records if record.name == LIMITER]


LIMITER = "stormpath_wsgi.limits.limiter"
AWAY = "ERROR Tries are counted in this process only, since their tallies cannot be asked: "
BACK = "WARNING Tries are counted for all processes together again."


def test_redis_may_go_and_come_back(
    sqlite_beginning: Beginning, mortal_redis_server: RedisServer, lines: Callable[[], list[str]]
) -> None:
    site = Site(sqlite_beginning.world(), LimitsSettings.model_validate({"url": mortal_redis_server.url}))
    for _ in range(2):
        assert site.log_in("wrong") == 7100
    mortal_redis_server.stop()
    assert site.log_in() == 0
    assert site.guesses() == 6
    assert site.guesses("nobody@example.org") == 6
    assert site.lost() == 1
    assert lines() == [f"{AWAY}The Redis server of the limits does not answer (ConnectionError)."]
    mortal_redis_server.start()
    eventually(lambda: site.log_in() == 0 and len(lines()) == 2)
    assert lines()[1:] == [BACK]
    assert site.guesses() == 6
    assert site.lost() == 1


def test_redis_may_go_while_a_password_is_compared(
    sqlite_beginning: Beginning, mortal_redis_server: RedisServer, lines: Callable[[], list[str]]
) -> None:
    site = Site(sqlite_beginning.world(), LimitsSettings.model_validate({"url": mortal_redis_server.url}))
    limits = site.service.limits
    with limits.sign_in("t", "ada", None) as made:
        mortal_redis_server.stop()
        made.succeeded()
    with limits.sign_in("t", "ada", None):
        pass
    assert (len(lines()), site.lost()) == (1, 1)


def test_a_locked_table_lets_in_who_knows_the_password_and_holds_up_who_guesses(
    postgresql_beginning: Beginning, lines: Callable[[], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    world = postgresql_beginning.world()
    site = Site(world)
    account = world.items(f"{world.directory}/accounts", email="ada@example.org")[0]["href"].split("/", 4)[4]
    with locked_table(world.url):
        with lock_timeouts(world.database) as asked_for:
            assert site.log_in() == 0
        assert asked_for == ["800ms"], "and its longest wait is stated"
        assert site.guesses() == 6
        assert world.is_good(world.session(account)), "other writes are not refused"
        assert lines() == [f"{AWAY}A table of the directory is locked."]
        assert [record.name for record in caplog.records if record.levelno >= logging.ERROR] == [LIMITER]
        assert site.lost() == 1
    eventually(lambda: site.log_in() == 0 and len(lines()) == 2)
    assert lines()[1:] == [BACK]


def test_a_file_that_another_program_has_locked_does_the_same(tmp_path: Any, lines: Callable[[], list[str]]) -> None:
    path = f"{tmp_path}/accounts.db"
    with closing(Database(f"sqlite:///{path}", timeout=0.05)) as database:
        world = World(database, f"sqlite:///{path}")
        world.account("ada@example.org")
        site = Site(world)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert site.log_in() == 0
            assert site.guesses() == 6
            assert (len(lines()), site.lost()) == (1, 1)
        eventually(lambda: site.log_in() == 0 and len(lines()) == 2)
        assert lines()[1:] == [BACK]


def test_a_server_that_takes_no_writes_does_the_same(
    postgresql_beginning: Beginning, lines: Callable[[], list[str]]
) -> None:
    """As one that stands in for another."""
    url = postgresql_beginning.world().url + "&options=-cdefault_transaction_read_only%3Don"
    with closing(Database(url)) as database:
        site = Site(World(database, url))
        assert site.log_in() == 0
        assert site.guesses() == 6
    assert (len(lines()), site.lost()) == (1, 1)


def test_an_account_that_is_removed_meanwhile_is_no_error(world: World) -> None:
    """Nobody gets into it any more, and its tallies go with it."""
    limits = world.service.limits
    account = world.account("eve@example.org").split("/")[1]
    with limits.sign_in("t", "eve", account):
        world.service.delete(f"accounts/{account}")
    with limits.sign_in("t", "eve", account):
        pass
    assert list(limits.limiter.tallies.counts(limits.limiter.now(), 10)) == []


@contextmanager
def locked_table(url: str) -> Iterator[None]:
    """The table of tallies, as ALTER TABLE and VACUUM FULL lock it."""
    with psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string()) as other:
        other.execute("LOCK TABLE tallies IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def lock_timeouts(database: Database) -> Iterator[list[str]]:
    """How long each write meanwhile waits for a lock at the most, as it tells the server."""
    found: list[str] = []

    def record(*arguments: Any) -> None:
        _, is_told, rest = arguments[2].partition("set_config('lock_timeout', '")
        if is_told:
            found.append(rest.partition("'")[0])

    with database.write(moves_generation=False) as transaction:
        engine = transaction.connection.engine
    database_events.listen(engine, "before_cursor_execute", record)
    try:
        yield found
    finally:
        database_events.remove(engine, "before_cursor_execute", record)
