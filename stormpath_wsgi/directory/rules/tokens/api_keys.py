"""API keys: how they are made for an account, and found by their id.

With a key of any account, programs authenticate at the API of an application. Only keys of administrators may use the
REST API of the directory. Source: the API key chapter of the REST API v1.
"""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, bindparam, exists, select

from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail.purposes import KEY_MADE, KEY_REMOVED
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.mails import notices
from stormpath_wsgi.directory.rules.stores import qualifiers
from stormpath_wsgi.directory.rules.tenants import administrators
from stormpath_wsgi.directory.storage import schema, uses
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.directory.wire.shapes import encryption_context
from stormpath_wsgi.events import ApiKeyDisabled, ApiKeyEnabled, ApiKeyMade
from stormpath_wsgi.kinds import ENABLED, Account, ApiKey, id_of
from stormpath_wsgi.remembered import Remembered
from stormpath_wsgi.slots import slot_of

_ALPHABET, _WIDTH = string.digits + string.ascii_uppercase, 25
_SECRET = 32  # bytes
_REMEMBERED = 1000  # the highest number of remembered keys

_keys, _accounts, _administrators = schema.api_keys, schema.accounts, schema.administrators


@dataclass(frozen=True, slots=True)
class ActiveKey:
    """An API key that is valid now: it is ENABLED, and so is its account."""

    id: str
    secret: str = field(repr=False)
    account_href: str
    tenant_id: str
    last_used_at: int | None = None  # milliseconds, as it was noted last


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes an API key of an account. The answer has the secret, as later answers have.

    Its owner is told by mail, unless *params* have ``notify=false``.
    """
    body = bodies.of_creation(ApiKey, {} if properties is None else properties, context.base_url)
    with context.write(moves_generation=False) as work:
        records.require_owner(work, listing)
        id, _ = make(work, listing.id, body.values)
        made = records.load(work, Resource(ApiKey, id))
        if str(params.get("notify")).lower() != "false":
            _warn(work, KEY_MADE, made)
        return made


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Changes the name, the description or the status of an API key. A key that is DISABLED is not accepted.

    Its owner is told by mail of another status.
    """
    with context.write(about=()) as work:
        current = records.load_own(work, target)
        body = bodies.of_update(ApiKey, properties, current)
        records.change(work, ApiKey, target.id, body.values)
        key = records.load(work, target)
        if key["status"] != current["status"]:
            is_good = key["status"] == ENABLED
            work.tell(ApiKeyEnabled if is_good else ApiKeyDisabled, id_of(key["account"]["href"]), key=target.id)
            _warn(work, KEY_MADE if is_good else KEY_REMOVED, key)
        return key


def remove(context: Context, target: Resource) -> None:
    """Removes the key, which opens nothing any more. Its owner is told by mail."""
    with context.write(about=()) as work:
        key = records.load_own(work, target)
        records.remove(work, ApiKey, target.id)
        work.tell(ApiKeyDisabled, id_of(key["account"]["href"]), key=target.id, removed=True)
        if key["status"] == ENABLED:
            _warn(work, KEY_REMOVED, key)


def remove_connected(context: Context, target: Resource) -> None:
    """The same, by the address at which the account's owner sees the key."""
    remove(context, Resource(ApiKey, target.id))


def _warn(work: UnitOfWork, notice: str, key: Wire) -> None:
    """Has the owner of *key* told by mail, but not that of the tenant, who has no address."""
    account_id = id_of(key["account"]["href"])
    if administrators.owner(work) != account_id:
        notices.warn(work, notice, account_id, name=key["name"] or key["id"])


def make(work: UnitOfWork, account_id: str, values: Mapping[str, Any]) -> tuple[str, str]:
    """Makes an API key of the account with the attributes *values*, and returns its id and secret."""
    id = "".join(secrets.choice(_ALPHABET) for _ in range(_WIDTH))
    secret = base64.b64encode(secrets.token_bytes(_SECRET)).decode().rstrip("=")
    records.make(work, ApiKey, id, {**values, "secret": secret}, account_id=account_id)
    work.tell(ApiKeyMade, account_id, key=id)
    return id, secret


def find(work: UnitOfWork, id: str, *, administrator: bool = False) -> ActiveKey | None:
    """The API key of the tenant with that id, if it is valid. *administrator*: only a key that may use the REST API."""
    statement = _ADMINISTRATORS if administrator else _GOOD
    row = work.connection.execute(statement, {"id": id, "tenant_id": work.tenant_id}).first()
    if row is None:
        return None
    secret = work.secrets.decrypt(row.secret, encryption_context(ApiKey, ApiKey.secret)(id))
    return ActiveKey(id, secret, work.href(Resource(Account, row.account_id)), work.tenant_id, row.last_used_at)


def use(work: UnitOfWork, key: ActiveKey) -> None:
    """Has it noted that a program has proved itself with *key*."""
    work.used.extend(uses.of_key(key.id, key.last_used_at, work.now))


def tell_naming(work: UnitOfWork, listing: Listing, items: Iterable[Wire]) -> None:
    """Adds to each key among *items* what tells its account from others at the application of *listing*.

    An application looks a key up because a program has sent it. So that counts as its use.
    """
    for item in items:
        parameters = {"id": id_of(item["href"]), "application_id": listing.id}
        row = work.connection.execute(_NAMING, parameters).one()
        work.used.extend(uses.of_key(parameters["id"], row.last_used_at, work.now))
        item[ApiKey.naming.wire] = qualifiers.naming(row.is_home, row.qualifier)


def oldest(work: UnitOfWork) -> str | None:
    """The id of the oldest valid API key of the administrators; None when there is none."""
    return work.connection.execute(_OLDEST, {"tenant_id": work.tenant_id}).scalar()


class ActiveKeys:
    """The API keys that may use the REST API. Recently used ones are remembered."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known = Remembered(
            self._load,
            generation=context.database.generation,
            about=lambda key: slot_of(id_of(key.account_href)),
            ttl=context.cache_ttl,
            clock=context.clock,
            size=_REMEMBERED,
        )

    def find(self, id: str) -> ActiveKey | None:
        """The administrator's API key with that id, if it is valid."""
        try:
            return self._known.get(id)
        except LookupError:  # not remembered: otherwise wrong ids could push the valid ones out
            return None

    def _load(self, id: str) -> ActiveKey:
        with self._context.read() as work:
            found = find(work, id, administrator=True)
            if found is None:
                raise LookupError(id)
            use(work, found)
        return found


def _good() -> Select[Any]:
    return (
        select(_keys.c.id, _keys.c.secret, _keys.c.account_id, _keys.c.last_used_at)
        .join(_accounts, _accounts.c.id == _keys.c.account_id)
        .where(
            _keys.c.tenant_id == bindparam("tenant_id"),
            _keys.c.status == ENABLED,
            _accounts.c.status == ENABLED,
        )
    )


def _naming() -> Select[Any]:
    return (
        select(*qualifiers.naming_columns(_accounts.c.directory_id), _keys.c.last_used_at)
        .select_from(_keys.join(_accounts, _accounts.c.id == _keys.c.account_id))
        .where(_keys.c.id == bindparam("id"))
    )


_NAMING = _naming()
_of_administrator = exists().where(_administrators.c.directory_id == _accounts.c.directory_id)
_this = _keys.c.id == bindparam("id")
_GOOD = _good().where(_this)
_ADMINISTRATORS = _GOOD.where(_of_administrator)
_OLDEST = _good().where(_of_administrator).order_by(_keys.c.created_at, _keys.c.id).limit(1)
