"""The directories of other sites that the settings describe: made, mapped and brought up to date at the start.

Several processes may start at once: whoever comes second finds what the first has made.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from stormpath_wsgi.client import Application, Client, Directory, Provider
from stormpath_wsgi.errors import ConfigurationError, Error
from stormpath_wsgi.settings import Settings, SocialSettings
from stormpath_wsgi.settings.social import DOCUMENTED, READY

log = logging.getLogger(__name__)


def set_up(client: Client, application: Application, settings: Settings) -> None:
    """Have a directory of each provider mapped to *application* that *settings* want. Asks nothing where that is none.

    Raises :class:`~stormpath_wsgi.ConfigurationError`, which says what to write, and :class:`~stormpath_wsgi.Error`
    when the directory fails.
    """
    if not (wanted := settings.social()):
        return
    mapped = dict(_mapped(application))
    for id, social in wanted.items():
        if social.client_id is None and id not in mapped:
            raise ConfigurationError(
                f"web.social.{id}.enabled is true, and no directory of {id} is mapped to the application "
                f"{application.name!r}: set web.social.{id}.clientId and clientSecret to what {social.label_of(id)} "
                f"has given you for this site{'' if id in READY else ', and issuer to its address'}."
            )
        if social.client_id is not None:
            directory = mapped.get(id) or _make(client, application, id, social)
            _bring_up_to_date(directory.provider, id, social)


def _mapped(application: Application) -> Iterator[tuple[str, Directory]]:
    for mapping in application.account_store_mappings:
        store = mapping.account_store
        if isinstance(store, Directory):
            yield store.provider.provider_id, store


def _make(client: Client, application: Application, id: str, social: SocialSettings) -> Directory:
    """The directory for the provider *id*, made or found, and mapped to *application*."""
    name = f"{application.name}-{id}"
    try:
        directory = client.directories.create(
            {"name": name, "provider": {"provider_id": id, **_attributes(id, social)}}
        )
        log.info("The directory %r was made, for people who sign in through %s.", name, social.label_of(id))
    except Error as error:
        if error.status != HTTPStatus.CONFLICT:
            raise ConfigurationError(f"web.social.{id}: the directory refuses it: {error}") from error
        directory = _named(client, name, id)
    try:
        client.account_store_mappings.create({"application": application, "account_store": directory})
    except Error as error:
        if error.status != HTTPStatus.CONFLICT:  # another process was first
            raise
    return directory


def _named(client: Client, name: str, id: str) -> Directory:
    """The directory *name*, which is there already, if it is one of the provider *id*."""
    for found in client.directories.search({"name": name}):
        if found.name == name and found.provider.provider_id == id:
            return found
    raise ConfigurationError(
        f"web.social.{id}: the directory {name!r} is there already, and is not one of {id}; give it another name."
    )


def _attributes(id: str, social: SocialSettings) -> dict[str, Any]:
    """What the settings say of the provider *id*, by the client's names."""
    documented = DOCUMENTED.get(id)
    is_usual = documented is not None and social.scope == documented.scope
    found = {
        "client_id": social.client_id,
        "client_secret": social.client_secret and social.client_secret.get_secret_value(),
        "issuer": social.issuer,
        "hd": social.hd,
        # What is usual the directory knows itself, for the provider as it is today.
        "scope": None if is_usual or social.scope is None else social.scope.split(),
    }
    return {name: value for name, value in found.items() if value is not None}


def _bring_up_to_date(provider: Provider, id: str, social: SocialSettings) -> None:
    changed = {name: value for name, value in _attributes(id, social).items() if getattr(provider, name) != value}
    if not changed:
        return
    for name, value in changed.items():
        setattr(provider, name, value)
    try:
        provider.save()
    except Error as error:
        raise ConfigurationError(f"web.social.{id}: the directory refuses it: {error}") from error
    log.info("The provider %s was brought up to date: %s.", id, ", ".join(changed))
