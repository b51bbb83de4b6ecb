"""The two roles of an application in SAML."""

from stormpath_wsgi.client import SamlPolicy

__all__ = ["SamlPolicy"]
