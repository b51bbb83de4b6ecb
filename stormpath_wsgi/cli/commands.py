"""The command itself: ``stormpath-wsgi init | run | account | group | secret``."""

from __future__ import annotations

import secrets
from contextlib import closing

import click

from stormpath_wsgi import instance
from stormpath_wsgi.cli import serving
from stormpath_wsgi.cli.accounts import account
from stormpath_wsgi.cli.command import Commands, embedded_file, show, with_settings
from stormpath_wsgi.cli.groups import group_
from stormpath_wsgi.client import Client
from stormpath_wsgi.directory.engine import Database
from stormpath_wsgi.directory.migrate import upgrade
from stormpath_wsgi.settings import Settings


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
@with_settings
def init(settings: Settings) -> None:
    """Make the directory, or bring its tables up to date.

    An empty directory gets a tenant, an application and a directory mapped to it. Running it again harms nothing.
    """
    if "directory" not in settings.model_fields_set:
        instance.make(settings.instance)
    with closing(Database(settings.directory)) as database:
        upgrade(database)  # a server's too, whose tables the site itself only looks at
    with Client(settings.directory, base_url=settings.base_url) as client:
        show(directory=settings.address, signing_key=_signing_key(settings))
        for application in client.applications:
            show(application=f"{application.name} ({application.href})")


@cli.command()
@click.argument("target", metavar="MODULE:APP")
@click.option("--bind", metavar="ADDRESS", help="host:port or unix:PATH. Not given: 127.0.0.1, PORT or from 8000 on.")
@click.option("--workers", type=click.IntRange(1, 1000), help="Processes. Not given: WEB_CONCURRENCY, or two per core.")
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="A gunicorn configuration file laid over ours, except for address and workers.",
)
def run(target: str, bind: str | None, workers: int | None, config: str | None) -> None:
    """Serve a WSGI application, with user accounts, by gunicorn.

    MODULE:APP is looked for in this folder: yoursite:application, or yoursite:make_app(). An application that has
    StormpathMiddleware around it already is served as it is.
    """
    app = serving.with_accounts(serving.load(target))
    serving.serve(app, bind or serving.free_address(), workers, config)


@cli.command()
def secret() -> None:
    """Print a new key for signing session cookies.

    The setting secretKeys (STORMPATH_SECRETKEYS) takes several, separated by commas: the first signs, all verify. To
    change keys put the new one first, and take the old one away once its sessions are over.
    """
    click.echo(secrets.token_hex())


def _signing_key(settings: Settings) -> str:
    """Where it is; made when it belongs into the instance folder."""
    if settings.secret_keys:
        return "from the settings"
    if embedded_file(settings) is None:
        return "not set: make one with stormpath-wsgi secret, and set STORMPATH_SECRETKEYS to it"
    instance.signing_keys(settings.instance)
    return str(settings.instance / instance.KEY_FILE)


cli.add_command(account)
cli.add_command(group_)
