"""What a password must contain."""

from stormpath_wsgi.client import PasswordStrength

__all__ = ["PasswordStrength"]
