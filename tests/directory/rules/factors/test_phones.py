"""Telephones of an account."""

from __future__ import annotations

import pytest
from support.handset import NUMBER, Handset
from support.world import World, link, path, refused


@pytest.fixture
def account(world: World) -> str:
    return world.account()


def new_phone(world: World, account: str, number: str = NUMBER, **properties: str) -> str:
    return path(world.service.create(f"{account}/phones", {"number": number, **properties}))


@pytest.mark.parametrize(
    ("number", "known_as"),
    [
        ("+18883915282", "+18883915282"),  # toll-free
        ("2672223333", "+12672223333"),
        ("+1 (267) 222-3333", "+12672223333"),
        ("+49 30.901820", "+4930901820"),
        ("+6834002", "+6834002"),  # Niue, among the shortest there are
    ],
)
def test_a_number_is_kept_in_its_international_spelling(sqlite_world: World, number: str, known_as: str) -> None:
    phone = sqlite_world.service.create(f"{sqlite_world.account()}/phones", {"number": number})
    assert phone["number"] == known_as
    assert (phone["status"], phone["verificationStatus"]) == ("ENABLED", "UNVERIFIED")


@pytest.mark.parametrize(
    "number", ["+666", "666", "+1234567890123456", "+0123456789", "+11234567890", "2672223333x", "٢٦٧٢٢٢٣٣٣٣"]
)
def test_what_is_no_number_is_refused(sqlite_world: World, number: str) -> None:
    account = sqlite_world.account()
    with refused(13101):
        new_phone(sqlite_world, account, number)
    assert sqlite_world.items(f"{account}/phones") == []


def test_an_account_has_a_number_once(world: World, account: str) -> None:
    phone = new_phone(world, account)
    with refused(13102, "An existing phone with that number already exists for this Account."):
        new_phone(world, account, "(201) 555-0123")
    other = new_phone(world, account, "+12015550199")
    with refused(13102):
        world.update(other, number=NUMBER)
    assert world.update(phone, number=NUMBER, name="Home")["name"] == "Home"
    new_phone(world, world.account())


def test_a_verified_number_does_not_change(world: World, account: str) -> None:
    phone = new_phone(world, account)
    with refused(13100, "Verified phone numbers cannot be modified."):
        world.update(phone, number="+12015550199", verificationStatus="VERIFIED")
    world.update(phone, number="+12015550199")
    world.update(phone, verificationStatus="VERIFIED")
    with refused(13100):
        world.update(phone, number=NUMBER)
    with refused(13100):
        world.update(phone, number=NUMBER, verificationStatus="UNVERIFIED")
    assert world.update(phone, number="+12015550199", description="hers")["number"] == "+12015550199"


def test_another_number_has_proved_nothing(world: World, account: str) -> None:
    """A code that went to the old number does not verify the new one, and no factor stays VERIFIED on it."""
    handset = Handset(world)
    factor = handset.factor(account)
    phone = path(world.service.get(factor)["phone"])
    assert handset.answer(handset.challenge(factor)) == "SUCCESS"
    challenge = handset.challenge(factor)
    world.update(phone, verificationStatus="UNVERIFIED")
    world.update(phone, number="+12015550199")
    with refused(13112):
        handset.answer(challenge)
    assert world.service.get(phone)["verificationStatus"] == "UNVERIFIED"
    assert world.service.get(factor)["verificationStatus"] == "UNVERIFIED"


def test_its_factors_go_with_a_phone(world: World, account: str) -> None:
    handset = Handset(world)
    factor = handset.factor(account)
    challenge = handset.challenge(factor)
    world.service.delete(path(world.service.get(factor)["phone"]))
    for gone in (factor, challenge):
        with refused(404, "The requested resource does not exist."):
            world.service.get(gone)


def test_phones_are_listed_searched_and_ordered(world: World, account: str) -> None:
    for number in ("+12015550199", "+12015550111"):
        new_phone(world, account, number, name=number[-1])
    assert [phone["name"] for phone in world.items(f"{account}/phones", orderBy="number")] == ["1", "9"]
    (found,) = world.items(f"{account}/phones", number="+12015550199")
    assert found["account"] == link(account)
