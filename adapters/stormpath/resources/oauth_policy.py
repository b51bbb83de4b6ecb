"""How long tokens are valid."""

from stormpath_wsgi.client import OAuthPolicy

OauthPolicy = OAuthPolicy

__all__ = ["OauthPolicy"]
