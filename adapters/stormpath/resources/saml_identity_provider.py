"""An application as an identity provider of SAML."""

from stormpath_wsgi.client import SamlIdentityProvider

__all__ = ["SamlIdentityProvider"]
