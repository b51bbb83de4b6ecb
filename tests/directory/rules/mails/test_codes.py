"""Codes that are mailed beside a token: good for one browser, a short time and five answers, and for nobody else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select
from support.post import Post, text
from support.world import PASSWORD, World, path, recorded, refused

from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.errors import Error
from stormpath_wsgi.tickets import holding, new

ADA, NOBODY = "ada@example.org", "nobody@example.org"
WRONG, DEAD = 7120, 7121
MINUTE = 60
EIGHT = re.compile(r"^ {4}(\d{4}) (\d{4})$", re.M)


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)


@pytest.fixture
def verifying(world: World, post: Post) -> Post:
    """The same of a directory that verifies addresses."""
    world.update(world.directory.replace("directories", "accountCreationPolicies"), verificationEmailStatus="ENABLED")
    return post


def asked(world: World, post: Post, ticket: str, email: str = ADA) -> str:
    """The code of a mail for a new password that was asked for with *ticket*; an empty text for who gets none."""
    with holding(ticket):
        try:
            world.service.create(f"{world.application}/passwordResetTokens", {"email": email})
        except Error as error:
            assert error.code == 2016
    mails = post.read()
    return digits(text(mails[0]), EIGHT) if mails else ""


def digits(body: str, form: re.Pattern[str]) -> str:
    found = form.search(body)
    assert found, body
    return "".join(found.groups())


def answer(world: World, ticket: str, code: str, purpose: str = "reset", at: str | None = None) -> dict[str, Any]:
    return world.service.create(
        f"{at or world.application}/mailedCodes", {"purpose": purpose, "ticket": ticket, "code": code}
    )


def other(code: str) -> str:
    return f"{(int(code or 0) + 1) % 10 ** len(code or '1'):0{len(code)}}"


class TestACodeForANewPassword:
    def test_opens_what_the_link_opens_once(self, world: World, post: Post) -> None:
        world.account(ADA)
        ticket = new()
        code = asked(world, post, ticket)
        token = path(answer(world, ticket, f" {code[:4]}-{code[4:]} "))
        with refused(DEAD):
            answer(world, ticket, code)
        world.update(token, password="Another-Horse-2")
        assert world.login(ADA, "Another-Horse-2")
        with refused(404):
            world.update(token, password=PASSWORD)

    def test_takes_five_answers_and_the_right_one_comes_too_late(self, world: World, post: Post) -> None:
        world.account(ADA)
        ticket = new()
        code = asked(world, post, ticket)
        for wrong in (other(code), "", "x", "9" * 12, other(code)):
            with refused(WRONG if wrong else 2000):
                answer(world, ticket, wrong)
        with refused(WRONG):
            answer(world, ticket, other(code))
        with refused(DEAD):
            answer(world, ticket, code)

    def test_is_good_for_its_time_and_no_longer(self, world: World, post: Post) -> None:
        world.account(ADA)
        early, late = new(), new()
        first, second = asked(world, post, early), asked(world, post, late)
        world.now += 600 - 1
        assert answer(world, early, first)
        world.now += 1
        with refused(DEAD):
            answer(world, late, second)
        world.now -= 3600  # a clock that is set back makes no code good for longer than it was told
        with refused(DEAD):
            answer(world, early, first)

    def test_is_good_for_the_browser_that_asked_only(self, world: World, post: Post) -> None:
        world.account(ADA)
        hers, his = new(), new()
        code = asked(world, post, hers)
        assert asked(world, post, his, NOBODY) == ""
        with refused(WRONG):
            answer(world, his, code)
        for stranger in (new(), "x" * 22):
            with refused(DEAD):
                answer(world, stranger, code)
        with refused(DEAD):
            answer(world, hers, code, at=world.new_application())
        with refused(DEAD):
            answer(world, hers, code, purpose="verification")
        assert answer(world, hers, code), "nobody else has used answers of it up"

    def test_that_is_sent_again_replaces_the_one_before(self, world: World, post: Post) -> None:
        world.account(ADA)
        ticket = new()
        first = asked(world, post, ticket)
        assert asked(world, post, ticket) == "", "a double click sends one mail"
        world.now += MINUTE
        second = asked(world, post, ticket)
        if first != second:
            with refused(WRONG):
                answer(world, ticket, first)
        assert answer(world, ticket, second)

    @pytest.mark.parametrize("change", [{"password": "Another-Horse-2"}, {"email": "eve@example.org"}])
    def test_ends_with_what_it_was_for(self, world: World, post: Post, change: dict[str, str]) -> None:
        account, ticket = world.account(ADA), new()
        code = asked(world, post, ticket)
        world.update(account, **change)
        with refused(DEAD):
            answer(world, ticket, code)

    def test_for_nobody_is_counted_and_answered_by_the_same_statements(self, world: World, post: Post) -> None:
        world.account(ADA)
        ran: dict[str, list[str]] = {}
        for email in (ADA, NOBODY):
            ticket = new()
            code = asked(world, post, ticket, email) or "12345678"
            with recorded(world.database) as statements:
                for _ in range(5):
                    with refused(WRONG):
                        answer(world, ticket, other(code))
                with refused(DEAD):
                    answer(world, ticket, code)
            ran[email] = [statement for statement, _ in statements]
        assert ran[ADA] == ran[NOBODY]

    def test_is_in_no_mail_and_no_table_where_nobody_asked_for_one(self, world: World, post: Post) -> None:
        world.account(ADA)
        world.service.create(f"{world.application}/passwordResetTokens", {"email": ADA})
        assert EIGHT.search(text(post.only())) is None
        assert rows(world) == []

    def test_is_stored_as_a_digest_with_a_key_and_does_not_pile_up(self, world: World, post: Post) -> None:
        world.account(ADA)
        ticket = new()
        code = asked(world, post, ticket)
        (row,) = rows(world)
        assert row.digest.startswith("v1.")
        assert not {ticket, code} & {str(value) for value in row}
        world.now += 86_400
        asked(world, post, new())
        assert len(rows(world)) == 1


class TestACodeOfARegistration:
    def test_verifies_the_address(self, world: World, verifying: Post) -> None:
        ticket = new()
        with holding(ticket):
            account = world.account(ADA, at=world.application)
        code = digits(text(verifying.only()), EIGHT)
        assert answer(world, ticket, code, "verification") == {"href": f"https://id.example.org/v1/{account}"}
        assert world.service.get(account)["status"] == "ENABLED"
        with refused(DEAD):
            answer(world, ticket, code, "verification")
        assert len(verifying.read()) == 0, "the mails after it are off by policy"

    def test_ends_when_the_link_is_used(self, world: World, verifying: Post) -> None:
        ticket = new()
        with holding(ticket):
            world.account(ADA, at=world.application)
        mail = verifying.only()
        code, token = digits(text(mail), EIGHT), text(mail).partition("sptoken=")[2].split()[0]
        world.update(f"accounts/emailVerificationTokens/{token}")
        with refused(DEAD):
            answer(world, ticket, code, "verification")

    def test_comes_with_each_further_mail_for_who_is_not_verified(self, world: World, verifying: Post) -> None:
        world.account(ADA)
        verifying.read()
        ticket = new()
        with holding(ticket):
            world.service.create(f"{world.application}/verificationEmails", {"login": ADA})
        assert answer(world, ticket, digits(text(verifying.only()), EIGHT), "verification")


class TestTheSameFormSentTwice:
    def test_is_told_twice_that_it_is_done(self, world: World, post: Post) -> None:
        account = world.account(ADA)
        post.read()
        made = world.service.create(f"{world.application}/passwordResetTokens", {"email": ADA})
        token, ticket = path(made), new()
        with holding(ticket):
            assert "repeated" not in world.update(token, password="Another-Horse-2")
            moment = world.service.get(account)["passwordModifiedAt"]
            assert world.update(token, password="Another-Horse-2")["repeated"] is True
            assert world.service.get(account)["passwordModifiedAt"] == moment
            with refused(404):
                world.update(token, password="Something-Else-3")
        for stranger in (new(), None):
            with holding(stranger), refused(404):
                world.update(token, password="Another-Horse-2")
        world.now += 120
        with holding(ticket), refused(404):
            world.update(token, password="Another-Horse-2")

    def test_of_a_verification_too(self, world: World, verifying: Post) -> None:
        world.account(ADA)
        token = text(verifying.only()).partition("sptoken=")[2].split()[0]
        ticket, target = new(), f"accounts/emailVerificationTokens/{token}"
        with holding(ticket):
            first = world.update(target)
            assert world.update(target) == {**first, "repeated": True}
        with holding(new()), refused(404):
            world.update(target)


def test_what_is_no_answer_is_refused(world: World, post: Post) -> None:
    good = {"purpose": "reset", "ticket": new(), "code": "1"}
    wrong: list[tuple[dict[str, Any], int]] = [
        ({}, 2000),
        ({**good, "ticket": "short"}, 2007),
        ({**good, "code": "1" * 65}, 2008),
        ({**good, "code": {"a": 1}}, 2004),
        ({**good, "purpose": "welcome"}, 2003),
        ({**good, "other": 1}, 2015),
    ]
    for properties, code in wrong:
        with refused(code):
            world.service.create(f"{world.application}/mailedCodes", properties)
    with refused(404):
        world.service.create("applications/nobody/mailedCodes", good)
    told = world.service.get(f"{world.application}/mailedCodes")
    assert told["lifetime"] == 600_000


def rows(world: World) -> list[Any]:
    with world.database.read() as connection:
        return list(connection.execute(select(schema.mailed_codes)).all())
