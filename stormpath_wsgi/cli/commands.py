"""The command itself: ``stormpath-wsgi init | run | serve | deploy | account | group | application | …``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from wsgiref.types import WSGIApplication

import click

from stormpath_wsgi import api
from stormpath_wsgi.cli import addresses, serving, targets
from stormpath_wsgi.cli.accounts import account
from stormpath_wsgi.cli.api_keys import apikey, reveal
from stormpath_wsgi.cli.applications import application
from stormpath_wsgi.cli.audit import audit
from stormpath_wsgi.cli.command import (
    Commands,
    Failure,
    by_command,
    embedded_file,
    require_directory,
    require_local,
    show,
    with_settings,
)
from stormpath_wsgi.cli.config import config as configuration
from stormpath_wsgi.cli.deploy import deploy
from stormpath_wsgi.cli.dev import dev
from stormpath_wsgi.cli.doctor import doctor
from stormpath_wsgi.cli.explain import explain
from stormpath_wsgi.cli.groups import group_
from stormpath_wsgi.cli.limits import limits
from stormpath_wsgi.cli.passwords import passwords
from stormpath_wsgi.cli.secrets import secret
from stormpath_wsgi.cli.transfer import export, import_, verify
from stormpath_wsgi.directory import DirectoryService, open_directory
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.migrate import upgrade
from stormpath_wsgi.middleware import middleware_of
from stormpath_wsgi.settings import Settings, instance
from stormpath_wsgi.settings.settings import SERVED_AT


@click.group(
    "stormpath-wsgi",
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 refused, 2 a wrong command line or setting, 3 no directory, or it cannot be reached.",
)
@click.version_option(package_name="stormpath-wsgi")
def cli() -> None:
    """User accounts for WSGI applications: the administrator's side.

    The settings are those of the site: stormpath.yaml in this folder, STORMPATH_… in the environment. Without any, the
    accounts are in ./instance.
    """


@cli.command()
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


@cli.command()
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


@cli.command()
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
    make = partial(api.application, settings)
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


cli.add_command(account)
cli.add_command(audit)
cli.add_command(configuration)
cli.add_command(application)
cli.add_command(deploy)
cli.add_command(dev)
cli.add_command(doctor)
cli.add_command(apikey)
cli.add_command(secret)
cli.add_command(explain)
cli.add_command(group_)
cli.add_command(limits)
cli.add_command(passwords)
cli.add_command(export)
cli.add_command(import_)
cli.add_command(verify)
