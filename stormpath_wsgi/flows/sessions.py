"""Where somebody is signed in: the places, and how one or all others are signed out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import SessionEnded, reserved, told_of
from stormpath_wsgi.flows.own import signed_in
from stormpath_wsgi.flows.refusals import SessionRefused
from stormpath_wsgi.kinds import ID, Session, id_of, parse_instant
from stormpath_wsgi.session import CurrentSession

#: How many places are told at once.
PAGE = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A place where an account is signed in.

    *id*: of the session. *since*: when somebody has signed in there. *used*: when it was used last, up to an hour
    ago; None: not known. *agent* and *address*: what the browser called itself, and where it was; None: not known.
    *this*: whether it is the one that asks.
    """

    id: str
    since: dt.datetime
    used: dt.datetime | None
    agent: str | None
    address: str | None
    this: bool


@dataclass(frozen=True, slots=True)
class Places:
    """Some of the places: this one first, the others from the newest on. *more*: how many there are beside them."""

    places: tuple[Place, ...]
    more: int


class SignedInPlaces:
    """The sessions of accounts at one application. Lives with the process; threads may share it."""

    def __init__(self, client: Client, application: Application) -> None:
        self._store, self._application, self._events = client.data_store, application, client.events
        self._base = client.base_url

    def seen(self, session: CurrentSession, *, offset: int = 0) -> Places:
        """The places where who is signed in by *session* is signed in, :data:`PAGE` at once.

        *offset*: how many of the newest are left out. A directory of an older version, on another machine, knows none.
        Raises :class:`SessionRefused` when nobody is signed in by a session; :class:`~stormpath_wsgi.Error` when the
        directory fails.
        """
        account, own = _signed_in(session)
        try:
            found = self._page(account, offset, PAGE)
            places = [_place(item, own) for item in found["items"]]
            if not offset:
                places = self._with_own(places, own)
        except Error as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return Places((), 0)
        return Places(tuple(places), max(0, found["size"] - offset - len(places)))

    def end(self, session: CurrentSession, id: object) -> None:
        """Sign out the place *id*, which may be anything; what is over already does no harm.

        Raises :class:`SessionRefused` for this place, and for one of another account or application.
        """
        account, own = _signed_in(session)
        if not isinstance(id, str) or not ID.match(id) or id == own:
            raise SessionRefused(Code.NOT_FOUND)
        href = f"{self._base}/{Session.path}/{id}"
        try:
            found = self._store.get(href)
            mine = found["account"]["href"] == account.href
            if not mine or found["application"]["href"] != self._application.href:
                raise SessionRefused(Code.NOT_FOUND)
            with reserved(SessionEnded) as kept:
                self._store.delete(href)
        except Error as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return
        self._events.emit(told_of(kept, SessionEnded) or SessionEnded(account=account.href))

    def end_others(self, session: CurrentSession) -> None:
        """Sign out all other places, in one step.

        Raises :class:`SessionRefused` when nobody is signed in by a session.
        """
        account, own = _signed_in(session)
        with reserved(SessionEnded) as kept:
            self._store.update(f"{self._base}/{Session.path}/{own}", {Session.only.wire: True})
        self._events.emit(told_of(kept, SessionEnded) or SessionEnded(account=account.href))

    def _page(self, account: Account, offset: int, limit: int) -> Mapping[str, Any]:
        query = {"application.href": self._application.href, "orderBy": "createdAt desc"}
        return self._store.list(f"{account.href}/sessions", {**query, "offset": str(offset), "limit": str(limit)})

    def _with_own(self, places: list[Place], own: str) -> list[Place]:
        """*places* with the own one in front, which is asked for if newer ones have pushed it off the page."""
        mine = [place for place in places if place.this] or [
            _place(self._store.get(f"{self._base}/{Session.path}/{own}"), own)
        ]
        return [*mine, *(place for place in places if not place.this)]


def _place(wire: Mapping[str, Any], own: str) -> Place:
    id, used = id_of(wire["href"]), wire.get("lastUsedAt")
    return Place(
        id=id,
        since=parse_instant(wire["createdAt"]),
        used=None if used is None else parse_instant(used),
        agent=wire.get("agent"),
        address=wire.get("address"),
        this=id == own,
    )


def _signed_in(session: CurrentSession) -> tuple[Account, str]:
    """The account of *session*, and the id of its session."""
    account, own = signed_in(session, SessionRefused), session.session
    if own is None:
        raise SessionRefused(Code.NO_SUCH_ACCOUNT)
    return account, own.id
