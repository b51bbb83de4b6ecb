"""The two cookies that hold an access token and a refresh token, beside the session cookie.

They are for others than us: scripts of the site, and services at other hosts of its domain, that know the tokens of the
framework specification. Both tokens belong to the session of the browser: its refresh token is the session itself. So
whatever ends the session ends them, and who brings the refresh token alone gets the session back.

Browsers send these cookies by themselves, so the rules of the session cookie hold for what comes with them
(:attr:`.CredentialKind.sent_by_browsers`).

Source: the Stormpath framework specification, "Token-based authentication".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from wsgiref.types import WSGIEnvironment

from stormpath_wsgi.client import AccessToken, Application, Client, RefreshToken
from stormpath_wsgi.client.grants import JWT, LONGEST_ISSUED, JwtAuthenticator, NotGood, is_refusal, refreshed
from stormpath_wsgi.cookie import Cookie
from stormpath_wsgi.errors import ConfigurationError, Error, Unavailable
from stormpath_wsgi.kinds import ID, id_of
from stormpath_wsgi.settings import Settings, TokenCookieSettings
from stormpath_wsgi.slots import Generation
from stormpath_wsgi.web.bearer import AccessTokenCredential, unverified
from stormpath_wsgi.web.identity import NOTHING, CredentialKind, Identity, Proved
from stormpath_wsgi.web.remote_user import Told

log = logging.getLogger(__name__)

#: What the specification calls the two ways of validation, and what ``bearer.validation`` does.
_STRATEGIES = {"stormpath": "full", "local": "local"}


@dataclass(frozen=True, slots=True)
class Offered:
    """The texts of the cookies in one request; each may be there several times. *https*: how the request came."""

    access: Sequence[str] = field(repr=False)
    refresh: Sequence[str] = field(repr=False)
    https: bool

    def __bool__(self) -> bool:
        return bool(self.access or self.refresh)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tokens of one session, as the directory has just made them.

    *session_id*, *account_id*: of the session and its account. *begun*: when it began. Times: seconds since the epoch.
    """

    access: str = field(repr=False)
    access_expires: int
    refresh: str = field(repr=False)
    refresh_expires: int
    session_id: str
    account_id: str
    begun: int

    @classmethod
    def of(cls, access: str, refresh: str) -> Pair:
        """The pair of two tokens, of which nothing has to be checked: the directory has just written them."""
        of_access, of_refresh = unverified(access).claims, unverified(refresh).claims
        return cls(
            access,
            of_access["exp"],
            refresh,
            of_refresh["exp"],
            session_id=of_refresh["jti"],
            account_id=id_of(of_refresh["sub"]),
            begun=of_refresh["iat"],
        )


class Held(NamedTuple):
    """What a cookie holds and a sign-out ends: the path of a token in the directory, and the href of its account."""

    path: str
    account: str


class TokenCookies:
    """The cookies of one site. Lives with the process; threads may share it.

    *told*, *generation*: as those of the sessions. *now*: seconds since the epoch. Raises
    :class:`~stormpath_wsgi.ConfigurationError` for local validation without an API key.
    """

    def __init__(
        self,
        client: Client,
        application: Application,
        settings: Settings,
        *,
        told: Told,
        generation: Generation,
        now: Callable[[], float],
    ) -> None:
        self._client, self._application, self._now = client, application, now
        web = settings.web
        self._rotating = web.oauth2.refresh_token.fields
        self._tokens = JwtAuthenticator(application, now=now)
        strategy = web.oauth2.password.validation_strategy
        self._credential = AccessTokenCredential(
            client,
            application,
            settings,
            told=told,
            generation=generation,
            now=now,
            kind=CredentialKind.SESSION,
            validation=None if strategy is None else _STRATEGIES[strategy],
        )
        ways = (False, True)
        self._access = {https: _cookie(web.access_token_cookie, settings, https=https) for https in ways}
        self._refresh = {https: _cookie(web.refresh_token_cookie, settings, https=https) for https in ways}

    def offered(self, environ: WSGIEnvironment) -> Offered:
        """The cookies in a request."""
        https, header = environ["wsgi.url_scheme"] == "https", environ.get("HTTP_COOKIE", "")
        if not header:
            return Offered((), (), https)
        return Offered(self._access[https].texts(header), self._refresh[https].texts(header), https)

    def identify(self, offered: Offered) -> Identity:
        """Who sends the request, by its access tokens: the first that is good, or else what is wrong with the first of
        ours. No I/O while the answer is remembered, and none at all where they are validated locally.
        """
        answer: Identity = NOTHING
        for text in offered.access:
            judged = self._credential.judge(text)
            if isinstance(judged, Proved):
                return judged
            if answer is NOTHING:
                answer = judged
        return answer

    def can_renew(self, offered: Offered) -> bool:
        """Whether there is a refresh token that says that it is of this application. Asks nothing."""
        return any(self._own(offered.refresh))

    def renew(self, offered: Offered) -> Pair | None:
        """Another access token for the first of the refresh tokens that is good; None: none is. It asks the directory.

        Raises :class:`~stormpath_wsgi.errors.Unavailable`.
        """
        for text in self._own(offered.refresh):
            try:
                told = refreshed(self._application, text, self._rotating)
            except Unavailable:
                raise
            except Error as error:
                if not is_refusal(error):
                    raise Unavailable(error.body()) from error  # we could not ask: no verdict on the token
                log.info("A refresh token in a cookie is refused: error %s, %s", error.code, error)
                continue
            return Pair.of(told.access_token, told.refresh_token or text)
        return None

    def of_session(self, session_id: str) -> Pair:
        """The pair of a session that has just begun. It asks the directory twice. Raises Error."""
        session = self._client.data_store.get(f"{self._client.base_url}/{RefreshToken.path}/{session_id}")
        refresh = session["jwt"]
        if not refresh:
            raise Unavailable("The directory is of a version that makes no tokens for a site: update it.")
        return Pair.of(refreshed(self._application, refresh, {}).access_token, refresh)

    def headers(self, pair: Pair, *, https: bool, lasting: bool) -> list[tuple[str, str]]:
        """The headers that set both cookies, for as long as each token is good; not *lasting*: until the browser is
        closed.
        """
        now = int(self._now())
        return [
            cookies[https].header(text, max(0, expires - now) if lasting else None)
            for cookies, text, expires in (
                (self._access, pair.access, pair.access_expires),
                (self._refresh, pair.refresh, pair.refresh_expires),
            )
        ]

    def removal(self, *, https: bool) -> list[tuple[str, str]]:
        """The headers that take both cookies away."""
        return [*self._access[https].removal, *self._refresh[https].removal]

    def held(self, offered: Offered) -> Iterator[Held]:
        """What a sign-out ends: the sessions of the tokens in the cookies, and access tokens without one.

        Only a token whose signature is right counts: whoever writes the id of somebody else's into one ends nothing.
        Raises :class:`~stormpath_wsgi.errors.Unavailable`.
        """
        for text in self._own(offered.refresh):
            if self._is_signed(text) or self.renew(Offered((), (text,), offered.https)):
                claims = unverified(text).claims
                yield Held(f"{RefreshToken.path}/{claims['jti']}", claims["sub"])
        for text in offered.access:
            identity = self._credential.judge(text)
            if isinstance(identity, Proved):
                claims = unverified(text).claims
                id, kind = (claims["rti"], RefreshToken) if "rti" in claims else (claims["jti"], AccessToken)
                if isinstance(id, str) and ID.match(id):
                    yield Held(f"{kind.path}/{id}", identity.href)

    def _own(self, texts: Sequence[str]) -> Iterator[str]:
        """Those that say that they are refresh tokens of this application."""
        for text in texts:
            if len(text) <= LONGEST_ISSUED and JWT.fullmatch(text):
                said = unverified(text)
                if said.claims.get("iss") == self._application.href and said.header.get("stt") == "refresh":
                    yield text

    def _is_signed(self, text: str) -> bool:
        """Whether our own API key has signed it. False for what another one has, which the directory can tell."""
        try:
            self._tokens.read(text)
        except (NotGood, ConfigurationError):
            return False
        except Error as error:
            if isinstance(error, Unavailable):
                raise
            return False
        return True


def _cookie(own: TokenCookieSettings, settings: Settings, *, https: bool) -> Cookie:
    by_default = https if settings.session.cookie_secure is None else settings.session.cookie_secure
    return Cookie(
        own.name,
        secure=by_default if own.secure is None else own.secure,
        path=own.path or settings.web.base_path or "/",
        domain=own.domain,
        same_site=settings.session.cookie_same_site,
        http_only=own.http_only,
        prefixed=False,
    )
