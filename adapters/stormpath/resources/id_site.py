"""The settings of an ID Site."""

from stormpath_wsgi.client import Collection, IdSite

IDSite = IdSite
IDSiteList = Collection

__all__ = ["IDSite", "IDSiteList"]
