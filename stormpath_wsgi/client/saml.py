"""SAML: the two roles of an application, and what identity and service providers must know of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.resource import HasStatus, Resource

if TYPE_CHECKING:
    from stormpath_wsgi.client.provider import AttributeStatementMappingRules
    from stormpath_wsgi.client.tenant import Tenant


class SamlPolicy(Resource, kinds.SamlPolicy):
    """The two SAML roles of one application."""

    service_provider: kinds.Part[SamlServiceProvider]
    identity_provider: kinds.Part[SamlIdentityProvider]


class SamlServiceProvider(Resource, kinds.SamlServiceProvider):
    """An application that lets SAML identity providers sign people in."""

    sso_initiation_endpoint: kinds.Part[Resource]
    default_relay_states: kinds.Collection[Collection[DefaultRelayState]]


class DefaultRelayState(Resource, kinds.DefaultRelayState):
    """What an identity provider shall send along when it starts a sign-in: its ``default_relay_state``, a JWT."""


class SamlIdentityProvider(HasStatus, kinds.SamlIdentityProvider):
    """An application that signs people in for SAML service providers."""

    sso_login_endpoint: kinds.Part[Resource]
    x509_signing_cert: kinds.Part[X509Certificate]
    metadata: kinds.Part[SamlIdentityProviderMetadata]
    attribute_statement_mapping_rules: kinds.Part[AttributeStatementMappingRules]
    registered_saml_service_providers: kinds.Collection[Collection[RegisteredSamlServiceProvider]]
    saml_service_provider_registrations: kinds.Collection[Collection[SamlServiceProviderRegistration]]


class RegisteredSamlServiceProvider(Resource, kinds.RegisteredSamlServiceProvider):
    """A SAML service provider that an application may sign people in for."""

    tenant: kinds.Link[Tenant]


class SamlServiceProviderRegistration(HasStatus, kinds.SamlServiceProviderRegistration):
    """Ties a registered service provider to the identity provider of an application."""

    service_provider: kinds.Link[RegisteredSamlServiceProvider]
    identity_provider: kinds.Link[SamlIdentityProvider]


class SamlServiceProviderMetadata(Resource, kinds.SamlServiceProviderMetadata):
    """What an identity provider must know of a SAML directory."""

    assertion_consumer_service_post_endpoint: kinds.Part[Resource]
    x509_signing_cert: kinds.Part[X509Certificate]


class SamlIdentityProviderMetadata(Resource, kinds.SamlIdentityProviderMetadata):
    """What a service provider must know of an application; as XML too, at its href."""

    identity_provider: kinds.Part[SamlIdentityProvider]
    x509_signing_cert: kinds.Part[X509Certificate]


class X509Certificate(Resource, kinds.X509Certificate):
    """The certificate with which SAML messages are signed, at its href."""
