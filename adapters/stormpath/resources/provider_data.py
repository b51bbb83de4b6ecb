"""What a provider says of an account."""

from stormpath_wsgi.client import ProviderData

__all__ = ["ProviderData"]
