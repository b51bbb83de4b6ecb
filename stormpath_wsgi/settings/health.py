"""The addresses at which whoever runs the site asks how it is."""

from __future__ import annotations

from pydantic import Field

from stormpath_wsgi.settings.pages import PageSettings, Switch
from stormpath_wsgi.settings.types import PagePath


class HealthSettings(PageSettings):
    """The address that says that a process of the site answers. It asks no directory."""

    enabled: Switch = False
    uri: PagePath = Field("/health", description="Its path.")


class ReadySettings(PageSettings):
    """The address that says whether the site reaches its directory: 200, or 503 while it does not."""

    enabled: Switch = False
    uri: PagePath = Field("/ready", description="Its path.")
