"""A single-page app in the place of our pages."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from stormpath_wsgi.settings.section import Section


class SpaSettings(Section):
    """A single-page app that draws our pages itself: browsers get its file at their addresses."""

    enabled: bool = Field(
        False,
        description="Whether browsers get the file instead of each page with a form, to GET and POST alike. Programs, "
        "which ask for JSON, get what they always get.",
    )
    view: Path | None = Field(None, description="The path of that file, in HTML.")

    @model_validator(mode="after")
    def _is_there(self) -> Self:
        if not self.enabled:
            return self
        if self.view is None:
            raise ValueError("enabled needs view; write the path of the HTML file of your app into it")
        if not self.view.is_file():
            raise ValueError(f"view: there is no file {self.view}; write the path of the HTML file of your app")
        return self
