"""How a directory on another machine is reached."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import Duration, ServerUrl


class ApiKeySettings(Section):
    """What proves us to a directory on another machine. Not set: the documented places are looked through."""

    file: Path | None = Field(None, description="A file apiKey.properties with the API key. Wins over id and secret.")
    id: str | None = Field(None, description="The id of the API key.")
    secret: SecretStr | None = Field(None, description="The secret of the API key.")


class ClientSettings(Section):
    """How a directory on another machine is reached. Beside a directory in a database it has no effect."""

    api_key: ApiKeySettings = ApiKeySettings()
    base_url: ServerUrl | None = Field(
        None, description="The address of its REST API. Another way to write it into directory."
    )
    authentication_scheme: Literal["SAUTHC1", "BASIC"] = Field(
        "SAUTHC1", description="How a request is authenticated: by a signature, or by the secret itself."
    )
    connection_timeout: Duration = Field(
        dt.timedelta(seconds=15), description="How long one call to it may take, with all its repetitions."
    )
    ca_bundle: Path | None = Field(
        None, description="A file of certificates to trust instead of the usual authorities, for a private one."
    )
    allow_insecure: bool = Field(
        False, description="Whether passwords may travel over plain http to another machine than this one."
    )
    cache_url: SecretStr | None = Field(
        None,
        description="A Redis or Valkey that all workers share as a cache, redis://:PASSWORD@HOST:6379/0. Not set: each "
        "worker has a cache in its memory. Refused beside a directory in a database, which is asked directly.",
    )
