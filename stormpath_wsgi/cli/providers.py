"""The command ``stormpath-wsgi provider …``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from stormpath_wsgi.cli.command import OpenedApplication, with_application
from stormpath_wsgi.cli.failures import Failure
from stormpath_wsgi.cli.printing import say
from stormpath_wsgi.client import Directory
from stormpath_wsgi.directory.providers import TWITTER, Finding, Providers, Registration

#: The providers of directories whose accounts come from nobody who can be asked.
_NOT_ASKED = frozenset({"stormpath", "saml", "ldap", "ad"})
#: Characters of the columns of a finding: whether it is good, and what it is about.
_WIDTHS = (8, 24)
_WORDS = {True: "good", False: "wrong", None: "unknown"}


@click.group("provider")
def provider() -> None:
    """Try the providers that people sign in with, such as Google."""


@provider.command()
@click.argument("directory_name", metavar="[DIRECTORY]", required=False)
@with_application
def check(opened: OpenedApplication, directory_name: str | None) -> None:
    """Say whether the provider of DIRECTORY can be used, and if not, what to write.

    Without DIRECTORY: those of all directories that the application is mapped to. Nobody is signed in. The provider is
    asked from this machine for what it publishes, and whether it knows the client id and the secret.

    One finding a line: good, wrong or unknown; what it is about; a sentence. What only a sign-in shows, such as whether
    the provider knows the callback address, is named at the end. The exit code is 1 if anything is wrong.
    """
    mapped = {each.account_store.href: each.account_store for each in opened.application.account_store_mappings}
    if directory_name is not None:
        chosen = [opened.directory(directory_name)]
    else:
        chosen = [each for each in mapped.values() if isinstance(each, Directory)]
    found = [each for each in chosen if each.provider.provider_id not in _NOT_ASKED]
    if not found:
        raise Failure(_nothing(directory_name))
    providers, wrong = Providers(opened.settings.providers), 0
    for directory in found:
        registration = Registration.of(opened.client.data_store.get(directory.provider.href))
        say(f"{directory.name}: {registration.provider_id}, {registration.kind}")
        findings = [*_of_directory(directory, directory.href in mapped), *providers.check(registration)]
        for finding in findings:
            say(_WORDS[finding.good], finding.subject, finding.sentence, widths=_WIDTHS)
        wrong += sum(finding.good is False for finding in findings)
        say(_WORDS[None], "callback address", _callback(opened, registration), widths=_WIDTHS)
    if wrong:
        raise Failure("1 finding is wrong." if wrong == 1 else f"{wrong} findings are wrong.")


def _nothing(directory_name: str | None) -> str:
    if directory_name is not None:
        return f"The accounts of the directory {directory_name} come from no provider that can be asked."
    return (
        "The application is mapped to no directory whose accounts come from a provider. Make one with the client: "
        "client.directories.create({…, 'provider': {…}}), or set web.social."
    )


def _of_directory(directory: Directory, is_mapped: bool) -> Iterator[Finding]:
    """What keeps people out however good the provider is."""
    if not is_mapped:
        yield Finding("directory", False, f"the application is not mapped to {directory.name}: make a mapping")
    if directory.status != Directory.STATUS_ENABLED:
        yield Finding("directory", False, f"{directory.name} is disabled: set its status to ENABLED")


def _callback(opened: OpenedApplication, registration: Registration) -> str:
    """What has to be written at the provider, and cannot be tried from here."""
    web = opened.settings.web
    if registration.kind == TWITTER:
        return "there is none: programs bring tokens"
    path = web.callback_uri(registration.provider_id)
    return f"whether the provider knows it shows at a sign-in: {web.base_url or 'https://your.site'}{path}"
