"""What service providers must know of an application."""

from stormpath_wsgi.client import SamlIdentityProviderMetadata

__all__ = ["SamlIdentityProviderMetadata"]
