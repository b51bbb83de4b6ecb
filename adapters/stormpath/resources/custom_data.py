"""The data of a site beside a resource."""

from stormpath_wsgi.client import CustomData

__all__ = ["CustomData"]
