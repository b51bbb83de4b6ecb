"""Tokens and API keys for an application's own API: got for a proof, and checked when a request brings them.

Every authenticator is made for one application. ``authenticate`` answers a result, or None when what was offered is
not good; only what is nobody's proof raises, such as a directory that cannot be reached. Two families:

* *grants* go to the token endpoint of the application, and *JwtAuthenticator* checks what comes from there;
* *request authenticators* look at a request to the app itself: its Basic credentials are the API key of an account, its
  Bearer token is one that they made for such a key, or one of the token endpoint.

Source: the documented ``stormpath.api_auth`` of the Python SDK; RFC 6749, RFC 6750, RFC 7617.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from stormpath_wsgi import jwt
from stormpath_wsgi.client.credentials import KeyPair
from stormpath_wsgi.client.local import LocalDataStore
from stormpath_wsgi.client.resource import Resource
from stormpath_wsgi.client.resources.tenant import AccessToken, Account, ApiKey, Application
from stormpath_wsgi.codes import Code, Whose
from stormpath_wsgi.errors import ConfigurationError, Error

log = logging.getLogger(__name__)

#: Three parts. The id of a session has one: it is nothing that a request may bring.
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

T = TypeVar("T")
Store = Resource | str | None


@dataclass(frozen=True)
class GrantResult:
    """What the token endpoint answered. *expires_in*: seconds."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    token_type: str
    expires_in: int
    #: The access token as a resource; deleting it revokes it.
    stormpath_access_token: AccessToken

    @property
    def account(self) -> Account:
        """Whose tokens they are."""
        return self.stormpath_access_token.account

    def to_json(self) -> str:
        """JSON text for the client that asked (RFC 6749, section 5.1)."""
        refresh = {"refresh_token": self.refresh_token} if self.refresh_token else {}
        return json.dumps(_response(self.access_token, self.expires_in) | refresh)


@dataclass(frozen=True)
class JwtResult:
    """An access token that is good. *stormpath_access_token* is not known to exist still if it was checked locally."""

    account: Account
    stormpath_access_token: AccessToken
    claims: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Token:
    """A Bearer token. *expires_in*: seconds; *scopes*: what it is good for, as the app calls it."""

    token: str = field(repr=False)
    expires_in: int
    scopes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """JSON text for the client that asked (RFC 6749, section 5.1)."""
        scope = {"scope": " ".join(self.scopes)} if self.scopes else {}
        return json.dumps(_response(self.token, self.expires_in) | scope)


@dataclass(frozen=True)
class ApiAuthenticationResult:
    """Who makes a request: an *account*, by an *api_key* or with a *token* or both."""

    account: Account
    api_key: ApiKey | None = None
    token: Token | None = None


class _Authenticator:
    """*app*: the application. *now*: seconds since the epoch."""

    def __init__(self, app: Application, *, now: Callable[[], float] = time.time) -> None:
        self.app, self._now = app, now
        self._client = app._client

    def _key_pair(self) -> KeyPair:
        """The API key that tokens are signed with: the client's, in process the directory's own."""
        if self._client.auth is not None:
            return self._client.auth
        if isinstance(self._client.data_store, LocalDataStore):
            return self._client.data_store.key_pair()
        raise ConfigurationError("tokens are signed with an API key, and this client has none: open it by a url")

    def _read(self, token: str) -> jwt.Jwt:
        """The *token*, if it was signed for the application with our API key and is in force. Raises Error."""
        key = self._key_pair()
        read = jwt.read(token, lambda kid: key.secret if kid in (None, key.id) else None)
        read.check_times(self._now())
        if read.text("iss") != self.app.href:
            raise _Refused("it was issued by another application")
        return read


class _GrantAuthenticator(_Authenticator):
    """*url*: another token endpoint than the application's, below the base URL; ValueError for one that is not."""

    def _exchange(
        self, grant_type: str, url: str | None, account_store: Store = None, **fields: str
    ) -> GrantResult | None:
        for name, value in fields.items():
            _check_text(name, value)
        if account_store is not None:
            fields["accountStore"] = _href(account_store)
        told = _offered(lambda: self._client.data_store.create(self._url(url), {"grant_type": grant_type, **fields}))
        if told is None:
            return None
        return GrantResult(
            access_token=told["access_token"],
            refresh_token=told.get("refresh_token"),
            token_type=told["token_type"],
            expires_in=told["expires_in"],
            stormpath_access_token=AccessToken(self._client, told["stormpath_access_token_href"]),
        )

    def _url(self, given: str | None) -> str:
        if given is None:
            return f"{self.app.href}/oauth/token"
        _check_text("url", given)
        if not given.startswith(f"{self._client.base_url}/"):
            raise ValueError(f"url must be below {self._client.base_url}: it would be told the secrets")
        return given


class PasswordGrantAuthenticator(_GrantAuthenticator):
    """A login for tokens. *account_store*: the only one to look in, as an object or its href."""

    def authenticate(
        self, username: str, password: str, account_store: Store = None, url: str | None = None
    ) -> GrantResult | None:
        """Tokens for whoever has that *username*, or e-mail address, and that *password*; else None."""
        return self._exchange("password", url, account_store, username=username, password=password)


class ClientCredentialsGrantAuthenticator(_GrantAuthenticator):
    """The API key of an account for an access token. There is no refresh token."""

    def authenticate(
        self, client_id: str, client_secret: str, account_store: Store = None, url: str | None = None
    ) -> GrantResult | None:
        """A token for the account whose API key it is; None if it may not sign in to the application."""
        fields = {"client_id": client_id, "client_secret": client_secret}
        return self._exchange("client_credentials", url, account_store, **fields)


class RefreshGrantAuthenticator(_GrantAuthenticator):
    """A refresh token for another access token."""

    def authenticate(self, refresh_token: str, url: str | None = None) -> GrantResult | None:
        """A new access token beside the same *refresh_token*; None if that is no longer good."""
        return self._exchange("refresh_token", url, refresh_token=refresh_token)


class StormpathTokenGrantAuthenticator(_GrantAuthenticator):
    """What an ID Site answered with for tokens, once."""

    def authenticate(self, token: str, account_store: Store = None, url: str | None = None) -> GrantResult | None:
        """Tokens for the account that *token*, a JWT, was made for; None if it is not good, or was used before."""
        return self._exchange("stormpath_token", url, account_store, token=token)


class IdSiteTokenAuthenticator(_GrantAuthenticator):
    """The same, as it was called before."""

    def authenticate(self, token: str, url: str | None = None) -> GrantResult | None:
        """As :meth:`StormpathTokenGrantAuthenticator.authenticate`."""
        return self._exchange("id_site_token", url, token=token)


class JwtAuthenticator(_Authenticator):
    """Whether an access token of the token endpoint is good."""

    def authenticate(self, token: str, local_validation: bool = False) -> JwtResult | None:
        """*local_validation*: only the signature, the application and the times are looked at, and nobody is asked.

        So a token that was revoked passes until it expires, and so does one of an account that was disabled. It has
        to be signed with the API key that this client has too.
        """
        _check_text("token", token)
        if not _JWT.fullmatch(token):
            return None
        return _offered(lambda: self._locally(token) if local_validation else self._remotely(token))

    def _locally(self, token: str) -> JwtResult:
        read = self._read(token)
        subject = read.text("sub")
        if read.header.get("stt") != "access" or not subject.startswith(f"{self._client.base_url}/{Account.path}/"):
            raise _Refused("it is no access token of an account")
        resource = AccessToken(self._client, f"{self._client.base_url}/{AccessToken.path}/{read.text('jti')}")
        return JwtResult(Account(self._client, subject), resource, read.claims)

    def _remotely(self, token: str) -> JwtResult:
        found = self._client.data_store.get(f"{self.app.href}/authTokens/{token}", "account")
        if found["href"].split("/")[-2] != AccessToken.path:
            raise _Refused("it is no access token")
        resource = AccessToken(self._client, properties=found)
        return JwtResult(resource.account, resource, found["expandedJwt"]["claims"])


@dataclass(frozen=True)
class _Request:
    """What the request authenticators look at."""

    headers: Mapping[str, str]
    http_method: str
    body: Mapping[str, str]
    scopes: tuple[str, ...]
    ttl: int

    def credentials(self, scheme: str) -> str:
        """What the Authorization header says after *scheme*; nothing if it names another one."""
        for name, value in self.headers.items():
            if name.lower() == "authorization":
                named, _, rest = value.strip().partition(" ")
                return rest.strip() if named.lower() == scheme else ""
        return ""


class _RequestAuthenticator(_Authenticator):
    def authenticate(
        self,
        headers: Mapping[str, str],
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
        request = _Request(headers, http_method.upper(), form, tuple(scopes or ()), ttl)
        return _offered(lambda: self._authenticate(request))

    def _authenticate(self, request: _Request) -> ApiAuthenticationResult | None:
        raise NotImplementedError

    def _by_key(self, request: _Request) -> ApiAuthenticationResult | None:
        """By the API key in Basic credentials."""
        try:
            id, separator, secret = (
                base64.b64decode(request.credentials("basic"), validate=True).decode().partition(":")
            )
        except ValueError:  # no base64, or no UTF-8 in it
            return None
        return self._of_key(id, secret) if separator else None

    def _of_key(self, id: str, secret: str | None) -> ApiAuthenticationResult | None:
        """An application has the keys of those accounts that can sign in to it, and of no others."""
        key = self.app.api_keys.get_key(id, secret)
        return ApiAuthenticationResult(key.account, key) if key and key.is_enabled() else None

    def _by_token(self, request: _Request) -> ApiAuthenticationResult | None:
        text = request.credentials("bearer")
        if not _JWT.fullmatch(text):
            return None
        own = _offered(lambda: self._read(text))
        if own is not None and "kid" not in own.header:
            return self._by_own_token(text, own, request)
        checked = JwtAuthenticator(self.app, now=self._now).authenticate(text)
        if checked is None or request.scopes:  # the token endpoint knows no scopes
            return None
        expires_in = int(checked.claims["exp"] - self._now())
        return ApiAuthenticationResult(checked.account, token=Token(text, expires_in))

    def _by_own_token(self, text: str, own: jwt.Jwt, request: _Request) -> ApiAuthenticationResult | None:
        """By what :meth:`_issue` made: it does not say which key signed it, and names an API key, not an account."""
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
        token = Token(jwt.write({}, claims, self._key_pair().secret), request.ttl, scopes)
        return ApiAuthenticationResult(found.account, found.api_key, token)


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


class _Refused(Exception):
    """What was offered is not good."""


def _offered(work: Callable[[], T]) -> T | None:
    """What comes of *work*, or None if what was offered is refused. Other errors go on: they prove nothing."""
    try:
        return work()
    except Error as error:
        code = Code.of(error.code)
        if code is None or code.whose is not Whose.VISITOR:
            raise
        log.info("authentication refused: %s %s", error.code, error)
    except _Refused as error:
        log.info("authentication refused: %s", error)
    return None


def _response(token: str, expires_in: int) -> dict[str, Any]:
    return {"access_token": token, "token_type": "Bearer", "expires_in": expires_in}


def _href(store: Resource | str) -> str:
    if not isinstance(store, Resource | str):
        raise TypeError(f"account_store must be an account store or its href, not {type(store).__name__}")
    return store if isinstance(store, str) else store.href


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
