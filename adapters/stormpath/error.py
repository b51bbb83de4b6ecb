"""The error that every answer of a directory raises which is not a success."""

from stormpath_wsgi.errors import Error

__all__ = ["Error"]
