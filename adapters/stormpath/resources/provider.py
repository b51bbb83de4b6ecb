"""Where the accounts of a directory come from."""

from stormpath_wsgi.client import Provider

__all__ = ["Provider"]
