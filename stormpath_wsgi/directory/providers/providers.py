"""The providers that a directory speaks to."""

from __future__ import annotations

from stormpath_wsgi.directory.providers.facts import Asked, Finding, Person, Proof, Registration
from stormpath_wsgi.settings.providers import ProvidersSettings


class Providers:
    """Speaks to providers. Threads and forked processes may share it.

    What it remembers of providers (addresses, keys, who does not answer) is bounded. Nothing is imported and nothing is
    sent before the first one is asked.
    """

    def __init__(self, settings: ProvidersSettings | None = None) -> None:
        self._settings = settings or ProvidersSettings()

    def location(self, provider: Registration, asked: Asked) -> str:
        """Where a visitor has to go to be asked by *provider*: the address with all that it wants.

        Raises 7200 where the provider cannot be used as it is set up, and
        :class:`~stormpath_wsgi.errors.Unavailable` when it cannot be reached.
        """
        raise NotImplementedError

    def prove(self, provider: Registration, proof: Proof) -> Person:
        """Who the person is that has brought *proof* from *provider*. Call it while no transaction is open.

        Raises 7200 where the provider refuses, or what it says is not for us; 7201 where it leaves out what is needed;
        6203 for a code of LinkedIn without a ``redirect_uri``; 2015 where the kind takes no such proof; and
        :class:`~stormpath_wsgi.errors.Unavailable` when it cannot be reached.
        """
        raise NotImplementedError

    def check(self, provider: Registration) -> list[Finding]:
        """What can be found out about *provider* without signing anybody in. Raises nothing for what is wrong there."""
        raise NotImplementedError
