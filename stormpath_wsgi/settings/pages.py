"""Our pages: whether each is served, at which path, and where people go next."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field

from stormpath_wsgi.settings.forms import (
    ChangeForm,
    ForgotForm,
    InvitationForm,
    LoginForm,
    RegisterForm,
    VerifyForm,
)
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import Grace, NamedPlace, PagePath, PagePaths, Target

_SERVED = "Whether we serve it."
_POLICY = f"{_SERVED} Not set: where the default account store's directory"

#: Of a page that no directory has a say in.
Switch = Annotated[bool, Field(description=_SERVED)]


class PageSettings(Section):
    """A page of ours. What :class:`WebSettings` has of these sections are the pages that there are.

    Where ``enabled`` is None, the page itself knows what in the directory says whether it is served.
    """

    enabled: bool | None = Field(True, description=_SERVED)
    uri: PagePath = Field(description="Its path.")


class FormPageSettings(PageSettings):
    """A page with a form, which leads on to another one."""

    next_uri: Target = Field(description="Where a visitor goes next.")
    view: str = Field(description="Its template.")


class LoginSettings(FormPageSettings):
    """The page where people sign in."""

    enabled: Switch = True
    uri: PagePath = Field("/login", description="Its path.")
    next_uri: Target = Field("/", description="Where a visitor goes after signing in who wanted no other page.")
    send_on: bool = Field(
        True, description="Whether who is signed in already is sent on, instead of shown the form to sign in anew."
    )
    remember_me: bool = Field(
        True,
        description="Whether it asks if the visitor wants to stay signed in. Who does not is signed out when the "
        "browser is closed. false: nobody is asked, and all stay as session.idle and session.absolute say.",
    )
    view: str = Field("login", description="Its template.")
    form: LoginForm = LoginForm()


class RegisterSettings(FormPageSettings):
    """The page where people make an account."""

    enabled: Switch = True
    uri: PagePath = Field("/register", description="Its path.")
    next_uri: Target = Field("/", description="Where a visitor goes who was signed in by registering.")
    auto_login: bool = Field(False, description="Whether registering signs in.")
    tells_taken: bool = Field(
        False,
        description="Whether a visitor is told that an address has an account already where addresses are verified. "
        "false: the answer is that for a new address, and its owner gets a mail. Where none is verified it is told.",
    )
    view: str = Field("register", description="Its template.")
    form: RegisterForm = RegisterForm()


class LogoutSettings(FormPageSettings):
    """The address to which a sign-out button posts."""

    enabled: Switch = True
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


class ForgotPasswordSettings(FormPageSettings):
    """The page where people ask for a new password."""

    enabled: bool | None = Field(None, description=f"{_POLICY} mails links for new passwords (resetEmailStatus).")
    uri: PagePath = Field("/forgot", description="Its path.")
    next_uri: Target = Field(
        "/login?status=forgot", description="Where a visitor goes who has asked, where asksCode is off."
    )
    asks_code: bool | None = Field(
        None,
        description="Whether the mail has a code beside its link, and who has asked comes to a page that takes it and "
        "sends the mail again, instead of nextUri. Not set: unless nextUri leads elsewhere than to the login page.",
    )
    view: str = Field("forgot-password", description="Its template.")
    form: ForgotForm = ForgotForm()


class ChangePasswordSettings(FormPageSettings):
    """The page to which the link in such a mail leads, where people choose a new password."""

    enabled: bool | None = Field(None, description=f"{_POLICY} mails links for new passwords (resetEmailStatus).")
    uri: PagePath = Field("/change", description="Its path. The links of mails lead there.")
    next_uri: Target = Field("/login?status=reset", description="Where a visitor goes who has chosen one.")
    error_uri: Target = Field(
        "/forgot?status=invalid_sptoken", description="Where a visitor goes whose link is no good any more."
    )
    auto_login: bool = Field(False, description="Whether a new password signs in; then web.login.nextUri is next.")
    view: str = Field("change-password", description="Its template.")
    form: ChangeForm = ChangeForm()


class VerifyEmailSettings(FormPageSettings):
    """The page that verifies an e-mail address by a button, and where people ask for another mail."""

    enabled: bool | None = Field(None, description=f"{_POLICY} verifies addresses (verificationEmailStatus).")
    uri: PagePath = Field("/verify", description="Its path. The links of mails lead there.")
    next_uri: Target = Field("/login?status=verified", description="Where a visitor goes whose address is verified.")
    asks_code: bool = Field(
        True,
        description="Whether the mail has a code beside its link, and who has registered, or asked for another mail, "
        "comes to a page that takes it, instead of the login page with status=unverified.",
    )
    on_get: bool = Field(
        False,
        description="Whether opening the link verifies the address already, without a button. Mail servers open links "
        "too, to look for viruses: then an address is verified that nobody has read the mail at.",
    )
    view: str = Field("verify", description="Its template.")
    form: VerifyForm = VerifyForm()


class InvitationSettings(FormPageSettings):
    """The page to which the link of an invitation leads, where people make the account. It answers requests with a
    token in the address only.
    """

    enabled: Switch = True
    uri: PagePath = Field("/invitation", description="Its path. The links of invitations lead there.")
    next_uri: Target = Field("/login?status=created", description="Where a visitor goes whose account is made.")
    auto_login: bool = Field(False, description="Whether that signs in; then web.login.nextUri is next.")
    view: str = Field("invitation", description="Its template.")
    form: InvitationForm = InvitationForm()


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


class AccountSettings(PageSettings):
    """The page where people look after their account."""

    enabled: Switch = True
    uri: PagePath = Field("/account", description="Its path.")
    view: str = Field("account", description="Its template.")
    api_keys: bool = Field(
        False,
        description="Whether people make API keys there, for programs that act as them. They are of use where protect "
        "offers the challenge basic, or where your own API takes them.",
    )
    fresh_sign_out: bool = Field(
        False,
        description="Whether a person whose sign-in is older than session.fresh is asked again there before other "
        "places are signed out (ASVS 5.0, 7.5.2). Off: who finds a stranger among them is quick.",
    )
    deletes: bool = Field(True, description="Whether people can have their account deleted there.")
    grace: Grace = Field(
        dt.timedelta(days=14),
        description="For how long an account that its owner wants deleted is only disabled, and signing in brings it "
        "back. Then it is deleted. 0: at once.",
    )
    place: NamedPlace | None = Field(
        None,
        description="The name of a function, module:function; in Python also the function: it gets the address from "
        "where somebody has signed in, and answers the place for the list of devices, such as Berlin, Germany, or "
        "None. It must not ask a network. Not set: the address is shown.",
    )


class EmailSettings(PageSettings):
    """The page to which the links of mails about another address lead."""

    enabled: Switch = True
    uri: PagePath = Field("/account/email", description="Its path. The links of mails lead there.")
    view: str = Field("email", description="Its template.")


class SecureSettings(PageSettings):
    """The page to which the buttons of notices lead, for who has not done what a notice tells."""

    enabled: Switch = True
    uri: PagePath = Field("/account/secure", description="Its path. The links of mails lead there.")
    view: str = Field("secure", description="Its template.")


class FreshSettings(FormPageSettings):
    """The page that asks for the password once more before a risky change."""

    enabled: Switch = True
    uri: PagePath = Field("/account/fresh", description="Its path.")
    next_uri: Target = Field("/account", description="Where a visitor goes next who wanted no other page.")
    view: str = Field("fresh", description="Its template.")


class MeSettings(PageSettings):
    """The address that tells a single-page app who is signed in."""

    enabled: Switch = True
    uri: PagePath = Field("/me", description="Its path.")
    expand: ExpandSettings = ExpandSettings()
