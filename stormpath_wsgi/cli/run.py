"""The commands ``stormpath-wsgi run`` and ``serve``."""

from __future__ import annotations

import os
from functools import partial
from wsgiref.types import WSGIApplication

import click

from stormpath_wsgi import id_site
from stormpath_wsgi.cli import addresses, serving, targets
from stormpath_wsgi.cli.command import require_directory, require_local
from stormpath_wsgi.middleware import middleware_of
from stormpath_wsgi.settings import Settings, instance
from stormpath_wsgi.settings.settings import SERVED_AT


@click.command()
@click.argument("target", metavar="APPLICATION")
@serving.options
def run(target: str, bind: str | None, workers: int | None, preload: bool, config: str | None) -> None:
    """Serve a WSGI application, with user accounts, by gunicorn.

    APPLICATION is looked for in this folder: yoursite:application, or yoursite:make_app(), or a file of PasteDeploy,
    site.ini or site.ini#name. One that has StormpathMiddleware around it already is served as it is.

    It is served by one worker process with several threads, unless --workers, WEB_CONCURRENCY or the configuration file
    say otherwise: more are faster, but break applications that keep something in memory.
    """
    targets.check(target)
    chosen = serving.chosen(_address(bind), workers, preload)
    server = serving.Server(lambda: _site(target, server.link), config, chosen, serving.OF_A_SITE, "Your site")
    server.run()


@click.command()
@serving.options
def serve(bind: str | None, workers: int | None, preload: bool, config: str | None) -> None:
    """Serve the REST API of the directory, by gunicorn.

    Every href starts with the setting baseUrl (STORMPATH_BASEURL): the address that clients know the API by. They
    authenticate with an API key: stormpath-wsgi apikey create. For https put a proxy in front, or name certfile and
    keyfile in a gunicorn configuration file.

    There are two worker processes per core, unless --workers, WEB_CONCURRENCY or the configuration file say otherwise.
    """
    settings = Settings.read()
    require_local(settings, "serve")
    require_directory(settings)
    chosen = serving.chosen(_address(bind), workers, preload)
    make = partial(id_site.application, settings)
    serving.Server(make, config, chosen, serving.OF_THE_API, f"The REST API, {settings.base_url}").run()


def _address(bind: str | None) -> str:
    return addresses.free_address() if bind is None else addresses.checked(bind)


def _site(target: str, link: str | None) -> WSGIApplication:
    """The application. *link*: where it is served, for mails, if no setting says where the site is."""
    if link is not None:
        os.environ[SERVED_AT] = link
    app = targets.with_accounts(targets.load(target))
    site = middleware_of(app)
    if link is not None and site is not None:
        instance.note_address(site.settings.instance, link)
    return app
