"""Tenants."""

from stormpath_wsgi.client import Tenant

__all__ = ["Tenant"]
