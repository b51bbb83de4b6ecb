"""Signing in through other sites, such as Google: which ones, where they send people back, and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, SecretStr

from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.kinds import Provider
from stormpath_wsgi.settings.pages import PageSettings, Switch
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import ImageAddress, Names, OneLine, PagePath, SiteUrl

#: The ids of providers that can stand in an address and in a cookie. Others are served by the REST API only.
PROVIDER_ID = re.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

#: What people call the providers that we know.
LABELS: Mapping[str, str] = {
    "google": "Google",
    "facebook": "Facebook",
    "github": "GitHub",
    "linkedin": "LinkedIn",
    "microsoft": "Microsoft",
    "apple": "Apple",
}

#: The providers whose addresses we know, so that an id and a secret are all that has to be told.
READY = frozenset(LABELS)


class SocialSettings(Section):
    """Signing in through one other site."""

    enabled: bool | None = Field(
        None,
        description="Whether people can sign in through it. Not set: where a directory of this provider is mapped to "
        "the application. true: that there is none is an error at the start.",
    )
    uri: PagePath | None = Field(
        None,
        description="The path to which it sends people back: tell it this address. Not set: the id of the provider "
        "below web.socialSignIn.uri, such as /callbacks/google.",
    )
    start_uri: PagePath | None = Field(
        None,
        description="The path of the link that leads to it. Not set: the id of the provider below the sign-in page, "
        "such as /login/google.",
    )
    scope: str | None = Field(
        None,
        max_length=1000,
        description="What it is asked for: words with blanks in between. Not set: what is usual. "
        "Without clientId only the view model has it: a directory that was made by hand asks for its own.",
    )
    label: OneLine | None = Field(
        None,
        min_length=1,
        max_length=40,
        description="What buttons call it. Not set: Google or the like, or its id.",
    )
    mark: ImageAddress | None = Field(
        None,
        description="The address of its mark for the button: a path of this site, or https://…. Not set: that of "
        "Microsoft is drawn; the others may be shown only from the files of their owners.",
    )
    client_id: str | None = Field(
        None,
        min_length=1,
        max_length=1024,
        description="The id that this site has there. With it and the secret, the start makes the directory of this "
        "provider, or brings it up to date.",
    )
    client_secret: SecretStr | None = Field(None, description="The secret that belongs to it.")
    issuer: SiteUrl | None = Field(
        None,
        description="The address of an OpenID provider, such as https://login.example.com, for an id that is none of "
        f"{', '.join(sorted(READY))}; of microsoft that of one tenant.",
    )
    hd: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Of Google: the only domain whose accounts may sign in, such as example.com.",
    )

    @property
    def is_wanted(self) -> bool:
        """Whether something is set that asks for it."""
        return self.enabled is not False and bool(self.enabled or self.client_id or self.client_secret)

    def check(self, id: str) -> None:
        """Raises :class:`~stormpath_wsgi.ConfigurationError` for what cannot be of the provider *id*, or would have no
        effect.
        """
        if self.enabled is False:
            return
        if id == Provider.TWITTER and (self.is_wanted or self.issuer):
            raise ConfigurationError(
                "web.social.twitter: people sign in through Twitter over the REST API only; make a directory for it "
                "there."
            )
        for name, given, other in (
            ("clientId", self.client_id, self.client_secret),
            ("clientSecret", self.client_secret, self.client_id),
        ):
            if given is None and other is not None:
                raise ConfigurationError(
                    f"web.social.{id}.{name} is missing; {self.label_of(id)} gives you both together."
                )
        for name, value in (("issuer", self.issuer), ("hd", self.hd)):
            if self.client_id is None and value is not None:
                raise ConfigurationError(
                    f"web.social.{id}.{name} counts only with web.social.{id}.clientId and clientSecret; a directory "
                    "that you have made yourself has its own."
                )
        if self.client_id is not None and id not in READY and self.issuer is None:
            raise ConfigurationError(
                f"web.social.{id}.issuer is missing: the address of the OpenID provider, such as "
                "https://login.example.com"
            )

    def label_of(self, provider_id: str) -> str:
        """What people are told that the provider with that id is called."""
        return self.label or LABELS.get(provider_id) or provider_id[:1].upper() + provider_id[1:]


#: The documented ones, with what the framework specification asks them for.
DOCUMENTED: Mapping[str, SocialSettings] = {
    "facebook": SocialSettings(uri="/callbacks/facebook", scope="email"),
    "github": SocialSettings(uri="/callbacks/github", scope="user:email"),
    "google": SocialSettings(uri="/callbacks/google", scope="email profile"),
    "linkedin": SocialSettings(uri="/callbacks/linkedin", scope="r_basicprofile r_emailaddress"),
}


class SocialSignInSettings(PageSettings):
    """Signing in through other sites: what holds for all of them."""

    enabled: Switch = Field(True, description="Whether people can sign in through other sites.")
    uri: PagePath = Field(
        "/callbacks", description="The path below which other sites send people back, each to its own address."
    )
    order: Names = Field(
        (), description="The ids of providers in the order of their buttons. Others follow, as they are mapped."
    )
    place: Literal["after", "before"] = Field(
        "after", description="Whether the buttons stand after the form or before it."
    )


def overlaid(given: Any) -> Any:
    """What is *given* for each provider, laid over the documented ones."""
    if not isinstance(given, Mapping):
        return given
    for id in given:
        if not PROVIDER_ID.fullmatch(str(id)):
            raise ValueError(f"{id!s:.80} is no id of a provider; write letters, digits, _ and -, 64 at most")
    return {**DOCUMENTED, **{id: _over(DOCUMENTED.get(id), change) for id, change in given.items()}}


def _over(documented: SocialSettings | None, change: Any) -> Any:
    if documented is None or not isinstance(change, Mapping):
        return change
    known = SocialSettings.model_fields
    named = {known[name].alias or name if name in known else name: value for name, value in change.items()}
    return {**documented.model_dump(by_alias=True, exclude_none=True), **named}
