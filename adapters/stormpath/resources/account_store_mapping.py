"""The account stores of an application."""

from stormpath_wsgi.client import AccountStoreMapping, Collection

AccountStoreMappingList = Collection

__all__ = ["AccountStoreMapping", "AccountStoreMappingList"]
