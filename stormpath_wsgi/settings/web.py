"""What people and single-page apps meet."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from stormpath_wsgi.settings.forms import FormSettings
from stormpath_wsgi.settings.forward_auth import ForwardAuthSettings
from stormpath_wsgi.settings.health import HealthSettings, ReadySettings
from stormpath_wsgi.settings.id_site import CallbackSettings, SiteIdSiteSettings
from stormpath_wsgi.settings.look import LookSettings
from stormpath_wsgi.settings.oauth import AccessTokenCookieSettings, OAuth2Settings, RefreshTokenCookieSettings
from stormpath_wsgi.settings.organizations import MultiTenancySettings, OrganizationSelectSettings
from stormpath_wsgi.settings.pages import (
    AccountSettings,
    ChangePasswordSettings,
    EmailSettings,
    ForgotPasswordSettings,
    FreshSettings,
    InvitationSettings,
    LoginSettings,
    LogoutSettings,
    MeSettings,
    PageSettings,
    RegisterSettings,
    SecureSettings,
    VerifyEmailSettings,
)
from stormpath_wsgi.settings.second_factor import SecondFactorSettings
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.social import DOCUMENTED, SocialSettings, SocialSignInSettings, overlaid
from stormpath_wsgi.settings.spa import SpaSettings
from stormpath_wsgi.settings.types import (
    DomainName,
    LanguageTags,
    MediaTypes,
    NamedHandler,
    PagePath,
    SiteUrl,
    TimeZone,
)
from stormpath_wsgi.texts import LANGUAGES

log = logging.getLogger("stormpath_wsgi.settings")

#: What is wrong where organizations should have hosts of their own and cannot.
NO_HOSTS = (
    "web.multiTenancy has no effect: set web.domainName to the domain of all organizations, and strategy to subdomain."
)

_HANDLER = "The name of a function, module:function; in Python also the function: "


class WebSettings(Section):
    """The pages that people and single-page apps meet."""

    base_url: SiteUrl | None = Field(
        None,
        description="The address at which browsers reach this site, such as https://www.example.com, with the path "
        "that it is mounted at. The links of mails lead there. Not set: the host of baseUrl; where that is not set "
        "either, the address at which stormpath-wsgi run serves.",
    )
    base_path: PagePath | None = Field(None, description="A path before all of our own ones, such as /app.")
    domain_name: DomainName | None = Field(
        None, description="The domain below which each organization has a host of its own, such as example.com."
    )
    multi_tenancy: MultiTenancySettings = MultiTenancySettings()
    organization_select: OrganizationSelectSettings = OrganizationSelectSettings()
    produces: MediaTypes = Field(
        ("application/json", "text/html"),
        min_length=1,
        description="The media types we answer with; the first one wins where a request has no preference.",
    )
    languages: LanguageTags = Field(
        LANGUAGES,
        description="The languages of pages, messages and mails: what the account says, else what the browser prefers, "
        "else the first one. One alone is for everybody.",
    )
    time_zone: TimeZone = Field(dt.UTC, description="The time zone of the times on our pages, such as Europe/Berlin.")
    spa: SpaSettings = SpaSettings()
    templates: Path | None = Field(
        None, description="A folder whose files replace ours of the same name: custom.css, login.html, base.html, …"
    )
    look: LookSettings = LookSettings()
    login: LoginSettings = LoginSettings()
    register_: RegisterSettings = Field(RegisterSettings(), alias="register")
    logout: LogoutSettings = LogoutSettings()
    forgot_password: ForgotPasswordSettings = ForgotPasswordSettings()
    change_password: ChangePasswordSettings = ChangePasswordSettings()
    verify_email: VerifyEmailSettings = VerifyEmailSettings()
    invitation: InvitationSettings = InvitationSettings()
    account: AccountSettings = AccountSettings()
    email: EmailSettings = EmailSettings()
    secure: SecureSettings = SecureSettings()
    fresh: FreshSettings = FreshSettings()
    second_factor: SecondFactorSettings = SecondFactorSettings()
    social_sign_in: SocialSignInSettings = SocialSignInSettings()
    social: dict[str, SocialSettings] = Field(
        dict(DOCUMENTED),
        description="Each site through which people sign in, by the id of its provider: google, facebook, github, "
        "linkedin, microsoft, apple, or a name of your choice for any other. What is given is laid over the "
        "documented ones.",
    )
    id_site: SiteIdSiteSettings = SiteIdSiteSettings()
    callback: CallbackSettings = CallbackSettings()
    me: MeSettings = MeSettings()
    forward_auth: ForwardAuthSettings = ForwardAuthSettings()
    health: HealthSettings = HealthSettings()
    ready: ReadySettings = ReadySettings()
    oauth2: OAuth2Settings = OAuth2Settings()
    access_token_cookie: AccessTokenCookieSettings = AccessTokenCookieSettings()
    refresh_token_cookie: RefreshTokenCookieSettings = RefreshTokenCookieSettings()
    post_registration_handler: NamedHandler | None = Field(
        None,
        description=f"{_HANDLER}called with the new account and the WSGI environ when the register page made it.",
    )
    post_login_handler: NamedHandler | None = Field(
        None,
        description=f"{_HANDLER}called with the account and the WSGI environ when one of our pages signed it in.",
    )
    post_logout_handler: NamedHandler | None = Field(
        None,
        description=f"{_HANDLER}called with the account (None: nobody was) and the WSGI environ after a sign-out.",
    )

    @field_validator("social", mode="before")
    @classmethod
    def _over_documented(cls, given: Any) -> Any:
        return overlaid(given)

    @model_validator(mode="after")
    def _pages_are_apart(self) -> Self:
        taken: dict[str, str] = {}
        for name, page in self.served.items():
            if (other := taken.setdefault(page.uri, name)) != name:
                raise ValueError(f"{other}.uri and {name}.uri are both {page.uri}; give each page its own")
        return self

    @model_validator(mode="after")
    def _follow_pages_that_moved(self) -> Self:
        """Has addresses that nobody has set, and that are those of our pages, lead to where these pages are."""
        places = {type(page).model_fields["uri"].default: self.at(page.uri) for page in self.pages.values()}
        for name, page in [(name, page) for name, page in self if isinstance(page, PageSettings)]:
            moved = {}
            for target in {"next_uri", "error_uri"} & type(page).model_fields.keys() - page.model_fields_set:
                path, mark, query = getattr(page, target).partition("?")
                if path in places:
                    moved[target] = places[path] + mark + query
            if moved:  # the sections are frozen for everybody else
                self.__dict__[name] = page.model_copy(update=moved)
        return self

    @model_validator(mode="after")
    def _fields_can_be_shown(self) -> Self:
        if self.templates is not None or "text/html" not in self.produces:
            return self  # somebody else shows them
        for page, form in self._forms():
            for name, shown in form.fields.items():
                try:
                    shown.check()
                except ValueError as wrong:
                    raise ValueError(f"{page}.form.fields.{name}.{wrong}") from None
        return self

    @model_validator(mode="after")
    def _sign_in_is_somewhere(self) -> Self:
        if self.forward_auth.hosts and self.base_url is None:
            raise ValueError(
                "forwardAuth.hosts: set web.baseUrl as well, to the address of the site with the sign-in page, such as "
                "https://auth.example.com"
            )
        return self

    @model_validator(mode="after")
    def _people_come_back(self) -> Self:
        if self.id_site.enabled and not self.callback.enabled:
            raise ValueError(
                "idSite.enabled sends people to an ID Site, and callback.enabled is false, so nobody could come back; "
                "set callback.enabled to true, or idSite.enabled to false"
            )
        return self

    def _forms(self) -> Iterator[tuple[str, FormSettings]]:
        for name, page in self.pages.items():
            form = getattr(page, "form", None)
            if isinstance(form, FormSettings):
                yield name, form
        yield "organizationSelect", self.organization_select.form

    @property
    def pages(self) -> dict[str, PageSettings]:
        """The sections of our pages by name, as it is spelt in a file, in order of declaration."""
        fields = type(self).model_fields.items()
        sections = ((field.alias or name, getattr(self, name)) for name, field in fields)
        return {name: section for name, section in sections if isinstance(section, PageSettings)}

    @property
    def served(self) -> dict[str, PageSettings]:
        """Those of :attr:`pages` that are served, or would be if the directory wants it."""
        pages = self.pages
        if not self.id_site.enabled:  # nobody comes back from one: the address is the application's
            del pages["callback"]
        return {name: page for name, page in pages.items() if page.enabled is not False}

    @property
    def organizations_below(self) -> str | None:
        """The domain below which each organization has a host of its own; None: none has."""
        tenancy = self.multi_tenancy
        return self.domain_name if tenancy.enabled and tenancy.strategy is not None else None

    def tell_if_organizations_have_no_hosts(self) -> None:
        """Log that organizations have no hosts of their own, where that is asked for and cannot be."""
        if self.multi_tenancy.enabled and self.organizations_below is None:
            log.warning("%s", NO_HOSTS)

    def social_of(self, provider_id: str) -> SocialSettings:
        """What is set of the provider with that id; what is usual, where nothing is."""
        return self.social.get(provider_id) or SocialSettings()

    def offers_social(self, provider_id: str) -> bool:
        """Whether people may sign in through the provider with that id, where a directory of it is mapped."""
        return self.social_sign_in.enabled and self.social_of(provider_id).enabled is not False

    def callback_uri(self, provider_id: str) -> str:
        """The path to which the provider with that id sends people back, below the mount point of the application."""
        return self.at(self.social_of(provider_id).uri or f"{self.social_sign_in.uri}/{provider_id}")

    def start_uri(self, provider_id: str) -> str:
        """The path of the link that leads to the provider with that id, likewise."""
        return self.at(self.social_of(provider_id).start_uri or f"{self.login.uri}/{provider_id}")

    def at(self, uri: str) -> str:
        """The path of one of our *uri* settings below the application's mount point: with the base path before it."""
        return (self.base_path or "").rstrip("/") + uri
