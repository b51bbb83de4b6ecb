"""``stormpath-wsgi doctor``: it attacks a site of this machine, looks at its settings, and says what to write."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click

from stormpath_wsgi.cli import targets
from stormpath_wsgi.cli.command import by_command, client_of, require_directory
from stormpath_wsgi.cli.failures import Misuse
from stormpath_wsgi.cli.printing import printable
from stormpath_wsgi.client import Application
from stormpath_wsgi.client.choice import find_application
from stormpath_wsgi.doctor import html, sarif, text
from stormpath_wsgi.doctor.account import own_account
from stormpath_wsgi.doctor.check import Grade
from stormpath_wsgi.doctor.connection import Connection, InProcess, OverNetwork
from stormpath_wsgi.doctor.examination import Report, examine
from stormpath_wsgi.doctor.outbox import folder_of
from stormpath_wsgi.doctor.setup import Setup
from stormpath_wsgi.doctor.site import Account, Places, Site
from stormpath_wsgi.middleware import middleware_of, reachable
from stormpath_wsgi.settings import Settings

#: Where a site is looked at that is called in this process and says nothing of where it is.
ORIGIN = "https://localhost"

WRITERS: dict[str, Callable[[Report], str]] = {"text": text.written, "html": html.written, "sarif": sarif.written}
GRADES = {str(grade): grade for grade in Grade}


@click.command()
@click.argument("target", metavar="URL|APPLICATION")
@click.option("--config", is_flag=True, help="With a URL: look at the settings of this folder as well.")
@click.option("--login", metavar="NAME", help="An account to sign in with; its password is asked for.")
@click.option("--make-account", is_flag=True, help="Make an account for this run, and remove it. Mails are sent to it.")
@click.option("--allow-host", metavar="HOST", multiple=True, help="A host of yours that is not this machine.")
@click.option("--format", "form", type=click.Choice(list(WRITERS)), default="text", show_default=True)
@click.option("--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Not to the terminal.")
@click.option(
    "--fail-on", type=click.Choice(list(GRADES)), default="low", show_default=True, help="From which grade on to fail."
)
@click.pass_context
def doctor(
    context: click.Context,
    target: str,
    *,
    config: bool,
    login: str | None,
    make_account: bool,
    allow_host: tuple[str, ...],
    form: str,
    output: Path | None,
    fail_on: str,
) -> None:
    """Attack a site of your own on this machine, and say what to write where.

    \b
    stormpath-wsgi doctor http://localhost:8000          what runs there
    stormpath-wsgi doctor yoursite:application           an application, called in this process as if by https

    It looks at a few dozen things: cookies, forms, redirects, headers, what tells who has an account; and, of an
    APPLICATION or with --config, at settings, keys and database. Nothing is written and no mail is sent unless
    --make-account is given. The exit code is 1 when something of the grade --fail-on or worse was found.
    """
    if login and make_account:
        raise Misuse("--login names an account, and --make-account makes one; write one of the two.")
    with ExitStack() as stack:
        stack.enter_context(by_command())
        site, setup = _subjects(stack, target, config, login, make_account, allow_host)
        report = examine(target, site, setup)
    written = WRITERS[form](report)
    if output is not None:
        output.write_text(written, encoding="utf-8")
        click.echo(text.summary(report))
    else:
        click.echo("\n".join(map(printable, written.splitlines())))
    context.exit(int(report.worst is not None and report.worst >= GRADES[fail_on]))


def _subjects(
    stack: ExitStack, target: str, config: bool, login: str | None, make_account: bool, allowed: tuple[str, ...]
) -> tuple[Site, Setup | None]:
    """The site, and how it is set up, where that is known. What has to be undone after the run is left to *stack*."""
    connection: Connection
    if "://" in target:
        connection, setup = OverNetwork(target, allowed), _here() if config else None
        application = _application_of(stack, setup) if make_account else None
    else:
        connection, setup, application = _called(target)
    registered: list[str] = []
    account = None if login is None else Account(login, _password())
    if make_account and application is not None:
        account = stack.enter_context(own_account(application, registered))
    places = Places.of(None if setup is None else setup.settings)
    outbox = None if setup is None else folder_of(setup)
    site = Site(connection, places, account, is_own=make_account, outbox=outbox)
    site.registered = registered
    stack.callback(site.close)
    site.browser().get("/")  # who cannot be reached at all is told at once
    return site, setup


def _here() -> Setup:
    """The settings of this folder. Raises ConfigurationError."""
    return Setup(Settings.read(), Settings.inspect().effective)


def _called(target: str) -> tuple[Connection, Setup, Application | None]:
    """The application named *target*, how it is set up, and what it is in its directory."""
    targets.check(target)
    loaded = targets.load(target)
    app = targets.with_accounts(loaded)
    middleware = middleware_of(app)
    if middleware is None:
        raise Misuse(f"{target} is no application that can be looked at.")
    settings = middleware.settings
    effective = type(settings).inspect(**middleware.arguments).effective
    base = settings.web.base_url
    origin = "/".join(base.split("/")[:3]) if base else ORIGIN
    return InProcess(app, origin), Setup(settings, effective, list(reachable(app))), middleware.application


def _application_of(stack: ExitStack, setup: Setup | None) -> Application:
    """The application of the settings. Raises Misuse without settings."""
    if setup is None:
        raise Misuse("--make-account needs the directory: write --config where its settings are, or use --login.")
    settings = setup.settings
    require_directory(settings)
    client = stack.enter_context(client_of(settings))
    return find_application(client, href=settings.application.href, name=settings.application.name)


def _password() -> str:
    """Asks for a password once, or reads a line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True))
    if password := sys.stdin.readline().rstrip("\r\n"):
        return password
    raise Misuse("Standard input holds no password.")
