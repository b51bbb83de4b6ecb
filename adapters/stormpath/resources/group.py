"""Groups."""

from stormpath_wsgi.client import Collection, Group

GroupList = Collection

__all__ = ["Group", "GroupList"]
