"""Finding what a site is about: an application of a tenant, and the organizations that are mapped to it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeGuard

from stormpath_wsgi.client.client import Client
from stormpath_wsgi.client.resources.tenant import Application, Organization
from stormpath_wsgi.errors import ConfigurationError, Error, Unavailable
from stormpath_wsgi.kinds import ENABLED, NAME_KEY


def find_application(client: Client, *, href: str | None = None, name: str | None = None) -> Application:
    """The application that people sign in to: by *href*, by its exact *name*, or the only one there is.

    Raises :class:`ConfigurationError` when there is none or more than one, and when the directory refuses our API key.
    """
    try:
        return _found(client, href, name)
    except Error as error:
        if error.status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise
        raise ConfigurationError(f"client.apiKey: the directory refuses the API key ({error})") from error


def find_organization(client: Client, application: Application, name_key: object) -> Organization | None:
    """The organization with that *name_key*, which may be anything, in upper or lower case; None unless it is ENABLED
    and mapped to *application*.
    """
    if not is_name_key(name_key):
        return None
    for found in client.organizations.search({"name_key": name_key, "status": ENABLED}):
        if application.account_store_mappings.search({"account_store.href": found.href}):
            return found
    return None


def is_name_key(text: object) -> TypeGuard[str]:
    """Whether *text* can be the nameKey of an organization: then it is a label of a host, too."""
    longest = Organization.name_key.length[1]
    return isinstance(text, str) and len(text) <= longest and NAME_KEY.fullmatch(text) is not None


def _found(client: Client, href: str | None, name: str | None) -> Application:
    if href is not None:
        return _application_at(client, href)
    names = {"name": name} if name is not None else {}
    # The search ignores upper and lower case and knows wildcards, so the results are compared exactly.
    found = [each for each in client.applications.search(names) if name in (None, each.name)]
    if len(found) == 1:
        return found[0]
    if name is not None:
        raise ConfigurationError(f"application.name: the directory has no application named {name!r}.")
    there = ", ".join(repr(each.name) for each in found) or "none"
    raise ConfigurationError(
        f"application: the directory has not one application but {there}; set application.name or application.href."
    )


def _application_at(client: Client, href: str) -> Application:
    application = client.applications.get(href)
    try:
        application.refresh()
    except Unavailable:
        raise
    except Error as error:
        raise ConfigurationError(f"application.href: {href} is no application of this directory ({error})") from error
    return application
