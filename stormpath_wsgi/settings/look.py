"""How our pages look: the site's name, logo, colour, corners, font, and the links at the end of each page."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import Accent, FontNames, ImageAddress, OneLine, Radius, Target


class LookSettings(Section):
    """The look of our pages, and what they say of the site."""

    name: OneLine | None = Field(
        None, min_length=1, max_length=60, description="What the pages call the site. Not set: the application's name."
    )
    logo: ImageAddress | None = Field(
        None,
        description="The address of the logo: a path of this site, or https://…. It is shown 2rem high and at most "
        "10rem wide. Not set: the first letter of the name.",
    )
    logo_dark: ImageAddress | None = Field(None, description="The same where the page is dark. Not set: the same logo.")
    accent: Accent | None = Field(
        None,
        description="The colour of buttons and links, such as #2563eb. What both schemes need for readable text "
        "follows from it. Not set: ink, which is no colour.",
    )
    radius: Radius = Field(8, description="How round fields and buttons are; cards and messages follow.")
    font: FontNames = Field(
        (),
        description="Names of fonts, the first one that a visitor has is taken; the fonts of his system come last. A "
        "web font is declared in a custom.css.",
    )
    scheme: Literal["auto", "light", "dark"] = Field(
        "auto", description="Whether the pages are light or dark; auto: as the visitor's system is."
    )
    help_url: Target | None = Field(
        None, description="Where the link Help at the end of each page leads. Not set: none."
    )
    privacy_url: Target | None = Field(None, description="The same of the link Privacy.")
    terms_url: Target | None = Field(None, description="The same of the link Terms.")
