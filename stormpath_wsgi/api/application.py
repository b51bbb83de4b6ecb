"""The application that servers load: the REST API over the directory that the settings name."""

from __future__ import annotations

from stormpath_wsgi.api.rest import RestAPI
from stormpath_wsgi.directory import open_directory
from stormpath_wsgi.settings import Settings


def application(settings: Settings | None = None) -> RestAPI:
    """The REST API, for a command line such as ``gunicorn 'stormpath_wsgi.api:application()'``.

    *settings*: None means those of all sources. Raises :class:`~stormpath_wsgi.ConfigurationError` when a setting is
    wrong, or when the directory is empty.
    """
    settings = settings or Settings.read()
    service = open_directory(settings.directory, settings.directory_options())
    service.get("tenants/current")  # so that a mistake is found at the start, and not by the first request
    settings.limits.tell_if_off()
    return RestAPI(
        service,
        hosts=settings.api.hosts,
        clock_skew=settings.api.clock_skew.total_seconds(),
        max_body=settings.api.max_body,
        proxies=settings.proxies,
    )
