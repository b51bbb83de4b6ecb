"""Tallies on a Redis server: what only such a server can do to them."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Any

import pytest
from support import cheap
from support.redis_server import RedisServer
from support.tallies import Place

from stormpath_wsgi import Client, Settings
from stormpath_wsgi.client import Application
from stormpath_wsgi.directory import open_directory
from stormpath_wsgi.errors import ConfigurationError, TooManyTries, Unavailable
from stormpath_wsgi.flows import Flows
from stormpath_wsgi.limits import Limit, MemoryTallies, Tally
from stormpath_wsgi.limits.redis import RedisTallies
from stormpath_wsgi.settings import LimitsSettings

FIVE = Limit.parse("5 tries, waits 1s to 5m, one back after 5m")
TALLY = Tally(name="account", limit=FIVE, subject=("t", "ada"))
NOW = 1_790_000_000_000  # milliseconds
KEY = f"stormpath:limits:{TALLY.key}"


def test_the_server_forgets_what_is_forgiven_by_itself(redis_place: Place, raw: Any) -> None:
    redis_place.tallies.take([TALLY], NOW)
    assert raw.keys() == [KEY]
    assert FIVE.recovery < raw.pttl(KEY) <= FIVE.recovery + 1000
    redis_place.tallies.take([TALLY], NOW)
    assert 2 * FIVE.recovery < raw.pttl(KEY) <= 2 * FIVE.recovery + 1000


def test_the_server_forgets_what_a_clock_that_was_ahead_has_stored(redis_place: Place, raw: Any) -> None:
    redis_place.tallies.take([TALLY], 2 * NOW)
    assert raw.pttl(KEY) <= FIVE.recovery + 1000


def test_what_is_taken_back_is_forgotten_as_before(redis_place: Place, raw: Any) -> None:
    own = Tally(name="address", limit=FIVE, subject=("t",), forgivable=False)
    redis_place.tallies.take_back([own], redis_place.tallies.take([own], NOW), NOW)
    assert 0 < raw.pttl(f"stormpath:limits:{own.key}") <= FIVE.recovery + 1000
    redis_place.tallies.take_back([TALLY], redis_place.tallies.take([TALLY], NOW), NOW)
    assert raw.exists(KEY) == 0


def test_a_try_is_one_question(redis_place: Place, raw: Any) -> None:
    redis_place.tallies.take([TALLY], NOW)  # the server knows the script from now on
    before = raw.info("commandstats")["cmdstat_evalsha"]["calls"]
    redis_place.tallies.take([TALLY], NOW)
    assert raw.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 1


def test_a_server_that_was_restarted_is_asked_at_once(mortal_redis_server: RedisServer) -> None:
    with closing(RedisTallies(mortal_redis_server.url)) as tallies:
        tallies.take([TALLY], NOW)
        mortal_redis_server.stop()
        with pytest.raises(Unavailable):
            tallies.take([TALLY], NOW)
        mortal_redis_server.start()
        assert not tallies.take([TALLY], NOW)[0].refused


def test_one_that_stands_still_is_given_up(mortal_redis_server: RedisServer) -> None:
    with closing(RedisTallies(mortal_redis_server.url)) as tallies:
        tallies.take([TALLY], NOW)
        with mortal_redis_server.frozen(), pytest.raises(Unavailable):
            tallies.take([TALLY], NOW)


def test_what_somebody_else_keeps_there_stays_and_is_no_tally(redis_place: Place, raw: Any) -> None:
    raw.set("another", "1")
    redis_place.tallies.take([TALLY], NOW)
    assert [count.name for count in redis_place.tallies.counts(NOW, 10)] == ["account"]
    assert redis_place.tallies.unlock("ada") == 0
    assert raw.get("another") == "1"


def test_more_tallies_than_are_asked_for_at_once_are_found(redis_place: Place) -> None:
    mine = Limit.parse("0 tries, waits 1s to 5m, one back after 5m")
    for number in range(1200):
        redis_place.tallies.take(
            [Tally(name="n", limit=mine, subject=(str(number),), account_id="ada" if number % 3 else "bob")], NOW
        )
    assert len(list(redis_place.tallies.counts(NOW, 2000))) == 1200
    assert redis_place.tallies.unlock("ada") == 800


def test_what_is_no_tally_below_our_names_is_unavailable_and_no_crash(redis_place: Place, raw: Any) -> None:
    raw.set(KEY, "1")
    for ask in (lambda: redis_place.tallies.take([TALLY], NOW), lambda: redis_place.tallies.unlock("ada")):
        with pytest.raises(Unavailable):
            ask()


def test_the_password_of_the_server_is_never_told(redis_server: RedisServer) -> None:
    with closing(RedisTallies("redis://:hush@localhost:1/0")) as tallies:
        assert "hush" not in repr(tallies)
        with pytest.raises(Unavailable) as caught:
            tallies.take([TALLY], NOW)
    assert "hush" not in f"{caught.value!r} {caught.value} {caught.value.developer_message}"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("url", ["http://:hush@host", "redis://:hush@host:port", "redis://:hush@host/0?colour=red"])
def test_a_url_that_means_nothing_says_what_to_write(url: str) -> None:
    with pytest.raises(ConfigurationError, match="redis://host:6379/0") as caught:
        RedisTallies(url)
    assert "hush" not in str(caught.value)


def test_a_missing_package_names_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match="pip install redis"):
        RedisTallies("redis://localhost")


def test_directories_that_name_one_server_count_there_together(redis_server: RedisServer, raw: Any) -> None:
    """The database has nothing to do with it: each of these two has its own."""
    limits = LimitsSettings.model_validate({"url": redis_server.url, "account": str(FIVE)})
    with (
        closing(open_directory("sqlite://", cheap.options(limits=limits))) as one,
        closing(open_directory("sqlite://", cheap.options(limits=limits))) as other,
    ):
        for number in range(6):
            with (one, other)[number % 2].limits.sign_in("t", "ada", None):
                pass
        for service in (one, other):
            with pytest.raises(TooManyTries), service.limits.sign_in("t", "ada", None):
                pytest.fail("the sixth try has begun a wait")
        one.limits.limiter.tallies.unlock("nobody")
    assert len(raw.keys("stormpath:limits:*")) == 1


@pytest.mark.parametrize(("enabled", "kind"), [(True, RedisTallies), (False, MemoryTallies)])
def test_a_site_with_its_directory_elsewhere_opens_no_server_that_it_does_not_need(enabled: bool, kind: type) -> None:
    settings = Settings.load(
        directory="https://id.example.com/v1",
        client={"apiKey": {"id": "A" * 25, "secret": "x" * 43}},
        limits={"url": "redis://localhost:1/0", "enabled": enabled},
        secret_keys=["k" * 40],
    )
    with Client(**settings.opening()) as client:
        application = Application(client, "https://id.example.com/v1/applications/x")
        assert type(Flows(settings, client, application).limits.limiter.tallies) is kind


def test_what_is_switched_off_asks_no_server(caplog: pytest.LogCaptureFixture) -> None:
    limits = LimitsSettings.model_validate({"url": "redis://localhost:1/0", "enabled": False})
    with (
        closing(open_directory("sqlite://", cheap.options(limits=limits))) as service,
        service.limits.sign_in("t", "ada", None),
    ):
        pass
    assert caplog.records == []
