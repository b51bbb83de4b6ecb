"""The attributes in an account schema."""

from stormpath_wsgi.client import Collection, Field

FieldList = Collection

__all__ = ["Field", "FieldList"]
