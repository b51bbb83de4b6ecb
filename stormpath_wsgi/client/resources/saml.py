"""What SAML identity providers must know of us, and of the certificates that both sides trust."""

from __future__ import annotations

from stormpath_wsgi import kinds
from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.resource import Resource


class X509Certificate(Resource, kinds.X509Certificate):
    """The certificate with which SAML messages are signed, at its href."""


class DefaultRelayState(Resource, kinds.DefaultRelayState):
    """What an identity provider shall send along when it starts a sign-in: its ``default_relay_state``, a JWT."""


class SamlServiceProvider(Resource, kinds.SamlServiceProvider):
    """An application that lets SAML identity providers sign people in."""

    sso_initiation_endpoint: kinds.Part[Resource]
    default_relay_states: kinds.Collection[Collection[DefaultRelayState]]


class SamlServiceProviderMetadata(Resource, kinds.SamlServiceProviderMetadata):
    """What an identity provider must know of a SAML directory."""

    assertion_consumer_service_post_endpoint: kinds.Part[Resource]
    x509_signing_cert: kinds.Part[X509Certificate]
