"""The application that servers load: the REST API over the directory that the settings name."""

from __future__ import annotations

from stormpath_wsgi.api.rest import RestAPI
from stormpath_wsgi.directory import open_directory
from stormpath_wsgi.settings import Settings


def application(settings: Settings | None = None) -> RestAPI:
    """The REST API, for a command line such as ``gunicorn 'stormpath_wsgi.api:application()'``.

    *settings*: those of all sources unless given. Raises :class:`~stormpath_wsgi.ConfigurationError` when one is
    wrong, or the directory is still empty.
    """
    settings = settings or Settings.read()
    service = open_directory(settings.directory, settings.directory_options())
    service.get("tenants/current")  # a mistake is found now, and not on the first request
    return RestAPI(
        service,
        hosts=settings.api.hosts,
        clock_skew=settings.api.clock_skew.total_seconds(),
        max_body=settings.api.max_body,
    )
