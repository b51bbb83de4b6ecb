"""The REST API that we serve."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import Bytes, Duration, Hosts


class ApiSettings(Section):
    """The REST API, as ``stormpath-wsgi serve`` offers it."""

    clock_skew: Duration = Field(
        dt.timedelta(minutes=15),
        description="How far the clock of a client may be off that signs its requests. Stormpath's SDK for PHP needs "
        "PT60M: it writes the month where the minutes belong.",
    )
    hosts: Hosts = Field(
        (),
        description="Further names by which clients that sign their requests (SAuthc1) reach the API, such as "
        "10.0.0.5:8000. That of baseUrl is known. A request that was signed for any other host is refused.",
    )
    max_body: Bytes = Field(11_000_000, description="Largest request body; above it: 413.")
