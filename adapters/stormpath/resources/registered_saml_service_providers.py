"""Service providers of SAML."""

from stormpath_wsgi.client import Collection, RegisteredSamlServiceProvider

RegisteredSamlServiceProviders = Collection

__all__ = ["RegisteredSamlServiceProvider", "RegisteredSamlServiceProviders"]
