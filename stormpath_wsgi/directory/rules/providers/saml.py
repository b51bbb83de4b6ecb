"""SAML: the configuration of applications and directories is stored and answered. Nobody can sign in by SAML yet.

Source: the SAML chapters of the REST API v1; SAML 2.0 Metadata (saml-metadata-2.0-os).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules import plain
from stormpath_wsgi.directory.rules.providers import certificates
from stormpath_wsgi.directory.rules.providers.certificates import Certificate
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies, canonical
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import (
    Application,
    AttributeStatementMappingRules,
    DefaultRelayState,
    RegisteredSamlServiceProvider,
    SamlIdentityProvider,
    SamlIdentityProviderMetadata,
    SamlServiceProviderMetadata,
    SamlServiceProviderRegistration,
    X509Certificate,
    is_authorized_callback,
)

if TYPE_CHECKING:
    from xml.etree import ElementTree

_MD, _DS = "urn:oasis:names:tc:SAML:2.0:metadata", "http://www.w3.org/2000/09/xmldsig#"
_PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
_EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"

#: The algorithm is asymmetric: so the signature of a relay state can be checked without a shared secret.


def make(work: UnitOfWork, application_id: str) -> None:
    """Makes the identity provider of a new application, and its mapping rules."""
    values = bodies.of_creation(SamlIdentityProvider, {}, work.base_url).values
    records.make(work, SamlIdentityProvider, application_id, values)
    rules: dict[str, Any] = {"items": []}
    records.make(work, AttributeStatementMappingRules, application_id, rules, application_id=application_id)


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Switches an identity provider on or off."""
    certificates.ensure(context)  # the answer has its fingerprint
    return plain.change(context, target, properties)


def before_reading(context: Context, target: Resource) -> None:
    """Makes the certificate of the tenant, unless it exists, before a resource with its fingerprint is read."""
    certificates.ensure(context)


def require_directory(context: Context, target: Resource) -> None:
    """Raises a 404 unless *target*, the metadata of a service provider, belongs to a SAML directory."""
    with context.read() as work:
        _require_directory(work, target.id)


def create_relay_state(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes a relay state: a JWT with the *properties*, signed with the tenant's key, which an identity provider sends
    back.

    The organization need not be mapped. Raises 2016 for an unknown organization, 5121 for a ``callbackUri`` that the
    application does not authorize.
    """
    values = bodies.of_creation(DefaultRelayState, {} if properties is None else properties, context.base_url).values
    if (organization := values.get("organization")) is not None:
        values["organization"] = DefaultRelayState.organization.merged(None, organization)
    certificates.ensure(context)
    with context.read() as work:
        application = records.load(work, Resource(Application, listing.id))
        _check_callback(values.get("callback_uri"), application["authorizedCallbackUris"])
        _require_organization(work, values.get("organization"))
        given = {getattr(DefaultRelayState, name).wire: value for name, value in values.items()}
        claims = {"spUid": listing.id, "jti": new_id(), **given}
        header = {"tid": work.tenant_id, "alg": "RS256"}
        return {"defaultRelayState": _signed(header, claims, _certificate(work).private_key)}


def _signed(header: dict[str, Any], claims: dict[str, Any], private_key: str) -> str:
    from joserfc import jws  # here, because few directories have anything to do with SAML
    from joserfc.jwk import RSAKey

    registry = jws.JWSRegistry(algorithms=["RS256"], strict_check_header=False)
    return jws.serialize_compact(header, json.dumps(claims), RSAKey.import_key(private_key), registry=registry)


def create_registered(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes a service provider, for any application of the tenant. Raises 2000 to 2015."""
    values = bodies.of_creation(RegisteredSamlServiceProvider, _renamed(properties), context.base_url).values
    id = new_id()
    with context.write() as work:
        records.make(work, RegisteredSamlServiceProvider, id, _checked(values))
        return records.load(work, Resource(RegisteredSamlServiceProvider, id))


def change_registered(context: Context, target: Resource, properties: Any) -> Wire:
    """Changes a service provider. Raises 2000 to 2015."""
    with context.write() as work:
        body = bodies.of_update(target.kind, _renamed(properties), records.load(work, target))
        records.change(work, target.kind, target.id, _checked(body.values))
        return records.load(work, target)


def create_registration(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Registers a service provider with an application. Raises 2001 when it is registered already, 2016."""
    body, id = bodies.of_creation(SamlServiceProviderRegistration, properties, context.base_url), new_id()
    provider = body.links["service_provider"]
    with context.write() as work:
        records.require_owner(work, listing)
        records.require(work, provider, "SamlServiceProviderRegistration serviceProvider")
        links = {"service_provider_id": provider.id, "identity_provider_id": listing.id}
        records.make(work, SamlServiceProviderRegistration, id, body.values, **links)
        return records.load(work, Resource(SamlServiceProviderRegistration, id))


def certificate(context: Context, target: Resource) -> tuple[str, bytes]:
    """The certificate of an application or of a SAML directory: the tenant's, in DER."""
    with context.read() as work:
        if not records.exist(work, Application, target.id):
            _require_directory(work, target.id)
    certificates.ensure(context)
    with context.read() as work:
        return X509Certificate.media or "", _certificate(work).der


def identity_provider_metadata(context: Context, target: Resource) -> tuple[str, bytes]:
    """The metadata of an application for service providers, as XML."""
    certificates.ensure(context)
    with context.read() as work:
        found = records.load(work, Resource(SamlIdentityProvider, target.id))
        entity, role = _entity(work.href(target), "IDPSSODescriptor", WantAuthnRequestsSigned="false")
        _add_key(role, _certificate(work))
    _add(role, "NameIDFormat", _EMAIL)
    for binding in (_POST, _REDIRECT):
        _add(role, "SingleSignOnService", Binding=binding, Location=found["ssoLoginEndpoint"]["href"])
    return SamlIdentityProviderMetadata.media or "", _document(entity)


def service_provider_metadata(context: Context, target: Resource) -> tuple[str, bytes]:
    """The metadata of a SAML directory for identity providers, as XML."""
    require_directory(context, target)
    certificates.ensure(context)
    with context.read() as work:
        found = records.load(work, Resource(SamlServiceProviderMetadata, target.id))
        signed = {"AuthnRequestsSigned": "true", "WantAssertionsSigned": "true"}
        entity, role = _entity(found["entityId"], "SPSSODescriptor", **signed)
        _add_key(role, _certificate(work))
    _add(role, "NameIDFormat", _EMAIL)
    endpoint = found["assertionConsumerServicePostEndpoint"]["href"]
    _add(role, "AssertionConsumerService", Binding=_POST, Location=endpoint, index="0", isDefault="true")
    return SamlServiceProviderMetadata.media or "", _document(entity)


def _require_directory(work: UnitOfWork, id: str) -> None:
    """Raises a 404 unless *id* is that of a SAML directory of the tenant: only those have mapping rules."""
    rules = schema.attribute_statement_mapping_rules.c
    found = select(rules.id).where(rules.directory_id == id, rules.tenant_id == work.tenant_id)
    if work.connection.execute(found).first() is None:
        raise fault(Code.NOT_FOUND)


def _certificate(work: UnitOfWork) -> Certificate:
    """The certificate of the tenant, which was made before. Raises a 404 when the tenant was removed meanwhile."""
    found = certificates.of_tenant(work)
    if found is None:
        raise fault(Code.NOT_FOUND)
    return found


def _check_callback(uri: str | None, authorized: list[str]) -> None:
    """Raises 5121 unless *uri* is one of those *authorized*."""
    if uri is not None and not is_authorized_callback(uri, authorized):
        raise fault(Code.CALLBACK_NOT_AUTHORIZED)


def _require_organization(work: UnitOfWork, organization: Mapping[str, Any] | None) -> None:
    if organization is None:
        return
    table = schema.organizations
    key = canonical.canonical_name(organization["nameKey"])
    found = select(table.c.id).where(table.c.tenant_id == work.tenant_id, table.c.name_key_folded == key)
    if work.connection.execute(found).first() is None:
        raise fault(Code.UNKNOWN_RESOURCE, "DefaultRelayState organization.nameKey does not match a known resource.")


def _renamed(properties: Any) -> Any:
    """A service provider as it was sent.

    An example in the old documentation writes ``URL`` in its address; both are accepted.
    """
    if not isinstance(properties, Mapping):
        return properties
    wire = RegisteredSamlServiceProvider.assertion_consumer_service_url.wire
    return {wire if name == "assertionConsumerServiceURL" else name: value for name, value in properties.items()}


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """*values* as they are stored. Raises 2006 for a wrong certificate."""
    attribute = RegisteredSamlServiceProvider.encoded_x509_certificate
    if values.get(attribute.name) is not None:
        certificates.check(attribute, values[attribute.name])
    return values


def _entity(id: str, role: str, **attributes: str) -> tuple[ElementTree.Element, ElementTree.Element]:
    """The XML elements for the entity *id* and, in it, for its *role*."""
    from xml.etree import ElementTree  # here and below, because few directories have anything to do with SAML

    entity = ElementTree.Element(f"{{{_MD}}}EntityDescriptor", entityID=id)
    return entity, _add(entity, role, protocolSupportEnumeration=_PROTOCOL, **attributes)


def _add(parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    from xml.etree import ElementTree

    element = ElementTree.SubElement(parent, f"{{{_MD}}}{name}", attributes)
    element.text = text
    return element


def _add_key(role: ElementTree.Element, certificate: Certificate) -> None:
    from xml.etree import ElementTree

    place = _add(role, "KeyDescriptor", use="signing")
    for name in ("KeyInfo", "X509Data", "X509Certificate"):
        place = ElementTree.SubElement(place, f"{{{_DS}}}{name}")
    place.text = base64.b64encode(certificate.der).decode()


def _document(entity: ElementTree.Element) -> bytes:
    from xml.etree import ElementTree

    text: bytes = ElementTree.tostring(entity, encoding="utf-8", xml_declaration=True)
    return text
