"""Whether a login may answer with a linked account."""

from stormpath_wsgi.client import AccountLinkingPolicy

__all__ = ["AccountLinkingPolicy"]
