"""What accounts are looked for in."""

from stormpath_wsgi.client import Directory, Group, Organization

#: Any of them: for ``isinstance`` and annotations.
AccountStore = Directory | Group | Organization

__all__ = ["AccountStore"]
