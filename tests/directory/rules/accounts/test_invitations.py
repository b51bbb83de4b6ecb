"""Invitations: a link by mail makes an account, once, in the groups that the administrator has chosen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from support.post import Post, text, token_in
from support.world import BASE, PASSWORD, World, link, refused

from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.errors import Error, TooManyTries
from stormpath_wsgi.events import AfterEvent, Event, InvitationAccepted, Invited, Registered, RegistrationStarts

BOB = "bob@example.org"
DAY = 24 * 3600
GIVEN = {"givenName": "Bob", "surname": "Byron", "password": PASSWORD}


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)


def invite(world: World, email: str = BOB, **more: Any) -> str:
    """The path of a new invitation."""
    made = world.service.create(f"{world.application}/invitations", {"email": email, **more})
    return str(made["href"]).removeprefix(f"{BASE}/")


def at(world: World, token: str) -> str:
    return f"{world.application}/invitationTokens/{token}"


def accept(world: World, token: str, **more: Any) -> str:
    """The path of the new account."""
    made = world.service.update(at(world, token), {**GIVEN, **more})
    return str(made["href"]).removeprefix(f"{BASE}/")


def test_who_is_invited_makes_an_account(world: World, post: Post) -> None:
    invite(world)
    mail = post.only()
    assert mail["To"] == BOB
    assert "/invitation?sptoken=" in text(mail)
    account = world.service.get(accept(world, token_in(mail)))
    assert (account["email"], account["username"], account["fullName"]) == (BOB, BOB, "Bob Byron")
    assert (account["status"], account["emailVerificationStatus"]) == ("ENABLED", "VERIFIED")
    assert account["directory"] == link(world.directory)
    assert world.login(BOB, PASSWORD)


def test_the_account_is_good_where_addresses_are_verified_too(world: World, post: Post) -> None:
    """The mail has reached its reader: another one would prove nothing more."""
    world.update(f"accountCreationPolicies/{world.directory.partition('/')[2]}", verificationEmailStatus="ENABLED")
    invite(world)
    account = accept(world, token_in(post.only()))
    assert world.service.get(account)["status"] == "ENABLED"
    assert post.read() == []


def test_to_look_uses_no_token_up(world: World, post: Post) -> None:
    path = invite(world)
    token = token_in(post.only())
    answer = {
        "href": f"{BASE}/{at(world, token)}",
        "email": BOB,
        "expiresAt": world.service.get(path)["expiresAt"],
        "application": link(world.application),
        "directory": link(world.directory),
    }
    assert world.service.get(at(world, token)) == world.service.get(at(world, token)) == answer


def test_a_token_is_good_once(world: World, post: Post) -> None:
    path = invite(world)
    token = token_in(post.only())
    accept(world, token)
    for gone in (at(world, token), path):
        with refused(404):
            world.service.get(gone)
    with refused(404):
        accept(world, token)


def test_and_not_for_ever(world: World, post: Post) -> None:
    invite(world)
    token = token_in(post.only())
    world.now += 7 * DAY - 1
    assert world.service.get(at(world, token))["email"] == BOB
    world.now += 1
    with refused(404):
        world.service.get(at(world, token))
    with refused(404):
        accept(world, token)


def test_a_revoked_one_is_worth_nothing(world: World, post: Post) -> None:
    path = invite(world)
    world.service.delete(path)
    with refused(404):
        accept(world, token_in(post.only()))
    with refused(404):  # so that nobody takes a slip of the pen for a revocation
        world.service.delete(path)


def test_a_made_up_token_is_worth_nothing(world: World) -> None:
    for token in ("x", "0" * 22, "%00", "a/b"):
        with refused(404):
            world.service.get(at(world, token))


def test_a_token_is_good_at_its_own_application_only(world: World, post: Post) -> None:
    invite(world)
    token = token_in(post.only())
    other = world.service.create("applications", {"name": "Other"})["href"].removeprefix(f"{BASE}/")
    with refused(404):
        world.service.update(f"{other}/invitationTokens/{token}", GIVEN)


def test_the_groups_are_joined(world: World, post: Post) -> None:
    staff, crew = (
        world.service.create(f"{world.directory}/groups", {"name": name})["href"] for name in ("Staff", "Crew")
    )
    path = invite(world, groups=["staff", crew])
    assert {each["name"] for each in world.service.list(f"{path}/groups")["items"]} == {"Staff", "Crew"}
    account = accept(world, token_in(post.only()))
    assert {each["href"] for each in world.service.list(f"{account}/groups")["items"]} == {staff, crew}


def test_a_group_that_is_gone_meanwhile_is_not_joined(world: World, post: Post) -> None:
    crew = world.service.create(f"{world.directory}/groups", {"name": "Crew"})["href"]
    invite(world, groups=[crew])
    world.service.delete(crew.removeprefix(f"{BASE}/"))
    account = accept(world, token_in(post.only()))
    assert world.service.list(f"{account}/groups")["items"] == []


def test_groups_that_are_none_are_refused(world: World, post: Post) -> None:
    wrong: list[tuple[Any, int]] = [
        (["nobody"], 2016),
        (["https://id.example.org/v1/groups/x"], 2016),
        ("staff", 2004),
        ([1], 2004),
        (["g"] * 101, 2008),
        (["g" * 1001], 2008),
    ]
    for groups, code in wrong:
        with refused(code):
            invite(world, groups=groups)
    assert post.read() == []


def test_another_directory_of_the_application_may_be_meant(world: World, post: Post) -> None:
    other = world.service.create("directories", {"name": "Guests"})["href"]
    with refused(5114):
        invite(world, directory={"href": other})
    mapping = {"application": link(world.application), "accountStore": {"href": other}}
    world.service.create("accountStoreMappings", mapping)
    invite(world, directory={"href": other})
    assert world.service.get(accept(world, token_in(post.only())))["directory"] == {"href": other}


def test_an_address_that_has_an_account_is_not_invited(world: World, post: Post) -> None:
    """The administrator is told whose it is."""
    account = world.account(BOB)
    with refused(2001, account):
        invite(world, "Bob@Example.org")
    assert post.read() == []


def test_who_registers_meanwhile_keeps_the_address(world: World, post: Post) -> None:
    path = invite(world)
    token = token_in(post.only())
    world.account(BOB)
    with refused(2001):
        accept(world, token)
    assert world.service.get(path)["email"] == BOB  # nothing has changed


def test_what_is_no_address_is_refused(world: World) -> None:
    wrong: list[tuple[Any, int]] = [
        ("bob", 2006),
        ("", 2000),
        (None, 2000),
        (["a"], 2004),
        ("b" * 250 + "@x.org", 2008),
    ]
    for email, code in wrong:
        with refused(code):
            invite(world, email)


def test_an_address_of_a_forbidden_domain_is_not_invited(world: World) -> None:
    policy = f"accountCreationPolicies/{world.directory.partition('/')[2]}"
    world.update(policy, emailDomainBlacklist=["example.org"])
    with refused(7205):
        invite(world)


def test_to_invite_again_sends_the_same_link_for_longer(world: World, post: Post) -> None:
    path = invite(world, groups=[])
    token = token_in(post.only())
    world.now += 6 * DAY
    assert invite(world, "BOB@example.org") == path
    assert token_in(post.only()) == token
    world.now += 6 * DAY
    accept(world, token)


def test_an_expired_one_is_made_anew(world: World, post: Post) -> None:
    path = invite(world)
    token = token_in(post.only())
    world.now += 8 * DAY
    assert invite(world) != path
    assert token_in(post.only()) != token


def test_groups_stay_unless_others_are_named(world: World, post: Post) -> None:
    for name in ("Staff", "Crew"):
        world.service.create(f"{world.directory}/groups", {"name": name})
    path = invite(world, groups=["Staff"])
    invite(world)
    assert [each["name"] for each in world.service.list(f"{path}/groups")["items"]] == ["Staff"]
    invite(world, groups=["Crew"])
    assert [each["name"] for each in world.service.list(f"{path}/groups")["items"]] == ["Crew"]


def test_nobody_is_mailed_without_end(world: World, post: Post) -> None:
    with pytest.raises(TooManyTries):
        for _ in range(100):
            invite(world)
    invite(world, "carol@example.org")  # of others nothing is kept


def test_they_are_listed_in_pages_while_they_are_good(world: World) -> None:
    for number in range(3):
        invite(world, f"p{number}@example.org")
    listed = f"{world.application}/invitations"
    page = world.service.list(listed, {"limit": 2, "orderBy": "email"})
    assert (page["size"], [each["email"] for each in page["items"]]) == (3, ["p0@example.org", "p1@example.org"])
    assert world.service.list(listed, {"email": "P1@example.org"})["size"] == 1
    world.now += 7 * DAY
    assert world.service.list(listed)["size"] == 0


def test_expired_ones_do_not_pile_up(world: World) -> None:
    for number in range(5):
        invite(world, f"p{number}@example.org")
    world.now += 8 * DAY
    invite(world)
    with world.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(schema.invitations)).scalar() == 1


def test_documents_of_before_do_not_name_them(world: World) -> None:
    assert "invitations" not in world.service.get(world.application)


def test_the_directory_keeps_no_token(world: World, post: Post) -> None:
    invite(world)
    token = token_in(post.only())
    with world.database.read() as connection:
        rows = connection.execute(select(schema.invitations)).all()
    assert token not in str(rows)


def test_what_the_invitation_says_no_visitor_changes(world: World, post: Post) -> None:
    invite(world)
    token = token_in(post.only())
    wrong: list[dict[str, Any]] = [{"email": "eve@example.org"}, {"status": "DISABLED"}, {"groups": []}, {"x": 1}]
    for more in wrong:
        with refused(2015, next(iter(more))):
            accept(world, token, **more)


def test_what_is_no_document_is_refused(world: World, post: Post) -> None:
    invite(world)
    token = token_in(post.only())
    wrong: list[Any] = [None, [], "x", 7]
    for sent in wrong:
        for verb, path in (("update", at(world, token)), ("create", f"{world.application}/invitations")):
            with pytest.raises(Error) as caught:
                getattr(world.service, verb)(path, sent)
            assert caught.value.status == 400


def test_a_weak_password_leaves_the_token_good(world: World, post: Post) -> None:
    invite(world)
    token = token_in(post.only())
    with refused(2007):
        accept(world, token, password="x")
    accept(world, token)


def test_custom_data_and_a_username_may_be_given(world: World, post: Post) -> None:
    invite(world)
    account = accept(world, token_in(post.only()), username="bob", customData={"branch": "East"})
    assert world.service.get(account)["username"] == "bob"
    assert world.service.get(f"{account}/customData")["branch"] == "East"


def test_who_listens_is_told_who_was_invited_and_who_came(world: World, post: Post) -> None:
    told: list[Event] = []
    world.service.events.listen(AfterEvent, told.append)
    path = invite(world)
    account = f"{BASE}/{accept(world, token_in(post.only()))}"
    invited, registered, accepted = told
    assert isinstance(invited, Invited)
    assert (invited.email, invited.invitation, invited.account) == (BOB, f"{BASE}/{path}", None)
    assert BOB not in repr(invited)
    assert (type(registered), type(accepted)) == (Registered, InvitationAccepted)
    assert {registered.account, accepted.account} == {account}
    assert accepted.credential == "invitation token"


def test_a_listener_may_complete_the_account_but_not_its_address(world: World, post: Post) -> None:
    def complete(event: RegistrationStarts) -> RegistrationStarts:
        return replace(event, data={**event.data, "email": "eve@example.org", "middle_name": "Gordon"})

    world.service.events.listen(RegistrationStarts, complete)
    invite(world)
    account = world.service.get(accept(world, token_in(post.only())))
    assert (account["email"], account["middleName"]) == (BOB, "Gordon")


def test_of_several_at_once_one_makes_the_account(world: World, post: Post) -> None:
    invite(world)
    token = token_in(post.only())

    def try_it(number: int) -> int:
        try:
            accept(world, token, username=f"bob{number}")
        except Error as error:
            return error.status
        return 200

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(try_it, range(4))) == [200, 404, 404, 404]


def test_two_administrators_who_invite_the_same_one_make_one_invitation(world: World, post: Post) -> None:
    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(lambda _: invite(world), range(3)))) == 1
    assert len({token_in(mail) for mail in post.read()}) == 1
