"""Sessions as their owner sees them: where somebody is signed in, since when, and how that is ended."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from support.world import World, link, path, refused

from stormpath_wsgi.errors import Error

HOUR = 3600

AGENT, ADDRESS = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "2001:db8::7"


def new_session(world: World, account: str, /, application: str | None = None, **known: Any) -> dict[str, Any]:
    body = {"application": link(application or world.application), **known}
    return world.service.create(f"{account}/sessions", body)


def test_it_is_a_refresh_token_that_knows_from_where_it_is_used(world: World) -> None:
    account = world.account()
    made = new_session(world, account, agent=AGENT, address=ADDRESS)
    id = path(made).split("/")[1]
    assert (made["agent"], made["address"], made["lastUsedAt"]) == (AGENT, ADDRESS, made["createdAt"])
    assert made["account"] == link(account) and made["application"] == link(world.application)
    assert world.service.get(path(made)) == world.only(f"{account}/sessions") == made
    assert world.is_good(id) and path(world.only(f"{account}/refreshTokens")) == f"refreshTokens/{id}"


def test_one_that_a_grant_has_made_is_among_them_without_a_place(world: World) -> None:
    account = world.account()
    id = world.session(account)
    found = world.only(f"{account}/sessions")
    assert path(found) == f"sessions/{id}"
    assert (found["agent"], found["address"], found["lastUsedAt"]) == (None, None, None)


@pytest.mark.parametrize(
    "known", [{"agent": "x" * 501}, {"agent": "two\nlines"}, {"address": "not an address"}, {"address": "f" * 65}]
)
def test_what_is_too_long_or_has_another_form_is_refused(sqlite_world: World, known: dict[str, str]) -> None:
    account = sqlite_world.account()
    with pytest.raises(Error, match="Session"):
        new_session(sqlite_world, account, **known)
    assert sqlite_world.items(f"{account}/refreshTokens") == []


def test_it_begins_under_the_conditions_of_any_token(sqlite_world: World) -> None:
    account = sqlite_world.account()
    body, params = {"application": link(sqlite_world.application)}, {"nonce": "n" * 20}
    sqlite_world.service.create(f"{account}/sessions", body, params)
    with refused(11005):
        sqlite_world.service.create(f"{account}/sessions", body, params)
    with refused(7100):
        sqlite_world.service.create(f"{account}/sessions", body, {"passwordModifiedAt": "2020-01-01T00:00:00.000Z"})
    sqlite_world.update(account, status="DISABLED")
    with refused(10010):
        sqlite_world.service.create(f"{account}/sessions", body)


def test_those_of_one_application_are_told_apart_in_pages(world: World) -> None:
    account, other = world.account(), world.new_application()
    world.map(world.directory, other)
    here = [path(new_session(world, account)) for _ in range(3)]
    new_session(world, account, other)
    asked = {"application.href": link(world.application)["href"], "orderBy": "createdAt desc", "limit": "2"}
    first = world.service.list(f"{account}/sessions", asked)
    rest = world.service.list(f"{account}/sessions", {**asked, "offset": "2"})
    assert first["size"] == 3
    assert {path(item) for item in [*first["items"], *rest["items"]]} == set(here)


def test_to_delete_it_signs_its_place_out(world: World) -> None:
    account = world.account()
    one, other = (path(new_session(world, account)) for _ in range(2))
    world.service.delete(one)
    assert path(world.only(f"{account}/sessions")) == other
    assert not world.is_good(one.split("/")[1]) and world.is_good(other.split("/")[1])
    with refused(404):
        world.service.delete(one)


def test_to_be_the_only_one_ends_all_others_at_the_application(world: World) -> None:
    account, other = world.account(), world.new_application()
    world.map(world.directory, other)
    mine, elsewhere = path(new_session(world, account)), path(new_session(world, account, other))
    new_session(world, account)
    world.service.create(f"{account}/accessTokens", {"application": link(world.application)})
    strangers = path(new_session(world, world.account()))
    before = world.service.generation()
    world.update(mine, only=True)
    assert {path(item) for item in world.items(f"{account}/sessions")} == {mine, elsewhere}
    assert world.items(f"{account}/accessTokens") == [] and world.is_good(strangers.split("/")[1])
    assert world.service.generation() != before, "other workers hear of it"
    with refused(2000):
        world.update(mine, only=None)


def test_its_last_use_is_noted_once_an_hour(world: World) -> None:
    account = world.account()
    made = new_session(world, account)
    id = path(made).split("/")[1]

    def noted() -> str:
        used: str = world.only(f"{account}/sessions")["lastUsedAt"]
        return used

    world.now += HOUR - 1
    assert world.is_good(id) and noted() == made["createdAt"]
    world.now += 1
    assert world.is_good(id)
    later = noted()
    assert later > made["createdAt"]
    world.now += HOUR - 1
    assert world.is_good(id) and noted() == later


def test_a_note_that_cannot_be_written_is_left_out_for_a_minute(sqlite_world: World) -> None:
    """A file that another program keeps locked takes the note, and holds up nobody for long."""
    id = path(new_session(sqlite_world, sqlite_world.account())).split("/")[1]
    sqlite_world.now += 2 * HOUR
    with closing(sqlite3.connect(sqlite_world.url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert sqlite_world.is_good(id)
    with sqlite_world.changes() as written:
        assert sqlite_world.is_good(id) and written == []
        sqlite_world.now += 61
        assert sqlite_world.is_good(id)
    assert [statement.split()[:2] for statement, _ in written] == [["UPDATE", "sessions"]]


def test_the_document_of_an_account_is_that_of_before(sqlite_world: World) -> None:
    account = sqlite_world.service.get(sqlite_world.account())
    assert not {"sessions", "connectedKeys", "deletions"} & account.keys()


class TestALimit:
    def test_the_oldest_session_ends_when_there_is_one_too_many(self, world: World) -> None:
        account = world.account()
        made = []
        for _ in range(4):
            world.now += 1
            made.append(begun(world, account, most="3"))
        assert [world.is_good(id) for id in made] == [False, True, True, True]

    def test_tokens_of_programs_are_none(self, sqlite_world: World) -> None:
        account = sqlite_world.account()
        of_a_program = sqlite_world.session(account)
        sqlite_world.now += 1
        first = begun(sqlite_world, account, most="1")
        sqlite_world.now += 1
        second = begun(sqlite_world, account, most="1")
        assert [sqlite_world.is_good(id) for id in (of_a_program, first, second)] == [True, False, True]

    def test_those_of_others_stay(self, sqlite_world: World) -> None:
        ada, bob = sqlite_world.account(), sqlite_world.account("bob@example.org")
        kept = begun(sqlite_world, bob, most="1")
        begun(sqlite_world, ada, most="1")
        assert sqlite_world.is_good(kept)

    def test_what_is_remembered_of_the_one_that_ended_holds_no_longer(self, sqlite_world: World) -> None:
        account = sqlite_world.account()
        begun(sqlite_world, account, most="1")
        before = sqlite_world.service.generation()
        begun(sqlite_world, account, most="2")
        assert sqlite_world.service.generation() == before
        begun(sqlite_world, account, most="1")
        assert sqlite_world.service.generation() != before

    def test_the_answer_says_whether_others_have_ended(self, sqlite_world: World) -> None:
        sessions, body = f"{sqlite_world.account()}/sessions", {"application": link(sqlite_world.application)}
        made = [sqlite_world.service.create(sessions, body, {"most": "1"}) for _ in range(2)]
        assert [each.get("endedOthers") for each in made] == [None, True]

    @pytest.mark.parametrize("most", ["0", "-1", "many", "1000000"])
    def test_what_is_no_number_is_refused(self, sqlite_world: World, most: str) -> None:
        account = sqlite_world.account()
        with refused(2006, "most must be a number"):
            begun(sqlite_world, account, most=most)


def begun(world: World, account: str, *, most: str) -> str:
    """The id of a new session of the account."""
    body = {"application": link(world.application)}
    return path(world.service.create(f"{account}/sessions", body, {"most": most})).split("/")[1]
