"""What a new account goes through: the domain of its address, its names, proving the address, and being welcome."""

from __future__ import annotations

import contextlib
import fnmatch
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.post import Post, text, token_in
from support.world import BASE, PASSWORD, World, link, part, path, refused

from stormpath_wsgi.directory.rules.accounts.creation_policy import matches
from stormpath_wsgi.errors import Error

ADA = "ada@example.org"


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)


def policy(world: World, **changes: Any) -> None:
    world.update(world.directory.replace("directories", "accountCreationPolicies"), **changes)


@pytest.fixture
def verifying(world: World, post: Post) -> Post:
    policy(
        world,
        verificationEmailStatus="ENABLED",
        verificationSuccessEmailStatus="ENABLED",
        welcomeEmailStatus="ENABLED",
    )
    return post


def new(world: World, **more: Any) -> Any:
    return world.service.get(world.account(ADA, at=world.application, **more))


def test_a_new_account_proves_its_address_before_it_may_sign_in(world: World, verifying: Post) -> None:
    account = new(world)
    assert (account["status"], account["emailVerificationStatus"]) == ("UNVERIFIED", "UNVERIFIED")
    with refused(7102):
        world.login(ADA)
    mail = verifying.only()
    assert mail["Subject"] == "Verify your address for My Application"
    token = token_in(mail)
    assert f"https://id.example.org/verify?sptoken={token}\n" in text(mail)
    assert account["emailVerificationToken"] == link(f"accounts/emailVerificationTokens/{token}")

    assert world.service.update(part(account, "emailVerificationToken"), {}) == {"href": account["href"]}
    proved = world.service.get(path(account))
    assert (proved["status"], proved["emailVerificationStatus"]) == ("ENABLED", "VERIFIED")
    assert proved["emailVerificationToken"] is None
    assert world.login(ADA) == path(account)
    subjects = sorted(mail["Subject"] for mail in verifying.read())
    assert subjects == ["Welcome to My Application", "Your address for My Application is verified"]
    with refused(404):
        world.update(part(account, "emailVerificationToken"))


def test_whose_a_token_is_can_be_asked_without_using_it_up(world: World, verifying: Post) -> None:
    account = new(world)
    asked = path({"href": account["emailVerificationToken"]["href"]})
    for _ in range(2):
        assert world.service.get(asked) == {"href": link(asked)["href"], "account": {"href": account["href"]}}
    world.update(asked)
    with refused(404):
        world.service.get(asked)


def test_the_same_is_done_for_another_mail_whoever_asks(world: World, verifying: Post) -> None:
    """So no time tells whether an account has the address, is verified, or is in a directory that verifies none."""
    world.account(ADA)
    proved = world.account("proved@example.org")
    world.update(proved, emailVerificationStatus="VERIFIED")
    elsewhere = world.new_directory()
    world.map(elsewhere)
    world.account("off@example.org", at=elsewhere)
    verifying.read()
    world.service._context.deliver = lambda: None  # what the thread that sends mail asks is no visitor's time
    done = []
    for login in (ADA, "proved@example.org", "off@example.org", "nobody@example.org"):
        with world.statements() as asked, world.changes() as changed, contextlib.suppress(Error):
            world.service.create(f"{world.application}/verificationEmails", {"login": login})
        done.append([statement for statement, _ in (*asked, *changed)])
        assert len(verifying.read()) == (login == ADA)
    assert done == [done[0]] * 4


def test_the_workflow_can_be_left_out(world: World, verifying: Post) -> None:
    body = {"email": ADA, "password": PASSWORD}
    for value in ("false", False, "False"):
        made = world.service.create(f"{world.directory}/accounts", body, {"registrationWorkflowEnabled": value})
        assert (made["status"], made["emailVerificationToken"]) == ("ENABLED", None)
        world.service.delete(path(made))
    assert verifying.read() == []


def test_who_need_not_prove_anything_is_welcome_at_once(world: World, post: Post) -> None:
    assert new(world)["status"] == "ENABLED"
    assert post.read() == []
    policy(world, welcomeEmailStatus="ENABLED")
    world.account("bob@example.org")
    assert post.only()["To"] == "bob@example.org"


@pytest.mark.parametrize("status", ["DISABLED", "LOCKED"])
def test_a_link_lets_nobody_in_who_was_shut_out(world: World, verifying: Post, status: str) -> None:
    account = new(world, status=status)
    assert account["status"] == status
    world.update(part(account, "emailVerificationToken"))
    assert world.service.get(path(account))["status"] == status


def test_a_token_proves_no_other_address(world: World, verifying: Post) -> None:
    account = new(world)
    world.update(path(account), email="eve@example.org")
    assert world.service.get(path(account))["emailVerificationToken"] is None
    with refused(404):
        world.update(part(account, "emailVerificationToken"))
    assert {mail["To"] for mail in verifying.read()} <= {ADA}


def test_an_address_that_is_proved_is_not_when_it_is_another(world: World, post: Post) -> None:
    account = path(new(world))
    world.update(account, emailVerificationStatus="VERIFIED")
    assert world.update(account, email=ADA.upper())["emailVerificationStatus"] == "VERIFIED"
    assert world.update(account, email="eve@example.org")["emailVerificationStatus"] == "UNVERIFIED"
    both = {"email": ADA, "emailVerificationStatus": "VERIFIED"}
    assert world.update(account, **both)["emailVerificationStatus"] == "VERIFIED"


@pytest.mark.parametrize(
    ("one", "other"),
    [("a@strasse.example", "a@stra\u00dfe.example"), ("a@stra\u00dfe.example", "a@strasse.example"),
     ("a@strasse.example", "a@xn--strae-oqa.example"), ("ada@example.org", "\uff41da@example.org"),
     ("fi@example.org", "\ufb01@example.org"), ("a@\u03c3\u03c2.example", "a@\u03c3\u03c3.example")],
)  # fmt: skip
def test_an_address_that_only_looks_like_the_proved_one_is_to_be_proved(
    sqlite_world: World, one: str, other: str
) -> None:
    """They have one key, so that nobody takes one for the other; but mail for them goes to two mailboxes."""
    account = sqlite_world.account(one)
    sqlite_world.update(account, emailVerificationStatus="VERIFIED")
    assert sqlite_world.update(account, email=other)["emailVerificationStatus"] == "UNVERIFIED"


def test_a_token_ends_when_its_time_comes(world: World, verifying: Post) -> None:
    account = new(world)
    world.now += 7 * 24 * 3600
    assert world.service.get(path(account))["emailVerificationToken"] is None
    with refused(404):
        world.update(part(account, "emailVerificationToken"))
    wish = {"login": ADA}
    assert world.service.create(f"{world.application}/verificationEmails", wish) == {}
    assert world.update(part(world.service.get(path(account)), "emailVerificationToken"))


def test_the_mail_can_be_asked_for_again(world: World, verifying: Post) -> None:
    new(world, username="ada")
    token = token_in(verifying.only())
    store = {"accountStore": link(world.directory)}
    for wish in ({}, {"login": "ada"}, store, {"account_store": f"{BASE}/{world.directory}"}):
        world.service.create(f"{world.application}/verificationEmails", {"login": ADA, **wish})
        assert token_in(verifying.only()) == token, "the first mail is as good as the last"


def test_who_is_known_no_longer_or_has_proved_it_gets_no_mail(world: World, verifying: Post) -> None:
    account = new(world)
    verifying.read()
    at = f"{world.application}/verificationEmails"
    with refused(2016):
        world.service.create(at, {"login": "eve@example.org"})
    world.update(path(account), emailVerificationStatus="VERIFIED", status="ENABLED")
    assert world.service.create(at, {"login": ADA}) == {}
    assert verifying.read() == []
    policy(world, verificationEmailStatus="DISABLED")
    with refused(6101):
        world.service.create(at, {"login": ADA})


LISTS = [
    (["*"], [], 7205),
    (["example.org"], ["example.org"], 7205),
    (["*.example.org"], [], None),
    (["*example.org"], [], 7205),
    (["EX*e*.org"], [], 7205),
    ([], ["example.com", "*.org"], None),
    ([], ["example.com"], 7206),
    ([], ["*.example.org"], 7206),
]


@pytest.mark.parametrize(("black", "white", "code"), LISTS)
def test_the_domain_of_an_address_must_be_allowed(
    world: World, black: list[str], white: list[str], code: int | None
) -> None:
    account = world.account("bob@elsewhere.net")
    policy(world, emailDomainBlacklist=black, emailDomainWhitelist=white)
    if code is None:
        world.account(ADA)
        return
    words = "Cannot create the Account because your email's domain is not allowed."
    for attempt in (lambda: world.account(ADA), lambda: world.update(account, email=ADA)):
        with refused(code, words):
            attempt()
    world.update(account, givenName="Bob", email="bob@elsewhere.net")


@pytest.mark.parametrize("domain", ["EVIL.com", "\uff45vil.com", "evil。com"])
def test_a_list_cannot_be_passed_by_another_spelling(world: World, domain: str) -> None:
    policy(world, emailDomainBlacklist=["evil.com"])
    with refused(7205):
        world.account(f"eve@{domain}")


def test_what_is_no_domain_is_not_listed(world: World) -> None:
    for name in ("emailDomainWhitelist", "emailDomainBlacklist"):
        for wrong in ("ada@example.org", "", "a b", "a..b"):
            with refused(2006, "It is not a valid domain."):
                policy(world, **{name: [wrong]})
        with refused(2004, "is an invalid type."):
            policy(world, **{name: [1]})
    lists = {"emailDomainWhitelist": ["b.org", "*a.org"], "emailDomainBlacklist": ["c.org"]}
    policy(world, **lists)
    stored = world.service.get(world.directory.replace("directories", "accountCreationPolicies"))
    assert {name: stored[name] for name in lists} == lists


@given(st.text("ab.*", max_size=12), st.text("ab.", max_size=12))
def test_a_star_stands_for_any_run_of_characters(pattern: str, domain: str) -> None:
    assert matches(pattern, domain) == fnmatch.fnmatchcase(domain, pattern)


def test_no_pattern_takes_long() -> None:
    assert not matches("*a" * 2000 + "*b", "a" * 250)


def test_names_may_be_required(world: World) -> None:
    schema = world.directory.replace("directories", "schemas")
    fields = {field["name"]: path(field) for field in world.items(f"{schema}/fields")}
    assert sorted(fields) == ["givenName", "surname"]
    assert world.service.get(schema)["directory"] == link(world.directory)
    nameless = world.account("bob@example.org")
    assert world.update(fields["surname"], required="true")["required"] is True
    with refused(2000, "Account surname is required; it cannot be null, empty, or blank."):
        world.account(ADA)
    ada = world.account(ADA, surname="Lovelace")
    for nothing in (None, ""):
        with refused(2000, "surname"):
            world.update(ada, surname=nothing)
    world.update(ada, givenName=None)
    world.update(nameless, status="DISABLED")
