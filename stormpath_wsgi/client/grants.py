"""Tokens of an application's token endpoint: how a proof is exchanged for them, and when one is good.

Every authenticator is made for one application. ``authenticate`` answers a result, or None when what was offered is
not good; only what is nobody's proof raises, such as a directory that cannot be reached. What looks at a request is in
:mod:`stormpath_wsgi.web.request_authenticators`; :mod:`stormpath_wsgi.api_auth` has the names of both.

Source: the documented ``stormpath.api_auth`` of the Python SDK; RFC 6749.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar, cast

from stormpath_wsgi import jwt
from stormpath_wsgi.client.credentials import KeyPair
from stormpath_wsgi.client.expansion import Expand, wire_expand
from stormpath_wsgi.client.issued import IssuedToken, claims_of, token_response
from stormpath_wsgi.client.local import LocalDataStore, key_pair
from stormpath_wsgi.client.resource import Opened, Resource
from stormpath_wsgi.client.resources.tenant import AccessToken, Account, Application
from stormpath_wsgi.codes import Code, Whose
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import RefreshTokenReused

log = logging.getLogger(__name__)

#: Three parts. The id of a session has one: it is nothing that a request may bring.
JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

#: Characters of the longest token that a directory is asked about: theirs have some 500, and it is part of an address.
LONGEST_ISSUED = 3000

T = TypeVar("T")
Store = Resource | str | None


@dataclass(frozen=True)
class GrantResult:
    """The answer of the token endpoint."""

    #: The access token, a JWT.
    access_token: IssuedToken = field(repr=False)
    #: The refresh token, a JWT; None when there is none.
    refresh_token: IssuedToken | None = field(repr=False)
    #: How the token is sent: ``Bearer``.
    token_type: str
    #: Seconds for which the access token is valid.
    expires_in: int
    #: The access token as a resource. Deleting it revokes the token.
    stormpath_access_token: AccessToken

    @property
    def account(self) -> Account:
        """The account that the tokens were issued for."""
        return self.stormpath_access_token.account

    @classmethod
    def of(cls, client: Opened, told: Mapping[str, Any]) -> Self:
        """What the token endpoint of a directory has *told*, off the wire."""
        refresh_token = told.get("refresh_token")
        return cls(
            access_token=IssuedToken(told["access_token"]),
            refresh_token=None if refresh_token is None else IssuedToken(refresh_token),
            token_type=told["token_type"],
            expires_in=told["expires_in"],
            stormpath_access_token=AccessToken(client, told["stormpath_access_token_href"]),
        )

    def document(self) -> dict[str, Any]:
        """The answer to the client (RFC 6749, section 5.1). Without a refresh token it has no such member."""
        refresh = {"refresh_token": self.refresh_token} if self.refresh_token else {}
        return token_response(self.access_token, self.expires_in) | refresh

    def to_json(self) -> str:
        """:meth:`document` as JSON text."""
        return json.dumps(self.document())


@dataclass(frozen=True)
class JwtResult:
    """A valid access token."""

    #: The account that the token was issued for.
    account: Account
    #: The token as a resource. After a local validation it may have been revoked.
    stormpath_access_token: AccessToken
    #: The claims of the token.
    claims: Mapping[str, Any] = field(repr=False)
    #: The token itself.
    jwt: str = field(repr=False)

    @property
    def token(self) -> str:
        """The documented name of :attr:`jwt` after a local validation."""
        return self.jwt

    @property
    def application(self) -> Application:
        """The application that the token was issued for."""
        return self.stormpath_access_token.application


class Authenticator:
    """Reads and checks the tokens of one application.

    *app*: the application. *now*: returns seconds since the epoch.
    """

    def __init__(self, app: Application, *, now: Callable[[], float] = time.time) -> None:
        self.app, self._now = app, now
        self._client = app._client

    def key_pair(self) -> KeyPair:
        """The API key that signs tokens: the client's; for a directory in this process, its own, which is looked up.

        Raises :class:`~stormpath_wsgi.ConfigurationError` where there is none.
        """
        return key_pair(self._client)

    def read(self, token: str, key: KeyPair | None = None) -> jwt.Jwt:
        """Reads *token*, and checks that it was signed for the application with our API key, and its times.

        It computes one HMAC, and does not ask the directory. *key*: the result of :meth:`key_pair`, if the caller has
        it. Raises :class:`NotGood`, and :class:`~stormpath_wsgi.Error` with one of the codes 10011, 10012, 10017 and
        11004.
        """
        key = key or self.key_pair()
        read = jwt.read(token, lambda kid: key.secret if kid in (None, key.id) else None)
        read.check_times(self._now())
        if read.text("iss") != self.app.href:
            raise NotGood("it was issued by another application")
        if not read.is_for(self.app.href):
            raise NotGood("it is for another application")
        return read


class _GrantAuthenticator(Authenticator):
    """Exchanges a grant for tokens.

    *url*: another token endpoint, below the base URL; otherwise ValueError is raised.
    """

    def _exchange(
        self, grant_type: str, url: str | None, account_store: Store = None, **fields: str
    ) -> GrantResult | None:
        for name, value in fields.items():
            check_text(name, value)
        if account_store is not None:
            fields["accountStore"] = _href(account_store)
        told = offered(lambda: self._client.data_store.create(self._url(url), {"grant_type": grant_type, **fields}))
        if told is None:
            return None
        return GrantResult.of(self._client, told)

    def _url(self, given: str | None) -> str:
        if given is None:
            return f"{self.app.href}/oauth/token"
        check_text("url", given)
        if not given.startswith(f"{self._client.base_url}/"):
            raise ValueError(f"url must be below {self._client.base_url}: it would be told the secrets")
        return given


class PasswordGrantAuthenticator(_GrantAuthenticator):
    """Exchanges a login for tokens. *account_store*: the only store to search, as an object or its href."""

    def authenticate(
        self, username: str, password: str, account_store: Store = None, url: str | None = None
    ) -> GrantResult | None:
        """Tokens for the account with that *username*, or e-mail address, and *password*; None if they are wrong."""
        return self._exchange("password", url, account_store, username=username, password=password)


class ClientCredentialsGrantAuthenticator(_GrantAuthenticator):
    """Exchanges the API key of an account for an access token. There is no refresh token."""

    def authenticate(
        self, client_id: str, client_secret: str, account_store: Store = None, url: str | None = None
    ) -> GrantResult | None:
        """A token for the account of the API key; None if the key is wrong, or the account may not sign in here."""
        fields = {"client_id": client_id, "client_secret": client_secret}
        return self._exchange("client_credentials", url, account_store, **fields)


class RefreshGrantAuthenticator(_GrantAuthenticator):
    """Exchanges a refresh token for another access token."""

    def authenticate(self, refresh_token: str, url: str | None = None) -> GrantResult | None:
        """A new access token, with the same *refresh_token*; None if that is not valid any more."""
        return self._exchange("refresh_token", url, refresh_token=refresh_token)


class StormpathTokenGrantAuthenticator(_GrantAuthenticator):
    """Exchanges the assertion of an ID Site for tokens. It can be used once."""

    def authenticate(
        self,
        token: str,
        organization_name_key: str | None = None,
        account_store: Store = None,
        url: str | None = None,
    ) -> GrantResult | None:
        """Tokens for the account that *token*, a JWT, names; None if it is not valid, or was used before.

        *organization_name_key*: the organization that the account must belong to.
        """
        named = {} if organization_name_key is None else {"organizationNameKey": organization_name_key}
        return self._exchange("stormpath_token", url, account_store, token=token, **named)


class StormpathSocialGrantAuthenticator(_GrantAuthenticator):
    """Exchanges what a social provider has given to a visitor for tokens."""

    def authenticate(
        self,
        provider_id: str,
        code: str | None = None,
        access_token: str | None = None,
        account_store: Store = None,
        url: str | None = None,
        redirect_uri: str | None = None,
    ) -> GrantResult | None:
        """Tokens for the account of the visitor whom the provider gave the *code* or the *access_token*; None if the
        provider does not know it, or if the account may not sign in. *redirect_uri*: where the visitor came back to
        with the code.

        Raises TypeError unless exactly one of the two is given, and :class:`~stormpath_wsgi.Error` (5201) when the
        application has no directory of that provider.
        """
        if (code is None) == (access_token is None):
            raise TypeError("authenticate() takes either a code or an access_token")
        told = {"code": code, "accessToken": access_token, "redirectUri": redirect_uri}
        proof = {name: text for name, text in told.items() if text is not None}
        return self._exchange("stormpath_social", url, account_store, providerId=provider_id, **proof)


class IdSiteTokenAuthenticator(_GrantAuthenticator):
    """The older name of :class:`StormpathTokenGrantAuthenticator`."""

    def authenticate(self, token: str, url: str | None = None) -> GrantResult | None:
        """See :meth:`StormpathTokenGrantAuthenticator.authenticate`."""
        return self._exchange("id_site_token", url, token=token)


class JwtAuthenticator(Authenticator):
    """Checks access tokens of the token endpoint."""

    def authenticate(self, token: str, local_validation: bool = False, expand: Expand = None) -> JwtResult | None:
        """Checks *token*. Returns None if it is not valid. *expand*: what comes along; if not given, the account.

        *local_validation*: only the signature, the application and the times are checked, without asking the directory.
        So revoked tokens, and tokens of disabled accounts, are accepted until they expire. The token must be signed
        with the API key of this client.
        """
        check_text("token", token)
        if not JWT.fullmatch(token):
            return None
        return offered(lambda: self._locally(token) if local_validation else self._remotely(token, expand))

    def _locally(self, token: str) -> JwtResult:
        read = self.read(token)
        resource = AccessToken(self._client, f"{self._client.base_url}/{AccessToken.path}/{read.text('jti')}")
        return JwtResult(Account(self._client, self.subject(read)), resource, read.claims, token)

    def _remotely(self, token: str, expand: Expand) -> JwtResult:
        found = self.look_up(token, expand)
        resource = AccessToken(self._client, properties=found)
        return JwtResult(resource.account, resource, found["expandedJwt"]["claims"], token)

    def subject(self, read: jwt.Jwt) -> str:
        """The href of the account that an access token was issued for. Raises :class:`NotGood` for another token."""
        subject = read.text("sub")
        base = f"{self._client.base_url}/{Account.path}/"
        if read.header.get("stt") != "access" or not subject.startswith(base):
            raise NotGood("it is no access token of an account")
        return subject

    def look_up(self, token: str, expand: Expand = None) -> Mapping[str, Any]:
        """The access token in the directory, with its account or what *expand* names. It asks the directory once.

        Raises :class:`NotGood`, and :class:`~stormpath_wsgi.Error` for a token that the directory refuses.
        """
        if len(token) > LONGEST_ISSUED:
            raise NotGood("it is longer than any that the token endpoint issues")
        found = self._client.data_store.get(f"{self.app.href}/authTokens/{token}", wire_expand(expand) or "account")
        if found["href"].split("/")[-2] != AccessToken.path:
            raise NotGood("it is no access token")
        return cast("Mapping[str, Any]", found)


class NotGood(Exception):
    """A credential is not valid. The text says why, for the log."""


def offered(work: Callable[[], T]) -> T | None:
    """What comes of *work*, or None if what was offered is refused. Other errors go on: they prove nothing."""
    try:
        return work()
    except Error as error:
        if not is_refusal(error):
            raise
        log.info("authentication refused: %s %s", error.code, error)
    except NotGood as error:
        log.info("authentication refused: %s", error)
    return None


def is_refusal(error: Error) -> bool:
    """Whether *error* is the directory's verdict on what was offered. Any other tells nothing of it.

    Nor does a try that was not made, since it came too soon: what was offered may be right.
    """
    code = Code.of(error.code)
    return code is not None and code is not Code.TOO_MANY_TRIES and code.whose is Whose.VISITOR


def refreshed(application: Application, token: str, fields: Mapping[str, str]) -> GrantResult:
    """Another access token of *application* for the refresh *token*, and that one or its successor. *fields*: more
    fields of the form, see ``rotate`` there. Raises :class:`~stormpath_wsgi.Error`.

    A directory in this program tells listeners of a token that has rotated and is used again. For another one, which
    tells nobody here, this does.
    """
    client = application._client
    form = {"grant_type": "refresh_token", "refresh_token": token, **fields}
    try:
        return GrantResult.of(client, client.data_store.create(f"{application.href}/oauth/token", form))
    except Error as error:
        if error.code == Code.TOKEN_USED and not isinstance(client.data_store, LocalDataStore):
            # The directory has checked the signature, so the token says whose it was.
            client.events.emit(RefreshTokenReused(account=_subject(token)))
        raise


def _subject(token: str) -> str | None:
    """Who a token says that it was issued for. Nothing is checked."""
    subject = claims_of(token).get("sub")
    return subject if isinstance(subject, str) else None


def _href(store: Resource | str) -> str:
    if not isinstance(store, Resource | str):
        raise TypeError(f"account_store must be an account store or its href, not {type(store).__name__}")
    return store if isinstance(store, str) else store.href


def check_text(name: str, value: object) -> None:
    """Raise TypeError unless the argument *name* is text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
