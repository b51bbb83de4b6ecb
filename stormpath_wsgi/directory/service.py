"""The embedded identity service: five verbs on paths, in the wire shape of the REST API v1."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.directory import expansion, records
from stormpath_wsgi.directory.context import Context
from stormpath_wsgi.directory.engine import Database
from stormpath_wsgi.directory.passwords import Passwords
from stormpath_wsgi.directory.paths import DataKey, Listing, Resource, Target, TokenCheck, parse
from stormpath_wsgi.directory.query import page, parse_window
from stormpath_wsgi.directory.records import Wire
from stormpath_wsgi.directory.rules import (
    accounts,
    applications,
    custom_data,
    directories,
    groups,
    login,
    mappings,
    memberships,
    plain,
    tokens,
)
from stormpath_wsgi.directory.rules.bootstrap import bootstrap
from stormpath_wsgi.directory.wire import SHAPES
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import Kind

Create = Callable[[Context, Listing, Any, Mapping[str, Any]], Wire]
Change = Callable[[Context, Resource, Any], Wire]
Remove = Callable[[Context, Resource], None]

#: Who makes a resource of a kind, in the collections where its declaration allows that.
_CREATE: Mapping[type[Kind], Create] = {
    kinds.Application: applications.create,
    kinds.AccountStoreMapping: mappings.create,
    kinds.Directory: directories.create,
    kinds.Group: groups.create,
    kinds.GroupMembership: memberships.create,
    kinds.Account: accounts.create,
    kinds.AccessToken: tokens.create,
    kinds.RefreshToken: tokens.create,
    kinds.LoginAttempt: login.attempt,
}

_CHANGE: Mapping[type[Kind], Change] = {
    kinds.Tenant: plain.change,
    kinds.Application: plain.change,
    kinds.AccountStoreMapping: mappings.change,
    kinds.Directory: plain.change,
    kinds.PasswordPolicy: plain.change,
    kinds.PasswordStrength: plain.change,
    kinds.Group: plain.change,
    kinds.Account: accounts.change,
    kinds.CustomData: custom_data.change,
    kinds.OAuthPolicy: plain.change,
}

_REMOVE: Mapping[type[Kind], Remove] = {
    kinds.Application: applications.remove,
    kinds.AccountStoreMapping: mappings.remove,
    kinds.Directory: directories.remove,
    kinds.Group: groups.remove,
    kinds.GroupMembership: memberships.remove,
    kinds.Account: accounts.remove,
    kinds.CustomData: custom_data.clear,
    kinds.AccessToken: tokens.remove,
    kinds.RefreshToken: tokens.remove,
}


class DirectoryService:
    """The service over one *database*, for one tenant; without *tenant_id* for the only one there is.

    A *path* is what stands behind the base URL in an href: ``accounts/<id>/groups``. Every verb raises
    :class:`~stormpath_wsgi.errors.Error` with the documented status and code, among them the 404 for whatever
    is not the tenant's, and :class:`~stormpath_wsgi.errors.Unavailable` when the database cannot serve. What
    raises leaves nothing behind.

    *base_url*: what hrefs start with, without a slash at the end. *clock*: seconds since the epoch.
    """

    def __init__(
        self,
        database: Database,
        base_url: str,
        tenant_id: str | None = None,
        *,
        passwords: Passwords | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.base_url = base_url
        #: Whether the database is this program's own, and so set up by whoever opens it first.
        self.embedded = database.embedded
        #: A number that is equal to an earlier one only while what was read then still holds. Costs no I/O.
        self.epoch: Callable[[], int] = database.epoch
        self._context = Context(database, base_url, tenant_id, passwords or Passwords(), clock)

    def bootstrap(self, application_name: str = "My Application") -> None:
        """Makes a tenant, an application and its directory in an empty database; leaves any other alone."""
        bootstrap(self._context, application_name)

    def get(self, path: str, expand: str | None = None) -> Wire:
        """One resource; or at ``applications/<id>/authTokens/<token id>`` that token, if it is good there."""
        match self._parse(path):
            case Resource() as target:
                wanted = expansion.parse(expand, target.kind)
                with self._context.read() as work:
                    found = records.load(work, target)
                    expansion.apply(work, [found], wanted)
                return found
            case TokenCheck() as target:
                return tokens.validate(self._context, target, expansion.parse(expand, kinds.RefreshToken))
        raise fault(405)

    def list(self, path: str, query: Mapping[str, Any] | None = None, expand: str | None = None) -> Wire:
        """One page of a collection. *query*: ``q``, attribute matches, ``orderBy``, ``offset``, ``limit``."""
        target, query = self._parse(path), query or {}
        if not isinstance(target, Listing) or target.owner is None or target.of not in SHAPES:
            raise fault(405)
        wanted = expansion.parse(expand, target.of, resources=parse_window(limit=query.get("limit"))["limit"])
        with self._context.read() as work:
            found = page(work, target, query)
            expansion.apply(work, found["items"], wanted)
        return found

    def create(self, path: str, properties: Mapping[str, Any], params: Mapping[str, Any] | None = None) -> Wire:
        """The whole new resource; of a login attempt, what came of it. *params*: ``expand`` and what the kind knows."""
        target, params = self._parse(path), params or {}
        if not isinstance(target, Listing) or not target.creates:
            raise fault(405)
        wanted = expansion.parse(params.get("expand"), target.of)
        made = _CREATE[target.of](self._context, target, properties, params)
        if wanted and target.of in SHAPES:  # a login attempt answers with what it has seen, and nothing newer
            with self._context.read() as work:
                expansion.apply(work, [made], wanted)
        return made

    def update(self, path: str, properties: Mapping[str, Any]) -> Wire:
        """The whole resource, after what *properties* names was changed."""
        target = self._parse(path)
        if not isinstance(target, Resource) or target.kind not in _CHANGE:
            raise fault(405)
        return _CHANGE[target.kind](self._context, target, properties)

    def delete(self, path: str) -> None:
        """Removes the resource and what lives and dies with it. Custom data is only emptied, as a whole or of a key."""
        match self._parse(path):
            case Resource(kind) as target if kind in _REMOVE:
                _REMOVE[kind](self._context, target)
            case DataKey() as target:
                custom_data.remove_key(self._context, target)
            case _:
                raise fault(405)

    def close(self) -> None:
        """Closes every connection to the database."""
        self._context.database.close()

    def _parse(self, path: str) -> Target:
        own = "tenants/current"
        if path == own or path.startswith(own + "/"):
            with self._context.read() as work:
                path = f"tenants/{work.tenant_id}{path.removeprefix(own)}"
        return parse(path)
