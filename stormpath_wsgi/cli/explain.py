"""The command ``stormpath-wsgi explain``: why somebody may see a page, or may not."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes
from wsgiref.simple_server import demo_app

import click

from stormpath_wsgi.checks import Check
from stormpath_wsgi.cli import targets
from stormpath_wsgi.cli.command import OpenedApplication, by_command, client_of, require_directory
from stormpath_wsgi.cli.failures import Failure, Misuse
from stormpath_wsgi.cli.printing import printable
from stormpath_wsgi.kinds import ENABLED
from stormpath_wsgi.middleware import middleware_of
from stormpath_wsgi.protect import Protected, TooManyReadings
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.users import AnonymousUser, RememberedAccount, User

#: Stands for somebody who is not signed in.
NOBODY = "-"


@dataclass(frozen=True)
class Supposed:
    """A visit of *user*, who has signed in this moment, and proved a second factor."""

    user: User | AnonymousUser

    @property
    def is_fresh(self) -> bool:
        """Whether somebody is signed in."""
        return self.user.is_authenticated

    @property
    def second_factor(self) -> int | None:
        """When it was proved; None: nobody is signed in."""
        return 1 if self.user.is_authenticated else None

    def is_younger(self, seconds: float) -> bool:
        """Whether somebody is signed in."""
        return self.is_fresh


@click.command()
@click.argument("account")
@click.argument("method")
@click.argument("path")
@click.argument("target", metavar="[APPLICATION]", required=False)
@click.pass_context
def explain(context: click.Context, account: str, method: str, path: str, target: str | None) -> None:
    """Say why ACCOUNT may ask for METHOD PATH, or may not: which policies there are, and what they have found.

    ACCOUNT is an e-mail address, a username or an href, or - for somebody who is not signed in. It is supposed to have
    signed in this moment, with a second factor. The policies are those of the setting protect, and with an APPLICATION,
    named as for run, those that it gives StormpathMiddleware. What the application asks in its own code is not known
    here. The exit code is 1 for who may not.
    """
    settings, protected = _protected(target)
    require_directory(settings)
    if not path.startswith("/"):
        raise Misuse("Write PATH as in an address: /members/admin")
    with client_of(settings) as client, by_command():
        visit = Supposed(AnonymousUser())
        if account != NOBODY:
            found = OpenedApplication(client, settings).account(account)
            if found.status == ENABLED:
                visit = Supposed(User(RememberedAccount(client, found.document())))
            else:
                click.echo(f"{printable(account)} is {found.status}, so nobody is signed in with it.", err=True)
        try:
            told = protected.explain(method.upper(), _native(path), visit)
        except TooManyReadings:
            raise Failure("This path can be read in too many ways: everybody gets 400.") from None
        passes = all(check is not None and check.passed for check in told.values())
        _say(told, passes, visit)
    context.exit(0 if passes else 1)


def _say(told: dict[str, Check | None], passes: bool, visit: Supposed) -> None:
    click.echo(_result(told, passes, visit))
    for path, check in told.items():
        click.echo(printable(path))
        lines = ["?    a function of the site's own, which explains nothing"] if check is None else check.lines()
        for line in lines:
            click.echo(f"  {printable(line)}")


def _result(told: dict[str, Check | None], passes: bool, visit: Supposed) -> str:
    if not told:
        return "No policy of protect is for this: everybody passes."
    if passes:
        return "Passes."
    if all(check is None or check.passed for check in told.values()):
        return "Not known."
    return "Refused, with 403." if visit.user.is_authenticated else "Asked to sign in."


def _protected(target: str | None) -> tuple[Settings, Protected]:
    if target is None:
        settings = Settings.read()
        return settings, Protected(demo_app, settings.protect, settings.preflight)
    targets.check(target)
    middleware = middleware_of(targets.load(target))
    if middleware is None:
        raise Failure(f"{target} has no StormpathMiddleware.")
    return middleware.settings, middleware.protected


def _native(path: str) -> str:
    """The path of an address as ``PATH_INFO`` (PEP 3333)."""
    return unquote_to_bytes(path.partition("?")[0]).decode("latin-1")
