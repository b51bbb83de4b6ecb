"""Tokens for programs: a password, a refresh token or an API key is exchanged for an access token.

A password goes through what a sign-in goes through: listeners of ``SignInStarts`` are asked, tries are counted, and the
steps of a sign-in say whether something else is asked. No session of the browser begins or ends by any of them.

Source: RFC 6749, sections 4.3, 4.4 and 6; RFC 9700, section 4.14.2.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.client.grants import GrantResult, refreshed
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, TooManyTries, Unavailable
from stormpath_wsgi.events import (
    API_KEY,
    MORE_IS_ASKED,
    PASSWORD,
    REFUSED,
    Declined,
    SignedIn,
    SignInFailed,
    SignInStarts,
    reserved,
    told_of,
)
from stormpath_wsgi.flows.browser import Browsers
from stormpath_wsgi.flows.refusals import SignInRefused, TokensRefused
from stormpath_wsgi.flows.sign_in import SignIn
from stormpath_wsgi.kinds import ENABLED, VERIFIED, format_duration
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.settings import OAuth2Settings
from stormpath_wsgi.web.bearer import unverified

log = logging.getLogger(__name__)

#: A second factor that counts.
_FACTOR = {"status": ENABLED, "verificationStatus": VERIFIED, "limit": "1"}


class TokenGrants:
    """The grants of one application. Lives with the process; threads may share it.

    *settings*: how long tokens live, and whether refresh tokens rotate; which grants a page offers is for the page.
    """

    def __init__(
        self, client: Client, application: Application, sign_in: SignIn, browsers: Browsers, settings: OAuth2Settings
    ) -> None:
        self._client, self._application, self._sign_in, self._browsers = client, application, sign_in, browsers
        self._events, self._store = client.events, client.data_store
        self._endpoint = f"{application.href}/oauth/token"
        self._rotating = settings.refresh_token.fields
        ttl = settings.client_credentials.access_token.ttl
        self._ttl: Mapping[str, str] = {} if ttl is None else {"accessTokenTtl": format_duration(ttl)}

    def by_password(
        self, session: CurrentSession, login: str, password: str, *, organization_name_key: str | None = None
    ) -> GrantResult:
        """Tokens for whoever has this *login* and this *password*.

        *session*: of the request, as in :meth:`.SignIn.prove`. *organization_name_key*: where only to look; the tokens
        name that organization. Raises :class:`TokensRefused`, also for an account that has a second factor or that a
        step asks for more; :class:`~stormpath_wsgi.events.Declined` when a listener refuses;
        :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        try:
            account = self._sign_in.prove(login, password, session=session, organization_name_key=organization_name_key)
        except SignInRefused as refused:
            raise TokensRefused(refused.code, field=refused.field, error=refused.error) from refused
        with self._telling(login, account.href, PASSWORD):
            if self._has_more_to_prove(session, account):
                raise TokensRefused(Code.TOKEN_NOT_AUTHENTICATED, asks_more=True)
            try:
                told = self._issue(account, organization_name_key)
            except Error as error:
                if error.status == HTTPStatus.NOT_FOUND:  # of the account: it was removed meanwhile
                    raise TokensRefused(Code.NO_SUCH_ACCOUNT, error=error) from error
                raise TokensRefused.of(error) from error
        self._events.emit(SignedIn(account=account.href, credential=PASSWORD))
        return told

    def by_refresh_token(self, token: str) -> GrantResult:
        """Another access token for a refresh *token*, which may be any text. That comes with it, or the next one where
        refresh tokens rotate. It is no sign-in, and listeners hear nothing of it.

        They hear of a token that has rotated before and is used again (``RefreshTokenReused``). Raises
        :class:`TokensRefused`; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        try:
            return refreshed(self._application, token, self._rotating)
        except Error as error:
            raise TokensRefused.of(error) from error

    def by_api_key(self, session: CurrentSession, id: str, secret: str) -> GrantResult:
        """An access token for the account of an API key, without a refresh token.

        Raises :class:`TokensRefused`, with the code ``API_KEY_WRONG`` whatever is wrong;
        :class:`~stormpath_wsgi.events.Declined` when a listener refuses; :class:`~stormpath_wsgi.Error` when the
        directory fails.
        """
        with self._telling(id, None, API_KEY):
            key = self._events.before(SignInStarts(login=id, credential=API_KEY)).login or ""
        form = {"grant_type": "client_credentials", "client_id": key, "client_secret": secret, **self._ttl}
        try:
            with self._browsers.trying(session), reserved(SignInStarts, SignedIn, SignInFailed) as kept:
                result = GrantResult.of(self._client, self._store.create(self._endpoint, form))
        except Error as error:
            known = next((event.account for event in kept), None)
            with self._telling(key, known, API_KEY):
                raise TokensRefused.of(error) from error
        account = unverified(result.access_token).claims.get("sub")  # the directory has just written it
        self._events.emit(told_of(kept, SignedIn) or SignedIn(account=account, credential=API_KEY))
        return result

    def _issue(self, account: Account, organization_name_key: str | None) -> GrantResult:
        """Tokens for an account that was proved, as long as it has the password that was. Raises Error."""
        proved = account.password_modified_at
        params = {
            "signed": "true",
            "passwordModifiedAt": proved and proved.isoformat(),
            "organizationNameKey": organization_name_key,
        }
        asked = {name: value for name, value in params.items() if value is not None}
        body = {"application": {"href": self._application.href}}
        try:
            refresh = self._store.create(f"{account.href}/refreshTokens", body, asked)
        except Error as error:
            if error.code != Code.INVALID:  # the policy has no refresh tokens
                raise
            return self._alone(self._store.create(f"{account.href}/accessTokens", body, asked))
        if not refresh.get("jwt"):
            raise Unavailable("The directory is of a version that makes no tokens for a site: update it.")
        return refreshed(self._application, refresh["jwt"], {})

    def _alone(self, access: Mapping[str, Any]) -> GrantResult:
        """The result with an access token off the wire and no refresh token."""
        claims = access["expandedJwt"]["claims"]
        told = {
            "access_token": access["jwt"],
            "token_type": "Bearer",
            "expires_in": claims["exp"] - claims["iat"],
            "stormpath_access_token_href": access["href"],
        }
        return GrantResult.of(self._client, told)

    def _has_more_to_prove(self, session: CurrentSession, account: Account) -> bool:
        """Whether the account has a second factor that counts, or is asked for something else at a sign-in."""
        if self._store.list(f"{account.href}/factors", _FACTOR)["items"]:
            return True
        return self._sign_in.asks_more(account, session.origin())

    @contextmanager
    def _telling(self, login: str, account: str | None, credential: str) -> Iterator[None]:
        """Tells who listens that a sign-in failed, if one does in this block."""
        try:
            yield
        except (TokensRefused, Declined) as refusal:
            if isinstance(refusal, TokensRefused) and isinstance(refusal.error, TooManyTries):
                raise  # nothing was looked at, and who listens was told when the wait began
            reason = REFUSED
            if isinstance(refusal, TokensRefused):
                reason = MORE_IS_ASKED if refusal.asks_more else refusal.reason
            self._events.emit(SignInFailed(reason=reason, login=login, account=account, credential=credential))
            raise
