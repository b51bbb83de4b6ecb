"""Sessions, as the person who is signed in may see and end them. A session is a refresh token.

What is known of the place, the agent and the address, is in a table of its own. A token that a grant or an older site
has made has no row there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, exists, insert, or_, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail.purposes import NEW_BROWSER
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.factors import second_factor
from stormpath_wsgi.directory.rules.mails import notices
from stormpath_wsgi.directory.rules.tokens import tokens
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import SessionEnded, here
from stormpath_wsgi.kinds import ENDED_OTHERS, RefreshToken, Session, id_of

_refresh, _access, _accounts = schema.refresh_tokens, schema.access_tokens, schema.accounts

#: Milliseconds for which an account counts as just made.
_LATELY = 86_400_000

_NUMBER = re.compile("[1-9][0-9]{0,4}")

_AT_ONCE = 1000  # the number of sessions that one sign-in ends at the most


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes a refresh token of an account, as :func:`.tokens.create` does, with what is known of the place.

    ``newBrowser=true`` in *params*: the account has not signed in in that browser before, and is told by mail.
    ``most``: how many sessions the account may have at the application, this one included: the oldest of
    them end, and the answer has ``endedOthers: true`` where some did. Of two that begin at the same moment neither may
    see the other, and then there is one more for now.
    """
    most = _most(params.get("most"))
    body = bodies.of_creation(Session, properties, context.base_url)
    columns = tokens.signature(context, params)
    with context.write(moves_generation=False) as work:
        id = tokens.new(work, RefreshToken, listing, body.links["application"], params, **columns)
        known = {name: body.values.get(name) for name in (Session.agent.name, Session.address.name)}
        work.connection.execute(insert(schema.sessions), {"refresh_token_id": id, "last_used_at": work.now, **known})
        if params.get("newBrowser") == "true":
            _warn(work, listing.id, id, known["agent"])
        ended = most is not None and _end_oldest(work, listing.id, body.links["application"].id, id, most)
        made = records.load(work, Resource(Session, id))
        return {**made, ENDED_OTHERS: True} if ended else made


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """With ``only`` true, ends all other sessions of the account at the application, in one transaction."""
    with context.write(about=()) as work:
        current = records.load_own(work, target)
        if bodies.of_update(Session, properties, current).values.get(Session.only.name):
            _end_others(work, target.id, current)
        return current


def remove(context: Context, target: Resource) -> None:
    """Ends the session: its place is signed out."""
    tokens.remove(context, Resource(RefreshToken, target.id))


def _warn(work: UnitOfWork, account_id: str, id: str, agent: str | None) -> None:
    """Tells the account that somebody has signed in in a new browser, by the session *id*.

    The first sign-in of an account that was just made is no news to whoever has made it.
    """
    made = {"account": account_id, "id": id, "lately": work.now - _LATELY}
    if work.connection.execute(_FIRST, made).first() is None:
        notices.warn(work, NEW_BROWSER, account_id, name=agent)


def _most(given: Any) -> int | None:
    if given is None:
        return None
    if not isinstance(given, str) or not _NUMBER.fullmatch(given):
        raise fault(Code.WRONG_FORMAT, "most must be a number of sessions, such as 100.")
    return int(given)


def _end_oldest(work: UnitOfWork, account_id: str, application_id: str, id: str, most: int) -> bool:
    """Ends the oldest sessions of the account, so that the new one, *id*, and *most* less one others are left. Returns
    whether there were any.

    It changes what caches hold: they are told after the transaction, which moves no generation itself.
    """
    parameters = {"account": account_id, "application": application_id, "kept": id, "left": most - 1}
    oldest = work.connection.execute(_OLDEST, parameters).scalars().all()
    if oldest:
        work.connection.execute(delete(_refresh).where(_refresh.c.id.in_(oldest)))
        work.outdated.add(account_id)
    return bool(oldest)


def _end_others(work: UnitOfWork, id: str, session: Wire) -> None:
    account_id, application_id = (id_of(session[name]["href"]) for name in ("account", "application"))
    parameters = {"kept": id, "account": account_id, "application": application_id}
    # In the order in which a purge takes its locks, so that there is no deadlock.
    ended = work.connection.execute(_OTHERS, parameters).rowcount
    work.connection.execute(_OTHER_ACCESS, parameters)
    second_factor.forget(work, account_id)
    if ended and here().actor != session["account"]["href"]:
        work.tell(SessionEnded, account_id)


_FIRST = select(_accounts.c.id).where(
    _accounts.c.id == bindparam("account"),
    _accounts.c.created_at > bindparam("lately"),
    ~exists().where(_refresh.c.account_id == _accounts.c.id, _refresh.c.id != bindparam("id")),
)
_OLDEST = (
    select(_refresh.c.id)
    .join(schema.sessions, schema.sessions.c.refresh_token_id == _refresh.c.id)
    .where(
        _refresh.c.account_id == bindparam("account"),
        _refresh.c.application_id == bindparam("application"),
        _refresh.c.id != bindparam("kept"),
    )
    .order_by(_refresh.c.created_at.desc(), _refresh.c.id.desc())
    .limit(_AT_ONCE)
    .offset(bindparam("left"))
)
_OTHERS = delete(_refresh).where(
    _refresh.c.account_id == bindparam("account"),
    _refresh.c.application_id == bindparam("application"),
    _refresh.c.id != bindparam("kept"),
)
_OTHER_ACCESS = delete(_access).where(
    _access.c.account_id == bindparam("account"),
    _access.c.application_id == bindparam("application"),
    or_(_access.c.refresh_token_id.is_(None), _access.c.refresh_token_id != bindparam("kept")),
)
