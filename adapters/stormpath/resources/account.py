"""Accounts."""

from stormpath_wsgi.client import Account, Accounts

AccountList = Accounts

__all__ = ["Account", "AccountList"]
