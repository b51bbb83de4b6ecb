"""The providers that a directory speaks to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.providers.facts import Asked, Finding, Person, Proof, Registration
from stormpath_wsgi.errors import fault
from stormpath_wsgi.extras import SOCIAL
from stormpath_wsgi.settings.providers import ProvidersSettings

if TYPE_CHECKING:
    from stormpath_wsgi.directory.providers.dialects.oauth2 import OAuth2
    from stormpath_wsgi.directory.providers.port import Find
    from stormpath_wsgi.directory.providers.speaking import Speaking


class Providers:
    """Speaks to providers. Threads and forked processes may share it.

    What it remembers of providers (addresses, keys, who does not answer) is bounded. Nothing is imported and nothing is
    sent before the first one is asked. *find*: finds the addresses of a host; None: the system does.
    """

    def __init__(self, settings: ProvidersSettings | None = None, *, find: Find | None = None) -> None:
        self._settings, self._find = settings or ProvidersSettings(), find
        self._speaking: Speaking | None = None

    def location(self, provider: Registration, asked: Asked) -> str:
        """Where a visitor has to go to be asked by *provider*: the address with all that it wants.

        Apple sends her back by POST, with ``code``, ``state`` and perhaps ``user`` in a form; all others by GET. Raises
        7200 where the provider cannot be used as it is set up, and :class:`~stormpath_wsgi.errors.Unavailable` when it
        cannot be reached.
        """
        with self._told(provider) as dialect:
            return dialect.location(asked)

    def prove(self, provider: Registration, proof: Proof) -> Person:
        """Who the person is that has brought *proof* from *provider*. Call it while no transaction is open.

        Raises 7200 where the provider refuses, or what it says is not for us; 7201 where it leaves out what is needed;
        6203 for a code of LinkedIn without a ``redirect_uri``; 2000 for neither a code nor an access token, or both;
        and :class:`~stormpath_wsgi.errors.Unavailable` when it cannot be reached.
        """
        with self._told(provider) as dialect:
            return dialect.prove(proof)

    def check(self, provider: Registration) -> list[Finding]:
        """What can be found out about *provider* without signing anybody in. Raises nothing for what is wrong there."""
        if not SOCIAL.is_installed():
            return [Finding("library", False, SOCIAL.advice)]
        return list(self._speaks().findings(provider))

    @contextmanager
    def _told(self, provider: Registration) -> Iterator[OAuth2]:
        """How *provider* is spoken to; what goes wrong in the block becomes an error of the REST API."""
        if not SOCIAL.is_installed():
            raise fault(Code.PROVIDER_REFUSED, SOCIAL.advice)
        speaking = self._speaks()
        dialect = speaking.dialect(provider)
        try:
            yield dialect
        except speaking.errors as error:
            raise speaking.error_of(dialect, error) from None

    def _speaks(self) -> Speaking:
        # Two threads may make one at the same moment. What the first remembers is then forgotten.
        if self._speaking is None:
            from stormpath_wsgi.directory.providers.speaking import Speaking

            self._speaking = Speaking(self._settings, self._find)
        return self._speaking
