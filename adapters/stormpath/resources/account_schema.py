"""Which attributes the accounts of a directory must have."""

from stormpath_wsgi.client import AccountSchema

__all__ = ["AccountSchema"]
