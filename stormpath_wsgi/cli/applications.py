"""The commands ``stormpath-wsgi application …``."""

from __future__ import annotations

import click

from stormpath_wsgi.cli.command import with_client
from stormpath_wsgi.cli.failures import Failure
from stormpath_wsgi.cli.printing import say
from stormpath_wsgi.client import Application, Client


@click.group()
def application() -> None:
    """Make, list and rename applications: what people sign in to.

    A site whose directory has several of them names its own by the setting application.name.
    """


@application.command("list")
@with_client
def list_(client: Client) -> None:
    """List the applications.

    One a line: name, status, href; separated by tabs where no terminal reads them.
    """
    for each in client.applications:
        say(each.name, each.status, each.href)


@application.command()
@click.argument("name")
@with_client
def create(client: Client, name: str) -> None:
    """Make an application, with a directory of its own for its accounts."""
    made = client.applications.create({"name": name}, create_directory=True)
    say(f"Made the application {made.name}: {made.href}")
    if len(client.applications) > 1:
        say(
            "The directory has several applications: set application.name (STORMPATH_APPLICATION_NAME) for each "
            "site, or it does not start any more."
        )


@application.command()
@click.argument("name")
@click.argument("new_name")
@with_client
def rename(client: Client, name: str, new_name: str) -> None:
    """Give the application NAME, or of this href, another name. Accounts and sessions stay.

    A site that names its application by its name has to be told.
    """
    found = _application(client, name)
    found.name = new_name
    found.save()
    say(f"Renamed the application {name} to {found.name}.")


def _application(client: Client, name: str) -> Application:
    """The application of this name or href. Raises :class:`~stormpath_wsgi.cli.failures.Failure`."""
    there = list(client.applications)
    for each in there:
        if name in (each.name, each.href):
            return each
    raise Failure(f"There is no application {name}, but {', '.join(repr(each.name) for each in there) or 'none'}.")
