"""SAML: what identity providers must know about an application, and the certificates."""

from __future__ import annotations

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.resource import Resource


class X509Certificate(Resource, kinds.X509Certificate):
    """The certificate with which SAML messages are signed, at its href."""


class DefaultRelayState(Resource, kinds.DefaultRelayState):
    """A JWT, in ``default_relay_state``, that an identity provider sends back when it starts a sign-in."""


class SamlServiceProvider(Resource, kinds.SamlServiceProvider):
    """An application that lets SAML identity providers sign people in."""

    sso_initiation_endpoint: kinds.Part[Resource]
    default_relay_states: kinds.Collection[Collection[DefaultRelayState]]


class SamlServiceProviderMetadata(Resource, kinds.SamlServiceProviderMetadata):
    """The metadata of a SAML directory for identity providers."""

    assertion_consumer_service_post_endpoint: kinds.Part[Resource]
    x509_signing_cert: kinds.Part[X509Certificate]
