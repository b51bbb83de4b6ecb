"""Verification mails that are asked for again."""

from stormpath_wsgi.client import VerificationEmail, VerificationEmails

VerificationEmailList = VerificationEmails

__all__ = ["VerificationEmail", "VerificationEmailList"]
