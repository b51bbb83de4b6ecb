"""How many mails strangers can have sent, and that a wait at sign-in ends with a new password."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select
from support.post import Post
from support.world import PASSWORD, World, refused

from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.errors import Error, TooManyTries
from stormpath_wsgi.limits import Visitor, visited
from stormpath_wsgi.settings import LimitsSettings

LIMITS = LimitsSettings()
ADA, NOBODY = "ada@example.org", "nobody@example.org"
WRONG, NEW = "Wrong-Horse-1", "Another-Horse-2"
WAIT = 7111
HERE = Visitor("203.0.113.7")
RESET, VERIFICATION = "passwordResetTokens", "verificationEmails"


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)


@pytest.fixture
def ada(world: World, post: Post) -> str:
    account = world.account(ADA)
    post.read()
    return account


def asked(world: World, kind: str, name: str, visitor: Visitor = HERE) -> int:
    """The status of the answer when a mail is asked for; the code where it is not done."""
    with visited(visitor):
        try:
            world.service.create(f"{world.application}/{kind}", {"email" if kind == RESET else "login": name})
        except Error as error:
            return error.code
    return 200


def asked_from_everywhere(world: World, kind: str, name: str, number: int) -> list[int]:
    return [asked(world, kind, name, Visitor(f"198.51.100.{each}")) for each in range(number)]


def test_one_account_gets_so_many_mails_from_all_the_world(world: World, post: Post, ada: str) -> None:
    free = LIMITS.mail.tries + 1  # the last of them begins a wait
    told = []
    for number in range(free + 3):
        # The mail is read at once: an account has so few good tokens that the next one could end this one unsent.
        told += [(asked(world, RESET, ADA, Visitor(f"198.51.100.{number}")), len(post.read()))]
    assert told == [(200, 1)] * free + [(WAIT, 0)] * 3
    with visited(HERE), pytest.raises(TooManyTries) as caught:
        world.service.create(f"{world.application}/{RESET}", {"email": ADA})
    assert caught.value.retry_after == 60
    world.now += 60
    assert asked_from_everywhere(world, RESET, ADA, 2) == [200, WAIT]


def test_too_many_leave_nothing_behind(world: World, post: Post, ada: str) -> None:
    asked_from_everywhere(world, RESET, ADA, LIMITS.mail.tries + 1)
    post.read()
    stored = select(func.count()).select_from(schema.mailed_tokens), select(func.min(schema.mailed_tokens.c.created_at))
    with world.database.read() as connection:
        before = [connection.scalar(each) for each in stored]
    world.now += 1
    assert asked(world, RESET, ADA) == WAIT
    with world.database.read() as connection:
        assert [connection.scalar(each) for each in stored] == before
    assert post.read() == []


def test_another_spelling_gives_no_more_mails(world: World, ada: str) -> None:
    spellings = ["ADA@example.org", " ada@example.org", "ada@EXAMPLE.org", "\uff41da@example.org", ADA, ADA]
    told = [asked(world, RESET, name, Visitor(f"198.51.100.{n}")) for n, name in enumerate(spellings)]
    assert WAIT not in told
    assert asked(world, RESET, ADA) == WAIT


def test_nobody_can_use_up_the_mails_of_another_kind(world: World, ada: str) -> None:
    """Whoever asks again and again for a mail that is never sent must not keep the owner from a new password."""
    for number in range(10):
        told = asked(world, VERIFICATION, ADA, Visitor(f"198.51.100.{number}"))
    assert told == WAIT
    assert asked(world, RESET, ADA) == 200


@pytest.mark.parametrize("kind", [RESET, VERIFICATION])
def test_nobody_learns_by_the_limit_who_has_an_account(world: World, ada: str, kind: str) -> None:
    """A person is told the same of all answers but 429. That comes in the same place, and says the same."""
    waits = [
        [code == WAIT for code in asked_from_everywhere(world, kind, name, LIMITS.mail.tries + 3)]
        for name in (ADA, NOBODY)
    ]
    assert waits[0] == waits[1] == [False] * (LIMITS.mail.tries + 1) + [True] * 2


def test_one_address_has_so_many_mails_sent_to_all_accounts(world: World, post: Post) -> None:
    free = LIMITS.mail_and_address.tries + 1
    told = [asked(world, RESET, f"person{number}@example.org") for number in range(free + 2)]
    assert told == [2016] * free + [WAIT] * 2
    assert asked(world, RESET, "another@example.org", Visitor("192.0.2.1")) == 2016


@pytest.fixture
def held_up(world: World, ada: str) -> Iterator[str]:
    """The account, at which strangers and its owner have guessed until everybody has to wait."""
    strangers = [Visitor(f"198.51.100.{each}") for each in range(LIMITS.account.tries)]
    for visitor in [HERE, *strangers]:
        with visited(visitor), refused(7100):
            world.login(ADA, WRONG)
    with visited(HERE):
        with refused(WAIT):
            world.login(ADA)
        yield ada


def test_a_new_password_by_mail_works_right_away_during_a_wait(world: World, held_up: str) -> None:
    token = world.service.create(f"{world.application}/{RESET}", {"email": ADA})["href"]
    world.update(token.removeprefix("https://id.example.org/v1/"), password=NEW)
    assert world.login(ADA, NEW) == held_up


def test_only_the_account_is_forgiven_to_its_owner(world: World, held_up: str) -> None:
    """Not the address, which may be a guesser's; and no code of a second factor, which the mailbox does not prove."""
    with world.service.limits.factor("7q", held_up.split("/")[1]):
        pass  # a wrong code
    token = world.service.create(f"{world.application}/{RESET}", {"email": ADA})["href"]
    world.update(token.removeprefix("https://id.example.org/v1/"), password=NEW)
    limiter = world.service.limits.limiter
    left = {count.name for count in limiter.tallies.counts(limiter.now(), 100)}
    assert left == {"accountAndAddress", "address", "mail", "mailAndAddress", "factor"}
    ours = {c.address for c in limiter.tallies.counts(limiter.now(), 100) if c.name == "accountAndAddress"}
    assert HERE.address not in ours


def test_a_wait_for_mails_holds_up_no_sign_in(world: World, ada: str) -> None:
    asked_from_everywhere(world, RESET, ADA, LIMITS.mail.tries + 2)
    with visited(HERE):
        assert world.login(ADA, PASSWORD) == ada
