"""Tokens and API keys for an application's own API: got for a proof, and checked when a request brings them.

Every authenticator is made for one application. ``authenticate`` answers a result, or None when what was offered is
not good; only what is nobody's proof raises, such as a directory that cannot be reached. Two families:

* *grants* go to the token endpoint of the application, and *JwtAuthenticator* checks what comes from there;
* *request authenticators* look at a request to the app itself: its Basic credentials are the API key of an account, its
  Bearer token is one that they made for such a key, or one of the token endpoint.

Behind :class:`~stormpath_wsgi.StormpathMiddleware` no request authenticator is needed: it takes the same credentials.

Source: the documented ``stormpath.api_auth`` of the Python SDK; RFC 6749, RFC 6750, RFC 7617.
"""

from __future__ import annotations

from stormpath_wsgi.client.grants import (
    ClientCredentialsGrantAuthenticator,
    GrantResult,
    IdSiteTokenAuthenticator,
    JwtAuthenticator,
    JwtResult,
    PasswordGrantAuthenticator,
    RefreshGrantAuthenticator,
    StormpathSocialGrantAuthenticator,
    StormpathTokenGrantAuthenticator,
)
from stormpath_wsgi.web.request_authenticators import (
    ApiAuthenticationResult,
    ApiRequestAuthenticator,
    BasicRequestAuthenticator,
    OAuthBearerRequestAuthenticator,
    OAuthClientCredentialsRequestAuthenticator,
    OAuthRequestAuthenticator,
    Token,
)

__all__ = [
    "ApiAuthenticationResult",
    "ApiRequestAuthenticator",
    "BasicRequestAuthenticator",
    "ClientCredentialsGrantAuthenticator",
    "GrantResult",
    "IdSiteTokenAuthenticator",
    "JwtAuthenticator",
    "JwtResult",
    "OAuthBearerRequestAuthenticator",
    "OAuthClientCredentialsRequestAuthenticator",
    "OAuthRequestAuthenticator",
    "PasswordGrantAuthenticator",
    "RefreshGrantAuthenticator",
    "StormpathSocialGrantAuthenticator",
    "StormpathTokenGrantAuthenticator",
    "Token",
]
