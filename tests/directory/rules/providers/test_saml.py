"""SAML: the resources of applications and directories, the tenant's certificate, and what is told to others."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.etree import ElementTree

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import RSAKey
from support.certificates import INDENTED_PEM, PEM
from support.world import World, link, part, path, refused

from stormpath_wsgi.directory.storage import schema

SAML = {
    "providerId": "saml",
    "ssoLoginUrl": "https://idp.example.org/login",
    "ssoLogoutUrl": "https://idp.example.org/logout",
    "encodedX509SigningCert": PEM,
}
MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"


@pytest.fixture
def policy(world: World) -> dict[str, Any]:
    expand = "serviceProvider,identityProvider(attributeStatementMappingRules)"
    return world.service.get(part(world.service.get(world.application), "samlPolicy"), expand)


@pytest.fixture
def identity_provider(policy: dict[str, Any]) -> str:
    return path(policy["identityProvider"])


@pytest.fixture
def states(policy: dict[str, Any]) -> str:
    return part(policy["serviceProvider"], "defaultRelayStates")


@pytest.fixture
def registered(world: World) -> str:
    body = {"assertionConsumerServiceURL": "https://sp.example.org/acs", "entityId": "urn:sp"}
    return path(world.service.create("registeredSamlServiceProviders", body))


def certificate_of(world: World, path: str) -> x509.Certificate:
    media, content = world.service.document(path)
    assert media == "application/pkix-cert"
    return x509.load_der_x509_certificate(content)


def parsed(content: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(content)  # noqa: S314 - our own


def test_an_application_plays_both_roles(world: World, policy: dict[str, Any]) -> None:
    service, identity = policy["serviceProvider"], policy["identityProvider"]
    assert service["ssoInitiationEndpoint"] == link(f"{world.application}/saml/sso/idpRedirect")
    assert (identity["status"], identity["signatureAlgorithm"]) == ("ENABLED", "RSA-SHA256")
    assert identity["attributeStatementMappingRules"]["items"] == []
    for name in ("registeredSamlServiceProviders", "samlServiceProviderRegistrations"):
        assert world.items(part(identity, name)) == []


def test_an_identity_provider_can_be_switched_off(world: World, identity_provider: str) -> None:
    whole = world.service.get(identity_provider)
    assert world.service.update(identity_provider, {**whole, "status": "disabled"})["status"] == "DISABLED"
    rule = {"name": "mail", "nameFormat": None, "accountAttributes": ["email"]}
    rules = part(whole, "attributeStatementMappingRules")
    assert world.update(rules, items=[rule])["items"] == [rule]
    del rule["nameFormat"]
    assert world.update(rules, items=[rule])["items"] == [{**rule, "nameFormat": None}]


def test_a_tenant_has_one_certificate(world: World, identity_provider: str) -> None:
    whole = world.service.get(identity_provider)
    certificate = certificate_of(world, part(whole, "x509SigningCert"))
    certificate.verify_directly_issued_by(certificate)
    assert whole["shaFingerprint"] == certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - a name
    directory = world.new_directory(provider=SAML)
    metadata = world.service.get(part(world.service.get(f"{directory}/provider"), "serviceProviderMetadata"))
    assert certificate_of(world, part(metadata, "x509SigningCert")) == certificate
    with world.database.read() as connection:
        row = connection.execute(schema.certificates.select()).one()
    assert "PRIVATE" not in row.private_key


def test_those_who_ask_at_once_get_the_same_certificate(world: World) -> None:
    id = world.application.split("/")[1]
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(world.service.document, f"x509certificates/{id}") for _ in range(4)]
    assert len({one.result() for one in asked}) == 1


def test_metadata_tell_the_other_side_where_to_go(world: World, identity_provider: str) -> None:
    media, content = world.service.document(part(world.service.get(identity_provider), "metadata"))
    assert media == "application/xml"
    told = world.service.get(part(world.service.get(identity_provider), "metadata"), "identityProvider")
    assert told["entityId"] == parsed(content).get("entityID") == told["href"]
    assert path(told["identityProvider"]) == identity_provider and told["identityProvider"]["status"] == "ENABLED"
    assert part(told, "x509SigningCert") == part(world.service.get(identity_provider), "x509SigningCert")
    role = parsed(content).find(f"{MD}IDPSSODescriptor")
    assert role is not None
    assert {one.get("Location") for one in role.iter(f"{MD}SingleSignOnService")} == {
        link(f"{world.application}/saml/sso")["href"]
    }
    directory = world.new_directory(provider=SAML)
    metadata = world.service.get(f"{directory}/provider", "serviceProviderMetadata")["serviceProviderMetadata"]
    entity = parsed(world.service.document(path(metadata))[1])
    assert entity.get("entityID") == metadata["entityId"] == f"urn:stormpath:directory:{directory[12:]}:provider:sp"
    service = entity.find(f"{MD}SPSSODescriptor/{MD}AssertionConsumerService")
    assert service is not None
    assert service.get("Location") == metadata["assertionConsumerServicePostEndpoint"]["href"]


def test_there_are_no_documents_of_anything_else(world: World) -> None:
    id = world.directory.split("/")[1]
    for gone in (f"x509certificates/{id}", f"samlServiceProviderMetadatas/{id}", f"samlIdentityProviderMetadatas/{id}"):
        with refused(404):
            world.service.document(gone)
    for gone in (f"samlServiceProviderMetadatas/{id}", f"samlIdentityProviderMetadatas/{id}"):
        with refused(404):
            world.service.get(gone)
    with refused(405):
        world.service.document(world.application)
    with refused(405):
        world.service.get(f"x509certificates/{world.application.split('/')[1]}")
    for endpoint in (f"{world.application}/saml/sso", f"{world.application}/saml/sso/idpRedirect"):
        with refused(404):
            world.service.get(endpoint)


def test_a_relay_state_is_signed_with_the_tenants_key(world: World, states: str) -> None:
    callback = "https://shop.example.org/callback"
    world.update(world.application, authorizedCallbackUris=["https://*.example.org/callback"])
    world.service.create("organizations", {"name": "Acme", "nameKey": "acme"})
    body = {"callbackUri": callback, "organization": {"nameKey": "ACME"}, "state": "seven"}
    text = world.service.create(states, body)["defaultRelayState"]
    public = certificate_of(world, f"x509certificates/{world.application.split('/')[1]}").public_key()
    key = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    registry = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
    claims = json.loads(jws.deserialize_compact(text, RSAKey.import_key(key), registry=registry).payload)
    assert claims.items() >= {**body, "spUid": world.application.split("/")[1]}.items()
    header = json.loads(base64.urlsafe_b64decode(text.split(".")[0] + "=="))
    assert header == {"tid": world.tenant.split("/")[1], "alg": "RS256"}
    assert (
        world.service.create(states, {})["defaultRelayState"] != world.service.create(states, {})["defaultRelayState"]
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"organization": {"nameKey": "nobody"}}, 2016),
        ({"organization": {}}, 2000),
        ({"organization": "acme"}, 2004),
        ({"callbackUri": "https://evil.example.com/callback"}, 5121),
        ({"callbackUri": "https://a.b.example.org/callback"}, 5121),
        ({"callbackUri": "https://evil.example.com/.example.org/callback"}, 5121),
        ({"callbackUri": "https://.example.org/callback"}, 5121),
        ({"colour": "red"}, 2015),
    ],
)
def test_a_relay_state_leads_nowhere_else(world: World, states: str, body: dict[str, Any], code: int) -> None:
    world.update(world.application, authorizedCallbackUris=["https://*.example.org/callback"])
    with refused(code):
        world.service.create(states, body)


def test_a_service_provider_is_registered_once(world: World, identity_provider: str, registered: str) -> None:
    whole = world.service.get(identity_provider)
    registrations = part(whole, "samlServiceProviderRegistrations")
    made = path(world.service.create(registrations, {"serviceProvider": link(registered)}))
    assert world.service.get(made)["identityProvider"] == link(identity_provider)
    assert path(world.only(registrations)) == made
    assert path(world.only(part(whole, "registeredSamlServiceProviders"))) == registered
    with refused(2001):
        world.service.create(registrations, {"serviceProvider": link(registered)})
    with refused(2016):
        world.service.create(registrations, {"serviceProvider": link("registeredSamlServiceProviders/unknown")})
    assert world.update(made, status="disabled", defaultRelayState="x")["status"] == "DISABLED"
    world.service.delete(registered)
    for gone in (made, registered):
        with refused(404):
            world.service.get(gone)
    assert world.items(registrations) == []


def test_a_registration_is_undone(world: World, identity_provider: str, registered: str) -> None:
    registrations = part(world.service.get(identity_provider), "samlServiceProviderRegistrations")
    made = path(world.service.create(registrations, {"serviceProvider": link(registered)}))
    world.service.delete(made)
    assert world.service.get(registered)["nameIdFormat"] == "EMAIL"
    assert world.items(registrations) == []


def test_a_registered_service_provider_changes(world: World, registered: str) -> None:
    whole = world.service.get(registered)
    assert whole["assertionConsumerServiceUrl"] == "https://sp.example.org/acs"
    change = {**whole, "encodedX509Certificate": INDENTED_PEM, "nameIdFormat": "transient"}
    changed = world.service.update(registered, change)
    assert (changed["encodedX509Certificate"], changed["nameIdFormat"]) == (INDENTED_PEM, "TRANSIENT")
    with refused(2006):
        world.update(registered, encodedX509Certificate="none")
    with refused(2000):
        world.service.create("registeredSamlServiceProviders", {"entityId": "x"})


def test_the_roles_go_with_the_application(world: World, identity_provider: str) -> None:
    rules = part(world.service.get(identity_provider), "attributeStatementMappingRules")
    world.service.delete(world.application)
    for gone in (identity_provider, rules, identity_provider.replace("Identity", "Service")):
        with refused(404):
            world.service.get(gone)
    with refused(404):
        world.service.create(f"samlServiceProviders/{world.application.split('/')[1]}/defaultRelayStates", {})
