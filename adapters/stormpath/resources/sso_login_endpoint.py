"""An address of SAML. It has an href, and nothing else."""

from stormpath_wsgi.client import Resource

SsoLoginEndpoint = Resource

__all__ = ["SsoLoginEndpoint"]
