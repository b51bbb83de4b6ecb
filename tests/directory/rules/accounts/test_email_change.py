"""Another address for an account: it counts once its mail was read, and the address of before can take that back."""

from __future__ import annotations

import threading

import pytest
from support.post import Post, text
from support.world import PASSWORD, World, link, refused

from stormpath_wsgi.errors import Error, TooManyTries

ADA, NEW, OTHER = "ada@example.org", "new@example.org", "other@example.org"
DAY = 24 * 3600


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)


def begin(world: World, account: str, email: str = NEW) -> None:
    world.service.update(f"{account}/emailChange", {"email": email})


def token(post: Post) -> str:
    """The path of the token in the next mail."""
    return "accounts/emailChangeTokens/" + text(post.only()).partition("sptoken=")[2].split()[0]


def test_the_address_that_waits_is_told_and_the_account_keeps_its_own(world: World, post: Post) -> None:
    account = world.account(ADA)
    with refused(404):
        world.service.get(f"{account}/emailChange")
    begin(world, account)
    found = world.service.get(f"{account}/emailChange")
    assert (found["email"], found["account"]) == (NEW, link(account))
    assert found["href"] == link(f"{account}/emailChange")["href"]
    assert world.service.get(account)["email"] == ADA
    used = token(post)
    assert world.service.get(used) == {**link(used), "email": NEW, "back": False, "account": link(account)}


def test_a_token_of_either_kind_is_good_once_and_not_for_ever(world: World, post: Post) -> None:
    account = world.account(ADA)
    begin(world, account)
    late = token(post)
    world.now += post.mail.verification_ttl / 1000 + 1
    for ask in (world.service.get, lambda path: world.service.update(path, {})):
        with refused(404):
            ask(late)
    begin(world, account)
    used = token(post)
    world.service.update(used, {})
    back = token(post)
    with refused(404):
        world.service.update(used, {})
    assert world.login(NEW, PASSWORD) == account
    world.now += 7 * DAY - 10
    assert world.service.get(back)["email"] == ADA
    world.now += 11
    with refused(404):
        world.service.update(back, {})


def test_the_first_address_outlives_a_chain_of_changes(world: World, post: Post) -> None:
    """Whoever has taken an account over may change the address twice: its owner still gets it back."""
    account = world.account(ADA)
    session = world.session(account)
    backs = []
    for email in (NEW, OTHER):
        begin(world, account, email)
        world.service.update(token(post), {})
        backs.append(token(post))
        world.now += 60
    begin(world, account, "third@example.org")
    waiting = token(post)
    assert world.is_good(session)
    world.service.update(backs[0], {})
    assert world.login(ADA, PASSWORD) == account
    assert not world.is_good(session)
    for dead in (*backs, waiting):
        with refused(404):
            world.service.update(dead, {})


def test_a_new_password_ends_the_change_that_waits(world: World, post: Post) -> None:
    """Whoever has used a stolen session to begin it must not get the account by it."""
    account = world.account(ADA)
    begin(world, account)
    waiting = token(post)
    world.update(account, password="Another-horse-8")
    with refused(404):
        world.service.update(waiting, {})
    assert world.service.get(account)["email"] == ADA


def test_who_moves_an_account_ends_the_ways_back_of_it(world: World, post: Post) -> None:
    """The address of before may be why an administrator gives it another one."""
    account = world.account(ADA)
    begin(world, account)
    world.service.update(token(post), {})
    back = token(post)
    world.update(account, email=OTHER)
    with refused(404):
        world.service.update(back, {})
    assert world.service.get(account)["email"] == OTHER


def test_the_address_counts_by_itself_so_that_several_accounts_do_not_flood_it(sqlite_world: World) -> None:
    world, sent = sqlite_world, 0
    with pytest.raises(TooManyTries):
        for number in range(20):
            begin(world, world.account(f"ada{number}@example.org"))
            sent += 1
    assert sent == 6  # after five the waits begin


def test_a_username_of_its_own_stays(world: World, post: Post) -> None:
    account = world.account(ADA, username="ada")
    begin(world, account)
    world.service.update(token(post), {})
    assert world.service.get(account)["username"] == "ada"


def test_an_address_of_somebody_else_waits_and_its_owner_is_told(world: World, post: Post) -> None:
    account, _ = world.account(ADA), world.account(NEW)
    begin(world, account)
    mail = post.only()
    assert mail["To"] == NEW
    assert "sptoken" not in text(mail)
    assert world.service.get(f"{account}/emailChange")["email"] == NEW


@pytest.mark.parametrize(
    "wrong", [{}, {"email": None}, {"email": ""}, {"email": 7}, {"email": "x"}, {"email": ADA}, [], 7]
)
def test_what_is_no_other_address_is_refused(world: World, wrong: object) -> None:
    account = world.account(ADA)
    with pytest.raises(Error) as caught:
        world.service.update(f"{account}/emailChange", wrong)  # type: ignore[arg-type]
    assert caught.value.status == 400


def test_of_two_who_use_a_token_at_once_one_wins(world: World, post: Post) -> None:
    account = world.account(ADA)
    begin(world, account)
    used, together, answers = token(post), threading.Barrier(2), list[int]()

    def use() -> None:
        together.wait()
        try:
            world.service.update(used, {})
            answers.append(200)
        except Error as error:
            answers.append(error.status)

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 404]


def test_the_owner_of_an_account_sets_a_password_and_is_told(world: World, post: Post) -> None:
    account = world.account(ADA)
    session = world.session(account)
    assert world.service.update(f"{account}/passwordChange", {"password": "Another-Horse-2"}) == link(account)
    assert post.only()["To"] == ADA
    assert not world.is_good(session)
    assert world.login(ADA, "Another-Horse-2") == account
    for wrong in ({}, {"password": None}, {"password": "short"}):
        with pytest.raises(Error) as caught:
            world.service.update(f"{account}/passwordChange", wrong)
        assert caught.value.status == 400
