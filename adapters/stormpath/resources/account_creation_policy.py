"""Which mails new accounts get."""

from stormpath_wsgi.client import AccountCreationPolicy

__all__ = ["AccountCreationPolicy"]
