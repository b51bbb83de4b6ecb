"""Sessions and their cookie."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.sources import Unit
from stormpath_wsgi.settings.types import CookieDomain, CookieName, Duration, PagePath


class SessionSettings(Section):
    """How long a browser stays signed in, and what its cookie is like."""

    idle: Duration = Field(dt.timedelta(days=1), description="A session ends when it has not been used for this long.")
    absolute: Duration = Field(
        dt.timedelta(days=30), description="A session ends this long after sign-in, used or not."
    )
    remember: Duration = Field(
        dt.timedelta(days=30),
        description="A session ends this long after sign-in, used or not, when the visitor wanted to stay signed in "
        "(web.login.rememberMe). The application's OAuth policy may end it earlier.",
    )
    fresh: Duration = Field(
        dt.timedelta(minutes=10),
        description="A risky change on the account page, and what the policy fresh guards, needs a sign-in that is not "
        "older than this; else the password is asked for once more, and the second factor of who has one.",
    )
    most: Annotated[int, Field(ge=0, le=10_000), Unit("sessions")] = Field(
        100,
        description="How many sessions an account may have at once, in all its browsers. Who signs in once more ends "
        "the oldest one. 0: any number. Refresh tokens of programs do not count.",
    )
    cookie_name: CookieName = Field(
        "stormpath_session",
        description="Name of the session cookie. Browsers see it with the prefix __Host- when the cookie is Secure, "
        "has the path / and no domain.",
    )
    cookie_secure: bool | None = Field(
        None, description="Whether the cookie travels over https only. Not set: yes when the request came by https."
    )
    cookie_path: PagePath = Field("/", description="Path below which browsers send the cookie.")
    cookie_domain: CookieDomain | None = Field(
        None, description="Domain whose hosts all get the cookie. Not set: only the host that set it, which is safer."
    )
    cookie_same_site: Literal["Lax", "Strict", "None"] = Field(
        "Lax", description="When browsers send the cookie with requests that another site caused."
    )
    check: Literal["remembered", "strict"] = Field(
        "remembered",
        description="Whether a verified session may be remembered until this process is told of a change, which on "
        "PostgreSQL takes a moment, or (strict) every signed-in request asks whether anything has changed. With a "
        "SQLite file nothing is late either way.",
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.idle > self.absolute:
            raise ValueError("idle is longer than absolute; write an idle time of at most the absolute one")
        if self.cookie_same_site == "None" and self.cookie_secure is not True:
            # Browsers drop such a cookie in silence: nobody could sign in.
            raise ValueError("cookieSameSite None needs a Secure cookie; set cookieSecure to true as well")
        return self
