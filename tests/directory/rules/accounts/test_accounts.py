"""Accounts: how they are made and changed, their names, their passwords, and when their sessions end."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select
from support.world import ON_ONE_ENGINE, PASSWORD, World, link, part, path, refused

from stormpath_wsgi.directory.storage.schema import accounts, login_names, passwords

MCF = "$stormpath2$MD5$1$OWI3OTQwYjEwODEwOTdkNTcwZDY5NjQ2ZDNlNmZjNzM=$ULWTW74NXPyLYj3VfYHWrg=="  # of 123456
BCRYPT = "$2a$08$VbNS17zvQNYtMyfRiYXxWuec2F2y3SuLB/e7hU8RWdcCxxluUB3m."  # of SomePassw0rd!


def policy(world: World, **limits: object) -> None:
    world.update(part(world.service.get(world.directory), "passwordPolicy") + "/strength", **limits)


def count(world: World, table: Any) -> int:
    with world.database.read() as connection:
        number: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
        return number


def test_a_new_account_has_what_was_sent_and_what_is_declared(world: World) -> None:
    body = {"email": "Ada@Example.org", "password": PASSWORD, "givenName": "Ada", "middleName": "", "surname": "L"}
    made = world.service.create(f"{world.directory}/accounts", body)
    assert made == world.service.get(path(made))
    assert made["email"] == made["username"] == "Ada@Example.org"
    assert (made["givenName"], made["middleName"], made["surname"], made["fullName"]) == ("Ada", None, "L", "Ada L")
    assert (made["status"], made["emailVerificationStatus"]) == ("ENABLED", "UNVERIFIED")
    assert made["passwordModifiedAt"] == made["createdAt"]
    assert (made["directory"], made["tenant"]) == (link(world.directory), link(world.tenant))
    assert "password" not in made


def test_an_account_may_have_a_username_and_long_names(world: World) -> None:
    long = {"username": "u" * 255, "givenName": "é" * 255, "surname": "s" * 255, "middleName": "m"}
    made = world.service.get(world.account("l" * 91 + "@testmail.example.org", **long, status="unverified"))
    assert made | long == made
    assert made["fullName"] == f"{long['givenName']} m {long['surname']}"
    assert made["status"] == "UNVERIFIED"


def test_an_application_puts_accounts_into_its_default_store(world: World) -> None:
    assert world.service.get(world.account(at=world.application))["directory"] == link(world.directory)
    other = world.new_directory()
    world.map(other, isDefaultAccountStore=True)
    assert world.service.get(world.account(at=world.application))["directory"] == link(other)


def test_a_group_as_default_store_takes_new_accounts_in(world: World) -> None:
    group = world.group()
    world.map(group, isDefaultAccountStore=True)
    account = world.account(at=world.application)
    assert world.service.get(account)["directory"] == link(world.directory)
    assert [path(item) for item in world.items(f"{account}/groups")] == [group]


def test_without_an_enabled_default_store_an_application_takes_no_accounts(world: World) -> None:
    group = world.group()
    mapping = world.map(group, isDefaultAccountStore=True)
    for store in (group, world.directory):
        world.update(store, status="DISABLED")
        with refused(5101):
            world.account(at=world.application)
        world.update(store, status="ENABLED")
    world.update(mapping, isDefaultAccountStore=False)
    with refused(5100):
        world.account(at=world.application)
    assert count(world, accounts) == 0


@pytest.mark.parametrize("owner", ["directories/unknown", "applications/unknown"])
def test_nothing_is_made_in_what_is_not_there(world: World, owner: str) -> None:
    with refused(404):
        world.account(at=owner)
    with refused(405):
        world.account(at="tenants/current")


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"email": None}, 2000),
        ({"email": " "}, 2000),
        ({"email": "ada"}, 2006),
        ({"email": "@example.org"}, 2006),
        ({"email": "ada@"}, 2006),
        ({"email": "ada\r\nBcc: all@example.org"}, 2006),
        ({"email": "a@" + "b" * 254}, 2008),
        ({"email": ["a@b.org"]}, 2004),
        ({"username": "u" * 256}, 2008),
        ({"username": "\u200b\u2060"}, 2006),
        ({"password": ""}, 2000),
        ({"username": "a\0b"}, 2005),
        ({"givenName": "\udc00"}, 2005),
        ({"givenName": "g" * 256}, 2008),
        ({"givenName": {}}, 2004),
        ({"password": None}, 2000),
        ({"password": "short"}, 2007),
        ({"password": "nouppercase1"}, 2007),
        ({"password": "NoDigitsAtAll"}, 2007),
        ({"password": "Aa1" + "x" * 98}, 2008),
        ({"password": "Aa1" + "x" * 5000}, 2008),
        ({"password": True}, 2004),
        ({"password": "Correct\0Horse1"}, 2005),
        ({"status": "AWAY"}, 2003),
        ({"status": 1}, 2004),
        ({"emailVerificationStatus": "VERIFIED"}, 2015),
        ({"fullName": "Ada L"}, 2015),
        ({"hobby": "chess"}, 2015),
        ({"groups": []}, 2015),
        ({"customData": {"-bad": 1}}, 3002),
        ({"customData": "x"}, 2004),
    ],
)
def test_a_bad_account_leaves_nothing_behind(world: World, change: dict[str, object], code: int) -> None:
    body = {"email": "ada@example.org", "password": PASSWORD} | change
    with refused(code):
        world.service.create(f"{world.directory}/accounts", body)
    for table in (accounts, login_names, passwords):
        assert count(world, table) == 0


def test_a_bad_expansion_makes_no_account(world: World) -> None:
    body = {"email": "ada@example.org", "password": PASSWORD}
    with refused(2107):
        world.service.create(f"{world.directory}/accounts", body, {"expand": "friends"})
    made = world.service.create(f"{world.directory}/accounts", body, {"expand": "directory,customData"})
    assert made["directory"]["name"] == "My Application Directory"


def test_no_secret_is_told_in_an_error(world: World) -> None:
    secret = "Tr0ub4dor&3" * 10
    for body in ({"password": secret}, {"password": secret, "email": "ada"}, {"password": [secret]}):
        with pytest.raises(Exception, match=r".") as caught:
            world.service.create(f"{world.directory}/accounts", body)
        assert secret not in repr(caught.value) + str(caught.value) + repr(caught.value.__context__)


# Names


@pytest.mark.parametrize(
    ("first", "second", "attribute"),
    [
        ({"email": "ada@example.org"}, {"email": "ADA@EXAMPLE.ORG", "username": "b"}, "email"),
        ({"username": "ada"}, {"username": "Ada"}, "username"),
        ({"username": "ada"}, {"username": "\uff41da"}, "username"),
        ({"username": "ada"}, {"username": "ⓐda"}, "username"),
        # Whoever signs in with that address must meet its owner, and nobody else.
        ({"email": "ada@example.org", "username": "ada"}, {"username": "ada@example.org"}, "username"),
        ({"username": "ada@example.org"}, {"email": "Ada@example.org", "username": "b"}, "email"),
        ({"email": "ada@example.org"}, {"email": "ada@example.org"}, "email"),
    ],
)
def test_a_login_name_is_one_accounts_only(
    world: World, first: dict[str, str], second: dict[str, str], attribute: str
) -> None:
    ours = world.account(first.get("email"), username=first.get("username"))
    with refused(2001, attribute):
        world.account(second.get("email"), username=second.get("username"))
    other = world.account()
    with refused(2001, attribute):
        world.service.update(other, second)
    assert count(world, accounts) == 2
    world.account(second.get("email"), username=second.get("username"), at=world.new_directory())
    world.service.delete(ours)
    world.account(second.get("email"), username=second.get("username"))


def test_ones_own_names_are_never_in_the_way(world: World) -> None:
    account = world.account("ada@example.org", username="ada")
    for change in (
        {"email": "ada@example.org"},
        {"email": "ADA@example.org", "username": "ADA"},
        {"username": "ada@example.org"},
        {"email": "ada@example.net", "username": "ada@example.org"},
        {"username": "ada@example.net", "email": "ada@example.org"},
    ):
        assert world.service.update(account, change) | change == world.service.get(account)
    assert world.login("ada@example.net") == world.login("ada@example.org") == account


def test_a_name_that_was_given_up_is_free(world: World) -> None:
    account = world.account("ada@example.org")
    world.update(account, email="lovelace@example.org", username="lovelace")
    with refused(7104):
        world.login("ada@example.org")
    assert world.account("ada@example.org") != account


def test_the_username_does_not_follow_the_address(world: World) -> None:
    account = world.account("ada@example.org")
    assert world.update(account, email="lovelace@example.org")["username"] == "ada@example.org"


# Updates


def test_an_update_touches_only_what_is_named(world: World) -> None:
    account = world.account(givenName="Ada", customData={"a": 1})
    before = world.service.get(account)
    world.now += 1
    after = world.update(account, surname="L", customData={"b": 2})
    assert after == before | {"surname": "L", "fullName": "Ada L", "modifiedAt": "2023-11-14T22:13:21.000Z"}
    assert world.service.get(f"{account}/customData")["a"] == 1
    assert world.service.get(f"{account}/customData")["b"] == 2


def test_a_whole_account_can_be_sent_back(world: World) -> None:
    account = world.service.get(world.account(givenName="Ada"), "customData,directory,groups")
    assert world.service.update(path(account), account | {"givenName": None})["givenName"] is None


def test_an_address_can_be_verified_but_not_become_unknown(world: World) -> None:
    account = world.account()
    assert world.update(account, emailVerificationStatus="verified")["emailVerificationStatus"] == "VERIFIED"
    with refused(2003):
        world.update(account, emailVerificationStatus="UNKNOWN")


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, 400),
        ({"email": None}, 2000),
        ({"email": "ada"}, 2006),
        ({"username": None}, 2000),
        ({"password": ""}, 2000),
        ({"password": "short"}, 2007),
        ({"fullName": "Somebody Else"}, 2002),
        ({"directory": link("directories/other")}, 2002),
        ({"hobby": "chess"}, 2015),
        ({"surname": "changed", "customData": {"meta": 1}}, 3003),
        ({"surname": "changed", "status": "foo"}, 2003),
        ({"surname": "changed", "password": "Good-Enough-1", "email": "bad"}, 2006),
    ],
)
def test_a_bad_update_changes_nothing(world: World, change: dict[str, object], code: int) -> None:
    account = world.account("ada@example.org")
    before = world.service.get(account)
    with refused(code):
        world.service.update(account, change)
    assert world.service.get(account) == before
    assert world.login("ada@example.org") == account


def test_an_unknown_account_is_a_404_in_every_verb_but_delete(world: World) -> None:
    for call in (
        lambda: world.service.get("accounts/unknown"),
        lambda: world.update("accounts/unknown", surname="x"),
        lambda: world.update("accounts/unknown", password=PASSWORD),
        lambda: world.service.list("accounts/unknown/groups"),
        lambda: world.service.get("accounts/unknown/customData"),
        lambda: world.session("accounts/unknown"),
    ):
        with refused(404):
            call()
    world.service.delete("accounts/unknown")  # it is gone, as was wanted


# Passwords


def test_a_new_password_replaces_the_old_one(world: World) -> None:
    account = world.account("ada@example.org")
    world.now += 5
    changed = world.update(account, password="Another-Horse-2")
    assert changed["passwordModifiedAt"] == "2023-11-14T22:13:25.000Z"
    assert world.login("ada@example.org", "Another-Horse-2") == account
    with refused(7100):
        world.login("ada@example.org")
    assert count(world, passwords) == 1  # nobody asked to remember the old one


def test_latest_passwords_are_not_repeated(world: World) -> None:
    policy(world, preventReuse=3)
    account = world.account()
    for number in range(1, 4):
        world.update(account, password=f"{PASSWORD}{number}")
    for number in range(1, 4):
        with refused(2002, "before"):
            world.update(account, password=f"{PASSWORD}{number}")
    assert count(world, passwords) == 3
    world.update(account, password=PASSWORD)


def test_the_current_password_counts_as_one(world: World) -> None:
    policy(world, preventReuse=1)
    account = world.account()
    with refused(2002):
        world.update(account, password=PASSWORD)
    world.update(account, password="Another-Horse-2")
    world.update(account, password=PASSWORD)


def test_strength_follows_the_directory(world: World) -> None:
    policy(world, minLength=1, minLowerCase=0, minUpperCase=0, minNumeric=0)
    assert world.account(password="x")
    policy(world, minSymbol=2, minDiacritic=1, maxLength=5)
    for weak in ("ab!c", "é!", "!!", "é!!xyz"):
        with refused(2008 if len(weak) > 5 else 2007):
            world.account(password=weak)
    assert world.account(password="é!!")


@pytest.mark.parametrize(("hash", "password"), [(MCF, "123456"), (BCRYPT, "SomePassw0rd!")])
@pytest.mark.parametrize("format", ["mcf", "MCF"])
def test_an_imported_hash_serves_before_and_after_it_is_replaced(
    world: World, hash: str, password: str, format: str
) -> None:
    body = {"email": "ada@example.org", "password": hash}
    account = world.service.create(f"{world.directory}/accounts", body, {"passwordFormat": format})
    with refused(7100):
        world.login("ada@example.org", "wrong")
    for _ in range(2):
        assert world.login("ada@example.org", password) == path(account)
    with world.database.read() as connection:
        assert connection.execute(select(passwords.c.hash)).scalar_one().startswith("$argon2id$")
    assert world.service.get(path(account))["passwordModifiedAt"] == account["passwordModifiedAt"]


@pytest.mark.parametrize(
    ("hash", "format", "code", "words"),
    [
        ("$INVALID$04$RZPSLGUz3dRdm7aRfxOeYuKeueSPW2YaTpRkszAA31wcPpyg6zkGy", "mcf", 2006, "is in an invalid format"),
        ("plain text", "mcf", 2006, "is in an invalid format"),
        (BCRYPT, "stormpath", 2003, "designates an algorithm that is an unsupported value"),
        ("$2a$31$VbNS17zvQNYtMyfRiYXxWuec2F2y3SuLB/e7hU8RWdcCxxluUB3m.", "mcf", 2003, "unsupported value"),
        (None, "mcf", 2000, "password"),
    ],
)
def test_what_is_no_hash_is_not_imported(world: World, hash: str | None, format: str, code: int, words: str) -> None:
    with refused(code, words):
        body = {"email": "ada@example.org", "password": hash}
        world.service.create(f"{world.directory}/accounts", body, {"passwordFormat": format})
    assert count(world, accounts) == 0


# The end of sessions


def test_a_new_password_ends_every_session(world: World) -> None:
    account, other = world.account(), world.account()
    sessions, kept = [world.session(account) for _ in range(3)], world.session(other)
    world.update(account, password="Another-Horse-2")
    assert not any(map(world.is_good, sessions))
    assert world.is_good(kept)
    assert world.items(f"{account}/refreshTokens") == []


@pytest.mark.parametrize("status", ["DISABLED", "UNVERIFIED", "LOCKED"])
def test_so_does_a_status_other_than_enabled_for_good(world: World, status: str) -> None:
    account = world.account()
    session = world.session(account)
    world.update(account, status=status)
    world.update(account, status="ENABLED")
    assert not world.is_good(session)


def test_other_changes_do_not(world: World) -> None:
    account = world.account()
    session = world.session(account)
    world.update(account, surname="L", email="l@example.org", status="ENABLED", customData={"a": 1})
    assert world.is_good(session)


def test_deleting_an_account_takes_all_that_is_its_own(world: World) -> None:
    account, group = world.account("ada@example.org", customData={"a": 1}), world.group()
    membership, session = world.member(account, group), world.session(account)
    world.service.delete(account)
    for gone in (account, f"{account}/customData", membership, f"refreshTokens/{session}"):
        with refused(404):
            world.service.get(gone)
    assert world.items(f"{group}/accounts") == []
    assert count(world, login_names) == count(world, passwords) == 0
    with refused(7104):
        world.login("ada@example.org")


def test_an_account_knows_the_applications_it_may_sign_in_to(world: World) -> None:
    account, group = world.account(), world.group()
    world.member(account, group)
    through_group, through_both = world.new_application("b"), world.new_application("c")
    world.map(group, through_group)
    world.map(group, through_both)
    world.map(world.directory, through_both)
    world.map(world.new_directory(), world.new_application("d"))
    found = {path(item) for item in world.items(f"{account}/applications")}
    assert found == {world.application, through_group, through_both}


def test_an_application_takes_no_login_name_that_one_of_its_stores_has(world: World) -> None:
    """What the app calls a user would be two people otherwise."""
    world.account("ada@example.org", username="countess")
    other = world.new_directory()
    world.map(other, isDefaultAccountStore=True)
    for names, word in (
        (("ADA@example.org", "ada"), "email"),
        (("new@example.org", "COUNTESS"), "username"),
        (("new@example.org", "ada@example.org"), "username"),
    ):
        with refused(2001, word):
            world.account(names[0], at=world.application, username=names[1])
    assert world.items(f"{other}/accounts") == []
    assert world.account("ada@example.org", at=other), "in a directory only its own names count"


def test_of_a_group_store_the_whole_directory_counts(world: World) -> None:
    application, other = world.new_application(), world.new_directory()
    world.map(other, application, isDefaultAccountStore=True)
    world.account("ada@example.org")
    world.service.delete(world.account("ada@example.org", at=application))
    world.map(world.group(), application)
    with refused(2001, "email"):
        world.account("ada@example.org", at=application)


@pytest.mark.parametrize(
    "names", [{"email": "a:b@example.org"}, {"email": "a@x:1"}, {"username": "a:b"}, {"username": "a\uff1ab"}]
)
def test_a_login_name_has_no_colon(world: World, names: dict[str, str]) -> None:
    """Nobody could sign in with it: at a login the first colon ends the name."""
    with refused(2006, "colon"):
        body = {"email": "ada@example.org", "password": PASSWORD, **names}
        world.service.create(f"{world.directory}/accounts", body)
    with refused(2006, "colon"):
        world.update(world.account(), **names)


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_an_empty_text_is_one_that_was_not_sent(world: World, blank: str) -> None:
    """Flask-Stormpath sends one for each field that is off. Whoever changes an account leaves out what stays."""
    sent = {"username": blank, "givenName": blank, "middleName": blank, "surname": blank}
    account = world.account("ada@example.org", **sent)
    found = world.service.get(account)
    assert {name: found[name] for name in sent} == {
        "username": "ada@example.org", "givenName": None, "middleName": None, "surname": None
    }  # fmt: skip
    for required in ("email", "password"):
        with refused(2000, required):
            world.service.create(
                f"{world.directory}/accounts", {"email": "b@example.org", "password": PASSWORD, required: blank}
            )
    with refused(2000, "username"):
        world.update(account, username=blank)


def test_so_it_is_of_other_resources(world: World) -> None:
    group = world.service.get(world.group("admins", description=""))
    assert group["description"] is None
    with refused(2000, "name"):
        world.service.create(f"{world.directory}/groups", {"name": " "})


LETTERS, ASCII = "user@b\u00fccher.example", "user@xn--bcher-kva.example"


@pytest.mark.parametrize(("ours", "theirs"), [(LETTERS, ASCII), (ASCII, LETTERS)])
def test_a_mailbox_is_one_accounts_however_its_domain_is_spelled(world: World, ours: str, theirs: str) -> None:
    account = world.account(ours)
    assert world.login(theirs) == world.login(ours) == account
    assert world.service.get(account)["email"] == ours
    assert [path(one) for one in world.items(f"{world.directory}/accounts", email=theirs)] == [account]
    with refused(2001, "email"):
        world.account(theirs, username="other")
    with refused(2001, "username"):
        world.account(username=theirs)


@pytest.mark.parametrize(
    "address",
    ["ada@example.test", "ada@localhost", "ada@intranet.local", "ada+tag@example.org", "o'hara@example.org",
     "ada@xn--e1afmkfd.xn--p1ai", "\u00e4da@b\u00fccher.example",
     "ada@[127.0.0.1]", "x" * 91 + "@testmail.stormpath.com"],
)  # fmt: skip
def test_an_address_that_is_valid_is_taken(sqlite_world: World, address: str) -> None:
    """Nobody is asked whether there is such a domain, and tests need some that there never are."""
    assert sqlite_world.service.get(sqlite_world.account(address))["email"] == address


@pytest.mark.parametrize(
    "address",
    ["a@b@c", "a..b@example.org", ".a@example.org", "a@-example.org", "a@example..org", "a@xn--a.example", "a@.org",
     "Ada <ada@example.org>", "a@b,c@d", "a@example.org.", "a@example.org\u3002",
     '"a@b"@example.org', '"ada"@example.org'],
)  # fmt: skip
def test_one_that_is_not_is_refused(sqlite_world: World, address: str) -> None:
    with refused(2006, "email"):
        sqlite_world.account(address)
