"""Which application a site is about."""

from __future__ import annotations

from pydantic import Field

from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import ApplicationHref


class ApplicationSettings(Section):
    """Which application people sign in to. Neither set: the tenant's only one."""

    href: ApplicationHref | None = Field(None, description="Its href. Wins over the name.")
    name: str | None = Field(None, description="Its exact name.")
