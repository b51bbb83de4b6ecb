"""How somebody proves who it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.pages.account.section import AccountSection, Visit
from stormpath_wsgi.texts import marked


class SignInSection(AccountSection):
    """The password."""

    name = "sign-in"
    title = short = marked("Sign-in")

    def context(self, visit: Visit) -> Mapping[str, Any]:
        return {}
