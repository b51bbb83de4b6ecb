"""What commands share that have to do with a directory: its settings, opening it, and finding who is meant."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from stormpath_wsgi.cli.failures import WHO, Failure, Misuse, NoDirectory
from stormpath_wsgi.client import Account, Application, Client, Directory, Group
from stormpath_wsgi.client.choice import find_application
from stormpath_wsgi.directory import DirectoryService, open_directory
from stormpath_wsgi.events import COMMAND, at
from stormpath_wsgi.settings import Settings

Arguments = ParamSpec("Arguments")
#: The highest number of tallies that are looked at; those with the longest waits come first.
MOST_TALLIES = 100_000

Named = TypeVar("Named", Account, Directory, Group)


class OpenedApplication:
    """The directory and the application that the settings name."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self.client, self.settings = client, settings
        self.application: Application = find_application(
            self.client, href=settings.application.href, name=settings.application.name
        )

    def account(self, login: str) -> Account:
        """The account with this e-mail address, username or href. Raises :class:`Failure`."""
        if login.startswith(f"{self.client.base_url}/{Account.path}/"):
            return _there(self.client.accounts.get(login))
        accounts = self.application.accounts
        found = {
            account.href: account
            for name in ("email", "username")
            for account in accounts.search({name: login})
            if login.casefold()
            == str(account[name]).casefold()  # a search takes * as a wildcard; here it is an ordinary character
        }
        if not found:
            raise Failure(f"There is no account {login}.")
        return _only(found, f"Several accounts are called {login}")

    def directory(self, name: str) -> Directory:
        """The directory of this name or href. Raises :class:`Failure`."""
        if name.startswith(f"{self.client.base_url}/{Directory.path}/"):
            return _there(self.client.directories.get(name))
        directories = self.client.directories.search({"name": name})
        found = {each.href: each for each in directories if each.name.casefold() == name.casefold()}
        if not found:
            raise Failure(f"There is no directory {name}.")
        return _only(found, f"Several directories are called {name}")

    def group(self, name: str) -> Group:
        """The group of this name or href. Raises :class:`Failure`."""
        if name.startswith(f"{self.client.base_url}/{Group.path}/"):
            return _there(self.client.groups.get(name))
        groups = self.application.groups.search({"name": name})
        found = {group.href: group for group in groups if group.name.casefold() == name.casefold()}
        if not found:
            raise Failure(f"There is no group {name}; make it with: stormpath-wsgi group create {name}")
        return _only(found, f"Several groups are called {name}")


def _there(named: Named) -> Named:
    """*named*, which was made from an href, read from the directory. Raises Error when it does not exist."""
    named.refresh()
    return named


def _only(found: Mapping[str, Named], otherwise: str) -> Named:
    """The only one of *found*, which has the hrefs as keys. Raises :class:`Failure` unless there is exactly one."""
    if len(found) > 1:
        raise Failure(f"{otherwise}; name one by its href: {', '.join(found)}")
    return next(iter(found.values()))


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* the settings as its first argument, and the options that change which directory is meant."""

    @click.option("--directory", metavar="URL", help="Where the accounts are, if not where the settings say.")
    @click.option("--application", metavar="NAME", help="Which application is meant, if the directory has several.")
    @functools.wraps(command)
    def read(*args: Any, directory: str | None, application: str | None, **rest: Any) -> None:
        keywords: dict[str, Any] = {"directory": directory} if directory else {}
        if application:
            keywords["application"] = {"name": application, "href": None}
        command(Settings.read(**keywords), *args, **rest)

    return read


def with_application(command: Callable[Concatenate[OpenedApplication, Arguments], None]) -> Callable[..., None]:
    """Give *command* the :class:`OpenedApplication` as its first argument.

    The application must exist: no command makes one by accident.
    """

    @with_settings
    @functools.wraps(command)
    def opened(settings: Settings, *args: Arguments.args, **rest: Arguments.kwargs) -> None:
        require_directory(settings)
        with client_of(settings) as client, by_command():
            command(OpenedApplication(client, settings), *args, **rest)

    return opened


def with_client(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* a client of the directory as its first argument. No application need exist."""

    @click.option("--directory", metavar="URL", help="Where the applications are, if not where the settings say.")
    @functools.wraps(command)
    def opened(*args: Any, directory: str | None, **rest: Any) -> None:
        settings = Settings.read(**({"directory": directory} if directory else {}))
        require_directory(settings)
        with client_of(settings) as client, by_command():
            command(client, *args, **rest)

    return opened


def client_of(settings: Settings) -> Client:
    """A client of the directory that the settings name."""
    return Client(**settings.opening())


def by_command() -> AbstractContextManager[None]:
    """A block whose events say that a command is what they come from."""
    return at(credential=COMMAND)


def require_directory(settings: Settings) -> None:
    """Raises :class:`NoDirectory` when the directory of the settings is embedded and was not made yet."""
    file = embedded_file(settings)
    if file is None:
        return
    if not file.exists():
        raise NoDirectory(f"There is no directory in {file}; make one with: stormpath-wsgi init")
    if not os.access(file, os.R_OK | os.W_OK) or not os.access(file.parent, os.W_OK | os.X_OK):
        raise NoDirectory(f"This user may not write {file} and beside it; {WHO}")


def require_local(settings: Settings, command: str) -> None:
    """Raises :class:`Misuse` when the directory of the settings is behind a REST API. *command*: for the sentence."""
    if not settings.remote:
        return
    where = f"The directory is behind {settings.address}"
    if settings.client.base_url == settings.directory:
        # The old SDKs use the same variable, so it may be set on a server for the sake of a client program there.
        raise Misuse(
            f"{where}, because client.baseUrl (STORMPATH_CLIENT_BASEURL) says so, which is for clients; {command} "
            "needs one on this machine: unset that, or set the directory too, as in "
            f"STORMPATH_DIRECTORY=sqlite:///{settings.instance / 'accounts.db'}"
        )
    raise Misuse(f"{where}; run {command} on the machine that serves that.")


@contextmanager
def directory_here(settings: Settings, command: str) -> Iterator[DirectoryService]:
    """The directory of the settings, for what no client of another machine's can ask. *command*: for a sentence.

    Raises :class:`Misuse` when the directory is behind a REST API, and :class:`NoDirectory` when there is none.
    """
    require_local(settings, command)
    require_directory(settings)
    with closing(open_directory(settings.directory, settings.directory_options())) as service, by_command():
        yield service


def embedded_file(settings: Settings) -> Path | None:
    """The file of an embedded directory; None when it is in memory or on a server."""
    scheme, _, path = settings.directory.partition("///")
    return Path(path) if scheme == "sqlite:" and path != ":memory:" else None


def new_password() -> str:
    """Asks for a password twice, without showing it; reads the first line of standard input when that is no terminal.

    A password is never an argument of a command: other users of the machine can read those.
    """
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt="Once more"))
    if password := sys.stdin.readline().rstrip("\r\n"):
        return password
    raise Misuse("Standard input holds no password.")
