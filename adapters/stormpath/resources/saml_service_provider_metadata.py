"""What identity providers must know of a directory."""

from stormpath_wsgi.client import SamlServiceProviderMetadata

__all__ = ["SamlServiceProviderMetadata"]
