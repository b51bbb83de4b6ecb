"""Access and refresh tokens: a session is good as long as everything it rests on is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from support.world import World, link, part, path, refused

from stormpath_wsgi.directory.rules.tokens.tokens import NONCE_LIFETIME
from stormpath_wsgi.directory.storage.schema import access_tokens, account_nonces, refresh_tokens
from stormpath_wsgi.errors import Error

DAY = 24 * 3600


def check(world: World, session: str, application: str | None = None, expand: str | None = None) -> dict[str, object]:
    return world.service.get(f"{application or world.application}/authTokens/{session}", expand)


def count(world: World) -> int:
    with world.database.read() as connection:
        number: int = connection.execute(select(func.count()).select_from(refresh_tokens)).scalar_one()
        return number


def test_a_session_names_its_account_and_application(world: World) -> None:
    account = world.account()
    made = world.service.create(f"{account}/refreshTokens", {"application": link(world.application)})
    assert made == {
        "href": made["href"],
        "createdAt": "2023-11-14T22:13:20.000Z",
        "account": link(account),
        "application": link(world.application),
        "tenant": link(world.tenant),
        "naming": {"isHome": True, "qualifier": "My Application Directory"},
    }
    assert check(world, path(made).split("/")[1]) == made == world.service.get(path(made))


def test_checking_a_session_answers_with_the_account_in_one_statement(world: World) -> None:
    account = world.account(givenName="Ada")
    session = world.session(account)
    check(world, session)
    with world.statements() as ran:
        assert check(world, session, expand="account")["account"] == world.service.get(account)
    assert len(ran) == 2  # the second one is our own look at the account


def test_a_check_can_expand_more(world: World) -> None:
    account, group = world.account(), world.group("admins")
    world.member(account, group)
    found = check(world, world.session(account), expand="account(groups(limit:5),directory),application")
    assert found["account"]["groups"]["items"][0]["name"] == "admins"  # type: ignore[index]
    assert found["account"]["directory"]["name"] == "My Application Directory"  # type: ignore[index]
    assert found["application"]["name"] == "My Application"  # type: ignore[index]
    with refused(2107):
        check(world, world.session(account), expand="friends")


def test_a_session_lasts_as_long_as_the_policy_says(world: World) -> None:
    world.update(part(world.service.get(world.application), "oAuthPolicy"), refreshTokenTtl="PT10S")
    session = world.session(world.account())
    world.now += 9.999
    assert world.is_good(session)
    world.now += 0.001
    with refused(10011):
        check(world, session)


def test_another_policy_counts_for_new_sessions_only(world: World) -> None:
    session = world.session(world.account())
    world.update(part(world.service.get(world.application), "oAuthPolicy"), refreshTokenTtl="PT1S")
    world.now += 59 * DAY
    assert world.is_good(session)


def test_without_a_lifetime_there_are_no_sessions(world: World) -> None:
    world.update(part(world.service.get(world.application), "oAuthPolicy"), refreshTokenTtl="PT0M")
    with refused(2002, "lifetime"):
        world.session(world.account())


def test_an_access_token_has_a_lifetime_of_its_own(world: World) -> None:
    account = world.account()
    made = world.service.create(f"{account}/accessTokens", {"application": link(world.application)})
    token = path(made).split("/")[1]
    assert check(world, token, expand="account")["account"]["href"] == link(account)["href"]  # type: ignore[index]
    world.now += 3600
    with refused(10011):
        check(world, token)
    with refused(404):
        world.service.get(f"refreshTokens/{token}")


def test_signing_out_ends_one_session(world: World) -> None:
    account = world.account()
    session, other = world.session(account), world.session(account)
    world.service.delete(f"refreshTokens/{session}")
    with refused(10013):
        check(world, session)
    assert world.is_good(other)
    with refused(404):
        world.service.delete(f"refreshTokens/{session}")


@pytest.mark.parametrize("token", ["unknown", "x" * 64])
def test_an_unknown_token_is_not_good(world: World, token: str) -> None:
    with refused(10013):
        check(world, token)


def test_a_session_is_good_at_its_own_application_only(world: World) -> None:
    other = world.new_application()
    world.map(world.directory, other)
    session = world.session(world.account())
    with refused(10014):
        check(world, session, other)
    with refused(10014):
        check(world, session, "applications/unknown")


ENDS: dict[str, tuple[Callable[[World, str], object], int]] = {
    "disabled application": (lambda world, account: world.update(world.application, status="DISABLED"), 10015),
    "deleted application": (lambda world, account: world.service.delete(world.application), 10013),
    "disabled directory": (lambda world, account: world.update(world.directory, status="DISABLED"), 10016),
    "deleted directory": (lambda world, account: world.service.delete(world.directory), 10013),
    "removed mapping": (lambda world, account: world.service.delete(world.mapping()), 10016),
    "disabled account": (lambda world, account: world.update(account, status="DISABLED"), 10013),
    "deleted account": (lambda world, account: world.service.delete(account), 10013),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_session_ends_with_what_it_rests_on(world: World, end: str) -> None:
    act, code = ENDS[end]
    account = world.account()
    session = world.session(account)
    act(world, account)
    with refused(code):
        check(world, session)


@pytest.mark.parametrize("end", ["disabled application", "disabled directory", "removed mapping", "disabled account"])
def test_no_session_begins_there_either(world: World, end: str) -> None:
    act, code = ENDS[end]
    account = world.account()
    act(world, account)
    with refused(10010 if end == "disabled account" else code):
        world.session(account)
    assert count(world) == 0


def test_a_session_through_a_group_rests_on_the_membership(world: World) -> None:
    account, group = world.account(), world.group()
    application = world.new_application()
    mapping = world.map(group, application)
    with refused(10016):
        world.session(account, application)
    membership = world.member(account, group)
    session = world.session(account, application)
    for store in (group, world.directory):
        world.update(store, status="DISABLED")
        with refused(10016):
            check(world, session, application)
        world.update(store, status="ENABLED")
        assert world.is_good(session, application)
    world.service.delete(membership)
    assert not world.is_good(session, application)
    world.member(account, group)
    assert world.is_good(session, application)
    world.service.delete(mapping)
    assert not world.is_good(session, application)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 2000),
        ({"application": link("applications/unknown")}, 2016),
        ({"application": link("directories/x")}, 2014),
        ({"application": {"href": "x"}}, 2002),
        ({"application": "x"}, 2004),
    ],
)
def test_a_session_needs_an_application(world: World, body: dict[str, object], code: int) -> None:
    with refused(code):
        world.service.create(f"{world.account()}/refreshTokens", body)


def test_an_account_lists_its_sessions_without_the_expired_ones(world: World) -> None:
    other = world.new_application()
    world.map(world.directory, other)
    account = world.account()
    early = world.session(account)
    world.now += 30 * DAY
    late, elsewhere = world.session(account), world.session(account, other)
    listed = f"{account}/refreshTokens"
    assert [path(item) for item in world.items(listed, orderBy="createdAt")][:1] == [f"refreshTokens/{early}"]
    here = world.items(listed, **{"application.href": link(world.application)["href"]})
    assert [path(item) for item in here] == [f"refreshTokens/{early}", f"refreshTokens/{late}"]
    world.now += 31 * DAY
    assert {path(item) for item in world.items(listed)} == {f"refreshTokens/{late}", f"refreshTokens/{elsewhere}"}
    for verb in (world.service.get, world.service.delete):
        with refused(404):
            verb(f"refreshTokens/{early}")


def test_expired_tokens_do_not_pile_up(world: World) -> None:
    account = world.account()
    for _ in range(12):
        world.session(account)
    world.now += 61 * DAY
    for _ in range(3):
        world.session(account)
    assert count(world) == 3


def test_a_token_never_changes(world: World) -> None:
    session = world.session(world.account())
    with refused(405):
        world.update(f"refreshTokens/{session}", application=link(world.application))
    with refused(405):
        world.service.create("refreshTokens/x", {})
    with refused(404):
        world.service.create("refreshTokens", {"application": link(world.application)})


def test_the_generation_moves_when_a_session_may_have_ended_and_not_when_one_begins(world: World) -> None:
    account, other = world.account(), world.account()
    group = world.group()
    before = world.service.generation()
    sessions = [world.session(account) for _ in range(2)]
    world.account()
    world.login(world.service.get(account)["email"])
    check(world, sessions[0])
    assert world.service.generation() == before or "postgresql" in world.url
    for change in (
        lambda: world.service.delete(f"refreshTokens/{sessions[0]}"),
        lambda: world.update(account, password="Another-Horse-2"),
        lambda: world.update(account, surname="L"),
        lambda: world.service.update(f"{account}/customData", {"a": 1}),
        lambda: world.member(account, group),
        lambda: world.update(world.directory, status="DISABLED"),
        lambda: world.update(world.application, status="DISABLED"),
        lambda: world.service.delete(world.mapping()),
        lambda: world.service.delete(other),
    ):
        before = world.service.generation()
        change()
        assert world.service.generation() != before


def test_no_session_survives_a_password_change_that_happens_at_the_same_time(world: World) -> None:
    """Sessions that begin while the password is being changed either end with it or begin after it."""
    account = world.account()
    barrier = threading.Barrier(3)

    def begin(_: int) -> list[str]:
        barrier.wait()
        return [world.session(account) for _ in range(5)]

    def change() -> str:
        barrier.wait()
        changed: str = world.update(account, password="Another-Horse-2")["passwordModifiedAt"]
        return changed

    with ThreadPoolExecutor(3) as threads:
        begun, changed = threads.map(begin, range(2)), threads.submit(change)
        sessions = [session for some in begun for session in some]
        changed.result()
    left = [path(item).split("/")[1] for item in world.items(f"{account}/refreshTokens")]
    assert set(left) <= set(sessions)
    assert [session for session in sessions if world.is_good(session)] == [s for s in sessions if s in left]


def test_both_sorts_of_token_are_kept_apart(world: World) -> None:
    account = world.account()
    world.session(account)
    world.service.create(f"{account}/accessTokens", {"application": link(world.application)})
    assert len(world.items(f"{account}/accessTokens")) == len(world.items(f"{account}/refreshTokens")) == 1
    world.update(account, password="Another-Horse-2")
    with world.database.read() as connection:
        assert connection.execute(select(access_tokens)).first() is None


@pytest.mark.parametrize("tokens", ["refreshTokens", "accessTokens"])
def test_a_token_can_be_bound_to_the_password_that_was_known(world: World, tokens: str) -> None:
    account, body = world.account(), {"application": link(world.application)}
    known = {"passwordModifiedAt": world.service.get(account)["passwordModifiedAt"]}
    assert world.service.create(f"{account}/{tokens}", body, known)
    world.update(account, password="Another-Horse-2")
    with refused(7100):
        world.service.create(f"{account}/{tokens}", body, known)
    now = world.service.get(account)["passwordModifiedAt"]
    assert world.service.create(f"{account}/{tokens}", body, {"passwordModifiedAt": now.replace("Z", "+00:00")})


NONCE = {"nonce": "0123456789abcdef"}


class TestNonces:
    """What proves somebody once begins one session, whichever worker it comes to."""

    def test_a_token_is_made_once_for_a_nonce(self, world: World) -> None:
        account, body = world.account(), {"application": link(world.application)}
        first = world.service.create(f"{account}/refreshTokens", body, NONCE)
        with refused(11005):
            world.service.create(f"{account}/refreshTokens", body, NONCE)
        world.service.delete(path(first))
        with refused(11005):
            world.service.create(f"{account}/refreshTokens", body, NONCE)
        assert world.service.create(f"{account}/refreshTokens", body, {"nonce": "fedcba9876543210"})
        assert world.service.create(f"{world.account()}/refreshTokens", body, NONCE)

    def test_what_is_refused_uses_no_nonce_up(self, world: World) -> None:
        account, body = world.account(), {"application": link(world.application)}
        known = world.service.get(account)["passwordModifiedAt"]
        world.now += 1
        world.update(account, password="Another-Horse-2")
        with refused(7100):
            world.service.create(f"{account}/refreshTokens", body, {**NONCE, "passwordModifiedAt": known})
        assert world.service.create(f"{account}/refreshTokens", body, NONCE)

    def test_of_those_who_bring_one_at_once_one_is_served(self, world: World) -> None:
        account, body = world.account(), {"application": link(world.application)}
        barrier = threading.Barrier(4)

        def begin(_: int) -> int | None:
            barrier.wait()
            try:
                world.service.create(f"{account}/refreshTokens", body, NONCE)
            except Error as error:
                return error.code
            return None

        with ThreadPoolExecutor(4) as threads:
            assert sorted(threads.map(begin, range(4)), key=str) == [11005, 11005, 11005, None]
        assert len(world.items(f"{account}/refreshTokens")) == 1

    def test_old_nonces_go(self, world: World) -> None:
        account, body = world.account(), {"application": link(world.application)}
        for number in range(7):
            world.service.create(f"{account}/refreshTokens", body, {"nonce": f"{number:016}"})
        world.now += NONCE_LIFETIME + 1
        for number in range(7, 9):
            world.service.create(f"{account}/refreshTokens", body, {"nonce": f"{number:016}"})
        with world.database.read() as connection:
            assert connection.execute(select(func.count()).select_from(account_nonces)).scalar_one() == 2

    @pytest.mark.parametrize("nonce", ["", "short", "x" * 129, "0123456789abcde\n", 5])
    def test_what_is_no_nonce_is_refused(self, world: World, nonce: object) -> None:
        with refused(2006):
            body = {"application": link(world.application)}
            world.service.create(f"{world.account()}/refreshTokens", body, {"nonce": nonce})


@pytest.mark.parametrize("known", ["", "yesterday", 5, "9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00"])
def test_what_is_no_moment_is_refused(world: World, known: object) -> None:
    with refused(2006):
        body = {"application": link(world.application)}
        world.service.create(f"{world.account()}/refreshTokens", body, {"passwordModifiedAt": known})
