"""Second factors at the sign-in."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from stormpath_wsgi.settings.pages import FormPageSettings, Switch
from stormpath_wsgi.settings.types import Grace, Names, PagePath, Target

#: What stands for all accounts in a list of groups and directories.
EVERYBODY = "*"

_WHOM = f"Names of groups, and hrefs of groups and directories; {EVERYBODY} is everybody, and an empty list nobody."


class SecondFactorSettings(FormPageSettings):
    """Second factors at the sign-in, and the page that asks for them."""

    enabled: Switch = Field(
        True,
        description="Whether an account with a second factor is asked for it at the sign-in. false: nobody is, on the "
        "pages; the REST API and the token endpoint go on as documented.",
    )
    uri: PagePath = Field("/factor", description="Its path.")
    next_uri: Target = Field("/", description="Where a visitor goes next who wanted no other page.")
    view: str = Field("factor", description="Its template.")
    required_for: Names = Field(
        (), description=f"Whose accounts must have a second factor, and set one up when they sign in. {_WHOM}"
    )
    offered_to: Names = Field(
        (EVERYBODY,), description=f"Who may set up a second factor on the account page. {_WHOM} Who must may, too."
    )
    remember: Grace = Field(
        dt.timedelta(days=30),
        description="For how long a browser is not asked again, where the visitor wants that. 0: it is not offered.",
    )
    mail: bool = Field(
        False,
        description="Whether a code that is mailed to a verified address will do as well. Off: a new password is "
        "mailed to the same mailbox, so who reads that would have both.",
    )
    sms: bool | None = Field(
        None,
        description="Whether people may add a telephone on the account page. Not set: where something sends text "
        "messages (sms).",
    )
    issuer: str | None = Field(
        None, max_length=255, description="What authenticator apps call this site. Not set: the name of the site."
    )
