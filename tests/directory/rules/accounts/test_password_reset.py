"""Password resets: a token by mail, good once and not for long, and nobody learns by time who has an account."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from sqlalchemy import func, select
from support.post import Post, text, token_in
from support.world import PASSWORD, World, link, recorded, refused

from stormpath_wsgi.directory.mail.mailers import Unreachable
from stormpath_wsgi.directory.storage import schema

NEW = "Another-Horse-2"
ADA = "ada@example.org"
DAY = 24 * 3600


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)


def asked(world: World, email: str = ADA, **more: Any) -> str:
    """The path of a new token."""
    made = world.service.create(f"{world.application}/passwordResetTokens", {"email": email, **more})
    return str(made["href"]).removeprefix("https://id.example.org/v1/")


def test_who_forgot_a_password_sets_a_new_one(world: World, post: Post) -> None:
    account = world.account(ADA)
    session = world.session(account)
    token = asked(world)
    mail = post.only()
    assert (mail["To"], mail["Subject"]) == (ADA, "Choose a new password for My Application")
    assert mail["From"] == "Accounts <noreply@id.example.org>"
    assert f"https://id.example.org/change?sptoken={token.rpartition('/')[2]}\n" in text(mail)
    answer = {"href": link(token)["href"], "email": ADA, "account": link(account)}
    assert world.service.get(token) == answer
    assert world.update(token, password=NEW) == answer
    assert world.login(ADA, NEW) == account
    assert not world.is_good(session)
    assert post.only()["Subject"] == "Your password for My Application was changed"


def test_a_token_is_good_once(world: World, post: Post) -> None:
    world.account(ADA)
    token, other = asked(world), asked(world)
    world.update(token, password=NEW)
    for spent in (token, other):
        with refused(404):
            world.service.get(spent)
        with refused(404):
            world.update(spent, password="Third-Horse-3")
    assert world.login(ADA, NEW)


def test_the_token_is_a_jwt_that_tells_when_it_ends(world: World, post: Post) -> None:
    world.account(ADA)
    header, claims, _ = asked(world).rpartition("/")[2].split(".")
    assert decoded(header) == {"kid": world.tenant.split("/")[1], "alg": "HS256"}
    assert decoded(claims).keys() == {"exp", "jti"}
    assert decoded(claims)["exp"] == int(world.now) + DAY


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=="))


def test_a_token_ends_when_its_time_comes(world: World, post: Post) -> None:
    world.account(ADA)
    policy = world.directory.replace("directories", "passwordPolicies")
    world.update(policy, resetTokenTtl=2)
    token = asked(world)
    world.now += 2 * 3600 - 1
    assert world.service.get(token)
    world.now += 1
    with refused(404):
        world.service.get(token)


ENDINGS: dict[str, dict[str, str]] = {"password": {"password": NEW}, "address": {"email": "new@example.org"}}


@pytest.mark.parametrize("change", ENDINGS)
def test_a_token_ends_with_the_password_and_the_address_it_was_for(world: World, post: Post, change: str) -> None:
    account = world.account(ADA)
    token = asked(world)
    world.update(account, givenName="Ada", email=ADA.upper())
    assert world.service.get(token)
    world.update(account, **ENDINGS[change])
    with refused(404):
        world.service.get(token)


def test_a_token_is_good_at_its_application_only(world: World, post: Post) -> None:
    world.account(ADA)
    other = world.new_application()
    world.map(world.directory, other)
    token = asked(world).replace(world.application, other)
    with refused(404):
        world.service.get(token)
    with refused(404):
        world.update(token, password=NEW)


@pytest.mark.parametrize("change", [lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"), lambda token: "x"])
def test_a_token_that_is_none_is_not_found(world: World, post: Post, change: Callable[[str], str]) -> None:
    world.account(ADA)
    start, _, token = asked(world).rpartition("/")
    with refused(404):
        world.update(f"{start}/{change(token)}", password=NEW)


def test_a_password_that_will_not_do_leaves_the_token_good(world: World, post: Post) -> None:
    world.account(ADA)
    world.update(f"{world.directory.replace('directories', 'passwordPolicies')}/strength", preventReuse=3)
    token = asked(world)
    for properties, code in (
        ({"password": "short"}, 2007),
        ({"password": PASSWORD}, 2002),
        ({"email": ADA}, 2000),
        ({}, 2000),
    ):
        with refused(code):
            world.update(token, **properties)
    world.update(token, password=NEW)


@pytest.mark.parametrize(("status", "code"), [("DISABLED", 7101), ("LOCKED", 7103)])
def test_a_new_password_lets_nobody_in_who_was_shut_out(world: World, post: Post, status: str, code: int) -> None:
    world.account(ADA, status=status)
    world.update(asked(world), password=NEW)
    with refused(code):
        world.login(ADA, NEW)


def test_a_stranger_and_another_s_store_are_no_known_resource(world: World, post: Post) -> None:
    world.account(ADA, username="ada")
    mapped, apart = world.new_directory(), world.new_directory()
    world.map(mapped)
    stranger: dict[str, Any]
    for stranger in (
        {"email": "bob@example.org"},
        {"email": "ada"},
        {"email": "\U000e0001"},
        {"email": ADA, "accountStore": link(mapped)},
        {"email": ADA, "accountStore": link(apart)},
    ):
        with refused(2016):
            asked(world, **stranger)
    assert post.read() == []
    assert asked(world, accountStore=link(world.directory))


def test_a_stranger_costs_the_same_statements(world: World, post: Post) -> None:
    world.account(ADA)
    asked(world)
    post.read()
    world.service._context.deliver = lambda: None
    ran: dict[str, list[str]] = {}
    for email, outcome in ((ADA, nullcontext()), ("bob@example.org", refused(2016))):
        with recorded(world.database) as statements, outcome:
            asked(world, email)
        ran[email] = [statement for statement, _ in statements]
    assert ran[ADA] == ran["bob@example.org"]
    assert len(ran[ADA]) > 5


def test_an_account_has_few_tokens_and_old_ones_do_not_pile_up(world: World, post: Post) -> None:
    world.account(ADA)
    tokens = []
    for _ in range(7):
        world.now += 600  # as often as mails may be asked for
        tokens.append(asked(world))
    for dropped in tokens[:2]:
        with refused(404):
            world.service.get(dropped)
    assert all(world.service.get(token) for token in tokens[2:])
    world.now += 2 * DAY
    world.account("bob@example.org")
    asked(world, "bob@example.org")
    with world.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(schema.mailed_tokens)).scalar() == 1


def test_a_directory_may_leave_the_mail_to_the_application(world: World, post: Post) -> None:
    """The tenant's program has the token from the answer, and its own way of bringing it."""
    world.account(ADA)
    policy = world.directory.replace("directories", "passwordPolicies")
    world.update(policy, resetEmailStatus="DISABLED", resetSuccessEmailStatus="DISABLED")
    token = asked(world)
    assert post.read() == []
    assert world.update(token, password=NEW)
    # A notice, which no policy leaves out.
    assert post.only()["Subject"] == "Your password for My Application was changed"


def test_the_account_comes_along_where_it_is_asked_for(world: World, post: Post) -> None:
    world.account(ADA)
    made = world.service.create(f"{world.application}/passwordResetTokens", {"email": ADA}, {"expand": "account"})
    assert made["account"]["email"] == ADA
    path = made["href"].removeprefix("https://id.example.org/v1/")
    assert world.service.get(path, "account")["account"]["email"] == ADA


def test_no_token_is_stored_in_plain_text_or_logged(world: World, post: Post, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world.account(ADA)
    post.down = Unreachable
    token = asked(world).rpartition("/")[2]
    post.read()
    post.down = None
    with world.database.read() as connection:
        for table in (schema.mailed_tokens, schema.outbox):
            for row in connection.execute(select(table)):
                assert token not in str(row)
    assert caplog.records
    assert token not in caplog.text
    world.now += 3600
    assert token_in(post.only()) == token
