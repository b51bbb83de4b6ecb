"""Tokens for a new password."""

from stormpath_wsgi.client import Collection, PasswordResetToken

PasswordResetTokenList = Collection

__all__ = ["PasswordResetToken", "PasswordResetTokenList"]
