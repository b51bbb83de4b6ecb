"""The token endpoint of the site, and the two cookies that may hold its tokens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from stormpath_wsgi.settings.pages import PageSettings, Switch
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import CookieDomain, CookieName, Duration, Leeway, PagePath


class PasswordGrantSettings(Section):
    """The grant ``password``: a login name and a password get tokens."""

    enabled: bool = Field(
        True,
        description="Whether it is offered. Off: the grant refresh_token is not offered either. OAuth 2.0 advises "
        "against it where a program could send its user to a page instead (RFC 9700, section 2.4).",
    )
    validation_strategy: Literal["stormpath", "local"] | None = Field(
        None,
        description="How the token in the cookie accessTokenCookie is checked: stormpath is what bearer.validation "
        "calls full. Not set: as bearer.validation says.",
    )


class IssuedTokenSettings(Section):
    """How long such a token is good."""

    ttl: Duration | None = Field(
        None, description="How long it is good. Not set: as the application's OAuth policy says, an hour at first."
    )


class ClientCredentialsSettings(Section):
    """The grant ``client_credentials``: the API key of an account gets an access token."""

    enabled: bool = Field(True, description="Whether it is offered.")
    access_token: IssuedTokenSettings = IssuedTokenSettings()


class RefreshGrantSettings(Section):
    """Refresh tokens: whether each use gives another one."""

    rotate: bool = Field(
        False,
        description="Whether a refresh token is good for one use, which gives the next one. Who uses an old one ends "
        "the session that it belongs to. It holds for the cookie refreshTokenCookie as well.",
    )
    grace: Leeway = Field(
        dt.timedelta(seconds=10),
        description="For how long after its use an old one gets the same next one again, since an answer may be lost "
        "and two tabs may use one at once. 0: not at all.",
    )

    @property
    def fields(self) -> Mapping[str, str]:
        """What a site sends to the token endpoint of a directory with a refresh token."""
        return {"rotate": "true", "grace": str(int(self.grace.total_seconds()))} if self.rotate else {}


class OAuth2Settings(PageSettings):
    """The token endpoint, where programs get tokens."""

    enabled: Switch = True
    uri: PagePath = Field("/oauth/token", description="Its path.")
    password: PasswordGrantSettings = PasswordGrantSettings()
    client_credentials: ClientCredentialsSettings = Field(ClientCredentialsSettings(), alias="client_credentials")
    refresh_token: RefreshGrantSettings = Field(RefreshGrantSettings(), alias="refresh_token")


class TokenCookieSettings(Section):
    """A cookie that holds a token."""

    name: CookieName = Field(description="Its name, to which no prefix is added.")
    http_only: bool = Field(
        True,
        description="Whether scripts of the site cannot read it. Off: whatever script gets into a page takes the token "
        "away.",
    )
    secure: bool | None = Field(
        None,
        description="Whether it travels over https only. Not set: as session.cookieSecure says, or else yes when the "
        "request came by https.",
    )
    path: PagePath | None = Field(
        None, description="Path below which browsers send it. Not set: web.basePath, or else /."
    )
    domain: CookieDomain | None = Field(
        None, description="Domain whose hosts all get it. Not set: only the host that set it, which is safer."
    )


class AccessTokenCookieSettings(TokenCookieSettings):
    """The cookie with the access token, where ``cookies`` is ``tokens``."""

    name: CookieName = Field("access_token", description="Its name, to which no prefix is added.")


class RefreshTokenCookieSettings(TokenCookieSettings):
    """The cookie with the refresh token, where ``cookies`` is ``tokens``."""

    name: CookieName = Field("refresh_token", description="Its name, to which no prefix is added.")
