"""Our pages: whether each is served, at which path, and where people go next."""

from __future__ import annotations

from pydantic import Field

from stormpath_wsgi.settings.forms import LoginForm, RegisterForm
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import PagePath, PagePaths, Target


class PageSettings(Section):
    """A page of ours. What :class:`WebSettings` has of these sections are the pages that there are."""

    enabled: bool = Field(True, description="Whether we serve it.")
    uri: PagePath = Field(description="Its path.")


class FormPageSettings(PageSettings):
    """A page with a form, which leads on to another one."""

    next_uri: Target = Field(description="Where a visitor goes next.")
    view: str = Field(description="Its template.")


class LoginSettings(FormPageSettings):
    """The page where people sign in."""

    uri: PagePath = Field("/login", description="Its path.")
    next_uri: Target = Field("/", description="Where a visitor goes after signing in who wanted no other page.")
    send_on: bool = Field(
        True, description="Whether who is signed in already is sent on, instead of shown the form to sign in anew."
    )
    view: str = Field("login", description="Its template.")
    form: LoginForm = LoginForm()


class RegisterSettings(FormPageSettings):
    """The page where people make an account."""

    uri: PagePath = Field("/register", description="Its path.")
    next_uri: Target = Field("/", description="Where a visitor goes who was signed in by registering.")
    auto_login: bool = Field(False, description="Whether registering signs in.")
    view: str = Field("register", description="Its template.")
    form: RegisterForm = RegisterForm()


class LogoutSettings(FormPageSettings):
    """The address to which a sign-out button posts."""

    uri: PagePath = Field("/logout", description="Its path.")
    next_uri: Target = Field("/", description="Where a visitor goes after signing out.")
    page: bool = Field(
        False,
        description="Whether opening it, with GET, shows browsers a page with a button that signs out. Not set: GET is "
        "the application's.",
    )
    view: str = Field("logout", description="The template of that page.")
    also_at: PagePaths = Field(
        (),
        description="Paths of the application's own sign-out: a POST there that the application accepts ends our "
        "session as well.",
    )


class ExpandSettings(Section):
    """What the account document of ``/me`` holds beside the account's own values."""

    api_keys: bool = Field(False, description="Its API keys, without their secrets.")
    applications: bool = Field(False, description="The applications it can sign in to.")
    custom_data: bool = Field(False, description="Its custom data.")
    directory: bool = Field(False, description="The directory it lives in.")
    group_memberships: bool = Field(False, description="Its memberships.")
    groups: bool = Field(False, description="Its groups.")
    provider_data: bool = Field(False, description="What its directory's provider knows of it.")
    tenant: bool = Field(False, description="The tenant.")


class MeSettings(PageSettings):
    """The address that tells a single-page app who is signed in."""

    uri: PagePath = Field("/me", description="Its path.")
    expand: ExpandSettings = ExpandSettings()
