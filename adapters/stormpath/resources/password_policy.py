"""How passwords are reset."""

from stormpath_wsgi.client import PasswordPolicy

__all__ = ["PasswordPolicy"]
