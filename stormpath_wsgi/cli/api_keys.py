"""The commands ``stormpath-wsgi apikey …``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from stormpath_wsgi.cli.command import OpenedApplication, with_application
from stormpath_wsgi.cli.failures import Failure
from stormpath_wsgi.cli.printing import say
from stormpath_wsgi.client import Account, ApiKey
from stormpath_wsgi.directory.rules.tenants.administrators import NAME

ID = click.argument("id", metavar="ID")


@click.group()
def apikey() -> None:
    """Make, list, lock and remove the API keys that open the REST API.

    The first one is made by init. ID is what the list shows.
    """


@apikey.command()
@click.option("--name", help="Who uses it.")
@with_application
def create(opened: OpenedApplication, name: str | None) -> None:
    """Make an API key, and print it as a file apiKey.properties holds it."""
    owner = next(_administrators(opened), None)
    if owner is None:
        raise Failure("There are no administrators yet; make them with: stormpath-wsgi init")
    made = owner.api_keys.create({"name": name})
    reveal(made.id, made.secret)


@apikey.command("list")
@with_application
def list_(opened: OpenedApplication) -> None:
    """List the API keys.

    One a line: id, status, name; separated by tabs where no terminal reads them.
    """
    for administrator in _administrators(opened):
        for each in administrator.api_keys:
            say(each.id, each.status, each.name or "")


@apikey.command()
@ID
@with_application
def disable(opened: OpenedApplication, id: str) -> None:
    """Refuse an API key from now on."""
    _set_status(opened, id, ApiKey.STATUS_DISABLED)


@apikey.command()
@ID
@with_application
def enable(opened: OpenedApplication, id: str) -> None:
    """Accept an API key again."""
    _set_status(opened, id, ApiKey.STATUS_ENABLED)


@apikey.command()
@ID
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_application
def delete(opened: OpenedApplication, id: str, yes: bool) -> None:
    """Remove an API key for good."""
    found = _key(opened, id)
    if not yes and not click.confirm(f"Remove the API key {found.id} ({found.name or 'without a name'})?"):
        raise Failure("Nothing was removed.")
    found.delete()
    say(f"Removed the API key {found.id}.")


def reveal(id: str, secret: str) -> None:
    """Prints a new key with its *secret*, in the format of a file ``apiKey.properties``."""
    click.echo(f"apiKey.id = {id}\napiKey.secret = {secret}")
    click.echo("Keep the secret: it is shown only now.", err=True)


def _administrators(opened: OpenedApplication) -> Iterator[Account]:
    """The accounts whose API keys may use the REST API. The owner of the tenant comes first."""
    for directory in opened.client.directories.search({"name": NAME}):
        yield from directory.accounts


def _key(opened: OpenedApplication, id: str) -> ApiKey:
    for administrator in _administrators(opened):
        if found := administrator.api_keys.get_key(id):
            return found
    raise Failure(f"There is no API key {id}.")


def _set_status(opened: OpenedApplication, id: str, status: str) -> None:
    found = _key(opened, id)
    found.status = status
    found.save()
    say(f"The API key {found.id} is {status.lower()}.")
