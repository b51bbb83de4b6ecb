"""The commands ``stormpath-wsgi group …``."""

from __future__ import annotations

import click

from stormpath_wsgi.cli.command import OpenedApplication, with_application
from stormpath_wsgi.cli.failures import Failure
from stormpath_wsgi.cli.printing import say

GROUP = click.argument("group", metavar="GROUP")
LOGINS = click.argument("logins", metavar="LOGIN...", nargs=-1, required=True)


@click.group("group")
def group_() -> None:
    """Make groups, and say who is in them.

    GROUP is a name or an href. LOGIN is an e-mail address, a username or an href.
    """


@group_.command()
@click.argument("name")
@click.option("--description", help="What it is for.")
@with_application
def create(opened: OpenedApplication, name: str, description: str | None) -> None:
    """Make a group."""
    properties = {"name": name} | ({"description": description} if description else {})
    made = opened.application.groups.create(properties)
    say(f"Made the group {made.name}: {made.href}")


@group_.command("list")
@with_application
def list_(opened: OpenedApplication) -> None:
    """List the groups.

    One a line: name, status, description, href; separated by tabs where no terminal reads them.
    """
    for each in opened.application.groups:
        say(each.name, each.status, each.description or "", each.href)


@group_.command()
@GROUP
@with_application
def members(opened: OpenedApplication, group: str) -> None:
    """List the accounts in a group.

    One a line: e-mail address, status, full name, href; separated by tabs where no terminal reads them.
    """
    for each in opened.group(group).accounts:
        say(each.email, each.status, each.full_name or "", each.href)


@group_.command()
@GROUP
@LOGINS
@with_application
def add(opened: OpenedApplication, group: str, logins: tuple[str, ...]) -> None:
    """Put accounts into a group. It counts as soon as a sign-out does."""
    target = opened.group(group)
    for account in [opened.account(login) for login in logins]:  # first, so that a wrong login changes nothing
        account.add_group(target)
        say(f"{account.email} is in {target.name}.")


@group_.command()
@GROUP
@LOGINS
@with_application
def remove(opened: OpenedApplication, group: str, logins: tuple[str, ...]) -> None:
    """Take accounts out of a group. It counts as soon as a sign-out does."""
    target = opened.group(group)
    for account in [opened.account(login) for login in logins]:
        account.remove_group(target)
        say(f"{account.email} is not in {target.name} any more.")


@group_.command()
@GROUP
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_application
def delete(opened: OpenedApplication, group: str, yes: bool) -> None:
    """Remove a group. Its accounts stay."""
    target = opened.group(group)
    if not yes and not click.confirm(f"Remove the group {target.name}?"):
        raise Failure("Nothing was removed.")
    target.delete()
    say(f"Removed the group {target.name}.")
