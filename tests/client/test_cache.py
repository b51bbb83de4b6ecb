"""The cache of a client: what is kept, how long, what makes it forgotten; and that no secret gets into it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from support.redis_server import RedisServer
from support.waiting import eventually

from stormpath_wsgi.client.cache import (
    REGIONS,
    CacheOptions,
    CacheStore,
    CachingDataStore,
    MemcachedStore,
    MemoryStore,
    NullCacheStore,
    RedisStore,
)
from stormpath_wsgi.client.cache.store import Life
from stormpath_wsgi.errors import ConfigurationError, Unavailable
from stormpath_wsgi.slots import ANY, EVERYBODY, slot_of

BASE = "https://id.example.org/v1"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Directory:
    """A data store with two accounts, which counts what it is asked. *during*: what happens while it answers."""

    base_url = BASE

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.writes = 0
        self.surname = "Lovelace"
        self.token: dict[str, str] | None = None
        self.during: Callable[[], object] = lambda: None

    def get(self, href: str, expand: str | None = None) -> dict[str, Any]:
        self.asked.append(href.removeprefix(BASE + "/"))
        account: dict[str, Any] = {"href": href, "surname": self.surname, "groups": {"href": f"{href}/groups"}}
        account["emailVerificationToken"] = self.token
        if expand:
            account["customData"] = {"href": f"{href}/customData", "colour": "red"}
            account["groups"] = {"href": f"{href}/groups", "size": 0, "items": []}
        self.during()
        return account

    recall = get

    def list(self, href: str, query: Mapping[str, str] | None = None, expand: str | None = None) -> dict[str, Any]:
        self.asked.append(href.removeprefix(BASE + "/"))
        return {"href": href, "items": [], "size": 0}

    def create(
        self, href: str, properties: Mapping[str, Any], params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        self.writes += 1
        return {"href": f"{href}/8q"}

    def update(self, href: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        self.writes += 1
        return {"href": href, **properties}

    def delete(self, href: str, about: str | None = None) -> None:
        self.writes += 1

    def generation(self, slot: int = 1, /) -> int:
        return self.writes

    def close(self) -> None:
        pass


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
def redis_socket(redis_server: RedisServer) -> str:
    return redis_server.path


@pytest.fixture
def raw(redis_socket: str) -> Iterator[Any]:
    with redis.Redis(unix_socket_path=redis_socket, decode_responses=True) as connection:
        connection.flushall()
        yield connection


def moves(store: CachingDataStore, change: Callable[[], object]) -> bool:
    before = store.generation()
    change()
    eventually(lambda: store.generation() != before)
    return True


Make = Callable[..., CacheStore]


@pytest.fixture(params=["memory", "redis"])
def make(request: pytest.FixtureRequest, clock: Clock) -> Make:
    """Makes stores of one sort. Those of Redis share their entries."""
    if request.param == "memory":
        return lambda: MemoryStore(clock=clock)
    path = request.getfixturevalue("redis_socket")
    request.getfixturevalue("raw")
    return lambda: RedisStore(unix_socket_path=path, clock=clock)


@pytest.fixture
def cached(directory: Directory, make: Make) -> CachingDataStore:
    return CachingDataStore(directory, CacheOptions(store=make), owner="MyId")


ADA = f"{BASE}/accounts/ada"
LIFE = Life(ttl=300, tti=60)


class TestStores:
    def test_an_entry_is_a_copy(self, make: Make) -> None:
        store, document = make(), {"deep": {"list": [1]}}
        store.put("a", document, LIFE)
        document["deep"]["list"].append(2)
        for _ in range(2):
            found = store.get("a", LIFE)
            assert found == {"deep": {"list": [1]}}
            found["deep"]["list"].append(3)

    def test_an_entry_does_not_outlive_its_time_however_often_it_is_asked_for(self, make: Make, clock: Clock) -> None:
        store = make()
        store.put("a", {"n": 1}, LIFE)
        for _ in range(9):
            clock.now += 33
            assert store.get("a", LIFE) == {"n": 1}
        clock.now += 3
        assert store.get("a", LIFE) is None

    def test_dropped_and_cleared_entries_are_gone(self, make: Make) -> None:
        store = make()
        for key in "abc":
            store.put(key, {"n": key}, LIFE)
        store.drop(["a", "b"])
        assert [store.get(key, LIFE) for key in "abc"] == [None, None, {"n": "c"}]
        store.clear()
        assert store.get("c", LIFE) is None
        store.put("c", {"n": "new"}, LIFE)
        assert store.get("c", LIFE) == {"n": "new"}

    def test_an_idle_entry_goes_first(self, clock: Clock) -> None:
        store = MemoryStore(clock=clock)
        store.put("a", {"n": 1}, LIFE)
        clock.now += 59
        assert store.get("a", LIFE)
        clock.now += 60
        assert store.get("a", LIFE) is None

    def test_memory_is_bounded_and_what_nobody_asks_for_leaves(self, clock: Clock) -> None:
        store = MemoryStore(2, clock=clock)
        store.put("a", {"n": 1}, LIFE)
        store.put("b", {"n": 2}, LIFE)
        store.get("a", LIFE)
        store.put("c", {"n": 3}, LIFE)
        assert [store.get(key, LIFE) for key in "abc"] == [{"n": 1}, None, {"n": 3}]

    @pytest.mark.parametrize("entries", [0, -1])
    def test_memory_for_no_entries_is_refused(self, entries: int) -> None:
        with pytest.raises(ValueError, match="max_entries"):
            MemoryStore(entries)

    def test_the_null_store_keeps_nothing(self) -> None:
        store = NullCacheStore()
        store.put("a", {}, LIFE)
        store.drop(["a"])
        store.clear()
        assert store.get("a", LIFE) is None

    def test_memcached_names_what_there_is(self) -> None:
        with pytest.raises(ConfigurationError, match="RedisStore"):
            MemcachedStore(host="localhost")


class TestRedis:
    def test_what_one_process_changes_no_other_remembers(self, redis_socket: str, raw: Any) -> None:
        one, other = (RedisStore(unix_socket_path=redis_socket) for _ in range(2))
        one.put("a", {"n": 1}, LIFE)
        one.put("b", {"n": 1}, LIFE)
        assert (other.get("a", LIFE), other.get("b", LIFE)) == ({"n": 1}, {"n": 1})
        other.drop(["a"])
        assert one.get("a", LIFE) is None
        other.clear()
        assert one.get("b", LIFE) is None

    def test_what_one_process_changes_moves_the_generation_of_the_others(self, redis_socket: str, raw: Any) -> None:
        options = CacheOptions(url=f"unix://{redis_socket}")
        with (
            closing(CachingDataStore(Directory(), options, owner="one")) as writer,
            closing(CachingDataStore(Directory(), options, owner="one")) as reader,
            closing(CachingDataStore(Directory(), options, owner="other")) as stranger,
        ):
            channel = f"stormpath:{writer._namespace}:news"
            reader.generation()
            stranger.generation()
            eventually(lambda: raw.pubsub_numsub(channel)[0][1] == 1)
            eventually(lambda: min(reader.generation(), stranger.generation()) >= 1 << 128)  # they have begun to listen
            changes: list[Callable[[], object]] = [
                lambda: writer.update(ADA, {"surname": "King"}),
                lambda: writer.delete(f"{BASE}/refreshTokens/7q"),
                lambda: writer.create(f"{BASE}/accounts/7q/customData", {}),
            ]
            strangers = stranger.generation()
            for change in changes:
                assert moves(reader, change)
            assert stranger.generation() == strangers

    def test_what_one_process_changes_moves_the_generation_of_those_whom_it_concerns(
        self, redis_socket: str, raw: Any
    ) -> None:
        options = CacheOptions(url=f"unix://{redis_socket}")
        ada, bob = "7qAda7qAda7qAda7qAda7q", "7qBob7qBob7qBob7qBob7q"
        slots = (slot_of(ada), slot_of(bob), EVERYBODY, ANY)
        with (
            closing(CachingDataStore(Directory(), options, owner="these")) as writer,
            closing(CachingDataStore(Directory(), options, owner="these")) as reader,
        ):
            reader.generation()
            eventually(lambda: reader.generation() >= 1 << 128)  # it has begun to listen

            def moved_by(change: Callable[[], object]) -> list[bool]:
                before = [reader.generation(slot) for slot in slots]
                change()
                eventually(lambda: reader.generation() != before[-1])
                return [reader.generation(slot) != was for slot, was in zip(slots, before, strict=True)]

            of_ada, of_everybody = [True, False, False, True], [True] * 4
            assert moved_by(lambda: writer.update(f"{BASE}/accounts/{ada}", {"surname": "King"})) == of_ada
            assert moved_by(lambda: writer.delete(f"{BASE}/refreshTokens/7q", ada)) == of_ada
            assert moved_by(lambda: writer.delete(f"{BASE}/refreshTokens/7q")) == of_everybody
            assert moved_by(lambda: writer.update(f"{BASE}/groups/7q", {"name": "x"})) == of_everybody
            channel = f"stormpath:{writer._namespace}:news"
            for notice in ("", "x", "-1", "9" * 20, "1", "\xb2"):  # as those of an older version, and others
                assert moved_by(partial(raw.publish, channel, notice)) == of_everybody

    def test_what_was_told_meanwhile_is_not_missed(self, redis_socket: str, raw: Any) -> None:
        """A connection that was lost is made again, and the generation moves for whatever came in between."""
        with closing(CachingDataStore(Directory(), CacheOptions(url=f"unix://{redis_socket}"), owner="one")) as reader:
            reader.generation()
            eventually(lambda: reader.generation() >= 1 << 128)
            before = reader.generation()
            raw.client_kill_filter(_type="pubsub")
            eventually(lambda: reader.generation() != before)

    def test_entries_are_json_and_leave_by_themselves(self, redis_socket: str, raw: Any) -> None:
        RedisStore(unix_socket_path=redis_socket, prefix="site:").put("a", {"n": 1}, LIFE)
        assert raw.keys() == ["site:a"]
        assert json.loads(raw.get("site:a"))[-1] == {"n": 1}
        assert 0 < raw.pttl("site:a") <= 60_000

    @pytest.mark.parametrize("text", ["", "{}", "[]", "no json", '["", "soon", {}]', '["", 1e12, [1]]', "null"])
    def test_what_somebody_else_wrote_there_is_not_believed(self, redis_socket: str, raw: Any, text: str) -> None:
        raw.set("stormpath:a", text)
        assert RedisStore(unix_socket_path=redis_socket).get("a", LIFE) is None

    def test_without_its_server_there_is_just_no_cache(
        self, tmp_path: Path, clock: Clock, directory: Directory, caplog: pytest.LogCaptureFixture
    ) -> None:
        options = CacheOptions(
            store=RedisStore,
            store_opts={"unix_socket_path": str(tmp_path / "none"), "password": "the-secret", "clock": clock},
        )
        cached = CachingDataStore(directory, options, owner="MyId")
        with caplog.at_level(logging.DEBUG):
            assert cached.recall(ADA)["surname"] == "Lovelace"
            cached.update(ADA, {})
            cached.delete(ADA)
        assert "The cache cannot be used" in caplog.text
        assert "the-secret" not in caplog.text + repr(options)

    def test_a_url_names_the_server(self, redis_socket: str, raw: Any, directory: Directory) -> None:
        options = CacheOptions(url=f"unix://{redis_socket}")
        CachingDataStore(directory, options, owner="MyId").recall(ADA)
        assert len(raw.keys()) == 1
        with pytest.raises(ConfigurationError, match="redis://"):
            RedisStore(url="http://localhost")


class TestWhatIsKept:
    def test_a_resource_is_asked_for_once(self, cached: CachingDataStore, directory: Directory) -> None:
        assert cached.recall(ADA) == cached.recall(ADA)
        assert directory.asked == ["accounts/ada"]

    def test_get_always_asks_and_what_it_learns_is_kept(self, cached: CachingDataStore, directory: Directory) -> None:
        cached.recall(ADA)
        directory.surname = "King"
        assert cached.get(ADA)["surname"] == "King"
        assert cached.recall(ADA)["surname"] == "King"
        assert directory.asked == ["accounts/ada"] * 2

    def test_what_came_along_is_kept_and_leaves_a_link(self, cached: CachingDataStore, directory: Directory) -> None:
        cached.get(ADA, "customData,groups")
        assert cached.recall(f"{ADA}/customData")["colour"] == "red"
        assert cached.recall(ADA)["customData"] == {"href": f"{ADA}/customData"}
        assert cached.recall(ADA)["groups"] == {"href": f"{ADA}/groups"}
        assert directory.asked == ["accounts/ada"]

    @pytest.mark.parametrize(
        "path", ["tenants/current", "apiKeys/7q", "accounts/7q/groups", "applications/7q/authTokens/x", "factors/7q"]
    )
    def test_verdicts_secrets_and_lists_are_not_kept(
        self, cached: CachingDataStore, directory: Directory, path: str
    ) -> None:
        for _ in range(2):
            cached.recall(f"{BASE}/{path}")
        assert directory.asked == [path, path]

    def test_no_api_key_gets_into_a_shared_cache(self, directory: Directory, redis_socket: str, raw: Any) -> None:
        options = CacheOptions(url=f"unix://{redis_socket}")
        cached = CachingDataStore(directory, options, owner="MyId")
        cached.get(f"{BASE}/apiKeys/7q")
        cached.list(f"{BASE}/accounts/ada/apiKeys")
        assert raw.keys() == []

    def test_an_account_with_a_token_of_its_mail_is_not_kept(
        self, cached: CachingDataStore, directory: Directory
    ) -> None:
        directory.token = {"href": f"{BASE}/accounts/emailVerificationTokens/7q"}
        for _ in range(2):
            assert cached.recall(ADA)["emailVerificationToken"] == directory.token
        assert directory.asked == ["accounts/ada"] * 2

    def test_owners_do_not_see_each_other_s_entries(self, directory: Directory, redis_socket: str, raw: Any) -> None:
        for owner in ("MyId", "HerId", "MyId"):
            CachingDataStore(directory, CacheOptions(url=f"unix://{redis_socket}"), owner=owner).recall(ADA)
        assert directory.asked == ["accounts/ada"] * 2
        assert not any("MyId" in key for key in raw.keys())  # noqa: SIM118  (not a dictionary)

    def test_a_region_may_differ(self, directory: Directory) -> None:
        options: dict[str, Any] = {
            "ttl": 7,
            "regions": {"accounts": {"store": NullCacheStore, "store_opts": {}}, "groups": {"ttl": 9}},
        }
        cached = CachingDataStore(directory, CacheOptions(**options), owner="MyId")
        for _ in range(2):
            cached.recall(ADA)
            cached.recall(f"{BASE}/groups/7q")
        assert directory.asked == ["accounts/ada", "groups/7q", "accounts/ada"]

    def test_the_documented_regions_may_be_named_and_no_others(self) -> None:
        CacheOptions(regions={name: {"ttl": 1} for name in REGIONS}).made()
        with pytest.raises(ValueError, match="there is no cache region 'colours'"):
            CacheOptions(regions={"colours": {}}).made()
        with pytest.raises(ValueError, match="ttl"):
            CacheOptions(ttl=0).made()
        with pytest.raises(TypeError):
            CacheOptions(regions={"accounts": {"size": 1}}).made()


class TestWhatIsForgotten:
    def test_a_changed_resource_is_asked_for_again(self, cached: CachingDataStore, directory: Directory) -> None:
        bob = f"{BASE}/accounts/bob"
        for href in (ADA, f"{ADA}/customData", bob):
            cached.recall(href)
        cached.update(ADA, {"surname": "King", "customData": {"colour": "blue"}})
        directory.asked.clear()
        for href in (ADA, f"{ADA}/customData", bob):
            cached.recall(href)
        assert directory.asked == ["accounts/ada", "accounts/ada/customData"]

    @pytest.mark.parametrize("key", ["", "/colour", "/refreshTokens"])
    def test_removed_custom_data_is_asked_for_again(
        self, cached: CachingDataStore, directory: Directory, key: str
    ) -> None:
        cached.recall(f"{ADA}/customData")
        cached.recall(ADA)
        cached.delete(f"{ADA}/customData{key}")
        cached.recall(f"{ADA}/customData")
        cached.recall(ADA)
        assert directory.asked == ["accounts/ada/customData", "accounts/ada", "accounts/ada/customData"]

    @pytest.mark.parametrize(
        "write",
        [
            lambda cached: cached.delete(f"{BASE}/directories/7q"),
            lambda cached: cached.create(f"{BASE}/accountStoreMappings", {}),
            lambda cached: cached.update(f"{BASE}/accountStoreMappings/7q", {}),
            lambda cached: cached.update(f"{BASE}/accounts/emailVerificationTokens/7q", {}),
            lambda cached: cached.update(f"{BASE}/applications/7q/passwordResetTokens/a.b.c", {}),
        ],
    )
    def test_what_may_change_others_makes_all_forgotten(
        self, cached: CachingDataStore, directory: Directory, write: Callable[[CachingDataStore], object]
    ) -> None:
        cached.recall(ADA)
        write(cached)
        cached.recall(ADA)
        assert directory.asked == ["accounts/ada"] * 2

    @pytest.mark.parametrize(
        "write",
        [
            lambda cached: cached.delete(f"{BASE}/refreshTokens/7q"),
            lambda cached: cached.create(f"{BASE}/applications/7q/loginAttempts", {}),
            lambda cached: cached.create(f"{BASE}/directories/7q/accounts", {}),
            lambda cached: cached.update(f"{BASE}/groups/7q", {}),
        ],
    )
    def test_what_changes_nothing_else_leaves_the_rest(
        self, cached: CachingDataStore, directory: Directory, write: Callable[[CachingDataStore], object]
    ) -> None:
        cached.recall(ADA)
        write(cached)
        cached.recall(ADA)
        assert directory.asked == ["accounts/ada"]

    def test_an_answer_that_was_overtaken_by_a_change_is_not_kept(
        self, cached: CachingDataStore, directory: Directory
    ) -> None:
        directory.during = lambda: cached.update(ADA, {"surname": "King"})
        cached.recall(ADA)
        directory.during = lambda: None
        directory.surname = "King"
        assert cached.recall(ADA)["surname"] == "King"

    def test_a_failed_change_is_taken_for_a_change(self, cached: CachingDataStore, directory: Directory) -> None:
        cached.recall(ADA)

        def fail(href: str, properties: Mapping[str, Any]) -> dict[str, Any]:
            raise Unavailable

        directory.update = fail  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            cached.update(ADA, {})
        cached.recall(ADA)
        assert directory.asked == ["accounts/ada"] * 2


def test_closing_closes_the_store_below(directory: Directory) -> None:
    with closing(CachingDataStore(directory, CacheOptions(), owner="MyId")) as cached:
        assert cached.generation() == directory.generation()
