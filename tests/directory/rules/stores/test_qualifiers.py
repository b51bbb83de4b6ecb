"""Home directories and qualifiers: written once, and by many at once."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from support.world import PASSWORD, World, link, part


def naming(world: World, directory: str, application: str) -> dict[str, Any]:
    """How an account in *directory* is named at *application*."""
    account = world.account(at=directory)
    token = world.service.get(f"refreshTokens/{world.session(account, application)}")
    found: dict[str, Any] = token["naming"]
    return found


def test_of_many_that_are_mapped_at_once_one_is_the_home(world: World) -> None:
    application = world.new_application()
    stores = [world.new_directory() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda store: world.map(store, application), stores))
    found = [naming(world, store, application) for store in stores]
    assert [each["isHome"] for each in found].count(True) == 1
    assert len({each["qualifier"] for each in found}) == 4


def test_of_many_with_one_name_each_has_a_qualifier_of_its_own(world: World) -> None:
    """Names differ in nothing but what a qualifier must not hold, and are mapped at once, each twice."""
    stores = [world.new_directory(f"a{character}b") for character in ":_"] + [world.new_directory("A_B (2)")]
    applications = [world.new_application() for _ in stores]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(world.map, stores * 2, applications + applications[1:] + applications[:1]))
    found = [
        naming(world, store, application)["qualifier"] for store, application in zip(stores, applications, strict=True)
    ]
    assert len({each.casefold() for each in found}) == 3


def test_a_directory_is_named_when_an_organization_maps_it(world: World) -> None:
    directory = world.new_directory("acme")
    organization = world.new_organization("acme", directory)
    world.update(directory, name="renamed")
    world.map(organization)
    assert naming(world, directory, world.application) == {"isHome": False, "qualifier": "acme"}


def test_an_application_that_began_with_an_organization_has_no_home(world: World) -> None:
    application = world.new_application()
    directory = world.new_directory("acme")
    world.map(world.new_organization("acme", directory), application)
    assert naming(world, directory, application) == {"isHome": False, "qualifier": "acme"}
    world.map(directory, application)  # its people are known there already
    assert naming(world, directory, application) == {"isHome": False, "qualifier": "acme"}


def test_a_name_that_was_used_often_costs_no_more_and_more(world: World) -> None:
    """Test suites of clients make and remove the same directory a thousand times."""
    for _ in range(12):
        directory = world.new_directory("acme")
        with world.statements() as ran:
            world.map(directory)
        assert len(ran) < 40
        found = naming(world, directory, world.application)["qualifier"]
        world.service.delete(directory)
    assert found == f"acme ({directory.partition('/')[2]})"


def test_a_name_that_may_not_stand_in_a_header_is_made_harmless(world: World) -> None:
    directory = world.new_directory("a:b")
    world.map(directory)
    assert naming(world, directory, world.application)["qualifier"] == "a_b"


def test_an_access_token_says_it_as_well(world: World) -> None:
    token = world.service.create(f"{world.account()}/accessTokens", {"application": link(world.application)})
    assert token["naming"] == {"isHome": True, "qualifier": "My Application Directory"}


def test_a_login_says_it_where_it_is_asked_to(world: World) -> None:
    elsewhere = world.new_directory("acme")
    world.map(elsewhere)
    main, other = world.account("main@example.org"), world.account("other@example.org", at=elsewhere)

    def told(email: str) -> object:
        value = base64.b64encode(f"{email}:{PASSWORD}".encode()).decode()
        attempts = f"{world.application}/loginAttempts"
        return world.service.create(attempts, {"value": value}, {"naming": "true"})["naming"]

    home = {"isHome": True, "qualifier": "My Application Directory"}
    assert told("main@example.org") == home
    assert told("other@example.org") == {"isHome": False, "qualifier": "acme"}
    world.service.create("accountLinks", {"leftAccount": link(other), "rightAccount": link(main)})
    world.update(part(world.service.get(world.application), "accountLinkingPolicy"), status="ENABLED")
    assert told("other@example.org") == home  # the linked account answers
