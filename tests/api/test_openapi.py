"""The OpenAPI document: that it describes what is served, and what comes of requests that are made up from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any, NamedTuple

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from support.authenticator import new_passkey
from support.callers import HOST, Caller, basic
from support.certificates import PEM
from support.world import Beginning, World, link
from werkzeug.test import Client

from stormpath_wsgi import kinds
from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.api.openapi import document
from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.directory.storage import migrate
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.wire.paths import BY_SEGMENT
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds import KINDS

CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance]
AGENT = {
    **{"directoryHost": "ldap.example.org", "directoryPort": 636, "sslRequired": True, "pollInterval": 60},
    **{"agentUserDn": "cn=agent", "agentUserDnPassword": "secret", "baseDn": "dc=example,dc=org"},
    "accountConfig": {
        **{"objectClass": "person", "emailRdn": "mail", "givenNameRdn": "givenName"},
        **{"surnameRdn": "sn", "usernameRdn": "uid"},
    },
    "groupConfig": {"objectClass": "groupOfUniqueNames", "nameRdn": "cn", "descriptionRdn": "description"},
}
LDAP = {"providerId": "ldap", "agent": {"config": AGENT}}
SAML = {
    "providerId": "saml",
    "ssoLoginUrl": "https://idp.example.org/login",
    "ssoLogoutUrl": "https://idp.example.org/logout",
    "encodedX509SigningCert": PEM,
}
FACEBOOK = {"providerId": "facebook", "clientId": "id", "clientSecret": "secret"}


def _described() -> dict[str, Any]:
    with closing(Database("sqlite://")) as database:  # which is not asked
        return document(DirectoryService(database, "http://localhost/v1").verbs, "http://localhost/v1")


DOCUMENT = _described()
PATHS: dict[str, Any] = DOCUMENT["paths"]


@pytest.fixture(scope="module")
def schema() -> Any:
    """What is worked out for one test holds for all. Each names the application that it asks."""
    return schemathesis.openapi.from_dict(DOCUMENT)


class Filled(NamedTuple):
    """A directory with something of nearly every kind in it, and where: an id, by path segment."""

    beginning: Beginning
    there: dict[str, str]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    url = f"sqlite:///{tmp_path_factory.mktemp('openapi')}/accounts.db"
    with closing(Database(url)) as database:
        migrate.upgrade(database)
        beginning = Beginning(database, url, _fill)
        yield Filled(beginning, _reachable(beginning.world().service))


@pytest.fixture
def world(filled: Filled) -> World:
    return filled.beginning.world()


def test_it_is_there_for_everybody(api: RestAPI) -> None:
    answer = Client(api).get("/v1/openapi.json", base_url=f"https://{HOST}")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.get_json() == DOCUMENT | {"servers": [{"url": "https://id.example.org/v1"}]}
    assert DOCUMENT["openapi"] == "3.1.0"


def test_the_status_tells_of_an_account_that_was_there_before() -> None:
    answers = {
        path: methods["post"]["responses"]
        for path, methods in PATHS.items()
        if path.endswith("/accounts") and "201" in methods.get("post", {}).get("responses", {})
    }
    assert answers
    assert [path for path, codes in answers.items() if "200" in codes] == ["/applications/{id}/accounts"]


def test_every_kind_has_a_place_in_it() -> None:
    segments = {segment for path in PATHS for segment in path.split("/")}
    assert {kind.path for kind in KINDS.values()} <= segments


# The thread that sends mail draws random numbers meanwhile, which Hypothesis takes for its own.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@pytest.mark.parametrize("segment", sorted({path.split("/")[1] for path in PATHS}))
def test_made_up_requests(segment: str, schema: Any, filled: Filled, api: RestAPI, caller: Caller) -> None:
    """Never a 5xx, and each answer is as described, where there is something and where there is nothing."""
    there = filled.there
    authorization = {"Authorization": basic(caller.id, caller.secret)}

    @settings(
        max_examples=4,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def ask(data: st.DataObject, operation: Any, is_there: bool) -> None:
        case = data.draw(operation.as_strategy())
        if is_there and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = there[segment]
        case.call_and_validate(headers=authorization, checks=CHECKS, app=api)

    for path, methods in PATHS.items():
        for method in methods:
            if path.split("/")[1] == segment:
                ask(operation=schema[path][method], is_there=method != "delete" and segment in there)


def test_the_requests_find_something_nearly_everywhere(filled: Filled) -> None:
    missing = {kind.path for kind in KINDS.values()} - filled.there.keys()
    below_others = {
        *("customData", "loginAttempts", "passkeyAttempts", "spentAnswers", "strength", "provider", "providerData"),
        *("passwordResetTokens", "verificationEmails", "emailVerificationTokens", "defaultRelayStates"),
        *("emailChange", "emailChangeTokens", "noticeTokens", "passwordChange", "invitationTokens", "mailedCodes"),
        *("secondFactor", "authorizationRequests"),
    }
    documents = {kinds.X509Certificate.path}
    assert missing == below_others | documents | {kinds.SmtpServer.path}  # which is tried before it is stored


def _fill(world: World) -> None:
    """Makes what bootstrapping does not."""
    world.new_directory(provider=LDAP)
    world.new_directory(provider=FACEBOOK)
    world.new_directory(provider=SAML)
    ada = world.account("ada@example.org")
    world.member(ada, world.group())
    world.map(world.new_organization("acme", world.directory))
    twin = world.account("ada@example.com", at=world.new_directory())
    for path, properties in (
        ("accountLinks", {"leftAccount": link(ada), "rightAccount": link(twin)}),
        (f"{ada}/apiKeys", {}),
        (f"{ada}/refreshTokens", {"application": link(world.application)}),
        (f"{ada}/accessTokens", {"application": link(world.application)}),
        (f"{ada}/sessions", {"application": link(world.application)}),
        (f"{twin}/deletions", {"grace": "P1D"}),
        (f"{world.application}/invitations", {"email": "bea@example.org"}),
        (f"{ada}/passkeys", new_passkey()),
        (f"{ada}/factors", {"type": "SMS", "phone": {"number": "+18883915282"}}),
    ):
        made = world.service.create(path, properties)
    world.service.create(made["challenges"]["href"].removeprefix(world.service.base_url + "/"), {})
    sites = {"assertionConsumerServiceUrl": "https://sp.example.org/acs", "entityId": "https://sp.example.org"}
    registered = world.service.create("registeredSamlServiceProviders", sites)
    world.service.create(
        f"{world.application.replace('applications', 'samlIdentityProviders')}/samlServiceProviderRegistrations",
        {"serviceProvider": {"href": registered["href"]}},
    )


def _reachable(service: DirectoryService) -> dict[str, str]:
    """By path segment, the id of one resource, found by following links."""
    ids: dict[str, str] = {}
    seen: set[str] = set()
    ahead = ["tenants/current"]
    while ahead:
        path = ahead.pop()
        with suppress(Error):  # where nothing can be read: an endpoint, a document, a mere look-up
            found = _read(service, path)
            if path.count("/") == 1:
                segment, id = found["href"].removeprefix(f"{service.base_url}/").split("/")
                ids.setdefault(segment, id)
                ahead += [f"{path}/{name}" for name in _unnamed(segment)]
            below = {one["href"].removeprefix(f"{service.base_url}/") for one in _objects(found) if one.get("href")}
            ahead += sorted(below - seen)
            seen |= below
    return ids


def _unnamed(segment: str) -> list[str]:
    """The collections of a resource that no document names, for the sake of old clients."""
    members = BY_SEGMENT[segment].members.values() if segment in BY_SEGMENT else ()
    return [member.wire for member in members if isinstance(member, kinds.Collection) and not member.named]


def _read(service: DirectoryService, path: str) -> dict[str, Any]:
    return service.get(path) if "get" in service.verbs(path) else service.list(path)


def _objects(found: dict[str, Any]) -> list[dict[str, Any]]:
    values = [one for value in found.values() for one in (value if isinstance(value, list) else [value])]
    return [value for value in values if isinstance(value, dict)]
