"""Tokens and API keys: got for a proof, and checked when a request brings them."""

from stormpath_wsgi.api_auth import (
    ApiAuthenticationResult,
    ApiRequestAuthenticator,
    BasicRequestAuthenticator,
    ClientCredentialsGrantAuthenticator,
    GrantResult,
    IdSiteTokenAuthenticator,
    JwtAuthenticator,
    OAuthBearerRequestAuthenticator,
    OAuthClientCredentialsRequestAuthenticator,
    OAuthRequestAuthenticator,
    PasswordGrantAuthenticator,
    RefreshGrantAuthenticator,
    StormpathSocialGrantAuthenticator,
    StormpathTokenGrantAuthenticator,
    Token,
)

AccessToken = Token
PasswordAuthenticationResult = GrantResult

__all__ = [
    "AccessToken",
    "ApiAuthenticationResult",
    "ApiRequestAuthenticator",
    "BasicRequestAuthenticator",
    "ClientCredentialsGrantAuthenticator",
    "IdSiteTokenAuthenticator",
    "JwtAuthenticator",
    "OAuthBearerRequestAuthenticator",
    "OAuthClientCredentialsRequestAuthenticator",
    "OAuthRequestAuthenticator",
    "PasswordAuthenticationResult",
    "PasswordGrantAuthenticator",
    "RefreshGrantAuthenticator",
    "StormpathSocialGrantAuthenticator",
    "StormpathTokenGrantAuthenticator",
]
