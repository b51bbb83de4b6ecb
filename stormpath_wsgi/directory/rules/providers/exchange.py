"""Signing in through a provider: where a visitor is sent, and which account belongs to what the visitor brings back.

Source: the social chapter of the REST API v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts import accounts
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import AuthorizationRequest, ProviderData


def authorize(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Where a visitor is sent to sign in at a provider: ``{"location": …}``.

    Raises 5201 where the application has no directory of that provider; 7106 and 7107 where that directory, or the
    organization through which it is reached, is disabled; 7104 at a disabled application; 5114 and 2016 for the
    ``accountStore``; 7200 where the provider cannot be used as it is set up; and
    :class:`~stormpath_wsgi.errors.Unavailable` when it cannot be reached.
    """
    bodies.of_creation(AuthorizationRequest, properties, context.base_url)
    raise fault(Code.PROVIDER_NOT_MAPPED)


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes an account from attributes (:func:`.accounts.create`), or finds or makes the one of a person whom a
    provider knows: with ``providerData``, at an application.

    The answer to the latter has ``isNewAccount``, which crosses the REST API as the status 201 or 200. ``keeps=true``
    in *params*: a person signs in, who by that keeps an account that is to be deleted.
    """
    if not wants_exchange(properties):
        return accounts.create(context, listing, properties, params)
    if listing.owner is not kinds.Application:
        raise fault(Code.UNKNOWN_PROPERTY, "Account providerData can only be set on creation through an Application.")
    bodies.of_creation(ProviderData, properties["providerData"], context.base_url)
    raise fault(Code.PROVIDER_NOT_MAPPED)


def wants_exchange(properties: Any) -> bool:
    """Whether the body of a new account has what a provider has given, in place of attributes."""
    data = properties.get("providerData") if isinstance(properties, Mapping) else None
    return data is not None and not (isinstance(data, Mapping) and data.keys() <= {"href"})
