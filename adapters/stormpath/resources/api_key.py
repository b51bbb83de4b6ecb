"""API keys of accounts."""

from stormpath_wsgi.client import ApiKey, ApiKeys

ApiKeyList = ApiKeys

__all__ = ["ApiKey", "ApiKeyList"]
