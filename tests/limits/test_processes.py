"""Guesses at several workers, or at several machines, at once: all of them count together, and outlive a restart."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from support.warm import Program, Start
from support.world import PASSWORD, World

#: Tries to sign in as it is told in JSON, a line each, with all passwords of a line at once. Answers the codes of the
#: errors, 0 where there was none.
PROGRAM = """
    import json, sys
    from concurrent.futures import ThreadPoolExecutor
    from stormpath_wsgi.directory import DirectoryService
    from stormpath_wsgi.directory.crypto.passwords import Passwords
    from stormpath_wsgi.directory.storage.engine import Database
    from stormpath_wsgi.errors import Error
    from stormpath_wsgi.limits import Visitor, visited
    from stormpath_wsgi.settings import LimitsSettings
    from support.cheap import HASHER, WAITING

    url, redis, application = sys.argv[1:]
    limits = LimitsSettings.model_validate({"url": redis} if redis else {})
    now = 0
    service = DirectoryService(
        Database(url, timeout=30),
        "https://id.example.org/v1",
        passwords=Passwords(HASHER, waiting=WAITING),
        clock=lambda: now,
        limits=limits,
    )

    def log_in(password):
        with visited(Visitor(order["address"], order["browser"], frozenset(order["accounts"]))):
            try:
                service.log_in(f"{application}/loginAttempts", "ada@example.org", password, {}, {})
            except Error as error:
                return error.code
        return 0

    service.get("tenants/current")
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        now = order["now"]
        with ThreadPoolExecutor(8) as threads:
            print(json.dumps(list(threads.map(log_in, order["passwords"]))), flush=True)
"""

ADA_GETS_IN, WRONG, TOO_MANY = 0, 7100, 7111


class Workers:
    """Some *number* of processes that serve *world*. *redis*: where they count; empty: in the database."""

    def __init__(self, world: World, program: Start, redis: str, *, number: int) -> None:
        self.now = world.now
        #: The id of the account.
        self.ada = world.items(f"{world.directory}/accounts", email="ada@example.org")[0]["href"].split("/")[-1]
        self._programs = [program(PROGRAM, world.url, redis, world.application) for _ in range(number)]
        for each in self._programs:
            assert each.stdout
            assert each.stdout.readline() == "ready\n"

    def log_in(self, *passwords: str, address: str = "192.0.2.1", **known: Any) -> list[int]:
        """What each worker answers to all of these *passwords*, which are tried everywhere at once."""
        order = {"now": self.now, "passwords": passwords, "address": address, "browser": None, "accounts": [], **known}
        for each in self._programs:
            assert each.stdin
            each.stdin.write(json.dumps(order) + "\n")
            each.stdin.flush()
        return [code for each in self._programs for code in self._answer(each)]

    def stop(self) -> None:
        for each in self._programs:
            each.kill()
            each.wait()

    @staticmethod
    def _answer(program: Program) -> list[int]:
        assert program.stdout
        codes: list[int] = json.loads(program.stdout.readline())
        return codes


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def start(request: pytest.FixtureRequest, program: Start) -> Callable[..., Workers]:
    """Starts workers. They count in their database, or on a Redis server."""
    redis = ""
    if request.param == "redis":
        request.getfixturevalue("raw")
        redis = request.getfixturevalue("redis_server").url
    engine = "postgresql" if request.param == "postgresql" else "sqlite"
    world = request.getfixturevalue(f"{engine}_beginning").world()
    return partial(Workers, world, program, redis)


def test_of_32_guesses_at_once_as_many_are_made_as_are_free(start: Callable[..., Workers]) -> None:
    workers = start(number=4)
    codes = workers.log_in(*["wrong"] * 8)
    assert (codes.count(WRONG), codes.count(TOO_MANY)) == (6, 26)

    # The wait outlives the workers, and holds for whoever comes from there.
    workers.stop()
    workers = start(number=1)
    assert workers.log_in(PASSWORD) == [TOO_MANY]
    assert workers.log_in(PASSWORD, browser="b", accounts=[workers.ada]) == [ADA_GETS_IN]
    workers.now += 1
    assert workers.log_in("wrong", "wrong").count(WRONG) == 1
    workers.now += 2
    assert workers.log_in(PASSWORD) == [ADA_GETS_IN]
    assert workers.log_in(*["wrong"] * 8).count(WRONG) == 6
