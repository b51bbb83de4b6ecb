"""Phones of accounts."""

from stormpath_wsgi.client import Collection, Phone

PhoneList = Collection

__all__ = ["Phone", "PhoneList"]
