"""Speaking to providers, for sign-in with accounts elsewhere."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pydantic import Field, SecretStr

from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import Wait


class ProvidersSettings(Section):
    """How an embedded directory speaks to the providers of its directories, such as Google or an OpenID provider."""

    private_addresses: bool = Field(
        False,
        description="Whether a provider may have an address of a private network or of this machine, and one of this "
        "machine http:// in place of https://. Off: whoever may set up a provider cannot make the directory ask "
        "servers that only it can reach.",
    )
    timeout: Wait = Field(
        dt.timedelta(seconds=5),
        description="How long one request to a provider may take, with its answer. One sign-in takes up to four.",
    )
    ca_bundle: Path | None = Field(
        None,
        description="A file with the certificates of the authorities that providers are trusted by. Not set: the usual "
        "ones, which the library certifi has.",
    )
    proxy: SecretStr | None = Field(
        None,
        description="The address of a proxy for these requests, http://USER:PASSWORD@HOST:PORT. It looks up the names "
        "of providers by itself, so private_addresses says nothing about them. Not set: there is none, whatever "
        "HTTPS_PROXY says.",
    )
    foreign_tokens: bool = Field(
        False,
        description="Whether access tokens are taken of providers that cannot tell for which program one was issued: "
        "servers of OAuth 2.0 that are set up by their addresses, and OpenID providers without introspection. Off: of "
        "these only codes are taken. On: whoever has another program with such a provider can sign in here as the "
        "people who use it.",
    )
