"""An address of SAML. It has an href, and nothing else."""

from stormpath_wsgi.client import Resource

AssertionConsumerServicePostEndpoint = Resource

__all__ = ["AssertionConsumerServicePostEndpoint"]
