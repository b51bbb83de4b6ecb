"""The command ``stormpath-wsgi init``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import click

from stormpath_wsgi.cli.api_keys import reveal
from stormpath_wsgi.cli.command import by_command, embedded_file, require_local, with_settings
from stormpath_wsgi.cli.failures import Failure
from stormpath_wsgi.cli.printing import show
from stormpath_wsgi.directory import DirectoryService, open_directory
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.migrate import upgrade
from stormpath_wsgi.settings import Settings, instance


@click.command()
@click.option("--no-api-key", is_flag=True, help="Make no API key, which a log of this command would hold.")
@with_settings
def init(settings: Settings, no_api_key: bool) -> None:
    """Make the directory, or bring its tables up to date.

    An empty directory gets a tenant, an application, of the name that --application says, and a directory mapped to it;
    and one without any gets an API key for programs that use the REST API, which is printed once. Running it again
    harms nothing: what is there stays as it is, and an application that is not there is not made.
    """
    require_local(settings, "init")
    if settings.in_instance:
        instance.make(settings.instance)
    with closing(Database(settings.directory, timeout=settings.database_timeout.total_seconds())) as database:
        upgrade(database)  # also on a server, where the site itself only checks the tables
    show(directory=settings.address, signing_key=_signing_key(settings))
    options = settings.directory_options()
    with closing(open_directory(settings.directory, options)) as service, by_command():
        service.bootstrap(options.application_name)
        there = service.list("tenants/current/applications", {"limit": 100})["items"]
        for each in there:
            show(application=f"{each['name']} ({each['href']})")
        _require_application(settings, [each["name"] for each in there])
        if not no_api_key:
            _first_api_key(settings, service)


def _require_application(settings: Settings, there: Sequence[str]) -> None:
    """Raises :class:`Failure` when the settings name an application that is not *there*, in the directory."""
    wanted = settings.application.name
    if settings.application.href is None and wanted is not None and wanted not in there:
        raise Failure(
            f"The directory was made before, and has no application {wanted}. For another one: stormpath-wsgi "
            f"application create NAME; for another name: stormpath-wsgi application rename {there[0]!r} {wanted!r}"
        )


def _signing_key(settings: Settings) -> str:
    """A sentence that says where the signing key is. It is made, when it belongs into the instance folder."""
    if settings.secret_keys:
        return "from the settings"
    if embedded_file(settings) is None:
        return "not set: make one with stormpath-wsgi secret, and set STORMPATH_SECRETKEYS to it"
    instance.signing_keys(settings.instance)
    return str(settings.instance / instance.KEY_FILE)


def _first_api_key(settings: Settings, service: DirectoryService) -> None:
    """Makes and prints the first API key, unless there is an API key already."""
    if not service.embedded and not settings.encryption_keys:
        how = "make a key with stormpath-wsgi secret, set STORMPATH_ENCRYPTIONKEYS to it, and run init again"
        show(api_key=f"not made: {how}")
    elif made := service.issue_first_api_key():
        reveal(*made)
    else:
        show(api_key="made before; for another one: stormpath-wsgi apikey create")
