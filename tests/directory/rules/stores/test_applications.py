"""Applications: their directory, their attributes, and what goes when they go."""

from __future__ import annotations

import pytest
from support.world import ON_ONE_ENGINE, World, link, names, part, path, refused


def test_a_new_application_has_what_the_declaration_says(world: World) -> None:
    made = world.service.create("applications", {"name": "Shop"})
    assert made == world.service.get(path(made))
    assert made["status"] == "ENABLED"
    assert made["description"] is None
    assert made["authorizedCallbackUris"] == made["authorizedOriginUris"] == []
    assert made["defaultAccountStoreMapping"] is made["defaultGroupStoreMapping"] is None
    assert made["tenant"] == link(world.tenant)
    assert made["createdAt"] == made["modifiedAt"] == "2023-11-14T22:13:20.000Z"
    assert world.service.get(part(made, "oAuthPolicy")) | {"createdAt": "", "modifiedAt": ""} == {
        "href": made["oAuthPolicy"]["href"],
        "createdAt": "",
        "modifiedAt": "",
        "accessTokenTtl": "PT1H",
        "refreshTokenTtl": "P60D",
        "tokenEndpoint": {"href": f"{made['href']}/oauth/token"},
        "application": {"href": made["href"]},
        "tenant": link(world.tenant),
    }


def test_attributes_come_back_as_they_were_sent(world: World) -> None:
    body = {
        "name": "Café ☕",
        "description": "d" * 4000,
        "status": "disabled",
        "authorizedCallbackUris": ["https://b.example", "https://a.example"],
        "authorizedOriginUris": ["http://www.someorigin.com", "https://a.example:8443"],
    }
    made = world.service.create("applications", body)
    assert {name: made[name] for name in body} == body | {"status": "DISABLED"}


@pytest.mark.parametrize("wish", ["true", True, "True"])
def test_a_directory_can_come_with_it(world: World, wish: object) -> None:
    made = world.service.create("applications", {"name": "Shop"}, {"createDirectory": wish})
    mapping = world.service.get(part(made, "defaultAccountStoreMapping"), "accountStore")
    assert mapping["accountStore"]["name"] == "Shop Directory"
    assert made["defaultGroupStoreMapping"] == made["defaultAccountStoreMapping"]
    assert (mapping["listIndex"], mapping["isDefaultAccountStore"], mapping["isDefaultGroupStore"]) == (0, True, True)


@pytest.mark.parametrize("wish", [None, "false", False, "False"])
def test_it_need_not(world: World, wish: object) -> None:
    before = len(world.items(f"{world.tenant}/directories"))
    made = world.service.create("applications", {"name": "Shop"}, {"createDirectory": wish})
    assert world.items(f"{path(made)}/accountStoreMappings") == []
    assert len(world.items(f"{world.tenant}/directories")) == before


def test_directories_that_are_named_for_us_are_numbered(world: World) -> None:
    for name in ("Shop", "SHOP!"):
        world.new_directory(f"{name} Directory")
    world.new_directory("shop directory (2)")
    world.new_application("Shop", {"createDirectory": "true"})
    assert "Shop Directory (3)" in names(world.items(f"{world.tenant}/directories"))


def test_a_long_name_is_cut_for_the_directory(world: World) -> None:
    world.new_directory("a" * 245 + " Directory")
    world.new_application("a" * 255, {"createDirectory": "true"})
    assert "a" * 241 + " Directory (2)" in names(world.items(f"{world.tenant}/directories"))


def test_a_directory_can_be_named(world: World) -> None:
    world.new_application("Shop", {"createDirectory": "People of the Shop"})
    assert "People of the Shop" in names(world.items(f"{world.tenant}/directories"))


@pytest.mark.parametrize(
    ("wish", "code"),
    [("", 2000), (" ", 2000), ("a\0b", 2005), (5, 2004), ("People", 5010), ("PEOPLE", 5010), ("p" * 256, 2008)],
)
def test_a_directory_that_cannot_be_made_leaves_no_application(world: World, wish: str, code: int) -> None:
    world.new_directory("People")
    with refused(code):
        world.new_application("Shop", {"createDirectory": wish})
    assert world.items(f"{world.tenant}/applications", name="Shop") == []


@pytest.mark.parametrize("name", ["My Application", "MY APPLICATION", " my application "])
def test_names_are_unique_whatever_the_case(world: World, name: str) -> None:
    with refused(2001, "name"):
        world.service.create("applications", {"name": name})


def test_a_name_can_be_kept_and_its_case_changed(world: World) -> None:
    world.update(world.application, name="My Application")
    assert world.update(world.application, name="MY APPLICATION")["name"] == "MY APPLICATION"


def test_another_ones_name_cannot_be_taken(world: World) -> None:
    other = world.new_application("Shop")
    with refused(2001, "name"):
        world.update(other, name="my application")
    assert world.service.get(other)["name"] == "Shop"


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 2000),
        ({"name": None}, 2000),
        ({"name": "  "}, 2000),
        ({"name": "n" * 256}, 2008),
        ({"name": ["n"]}, 2004),
        ({"name": "n\0"}, 2005),
        ({"name": "n\ud800"}, 2005),
        ({"name": "n", "status": "foo"}, 2003),
        ({"name": "n", "description": "d" * 4001}, 2008),
        ({"name": "n", "authorizedCallbackUris": "https://a.example"}, 2004),
        ({"name": "n", "authorizedCallbackUris": ["u" * 4001]}, 2008),
        ({"name": "n", "authorizedOriginUris": ["someorigin.com"]}, 2006),
        ({"name": "n", "authorizedOriginUris": ["https://a.example", "javascript:alert(1)"]}, 2006),
        ({"name": 10**5000}, 2004),
        ({"name": "n", "colour": "blue"}, 2015),
        ({"name": "n", "loginAttempts": 3}, 2015),
        ({"name": "n", "customData": []}, 2004),
    ],
)
def test_bad_bodies_are_told_apart(world: World, body: dict[str, object], code: int) -> None:
    with refused(code):
        world.service.create("applications", body)


@ON_ONE_ENGINE
@pytest.mark.parametrize("body", [None, [], "name", 3])
def test_what_is_no_object_is_no_application(world: World, body: object) -> None:
    with refused(400):
        world.service.create("applications", body)  # type: ignore[arg-type]


def test_a_number_serves_as_a_name(world: World) -> None:
    assert world.service.create("applications", {"name": 42})["name"] == "42"


def test_an_update_touches_only_what_is_named(world: World) -> None:
    before = world.service.get(world.application)
    world.now += 60
    after = world.update(world.application, description="Ours")
    assert after == before | {"description": "Ours", "modifiedAt": "2023-11-14T22:14:20.000Z"}


def test_modified_at_grows_even_when_the_clock_does_not(world: World) -> None:
    moments = [world.update(world.application, description=str(number))["modifiedAt"] for number in range(3)]
    world.now -= 3600
    moments.append(world.update(world.application, description="back in time")["modifiedAt"])
    assert moments == sorted(set(moments))


def test_a_whole_resource_can_be_sent_back(world: World) -> None:
    """Clients save by sending everything they have read."""
    application = world.service.get(world.application, "customData,accounts")
    again = world.service.update(world.application, application | {"description": "Ours"})
    assert again["description"] == "Ours"


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, 400),
        ({"tenant": {"href": "https://id.example.org/v1/tenants/other"}}, 2002),
        ({"accounts": {"href": "elsewhere"}}, 2002),
        ({"defaultAccountStoreMapping": None}, 2002),
        ({"colour": "blue"}, 2015),
        ({"name": None}, 2000),
    ],
)
def test_what_cannot_be_written_is_refused(world: World, change: dict[str, object], code: int) -> None:
    with refused(code):
        world.service.update(world.application, change)


def test_null_clears_what_may_be_null(world: World) -> None:
    world.update(world.application, description="Ours")
    assert world.update(world.application, description=None)["description"] is None


def test_deleting_it_leaves_its_stores(world: World) -> None:
    account, mapping = world.account(), world.mapping()
    session = world.session(account)
    world.service.delete(world.application)
    assert world.service.get(world.directory)["status"] == "ENABLED"
    assert world.service.get(account)["status"] == "ENABLED"
    assert world.items(f"{account}/refreshTokens") == []
    for gone in (world.application, mapping, f"refreshTokens/{session}", f"{world.application}/customData"):
        with refused(404):
            world.service.get(gone)
    with refused(404):
        world.service.delete(world.application)
    world.new_application("My Application")


def test_the_oauth_policy_keeps_lifetimes_as_they_were_sent(world: World) -> None:
    policy = part(world.service.get(world.application), "oAuthPolicy")
    assert world.update(policy, accessTokenTtl="PT5H", refreshTokenTtl="P0D")["accessTokenTtl"] == "PT5H"
    assert world.service.get(policy)["refreshTokenTtl"] == "P0D"
    for wrong, code in (("an hour", 2006), ("PT0S", 2009), ("P11Y", 2010), (3600, 2004)):
        with refused(code):
            world.update(policy, accessTokenTtl=wrong)
    for verb in (world.service.delete, world.service.list):
        with refused(405):
            verb(policy)


def test_a_whole_resource_that_was_read_a_while_ago_can_be_sent_back(world: World) -> None:
    read = world.service.get(world.application)
    world.update(world.mapping(), isDefaultGroupStore=False)
    saved = world.service.update(world.application, read | {"description": "Shop"})
    assert (saved["description"], saved["defaultGroupStoreMapping"]) == ("Shop", None)
    account = world.account(givenName="Ada")
    read = world.service.get(account)
    world.update(account, surname="King", password="Another-Horse-2")
    assert world.service.update(account, read | {"surname": "Byron"})["fullName"] == "Ada Byron"


def test_the_tenant_can_be_renamed_but_not_rekeyed(world: World) -> None:
    tenant = world.service.get(world.tenant)
    assert world.update(world.tenant, name="Acme", key=tenant["key"], customData=tenant["customData"])["name"] == "Acme"
    with refused(2002):
        world.update(world.tenant, key="acme")
    with refused(405):
        world.service.delete(world.tenant)
