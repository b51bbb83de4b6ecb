"""Refresh tokens that rotate: one is good at a time, and an old one that is used ends all that came of it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from support.warm import Start
from support.world import BASE, ON_ONE_ENGINE, PASSWORD, Wire, World, link, refused

from stormpath_wsgi import jwt
from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import RefreshTokenReused

GRACE = 10  # seconds

#: Uses the refresh tokens that it is told, a line each. Answers a refresh token, or the code of an error.
PROGRAM = """
    import sys
    from stormpath_wsgi.directory import DirectoryService
    from stormpath_wsgi.directory.crypto.secrets import Secrets
    from stormpath_wsgi.directory.storage.engine import Database
    from stormpath_wsgi.errors import Error
    from support.world import BASE, ENCRYPTION_KEY

    url, application, now = sys.argv[1:]
    service = DirectoryService(
        Database(url, timeout=30), BASE, clock=lambda: float(now), secrets=Secrets([ENCRYPTION_KEY])
    )
    service.get("tenants/current")
    print("ready", flush=True)
    for line in sys.stdin:
        token, grace = line.split()
        fields = {"grant_type": "refresh_token", "refresh_token": token, "rotate": "true", "grace": grace}
        try:
            print(service.create(f"{application}/oauth/token", fields)["refresh_token"], flush=True)
        except Error as error:
            print(error.code, flush=True)
"""


class Caller:
    """A program that makes refresh tokens rotate, and hears of those that are used again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.id, self.secret = world.service.issue_api_key()
        self.service: DirectoryService = world.service.called_with(self.id)
        self.account = world.account("ada@example.org")
        self.told: list[RefreshTokenReused] = []
        world.service.events.listen(RefreshTokenReused, self.told.append)

    def sign_in(self) -> Wire:
        return self.ask(grant_type="password", username="ada@example.org", password=PASSWORD)

    def refresh(self, tokens: Wire | str, **fields: str) -> Wire:
        token = tokens if isinstance(tokens, str) else tokens["refresh_token"]
        return self.ask(grant_type="refresh_token", refresh_token=token, **fields)

    def rotate(self, tokens: Wire | str, **fields: str) -> Wire:
        return self.refresh(tokens, rotate="true", **fields)

    def ask(self, **fields: str) -> Wire:
        return self.service.create(f"{self.world.application}/oauth/token", fields)

    def check(self, tokens: Wire) -> Wire:
        return self.service.get(f"{self.world.application}/authTokens/{tokens['access_token']}")

    def claims(self, token: str) -> dict[str, Any]:
        return dict(jwt.read(token, lambda kid: self.secret).claims)


@pytest.fixture
def caller(world: World) -> Caller:
    return Caller(world)


def test_each_use_gives_another_one_of_the_same_session(world: World, caller: Caller) -> None:
    first = caller.sign_in()
    second = caller.rotate(first)
    third = caller.rotate(second)
    texts = [each["refresh_token"] for each in (first, second, third)]
    assert len(set(texts)) == 3
    claims = [caller.claims(text) for text in texts]
    assert [each.pop("rot", 0) for each in claims] == [0, 1, 2]
    assert claims[0] == claims[1] == claims[2]  # the same session, which ends when it would have ended
    for each in (first, second, third):
        assert caller.check(each)
    [session] = world.items(f"{caller.account}/refreshTokens")
    assert session["jwt"] == texts[2]


def test_without_a_wish_it_stays(caller: Caller) -> None:
    first = caller.sign_in()
    assert caller.refresh(first)["refresh_token"] == first["refresh_token"]
    second = caller.rotate(first)
    assert caller.refresh(second)["refresh_token"] == second["refresh_token"]


@pytest.mark.parametrize("rotates", [True, False])
def test_an_old_one_ends_all_that_came_of_it_and_listeners_hear_it_once(
    world: World, caller: Caller, rotates: bool
) -> None:
    use = caller.rotate if rotates else caller.refresh
    first = caller.sign_in()
    second = caller.rotate(first)
    world.now += GRACE
    other = caller.sign_in()
    generation = world.service.generation()
    with refused(11005):
        use(first)
    assert world.service.generation() != generation
    assert [event.account for event in caller.told] == [f"{BASE}/{caller.account}"]
    for each in (first, second):
        with refused(10013):
            use(each)
        with refused(10013):
            caller.check(each)
    assert len(caller.told) == 1
    assert caller.check(other)


def test_one_whose_answer_was_lost_gets_the_same_answer_for_some_seconds(world: World, caller: Caller) -> None:
    first = caller.sign_in()
    world.now += 2 * GRACE
    second = caller.rotate(first)
    world.now += GRACE - 1
    assert caller.rotate(first)["refresh_token"] == second["refresh_token"]
    assert caller.refresh(first)["refresh_token"] == second["refresh_token"]
    world.now -= 2 * (GRACE - 1)  # the clock of another machine
    assert caller.rotate(first)["refresh_token"] == second["refresh_token"]
    assert caller.told == []


def test_that_is_for_the_one_before_the_latest_only(caller: Caller) -> None:
    first = caller.sign_in()
    caller.rotate(caller.rotate(first))
    with refused(11005):
        caller.rotate(first)


@pytest.mark.parametrize(("grace", "seconds"), [("0", 0), ("3", 3), ("600", 600)])
def test_the_caller_says_how_many_seconds(world: World, caller: Caller, grace: str, seconds: int) -> None:
    first = caller.sign_in()
    caller.rotate(first)
    if seconds:
        world.now += seconds - 1
        caller.rotate(first, grace=grace)
        world.now += 1
    with refused(11005):
        caller.rotate(first, grace=grace)


@ON_ONE_ENGINE
def test_what_is_no_number_of_seconds_is_refused(caller: Caller) -> None:
    first = caller.sign_in()
    for grace in ("", "-1", "1.5", "ten", "1" * 6, "१"):
        with refused(2006):
            caller.rotate(first, grace=grace)


def test_a_database_that_was_put_back_raises_no_alarm(world: World, caller: Caller) -> None:
    first = caller.sign_in()
    second = caller.rotate(caller.rotate(first))
    with world.database.write() as transaction:
        transaction.connection.exec_driver_sql("UPDATE refresh_tokens SET rotation = 0, rotated_at = NULL")
    assert caller.claims(caller.rotate(second)["refresh_token"])["rot"] == 3


@ON_ONE_ENGINE
def test_a_count_that_nobody_wrote_is_refused(world: World, caller: Caller) -> None:
    """Only who has the secret of the API key could write it."""
    first = caller.sign_in()
    wrong: list[Any] = [-1, "1", None, True, 1e300]
    for claim in wrong:
        claims = {**caller.claims(first["refresh_token"]), "rot": claim}
        forged = jwt.write({"kid": caller.id, "stt": "refresh"}, claims, caller.secret)
        with refused(11004):
            caller.rotate(forged)


def test_one_that_is_used_by_two_processes_at_once_rotates_once(world: World, caller: Caller, program: Start) -> None:
    workers = [program(PROGRAM, world.url, world.application, str(world.now)) for _ in range(2)]
    for each in workers:
        assert each.stdout
        assert each.stdout.readline() == "ready\n"

    def together(token: str, grace: int) -> list[str]:
        for each in workers:
            assert each.stdin
            each.stdin.write(f"{token} {grace}\n")
            each.stdin.flush()
        return [each.stdout.readline().strip() for each in workers if each.stdout]

    for _ in range(3):
        first = caller.sign_in()["refresh_token"]
        one, other = together(first, GRACE)
        assert one == other
        assert caller.claims(one)["rot"] == 1
        answers = Counter(code if code.isdecimal() else "a token" for code in together(one, 0))
        assert answers in (Counter(["a token", "11005"]), Counter(["11005", "10013"]))
        with refused(10013):
            caller.refresh(one)


class TestForAnAccount:
    """A token that whoever may act for the tenant makes for an account, with a JWT."""

    def make(self, caller: Caller, kind: str = "refreshTokens", **params: str) -> Wire:
        body = {"application": link(caller.world.application)}
        return caller.service.create(f"{caller.account}/{kind}", body, {"signed": "true", **params})

    def test_it_is_as_one_of_the_token_endpoint(self, caller: Caller) -> None:
        made = self.make(caller)
        again = caller.refresh(made["jwt"])
        assert again["refresh_token"] == made["jwt"]
        assert caller.claims(again["access_token"])["rti"] == made["href"].rpartition("/")[2]
        assert caller.check({"access_token": self.make(caller, "accessTokens")["jwt"]})

    def test_it_may_name_an_organization(self, world: World, caller: Caller) -> None:
        acme = world.new_organization("acme", world.directory)
        world.map(acme)
        made = self.make(caller, organizationNameKey="acme")
        assert caller.claims(made["jwt"])["org"] == link(acme)["href"]
        world.map(world.new_organization("other", world.new_directory()))
        with refused(10016):
            self.make(caller, organizationNameKey="other")
        with pytest.raises(Error):
            self.make(caller, organizationNameKey="nobody")


def test_an_access_token_may_live_for_as_long_as_the_caller_says(world: World, caller: Caller) -> None:
    first = caller.sign_in()
    for wish, seconds in (("PT90S", 90), ("P1D", 86_400)):
        answer = caller.refresh(first, accessTokenTtl=wish)
        claims = caller.claims(answer["access_token"])
        assert answer["expires_in"] == claims["exp"] - claims["iat"] == seconds
    for wish in ("90", "PT0S", "P100Y", json.dumps({})):
        with pytest.raises(Error) as caught:
            caller.refresh(first, accessTokenTtl=wish)
        assert 2002 <= caught.value.code <= 2010
