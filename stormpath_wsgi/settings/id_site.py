"""ID Site: the sign-in pages that one machine has for many sites, and sites that send people there."""

from __future__ import annotations

from pydantic import Field

from stormpath_wsgi.settings.pages import PageSettings, Switch
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import PagePath


class IdSiteSettings(Section):
    """The pages for other sites, beside the REST API that ``stormpath-wsgi serve`` offers."""

    enabled: bool = Field(
        False,
        description="Whether stormpath-wsgi serve has sign-in pages for the sites of its applications as well, at /sso "
        "of the host of baseUrl. Of an application with authorizedCallbackUris only: people come back to one of these "
        "addresses, and to no other.",
    )


class SiteIdSiteSettings(Section):
    """Whether people of this site sign in on the pages of an ID Site instead of its own."""

    enabled: bool = Field(
        False,
        description="Whether the login, register and forgot pages send people to the ID Site at the host of the "
        "directory's REST API, and a sign-out ends the session there, too. It needs web.callback.",
    )
    login_uri: str = Field("", max_length=200, description="The page there in the place of the login page.")
    register_uri: str = Field(
        "/#/register", max_length=200, description="The page there in the place of the register page."
    )
    forgot_uri: str = Field("/#/forgot", max_length=200, description="The page there in the place of the forgot page.")


class CallbackSettings(PageSettings):
    """The address to which an ID Site sends people back."""

    enabled: Switch = Field(True, description="Whether we serve it, where web.idSite is enabled.")
    uri: PagePath = Field(
        "/stormpathCallback",
        description="Its path. The whole address belongs among the authorizedCallbackUris of the application.",
    )
