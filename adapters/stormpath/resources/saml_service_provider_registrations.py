"""Which service providers an application knows."""

from stormpath_wsgi.client import Collection, SamlServiceProviderRegistration

SamlServiceProviderRegistrations = Collection

__all__ = ["SamlServiceProviderRegistration", "SamlServiceProviderRegistrations"]
