"""Providers: what each sort of directory is made with, what it may change, and which directories only mirror."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from support.certificates import INDENTED_PEM, PEM
from support.world import ON_ONE_ENGINE, PASSWORD, World, link, part, path, refused

from stormpath_wsgi.directory.storage import schema

CREDENTIALS = {"clientId": "our id", "clientSecret": "our secret"}
ENDPOINTS = {
    "authorizationEndpoint": "https://op.example.org/authorize",
    "tokenEndpoint": "https://op.example.org/token",
    "resourceEndpoint": "https://op.example.org/user",
}
SAML = {
    "ssoLoginUrl": "https://idp.example.org/login",
    "ssoLogoutUrl": "https://idp.example.org/logout",
    "encodedX509SigningCert": INDENTED_PEM,
}
RULE: dict[str, Any] = {"name": "mail", "accountAttributes": ["email", "customData.mail"]}
RULES = {"items": [RULE]}


def provided(world: World, provider_id: str, **attributes: Any) -> str:
    """The path of a new directory."""
    return world.new_directory(provider={"providerId": provider_id, **attributes})


@pytest.fixture
def social(world: World) -> str:
    return provided(world, "google", **CREDENTIALS)


def test_a_directory_is_our_own_unless_it_says_otherwise(world: World) -> None:
    directory = world.service.get(world.directory, "provider")
    provider = directory["provider"]
    assert provider["href"] == link(f"{world.directory}/provider")["href"]
    assert provider.keys() == {"href", "createdAt", "modifiedAt", "providerId", "providerType"}
    assert provider["providerId"] == provider["providerType"] == "stormpath"
    assert path(world.service.create("directories", {"name": "echo", "provider": link(f"{world.directory}/provider")}))


@pytest.mark.parametrize(
    ("provider_id", "sent", "defaults"),
    [
        ("facebook", CREDENTIALS, {"scope": ["public_profile", "email"], "providerType": "facebook"}),
        ("Google", CREDENTIALS, {"scope": ["profile", "email"], "providerId": "google"}),
        ("google", {**CREDENTIALS, "redirectUri": "https://x.example.org/"}, {"redirectUri": "https://x.example.org/"}),
        ("github", CREDENTIALS, {"scope": ["user:email"]}),
        ("linkedin", {**CREDENTIALS, "scope": ["r_all"]}, {"scope": ["r_all"]}),
        ("twitter", CREDENTIALS, {"clientSecret": "our secret"}),
        ("twitter", {**CREDENTIALS, "scope": ["all"]}, {"scope": ["all"]}),
        ("google", {**CREDENTIALS, "hd": "example.org", "display": "popup", "accessType": "offline"}, {}),
        (
            "our own",
            {**CREDENTIALS, **ENDPOINTS},
            {"idField": "id", "accessTokenType": "bearer", "scope": [], "providerType": "oauth2"},
        ),
    ],
)
def test_a_social_directory_has_credentials_a_scope_and_rules(
    world: World, provider_id: str, sent: dict[str, Any], defaults: dict[str, Any]
) -> None:
    directory = provided(world, provider_id, **sent)
    provider = world.service.get(f"{directory}/provider", "userInfoMappingRules")
    assert provider.items() >= {**sent, **defaults}.items()
    assert not ({"hd", "display", "accessType"} - sent.keys()) & provider.keys()
    assert provider["userInfoMappingRules"]["items"] == []


@pytest.mark.parametrize("pem", [PEM, INDENTED_PEM, PEM.strip(), PEM.replace("\n", "\r\n"), f"\n{PEM}\n\n"])
def test_a_certificate_comes_back_as_it_was_sent(world: World, pem: str) -> None:
    directory = provided(world, "saml", **{**SAML, "encodedX509SigningCert": pem})
    assert world.service.get(f"{directory}/provider")["encodedX509SigningCert"] == pem
    changed = world.update(f"{directory}/provider", encodedX509SigningCert=f" {pem}")
    assert changed["encodedX509SigningCert"] == f" {pem}"


def test_a_new_provider_may_bring_its_mapping_rules(world: World) -> None:
    saml = provided(world, "saml", **SAML, attributeStatementMappingRules=RULES)
    provider = world.service.get(f"{saml}/provider", "attributeStatementMappingRules")
    assert provider["attributeStatementMappingRules"]["items"] == [{**RULE, "nameFormat": None}]
    assert path(provider["attributeStatementMappingRules"]) == f"attributeStatementMappingRules/{saml[12:]}"
    google = provided(world, "google", **CREDENTIALS, userInfoMappingRules=RULES)
    provider = world.service.get(f"{google}/provider", "userInfoMappingRules")
    assert provider["userInfoMappingRules"]["items"] == [RULE]


def test_what_google_is_asked_with_changes_and_goes(world: World, social: str) -> None:
    changed = world.update(f"{social}/provider", hd="example.org", display="TOUCH", accessType="Offline")
    assert (changed["hd"], changed["display"], changed["accessType"]) == ("example.org", "touch", "offline")
    assert "hd" not in world.update(f"{social}/provider", hd=None)


def test_a_saml_directory_has_rules(world: World) -> None:
    provider = world.service.get(f"{provided(world, 'saml', **SAML)}/provider", "attributeStatementMappingRules")
    assert provider["requestSignatureAlgorithm"] == "RSA-SHA256"
    assert provider["attributeStatementMappingRules"]["items"] == []


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("provider", "code", "word"),
    [
        ("google", 2004, "provider"),
        ({"providerId": "google", "clientId": "x"}, 2000, "clientSecret"),
        ({"providerId": "our own", **CREDENTIALS}, 2000, "authorizationEndpoint"),
        ({"providerId": "twitter", **CREDENTIALS, "redirectUri": "https://x.example.org"}, 2017, "redirectUri"),
        ({"providerId": "facebook", **CREDENTIALS, "hd": "example.org"}, 2017, "hd"),
        ({"providerId": "linkedin", **CREDENTIALS, "accessType": "online"}, 2017, "accessType"),
        ({"providerId": "google", **CREDENTIALS, "accessType": "sometimes"}, 2003, "accessType"),
        ({"providerId": "google", **CREDENTIALS, "display": "tv"}, 2003, "display"),
        ({"providerId": "google", **CREDENTIALS, "attributeStatementMappingRules": RULES}, 2017, "attributeStatement"),
        ({"providerId": "saml", **SAML, "userInfoMappingRules": RULES}, 2017, "userInfoMappingRules"),
        ({"attributeStatementMappingRules": RULES}, 2017, "attributeStatementMappingRules"),
        ({"providerId": "saml", **SAML, "attributeStatementMappingRules": [RULE]}, 400, "JSON object"),
        ({"providerId": "saml", **SAML, "attributeStatementMappingRules": {"items": RULE}}, 2004, "items"),
        ({"providerId": "saml", **SAML, "attributeStatementMappingRules": {"rules": []}}, 2015, "rules"),
        (
            {"providerId": "google", **CREDENTIALS, "userInfoMappingRules": {"items": [{"name": "x"}]}},
            2004,
            "accountAttributes",
        ),
        ({"providerId": "google", **CREDENTIALS, "agent": {"config": {}}}, 2017, "agent"),
        ({"clientId": "x"}, 2017, "clientId"),
        ({"providerId": "google", "colour": "red"}, 2015, "colour"),
        ({"providerId": "google", **CREDENTIALS, "providerType": "facebook"}, 2015, "providerType"),
        ({"providerId": "saml", **SAML, "encodedX509SigningCert": "Ünsinn"}, 2006, "certificate"),
        ({"providerId": "saml", **SAML, "encodedX509SigningCert": PEM[:400]}, 2006, "certificate"),
        ({"providerId": "ldap"}, 2000, "agent"),
        ({"providerId": ["google"]}, 2004, "providerId"),
    ],
)
def test_a_wrong_provider_leaves_no_directory(world: World, provider: Any, code: int, word: str) -> None:
    with refused(code, word):
        world.new_directory("New", provider=provider)
    assert world.items(f"{world.tenant}/directories", name="New") == []


def test_credentials_and_scope_change_and_the_rest_stays(world: World, social: str) -> None:
    before = world.service.get(f"{social}/provider")
    after = world.service.update(f"{social}/provider", {**before, "clientSecret": "new", "scopes": ["email"]})
    assert (after["clientSecret"], after["scope"], after["clientId"]) == ("new", ["email"], "our id")
    changes: list[tuple[int, dict[str, Any]]] = [
        (6202, {"providerId": "facebook"}),
        (2017, {"ssoLoginUrl": "https://x.example.org"}),
        (2000, {"clientId": None}),
        (2015, {"colour": 1}),
    ]
    for code, change in changes:
        with refused(code):
            world.service.update(f"{social}/provider", change)
    with refused(6201):
        world.update(f"{world.directory}/provider", providerId="ldap")
    assert world.service.get(f"{social}/provider") == after


def test_a_directory_takes_its_links_back_and_no_other_provider(world: World, social: str) -> None:
    whole = world.service.get(social)
    assert world.service.update(social, {**whole, "description": "people"})["description"] == "people"
    with refused(2002):
        world.update(social, provider={"providerId": "facebook"})


def test_the_secret_of_a_provider_is_not_in_the_table(world: World, social: str) -> None:
    with world.database.read() as connection:
        stored = connection.execute(select(schema.providers.c.client_secret)).scalars().all()
    assert [text for text in stored if text] and not any("our secret" in (text or "") for text in stored)


def test_rules_are_replaced_as_a_whole(world: World, social: str) -> None:
    rules = part(world.service.get(f"{social}/provider"), "userInfoMappingRules")
    first = {"name": "name1", "accountAttributes": ["customData.name1", "givenName"]}
    assert world.update(rules, items=[first])["items"] == [first]
    assert world.service.get(rules)["items"] == [first]
    assert world.update(rules, items=[])["items"] == []
    wrong: list[tuple[int, Any]] = [
        (2004, {"name": "x"}),
        (2006, {"name": "x", "accountAttributes": ["password"]}),
        (2000, {"accountAttributes": []}),
        (2004, "x"),
    ]
    for code, item in wrong:
        with refused(code, "UserInfoMappingRules items"):
            world.update(rules, items=[item])


def test_nobody_but_the_provider_makes_accounts_and_groups(world: World, social: str) -> None:
    application = world.new_application()
    world.map(social, application, isDefaultAccountStore=True, isDefaultGroupStore=True)
    for place, codes in {social: (6100, 6100), application: (5106, 5110)}.items():
        with refused(codes[0]):
            world.account(at=place)
        with refused(codes[1]):
            world.group(at=place)


def mirrored(world: World, directory: str) -> str:
    """The path of an account, as if it had come from the provider of *directory*."""
    account = world.account("ada@example.org", givenName="Ada")
    with world.database.write() as transaction:
        columns = {"directory_id": directory.split("/")[1]}
        accounts = schema.accounts
        transaction.connection.execute(accounts.update().where(accounts.c.id == account.split("/")[1]).values(columns))
    return account


def test_of_a_mirrored_account_only_status_and_custom_data_change(world: World, social: str) -> None:
    account = mirrored(world, social)
    whole = world.service.get(account)
    changed = world.service.update(account, {**whole, "status": "DISABLED", "customData": {"a": 1}})
    assert changed["status"] == "DISABLED"
    assert world.service.get(f"{account}/customData")["a"] == 1
    for change in ({"surname": "King"}, {"email": "king@example.org"}, {"password": PASSWORD}):
        with refused(7202, next(iter(change))):
            world.service.update(account, change)


def test_an_application_maps_one_directory_of_a_social_provider(world: World, social: str) -> None:
    world.map(social)
    with refused(5200):
        world.map(provided(world, "google", **CREDENTIALS))
    world.map(provided(world, "facebook", **CREDENTIALS))
    for _ in range(2):
        world.map(provided(world, "saml", **SAML))
        world.map(world.new_directory())


def test_an_organization_maps_one_directory_of_a_social_provider(world: World, social: str) -> None:
    organization = world.service.create("organizations", {"name": "Acme", "nameKey": "acme"})
    mapping = {"organization": {"href": organization["href"]}}
    world.service.create("organizationAccountStoreMappings", {**mapping, "accountStore": link(social)})
    with refused(4700):
        other = link(provided(world, "google", **CREDENTIALS))
        world.service.create("organizationAccountStoreMappings", {**mapping, "accountStore": other})


def test_every_account_has_provider_data(world: World) -> None:
    account = world.account()
    data = world.service.get(account, "providerData")["providerData"]
    assert data.keys() == {"href", "createdAt", "modifiedAt", "providerId"}
    assert data["providerId"] == "stormpath"
    echo = world.service.update(account, {"providerData": link(f"{account}/providerData"), "surname": "King"})
    assert echo["surname"] == "King"
    with refused(405):
        world.update(f"{account}/providerData", providerId="google")
    world.service.delete(account)
    with refused(404):
        world.service.get(f"{account}/providerData")


def test_nothing_is_left_of_a_directory_with_a_provider(world: World, social: str) -> None:
    directories = [social, provided(world, "saml", **SAML)]
    parts = [path(world.service.get(f"{directory}/provider")) for directory in directories]
    rules = part(world.service.get(parts[1]), "attributeStatementMappingRules")
    for directory in directories:
        world.service.delete(directory)
    for gone in (*parts, rules):
        with refused(404):
            world.service.get(gone)
