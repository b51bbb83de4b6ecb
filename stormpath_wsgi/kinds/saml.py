"""The SAML roles of applications and directories. They are stored; nobody can sign in by SAML yet."""

from __future__ import annotations

from typing import Any

from stormpath_wsgi.kinds.kind import Kind
from stormpath_wsgi.kinds.members import Choice, Collection, Link, Name, Part, Struct, Text
from stormpath_wsgi.kinds.timestamped import Timestamped
from stormpath_wsgi.kinds.values import DISABLED, ENABLED


class SamlPolicy(Timestamped):
    """The two SAML roles of one application. Its id is the application's."""

    path = "samlPolicies"
    service_provider = Part[Any]("SamlServiceProvider", at="samlServiceProviders/{id}")
    identity_provider = Part[Any]("SamlIdentityProvider", at="samlIdentityProviders/{id}")


class SamlServiceProvider(Timestamped):
    """An application that lets SAML identity providers sign people in. Its id is the application's."""

    path = "samlServiceProviders"
    sso_initiation_endpoint = Part[Any](None, at="applications/{id}/saml/sso/idpRedirect")
    default_relay_states = Collection[Any]("DefaultRelayState", create=True)


class DefaultRelayState(Kind):
    """A JWT that an identity provider sends back when it starts a sign-in."""

    path = "defaultRelayStates"
    callback_uri = Text[str](length=(1, 2000), nullable=True, writable="c")
    organization = Struct({"name_key": Text[str](length=(1, 63))}, nullable=True, writable="c")
    state = Text[str](length=(0, 2000), nullable=True, writable="c")
    default_relay_state = Text[str]()


class SamlIdentityProvider(Timestamped):
    """An application that signs people in for SAML service providers. Its id is the application's."""

    path = "samlIdentityProviders"
    status = Choice(ENABLED, DISABLED, default=ENABLED, writable="u")
    signature_algorithm = Text[str](default="RSA-SHA256")
    sha_fingerprint = Text[str](derived=True)  # SHA-1 of the certificate, 40 hex digits
    sso_login_endpoint = Part[Any](None, at="applications/{id}/saml/sso")
    x509_signing_cert = Part[Any]("X509Certificate", at="x509certificates/{id}")
    metadata = Part[Any]("SamlIdentityProviderMetadata", at="samlIdentityProviderMetadatas/{id}")
    attribute_statement_mapping_rules = Part[Any](
        "AttributeStatementMappingRules", at="attributeStatementMappingRules/{id}"
    )
    registered_saml_service_providers = Collection[Any]("RegisteredSamlServiceProvider")
    saml_service_provider_registrations = Collection[Any]("SamlServiceProviderRegistration", create=True)


class RegisteredSamlServiceProvider(Timestamped):
    """A SAML service provider that an application may sign people in for."""

    path = "registeredSamlServiceProviders"
    creatable = True
    name = Name["str | None"](length=(0, 255), nullable=True, writable="cu", search=True, sort=True)
    description = Text["str | None"](length=(0, 1000), nullable=True, writable="cu", search=True, sort=True)
    assertion_consumer_service_url = Text[str](length=(1, 2000), required=True, writable="cu")
    entity_id = Text[str](length=(1, 1024), required=True, writable="cu")
    name_id_format = Choice("EMAIL", "PERSISTENT", "TRANSIENT", default="EMAIL", writable="cu")
    encoded_x509_certificate = Text["str | None"](length=(0, 20_000), nullable=True, writable="cu")
    tenant = Link[Any]("Tenant")


class SamlServiceProviderRegistration(Timestamped):
    """Connects a registered service provider with the identity provider of an application."""

    path = "samlServiceProviderRegistrations"
    status = Choice(ENABLED, DISABLED, default=ENABLED, writable="cu")
    default_relay_state = Text["str | None"](length=(0, 2000), nullable=True, writable="cu")
    service_provider = Link[Any]("RegisteredSamlServiceProvider", writable="c", required=True)
    identity_provider = Link[Any]("SamlIdentityProvider")


class SamlServiceProviderMetadata(Timestamped):
    """The metadata of a SAML directory for identity providers. Its id is the directory's."""

    path = "samlServiceProviderMetadatas"
    media = "application/xml"
    entity_id = Text[str](derived=True)
    assertion_consumer_service_post_endpoint = Part[Any](None, at="directories/{id}/saml/sso/post")
    x509_signing_cert = Part[Any]("X509Certificate", at="x509certificates/{id}")


class SamlIdentityProviderMetadata(Timestamped):
    """The metadata of an application's identity provider for service providers. Its id is the application's."""

    path = "samlIdentityProviderMetadatas"
    media = "application/xml"
    entity_id = Text[str](derived=True)
    identity_provider = Part[Any]("SamlIdentityProvider", at="samlIdentityProviders/{id}")
    x509_signing_cert = Part[Any]("X509Certificate", at="x509certificates/{id}")


class X509Certificate(Kind):
    """The certificate with which SAML messages are signed. Its id is that of the application or directory."""

    path = "x509certificates"
    media = "application/pkix-cert"
