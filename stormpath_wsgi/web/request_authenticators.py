"""The documented authenticators that are given a request to an application's own API, and say who makes it.

Basic credentials are the API key of an account; a Bearer token is one that they made for such a key, or one of the
token endpoint. ``authenticate`` answers a result, or None when what was offered is not good; only what is nobody's
proof raises, such as a directory that cannot be reached.

They are for who checks requests by hand, and share their code with :mod:`.bearer` and :mod:`.basic`, which the
middleware asks.

Source: the documented ``stormpath.api_auth`` of the Python SDK; RFC 6749, RFC 6750, RFC 7617.
"""

from __future__ import annotations

import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from stormpath_wsgi import jwt
from stormpath_wsgi.client import Account, ApiKey
from stormpath_wsgi.client.grants import JWT, Authenticator, JwtAuthenticator, offered
from stormpath_wsgi.client.issued import token_response
from stormpath_wsgi.web.basic import find_key, is_secret_of, user_and_password
from stormpath_wsgi.web.bearer import is_own, unverified
from stormpath_wsgi.web.identity import after_scheme


@dataclass(frozen=True)
class Token:
    """A Bearer token."""

    #: The token itself, a JWT.
    token: str = field(repr=False)
    #: Seconds for which it is valid.
    expires_in: int
    #: What it may be used for, in words of the app.
    scopes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """JSON text for the client that asked (RFC 6749, section 5.1)."""
        scope = {"scope": " ".join(self.scopes)} if self.scopes else {}
        return json.dumps(token_response(self.token, self.expires_in) | scope)


@dataclass(frozen=True)
class ApiAuthenticationResult:
    """The account that sends a request, and its credential."""

    #: The account.
    account: Account
    #: The API key that was sent; None when there was none.
    api_key: ApiKey | None = None
    #: The token that was sent, or that was issued for the request; None when there is none.
    token: Token | None = None


@dataclass(frozen=True)
class _Request:
    """What the request authenticators look at."""

    authorization: str = field(repr=False)  # the header of that name
    http_method: str
    body: Mapping[str, str] = field(repr=False)
    scopes: tuple[str, ...]
    ttl: int


class _RequestAuthenticator(Authenticator, ABC):
    def authenticate(
        self,
        headers: Mapping[str, str] | Mapping[str, bytes],
        http_method: str = "",
        uri: str = "",
        body: Mapping[str, str] | str | None = None,
        scopes: Iterable[str] | None = None,
        ttl: int = 3600,
    ) -> ApiAuthenticationResult | None:
        """Who makes the request with these *headers*, and the *body* of a form, as text or as a mapping.

        *scopes*: that a Bearer token must have, or that a new one may have. *ttl*: seconds that a new one lives.
        *uri* is not looked at: a token in an address ends up in logs (RFC 6750, section 5.3).
        """
        if not isinstance(headers, Mapping):
            raise TypeError(f"headers must be a mapping, not {type(headers).__name__}")
        form = dict(parse_qsl(body)) if isinstance(body, str) else body or {}
        named = (_text(value) for name, value in headers.items() if _text(name).lower() == "authorization")
        request = _Request(next(named, ""), http_method.upper(), form, tuple(scopes or ()), ttl)
        return offered(lambda: self._authenticate(request))

    @abstractmethod
    def _authenticate(self, request: _Request) -> ApiAuthenticationResult | None:
        """Who makes the *request*, by what this authenticator looks at."""

    def _by_key(self, request: _Request) -> ApiAuthenticationResult | None:
        """By the API key in Basic credentials."""
        pair = user_and_password(after_scheme(request.authorization, "basic") or "")
        return self._of_key(*pair) if pair is not None else None

    def _of_key(self, id: str, secret: str | None) -> ApiAuthenticationResult | None:
        """By the API key with that *id*, and with that *secret* if one is given."""
        found = find_key(self.app, id)
        if (secret is not None and not is_secret_of(found, secret)) or found is None:
            return None
        key = ApiKey(self._client, properties=found)
        return ApiAuthenticationResult(key.account, key)

    def _by_token(self, request: _Request) -> ApiAuthenticationResult | None:
        text = after_scheme(request.authorization, "bearer") or ""
        if not JWT.fullmatch(text):
            return None
        if is_own(unverified(text)):
            return self._by_own_token(text, request)
        checked = JwtAuthenticator(self.app, now=self._now).authenticate(text)
        if checked is None or request.scopes:  # the token endpoint knows no scopes
            return None
        expires_in = int(checked.claims["exp"] - self._now())
        return ApiAuthenticationResult(checked.account, token=Token(text, expires_in))

    def _by_own_token(self, text: str, request: _Request) -> ApiAuthenticationResult | None:
        """By what :meth:`_issue` made: it does not say which key signed it, and names an API key, not an account."""
        own = self.read(text)
        held = tuple(str(own.claims.get("scope", "")).split())
        found = self._of_key(own.text("sub"), None)
        if found is None or not set(request.scopes) <= set(held):
            return None
        token = Token(text, int(own.seconds("exp") - self._now()), held)
        return ApiAuthenticationResult(found.account, found.api_key, token)

    def _issue(self, request: _Request) -> ApiAuthenticationResult | None:
        """A new token for the API key in Basic credentials, in answer to the client_credentials grant."""
        if request.http_method not in ("", "POST") or request.body.get("grant_type") != "client_credentials":
            return None
        found = self._by_key(request)
        if found is None or found.api_key is None:
            return None
        scopes = tuple(scope for scope in request.body.get("scope", "").split() if scope in request.scopes)
        now = int(self._now())
        claims = {
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "iss": self.app.href,
            "sub": found.api_key.id,
            "exp": now + request.ttl,
        }
        if scopes:
            claims["scope"] = " ".join(scopes)
        token = Token(jwt.write({}, claims, self.key_pair().secret), request.ttl, scopes)
        return ApiAuthenticationResult(found.account, found.api_key, token)


def _text(header: str | bytes) -> str:
    """A name or a value of a header, which some frameworks hand on as they read it (RFC 9110, section 5.5)."""
    return header.decode("latin-1") if isinstance(header, bytes) else header


class BasicRequestAuthenticator(_RequestAuthenticator):
    """By the API key of an account, id and secret in Basic credentials."""

    _authenticate = _RequestAuthenticator._by_key


class OAuthBearerRequestAuthenticator(_RequestAuthenticator):
    """By a Bearer token."""

    _authenticate = _RequestAuthenticator._by_token


class OAuthClientCredentialsRequestAuthenticator(_RequestAuthenticator):
    """By the API key of an account, for a Bearer token, which is in the result."""

    _authenticate = _RequestAuthenticator._issue


class OAuthRequestAuthenticator(_RequestAuthenticator):
    """By a Bearer token, or for one."""

    def _authenticate(self, request: _Request) -> ApiAuthenticationResult | None:
        return self._by_token(request) or self._issue(request)


class ApiRequestAuthenticator(_RequestAuthenticator):
    """By whatever the request brings: a Bearer token, an API key that wants one, an API key."""

    def _authenticate(self, request: _Request) -> ApiAuthenticationResult | None:
        return self._by_token(request) or self._issue(request) or self._by_key(request)
