"""Registrations that do not tell that an address is taken, and those that are sent twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.post import Post, text
from support.world import PASSWORD, World, part, path, refused

from stormpath_wsgi.events import AfterEvent, Registered
from stormpath_wsgi.limits import Visitor, visited
from stormpath_wsgi.settings import LimitsSettings
from stormpath_wsgi.tickets import holding, new

ADA, BOB = "ada@example.org", "bob@example.org"
TAKEN, WRONG, DEAD = 2001, 7120, 7121


@pytest.fixture
def post(world: World) -> Post:
    """Of a directory that verifies addresses, in which Ada has an account."""
    post = Post(world)
    world.account(ADA, username="ada")
    world.update(world.directory.replace("directories", "accountCreationPolicies"), verificationEmailStatus="ENABLED")
    post.read()
    return post


def register(world: World, email: str, at: str | None = None, **more: Any) -> dict[str, Any]:
    body = {"email": email, "password": PASSWORD, "givenName": "Eve", "customData": {"colour": "red"}, **more}
    made: dict[str, Any] = world.service.create(f"{at or world.application}/accounts", body, {"hidesTaken": "true"})
    return made


def test_the_same_is_done_and_answered_for_an_address_that_is_taken(world: World, post: Post) -> None:
    world.service._context.deliver = lambda: None  # what the thread that sends mail asks is no visitor's time
    done, answers = [], []
    for email in (ADA, BOB):
        with holding(new()), world.statements() as asked, world.changes() as changed:
            answers.append(register(world, email, surname="L"))
        done.append([[statement for statement, _ in each] for each in (asked, changed)])
    assert done[0] == done[1]
    taken, made = answers
    assert taken.pop("taken") is True
    assert list(taken) == list(made)
    assert (taken["email"], taken["username"], taken["status"]) == (ADA, ADA, "UNVERIFIED")
    assert {name for name in made if name in made.keys() & taken.keys() and taken[name] == made[name]} >= {
        "givenName",
        "surname",
        "fullName",
        "status",
        "emailVerificationStatus",
        "createdAt",
    }
    assert taken["emailVerificationToken"].keys() == made["emailVerificationToken"].keys()


def test_nothing_is_left_but_a_mail_to_its_owner(world: World, post: Post) -> None:
    told: list[AfterEvent] = []
    world.service.events.listen(AfterEvent, told.append)
    before = world.service.list(f"{world.directory}/accounts")
    answer = register(world, "ADA@example.org")
    assert world.service.list(f"{world.directory}/accounts") == before
    with refused(404):
        world.service.get(path(answer))
    with refused(404):
        world.update(part(answer, "emailVerificationToken"))
    assert not [event for event in told if isinstance(event, Registered)]
    mail = post.only()
    assert (mail["To"], mail["Subject"]) == (ADA, "Your address for My Application is in use")
    assert "Eve" not in text(mail)
    assert world.login(ADA)


def test_a_username_of_somebody_is_told_and_an_address_as_a_username_is_not(world: World, post: Post) -> None:
    for email in (ADA, BOB):
        with refused(TAKEN, "username"):
            register(world, email, username="Ada")
    assert register(world, BOB, username=ADA)["taken"]
    assert post.only()["To"] == ADA
    assert "taken" not in register(world, BOB, username="bob")


def test_an_account_anywhere_in_the_application_counts_and_elsewhere_does_not(world: World, post: Post) -> None:
    elsewhere = world.new_directory()
    world.account(BOB, at=elsewhere)
    assert "taken" not in register(world, BOB, at=world.directory)
    world.account("cy@example.org", at=elsewhere)
    world.map(elsewhere)
    organization = world.new_organization("acme", world.directory)
    world.map(organization)
    world.update(
        world.items(f"{organization}/accountStoreMappings")[0]["href"].split("/v1/")[1], isDefaultAccountStore=True
    )
    post.read()
    assert register(world, "cy@example.org")["taken"]
    assert register(world, ADA, at=organization)["taken"]
    assert [mail["To"] for mail in post.read()] == ["cy@example.org", ADA]


def test_it_is_told_where_nobody_asks_for_that_or_no_address_is_verified(world: World, post: Post) -> None:
    body = {"email": ADA, "password": PASSWORD}
    for params in ({}, {"hidesTaken": "false"}, {"hidesTaken": "true", "registrationWorkflowEnabled": "false"}):
        with refused(TAKEN, "email"):
            world.service.create(f"{world.application}/accounts", body, params)
    world.update(world.directory.replace("directories", "accountCreationPolicies"), verificationEmailStatus="DISABLED")
    with refused(TAKEN, "email"):
        register(world, ADA)
    assert post.read() == []


def test_what_is_wrong_with_the_rest_is_told_before(world: World, post: Post) -> None:
    for change, code in (({"password": "short"}, 2007), ({"surname": "x" * 300}, 2008)):
        with refused(code):
            register(world, ADA, **change)


def test_its_owner_gets_so_many_mails_and_the_answer_stays_the_same(world: World, post: Post) -> None:
    free = LimitsSettings().mail.tries + 1  # the last of them begins a wait
    for number in range(free + 2):
        with visited(Visitor(f"198.51.100.{number}")):
            assert register(world, ADA)["taken"]
    assert len(post.read()) == free


def test_a_code_of_such_a_ticket_is_wrong_as_any_other(world: World, post: Post) -> None:
    ticket = new()
    with holding(ticket):
        register(world, ADA)
        register(world, ADA)
    assert len(post.read()) == 1  # of two clicks
    answer = {"purpose": "verification", "ticket": ticket, "code": "123456"}
    for code in [WRONG] * 5 + [DEAD]:
        with refused(code):
            world.service.create(f"{world.application}/mailedCodes", answer)


@pytest.mark.parametrize("params", [{}, {"hidesTaken": "true"}])
@pytest.mark.parametrize("verifies", ["ENABLED", "DISABLED"])
def test_a_double_click_makes_one_account_and_is_answered_twice(
    world: World, post: Post, params: dict[str, str], verifies: str
) -> None:
    world.update(world.directory.replace("directories", "accountCreationPolicies"), verificationEmailStatus=verifies)
    body, hers = {"email": BOB, "password": PASSWORD}, new()

    def click(ticket: str | None, **change: Any) -> dict[str, Any]:
        with holding(ticket):
            answer: dict[str, Any] = world.service.create(f"{world.application}/accounts", {**body, **change}, params)
        return answer

    first = click(hers)
    assert click(hers) == {**first, "repeated": True}
    assert len(post.read()) == (verifies == "ENABLED")
    others: list[tuple[str | None, dict[str, str]]] = [
        (None, {}),
        (new(), {}),
        (hers, {"password": "Another-Horse-2"}),
        (hers, {"surname": "L"}),
    ]
    hidden = bool(params) and verifies == "ENABLED"
    for ticket, change in others:
        if hidden:
            assert click(ticket, **change)["href"] != first["href"]
        else:
            with refused(TAKEN):
                click(ticket, **change)
    world.now += 121
    if not hidden:
        with refused(TAKEN):
            click(hers)


@pytest.mark.parametrize("hides", ["true", "false"])
def test_two_clicks_at_once_make_one_account(world: World, post: Post, hides: str) -> None:
    ticket, body, both = new(), {"email": BOB, "password": PASSWORD}, threading.Barrier(2)

    def click(_: int) -> dict[str, Any]:
        both.wait(10)
        with holding(ticket):
            made: dict[str, Any] = world.service.create(f"{world.application}/accounts", body, {"hidesTaken": hides})
        return made

    with ThreadPoolExecutor(2) as browsers:
        one, other = browsers.map(click, range(2))
    assert one["href"] == other["href"]
    assert sorted([one.get("repeated", False), other.get("repeated", False)]) == [False, True]
    assert post.only()["To"] == BOB


def test_the_code_of_who_registers_stays_good_when_the_form_is_sent_once_more_later(world: World, post: Post) -> None:
    ticket = new()
    with holding(ticket):
        register(world, BOB)
        (mail,) = post.read()
        world.now += 200
        assert register(world, BOB)["taken"]
    assert post.read() == []
    code = "".join(text(mail).split("you left off:")[1].split()[:2])
    answer = {"purpose": "verification", "ticket": ticket, "code": code}
    assert world.service.create(f"{world.application}/mailedCodes", answer)["href"]
