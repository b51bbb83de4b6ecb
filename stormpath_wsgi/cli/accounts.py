"""The commands ``stormpath-wsgi account …``."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus
from typing import Any

import click

from stormpath_wsgi.cli.command import (
    MOST_TALLIES,
    Failure,
    OpenedApplication,
    directory_here,
    new_password,
    say,
    show,
    with_application,
    with_settings,
)
from stormpath_wsgi.client import Client, RefreshToken
from stormpath_wsgi.client.local import LocalDataStore
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds import id_of
from stormpath_wsgi.settings import Settings

LOGIN = click.argument("login", metavar="LOGIN")


@click.group()
def account() -> None:
    """Make, look at, lock and remove accounts.

    LOGIN is an e-mail address, a username or an href. Passwords are asked for, or read from standard input.
    """


@account.command()
@click.argument("email")
@click.option("--username", help="Another name to sign in with. Not given: the e-mail address.")
@click.option("--given-name", help="First name.")
@click.option("--surname", help="Last name.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="Put it into this group; may be repeated.")
@with_application
def create(
    opened: OpenedApplication,
    email: str,
    username: str | None,
    given_name: str | None,
    surname: str | None,
    groups: tuple[str, ...],
) -> None:
    """Make an account with the address EMAIL."""
    joined = [opened.group(name) for name in groups]  # looked up first, so that a wrong name leaves no account
    given = {"email": email, "username": username, "given_name": given_name, "surname": surname}
    properties = {name: value for name, value in given.items() if value is not None}
    created = opened.application.accounts.create({**properties, "password": new_password()})
    for group in joined:
        created.add_group(group)
    say(f"Made the account {created.email}: {created.href}")


@account.command()
@click.argument("email")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="The account joins it; may be repeated.")
@click.option(
    "--store", metavar="NAME", help="The directory of the account. Not given: the one that new accounts go to."
)
@with_application
def invite(opened: OpenedApplication, email: str, groups: tuple[str, ...], store: str | None) -> None:
    """Mail a link to EMAIL, with which a person makes an account. That needs no registration page.

    Who is invited already is mailed the same link once more.
    """
    properties: dict[str, Any] = {"email": email}
    if groups:
        properties["groups"] = groups
    if store is not None:
        properties["directory"] = opened.directory(store)
    made = opened.application.invitations.create(properties)
    say(f"Invited {made.email}. The link is good until {_moment(made.expires_at)}.")


@account.command()
@with_application
def invitations(opened: OpenedApplication) -> None:
    """List who is invited and has no account yet.

    One a line: e-mail address, until when the link is good, groups; separated by tabs where no terminal reads them.
    """
    for each in opened.application.invitations.order("email"):
        say(each.email, _moment(each.expires_at), ", ".join(group.name for group in each.groups))


@account.command()
@click.argument("email")
@with_application
def uninvite(opened: OpenedApplication, email: str) -> None:
    """Revoke the invitation of EMAIL: the link that was mailed works no longer."""
    found = [
        each
        for each in opened.application.invitations.search({"email": email})
        if each.email.casefold() == email.casefold()  # a search takes * as a wildcard; here it is an ordinary character
    ]
    if not found:
        raise Failure(f"Nobody has invited {email}, or there is an account by now.")
    for each in found:
        each.delete()
        say(f"Revoked the invitation of {each.email}.")


@account.command("list")
@click.argument("text", required=False)
@with_application
def list_(opened: OpenedApplication, text: str | None) -> None:
    """List accounts, or those with TEXT in a name or the address.

    One a line: e-mail address, status, full name, href; separated by tabs where no terminal reads them.
    """
    accounts = opened.application.accounts
    for each in accounts.search(text) if text else accounts:
        say(each.email, each.status, each.full_name or "", each.href)


@account.command("show")
@LOGIN
@with_application
def show_(opened: OpenedApplication, login: str) -> None:
    """Show one account: its attributes, groups and sessions."""
    found = opened.account(login)
    show(
        email=found.email,
        username=found.username,
        full_name=found.full_name,
        status=found.status,
        created_at=f"{found.created_at:%Y-%m-%d %H:%M:%S} UTC",
        groups=", ".join(group.name for group in found.groups) or "none",
        sessions=len(found.refresh_tokens),
        href=found.href,
    )


@account.command()
@LOGIN
@with_application
def password(opened: OpenedApplication, login: str) -> None:
    """Give an account a new password. All its sessions end."""
    found = opened.account(login)
    found.password = new_password()
    found.save()
    say(f"Changed the password of {found.email}; all its sessions have ended.")


@account.command()
@LOGIN
@with_application
def enable(opened: OpenedApplication, login: str) -> None:
    """Let an account sign in again."""
    _set_status(opened, login, "ENABLED", "can sign in")


@account.command()
@LOGIN
@with_application
def disable(opened: OpenedApplication, login: str) -> None:
    """Keep an account from signing in. All its sessions end at once."""
    _set_status(opened, login, "DISABLED", "cannot sign in, and its sessions have ended")


@account.command("sign-out")
@LOGIN
@with_application
def sign_out(opened: OpenedApplication, login: str) -> None:
    """End all sessions of an account."""
    found = opened.account(login)
    ended = 0
    while now := sum(map(_end, list(found.refresh_tokens))):  # repeated, for sessions that have begun meanwhile
        ended += now
    say(f"Ended {ended} sessions of {found.email}.")


@account.command()
@LOGIN
@with_settings
def unlock(settings: Settings, login: str) -> None:
    """Forget what was tried with an account: nobody has to wait any more to sign in to it.

    Waits of an address, for what was tried from there with all accounts, go on.
    """
    with directory_here(settings, "account unlock") as service:
        found = OpenedApplication(Client(data_store=LocalDataStore(service)), settings).account(login)
        tallies, id = service.limits.limiter.tallies, id_of(found.href)
        now = service.limits.limiter.now()
        waits = sum(count.account_id == id and count.until > now for count in tallies.counts(now, MOST_TALLIES))
        forgotten = tallies.unlock(id)
    if not forgotten:
        say(f"Nothing was counted against {found.email}.")
    else:
        say(f"Forgot what was tried with {found.email}; {waits} {'wait' if waits == 1 else 'waits'} ended.")


@account.command()
@LOGIN
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_application
def delete(opened: OpenedApplication, login: str, yes: bool) -> None:
    """Remove an account for good, with its custom data and sessions."""
    found = opened.account(login)
    if not yes and not click.confirm(f"Remove {found.email} for good?"):
        raise Failure("Nothing was removed.")
    found.delete()
    say(f"Removed {found.email}.")


def _moment(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _end(session: RefreshToken) -> bool:
    """Ends *session*. Returns whether it still existed: it may have expired, or its owner may have signed out."""
    try:
        session.delete()
    except Error as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return False
    return True


def _set_status(opened: OpenedApplication, login: str, status: str, consequence: str) -> None:
    found = opened.account(login)
    found.status = status
    found.save()
    say(f"{found.email} {consequence}.")
