"""Every setting, declared once: its type, default, unit and meaning.

``Settings.load()`` reads them; later sources win: the defaults, ``~/.stormpath/stormpath.json|yaml|yml``, the same in
the working directory, ``STORMPATH_…`` environment variables, keyword arguments. :mod:`.sources` does the reading,
:mod:`.instance` keeps what is generated when nothing is set. Each section is declared in a module of its own, with the
types of :mod:`.types`.

Names and defaults follow the public Stormpath framework specification where it has them.
"""

from stormpath_wsgi.settings.api import ApiSettings
from stormpath_wsgi.settings.application import ApplicationSettings
from stormpath_wsgi.settings.audit import AuditSettings
from stormpath_wsgi.settings.client import ApiKeySettings, ClientSettings
from stormpath_wsgi.settings.credentials import BasicSettings, BearerSettings
from stormpath_wsgi.settings.environ import EnvironSettings
from stormpath_wsgi.settings.forms import (
    ChangeForm,
    FieldSettings,
    ForgotForm,
    FormSettings,
    FreshForm,
    InvitationForm,
    LoginForm,
    OrganizationSelectForm,
    RegisterForm,
    SecondFactorForm,
    VerifyForm,
)
from stormpath_wsgi.settings.forward_auth import ForwardAuthHeaders, ForwardAuthSettings, GuardedHost, host_key
from stormpath_wsgi.settings.health import HealthSettings, ReadySettings
from stormpath_wsgi.settings.id_site import CallbackSettings, IdSiteSettings, SiteIdSiteSettings
from stormpath_wsgi.settings.limits import LimitsSettings
from stormpath_wsgi.settings.look import LookSettings
from stormpath_wsgi.settings.mail import MailSettings
from stormpath_wsgi.settings.oauth import (
    AccessTokenCookieSettings,
    ClientCredentialsSettings,
    IssuedTokenSettings,
    OAuth2Settings,
    PasswordGrantSettings,
    RefreshGrantSettings,
    RefreshTokenCookieSettings,
    TokenCookieSettings,
)
from stormpath_wsgi.settings.options import DirectoryOptions
from stormpath_wsgi.settings.organizations import MultiTenancySettings, OrganizationSelectSettings
from stormpath_wsgi.settings.pages import (
    AccountSettings,
    ChangePasswordSettings,
    EmailSettings,
    ExpandSettings,
    ForgotPasswordSettings,
    FormPageSettings,
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
from stormpath_wsgi.settings.passkeys import PasskeysSettings, RelyingParty
from stormpath_wsgi.settings.passwords import PasswordsSettings
from stormpath_wsgi.settings.providers import ProvidersSettings
from stormpath_wsgi.settings.second_factor import SecondFactorSettings
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.session import SessionSettings
from stormpath_wsgi.settings.settings import Settings
from stormpath_wsgi.settings.social import SocialSettings, SocialSignInSettings
from stormpath_wsgi.settings.spa import SpaSettings
from stormpath_wsgi.settings.types import Handler, SmsSender
from stormpath_wsgi.settings.web import WebSettings

# fmt: off
__all__ = [
    "AccessTokenCookieSettings", "AccountSettings", "ApiKeySettings", "ApiSettings", "ApplicationSettings",
    "AuditSettings",
    "BasicSettings", "BearerSettings", "CallbackSettings",
    "ChangeForm", "ChangePasswordSettings", "ClientCredentialsSettings",
    "ClientSettings", "DirectoryOptions", "EmailSettings", "EnvironSettings", "ExpandSettings", "FieldSettings",
    "ForgotForm", "ForgotPasswordSettings", "FormPageSettings", "FormSettings", "ForwardAuthHeaders",
    "ForwardAuthSettings", "FreshForm", "FreshSettings", "GuardedHost", "Handler", "HealthSettings",
    "IdSiteSettings", "InvitationForm",
    "InvitationSettings", "IssuedTokenSettings", "LimitsSettings", "LoginForm", "LoginSettings", "LogoutSettings",
    "LookSettings", "MailSettings", "MeSettings", "MultiTenancySettings", "OAuth2Settings", "OrganizationSelectForm",
    "OrganizationSelectSettings", "PageSettings", "PasskeysSettings", "PasswordGrantSettings", "PasswordsSettings",
    "ProvidersSettings",
    "ReadySettings", "RefreshGrantSettings", "RefreshTokenCookieSettings", "RegisterForm", "RegisterSettings",
    "RelyingParty", "SecondFactorForm", "SecondFactorSettings", "Section", "SecureSettings", "SessionSettings",
    "Settings", "SiteIdSiteSettings", "SmsSender", "SocialSettings", "SocialSignInSettings", "SpaSettings",
    "TokenCookieSettings", "VerifyEmailSettings", "VerifyForm", "WebSettings",
    "host_key",
]
# fmt: on
