"""The commands ``stormpath-wsgi account …``."""

from __future__ import annotations

import datetime as dt
import secrets
import string
from http import HTTPStatus
from typing import Any

import click

from stormpath_wsgi.cli.command import (
    MOST_TALLIES,
    OpenedApplication,
    directory_here,
    new_password,
    with_application,
    with_settings,
)
from stormpath_wsgi.cli.failures import Failure
from stormpath_wsgi.cli.printing import say, show
from stormpath_wsgi.client import (
    Account,
    AccountStoreMapping,
    Client,
    Directory,
    Organization,
    RefreshToken,
)
from stormpath_wsgi.client.local import LocalDataStore
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds import ENABLED, id_of
from stormpath_wsgi.settings import Settings

LOGIN = click.argument("login", metavar="LOGIN")


@click.group()
def account() -> None:
    """Make, look at, lock and remove accounts.

    LOGIN is an e-mail address, a username or an href. Whom an account is made for gets a mail with a link, and chooses
    the password. Only where the setting passwords.administratorsChoose says so, passwords are asked for here, or read
    from standard input.
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
    """Make an account with the address EMAIL, and mail a link for choosing its password."""
    chooses = opened.settings.passwords.administrators_choose
    if not chooses:
        _require_mails(opened.application.default_account_store_mapping)
    joined = [opened.group(name) for name in groups]  # looked up first, so that a wrong name leaves no account
    given = {"email": email, "username": username, "given_name": given_name, "surname": surname}
    properties = {name: value for name, value in given.items() if value is not None}
    password = new_password() if chooses else _unknown_password()
    created = opened.application.accounts.create({**properties, "password": password})
    for group in joined:
        created.add_group(group)
    say(f"Made the account {created.email}: {created.href}")
    if not chooses:
        _mail_link(opened, created)


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
    """Mail the person a link for a new password. The one of before stays good until another one is chosen.

    Where the setting passwords.administratorsChoose says so, the new password is asked for here instead, and all
    sessions of the account end.
    """
    found = opened.account(login)
    if not opened.settings.passwords.administrators_choose:
        _require_mails(found)
        _mail_link(opened, found)
        return
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
    """End all sessions of an account, and have each browser asked for the second factor again."""
    found = opened.account(login)
    ended = 0
    while now := sum(map(_end, list(found.refresh_tokens))):  # repeated, for sessions that have begun meanwhile
        ended += now
    _forget_browsers(found)
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


def _require_mails(holder: Account | AccountStoreMapping | None) -> None:
    """Raises :class:`Failure` where the directory mails no links for new passwords. *holder*: an account in it, or the
    mapping of the store that new accounts go to; None: the commands that follow say what is wrong.
    """
    store = holder.account_store if isinstance(holder, AccountStoreMapping) else holder
    while isinstance(store, Organization):
        mapping = store.default_account_store_mapping
        store = None if mapping is None else mapping.account_store
    directory = store if isinstance(store, Directory) or store is None else store.directory
    if directory is not None and directory.password_policy.reset_email_status != ENABLED:
        raise Failure(
            f"The directory {directory.name} mails no links for new passwords. Set resetEmailStatus of its password "
            "policy to ENABLED, or set passwords.administratorsChoose (STORMPATH_PASSWORDS_ADMINISTRATORSCHOOSE) to "
            "true, and choose the password yourself."
        )


def _mail_link(opened: OpenedApplication, account: Account) -> None:
    opened.application.password_reset_tokens.create({"email": account.email})
    say(f"Mailed {account.email} a link for choosing a password.")


def _unknown_password() -> str:
    """A password that nobody gets to know, with characters of every sort that a directory may ask for."""
    sorts = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-+/*", "àéîõü")
    return "".join(secrets.choice(sort) for _ in range(8) for sort in sorts)


def _moment(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _forget_browsers(account: Account) -> None:
    """Has every browser of *account* asked for the second factor again."""
    try:
        account.second_factor().forget_remembered_browsers()
    except Error as error:
        if error.status != HTTPStatus.NOT_FOUND:  # of a directory of an older version
            raise


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
