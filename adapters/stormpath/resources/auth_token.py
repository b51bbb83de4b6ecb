"""Access and refresh tokens."""

from stormpath_wsgi.client import AccessToken, Collection, RefreshToken

#: Either of them: for ``isinstance`` and annotations.
AuthToken = AccessToken | RefreshToken
AuthTokenList = Collection

__all__ = ["AuthToken", "AuthTokenList"]
