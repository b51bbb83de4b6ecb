"""What is imported when the first provider is asked: all that knows Authlib and requests."""

from __future__ import annotations

from collections.abc import Iterator

import requests

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.providers.dialects.kinds import DIALECTS
from stormpath_wsgi.directory.providers.dialects.oauth2 import OAuth2, Refused
from stormpath_wsgi.directory.providers.facts import Finding, Registration
from stormpath_wsgi.directory.providers.people import NoSubject
from stormpath_wsgi.directory.providers.port import Find, Port, Unanswered
from stormpath_wsgi.directory.providers.published import Published
from stormpath_wsgi.errors import Error, Unavailable, fault
from stormpath_wsgi.settings.providers import ProvidersSettings

#: What is said without the value, which may be a secret.
_UNSPEAKABLE = "what is set or was brought has characters that no request may have"


class Speaking:
    """The dialects, and what they share."""

    #: What a dialect raises; the last two of what no request can hold, such as a client id in Greek.
    errors = (Refused, NoSubject, Unanswered, UnicodeError, requests.RequestException)

    def __init__(self, settings: ProvidersSettings, find: Find | None) -> None:
        self._port = Port(settings, find=find)
        self._published = Published(self._port)

    def dialect(self, provider: Registration) -> OAuth2:
        """How *provider* is spoken to."""
        return DIALECTS[provider.kind](provider, self._port, self._published)

    def error_of(self, dialect: OAuth2, error: Exception) -> Error:
        """The error of the REST API for what *dialect* has raised."""
        match error:
            case Refused():
                return fault(error.code, f"{dialect.name} error message: {error}")
            case NoSubject():
                return fault(Code.PROVIDER_LACKS, f"{dialect.name} does not say who the person is.")
            case Unanswered():
                return Unavailable(f"{dialect.name} {error}")
        return fault(Code.PROVIDER_REFUSED, f"{dialect.name} error message: {_UNSPEAKABLE}")

    def findings(self, provider: Registration) -> Iterator[Finding]:
        """What a check of *provider* finds, up to what it cannot go beyond."""
        dialect = self.dialect(provider)
        try:
            yield from dialect.findings()
        except self.errors as error:
            known = isinstance(error, Refused | NoSubject | Unanswered)
            yield Finding("provider", False, f"{dialect.name}: {error if known else _UNSPEAKABLE}")
