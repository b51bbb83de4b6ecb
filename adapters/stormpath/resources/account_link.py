"""Links between two accounts of one person."""

from stormpath_wsgi.client import AccountLink, Collection

AccountLinkList = Collection

__all__ = ["AccountLink", "AccountLinkList"]
