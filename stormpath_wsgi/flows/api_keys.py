"""The API keys of an account, as its owner makes and revokes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.client import Account, Client
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import ApiKeyDisabled, ApiKeyMade, reserved, told_of
from stormpath_wsgi.flows.fresh import Fresh
from stormpath_wsgi.flows.own import checked_name, signed_in
from stormpath_wsgi.flows.refusals import KeyRefused
from stormpath_wsgi.kinds import ID, ConnectedKey, id_of, parse_instant
from stormpath_wsgi.session import CurrentSession

#: How many keys one account may make for itself.
MOST = 50


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as its owner sees it. *used*: when it was used last, up to ten minutes ago; None: never."""

    id: str
    name: str | None
    made: dt.datetime
    used: dt.datetime | None
    enabled: bool


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made. Its *secret* is told this once."""

    id: str
    name: str
    secret: str = field(repr=False)


class ApiKeys:
    """Lives with the process; threads may share it."""

    def __init__(self, client: Client, fresh: Fresh) -> None:
        self._store, self._events, self._fresh, self._base = client.data_store, client.events, fresh, client.base_url

    def list(self, account: Account) -> list[Key]:
        """The keys of *account*, the newest first, 100 at the most. Asks for no secret.

        Raises :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        query = {"orderBy": "createdAt desc", "limit": "100"}
        return [_key(item) for item in self._store.list(f"{account.href}/connectedKeys", query)["items"]]

    def make(self, session: CurrentSession, name: object) -> NewKey:
        """Make a key called *name*, which may be anything, for who is signed in. Its owner is told by mail.

        Who has lost the answer has lost the secret: no second key gets the same name, so that a form that is sent twice
        makes one key.

        Raises :class:`KeyRefused` for a name that will not do (field ``name``), with the code ``NOT_UNIQUE`` for one
        that another key has, and with the code ``CONFLICT`` for who has :data:`MOST` keys;
        :class:`.FreshRequired` for a sign-in that is too old; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        account = signed_in(session, KeyRefused)
        self._fresh.check(session)
        wanted = checked_name(name, kinds.ApiKey.name, KeyRefused)
        keys = self.list(account)
        if len(keys) >= MOST:
            raise KeyRefused(Code.CONFLICT)
        if any(key.name == wanted for key in keys):
            raise KeyRefused(Code.NOT_UNIQUE, field="name")
        try:
            with reserved(ApiKeyMade) as kept:
                # A directory of an older version mails nothing unless it is asked to.
                made = self._store.create(f"{account.href}/apiKeys", {"name": wanted}, {"notify": True})
        except Error as error:
            raise KeyRefused.of(error, field="name") from error
        self._events.emit(told_of(kept, ApiKeyMade) or ApiKeyMade(account=account.href, key=made["id"]))
        return NewKey(made["id"], wanted, made["secret"])

    def revoke(self, session: CurrentSession, id: object) -> None:
        """Take the key *id*, which may be anything, away from who is signed in, who is told by mail. One that is gone
        does no harm.

        Raises :class:`KeyRefused` for a key of somebody else.
        """
        account = signed_in(session, KeyRefused)
        if not isinstance(id, str) or not ID.match(id):
            raise KeyRefused(Code.NOT_FOUND)
        href = f"{self._base}/{ConnectedKey.path}/{id}"
        try:
            if self._store.get(href)["account"]["href"] != account.href:
                raise KeyRefused(Code.NOT_FOUND)
            with reserved(ApiKeyDisabled) as kept:
                self._store.delete(href)
        except Error as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return
        known = told_of(kept, ApiKeyDisabled)
        self._events.emit(known or ApiKeyDisabled(account=account.href, key=id, removed=True))


def _key(wire: Mapping[str, Any]) -> Key:
    used = wire.get("lastUsedAt")
    return Key(
        id=id_of(wire["href"]),
        name=wire["name"],
        made=parse_instant(wire["createdAt"]),
        used=None if used is None else parse_instant(used),
        enabled=wire["status"] == kinds.ENABLED,
    )
