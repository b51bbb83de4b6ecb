"""An application as a service provider of SAML."""

from stormpath_wsgi.client import SamlServiceProvider

__all__ = ["SamlServiceProvider"]
