"""Organizations."""

from stormpath_wsgi.client import Collection, Organization

OrganizationList = Collection

__all__ = ["Organization", "OrganizationList"]
