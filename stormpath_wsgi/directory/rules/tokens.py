"""Access and refresh tokens: how they are made, when they are good, and what ends them.

A refresh token is a place where somebody is signed in. It is good as long as its row is there, its time has not
come, its account is ENABLED and in an ENABLED account store that its application, ENABLED too, still maps.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, delete, select

from stormpath_wsgi.directory import bodies, expansion, records, schema
from stormpath_wsgi.directory.context import Context, Work
from stormpath_wsgi.directory.expansion import Wanted
from stormpath_wsgi.directory.ids import new_id
from stormpath_wsgi.directory.paths import Listing, Resource, TokenCheck
from stormpath_wsgi.directory.reach import reachable
from stormpath_wsgi.directory.records import Wire
from stormpath_wsgi.directory.wire import SHAPES, Shape
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import (
    ENABLED,
    AccessToken,
    Account,
    Kind,
    RefreshToken,
    format_instant,
    parse_duration,
    parse_instant,
)

_PURGED = 5  # expired tokens that go for each new one; more than one, so that they become fewer

_accounts, _applications, _policies = schema.accounts, schema.applications, schema.o_auth_policies


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """A token of an account for ``application``. Raises what :func:`validate` would; 2002 where the policy has none.

    ``passwordModifiedAt``: of the password that the account was known to have, on whose strength the token is made.
    Raises 7100 when it has another one by now.
    """
    application = bodies.of_creation(listing.of, properties, context.base_url).links["application"]
    with context.write(moves_epoch=False) as work:
        links = {"account_id": listing.id, "application_id": application.id}
        parties = work.connection.execute(_parties(SHAPES[listing.of]), {**links, "tenant_id": work.tenant_id}).first()
        if parties is None:
            records.require_owner(work, listing)
            records.require(work, application, f"{listing.of.title()} application")
            raise fault(2020)
        _check(parties.account_status, parties.application_status, parties.is_reachable)
        _check_password(params.get("passwordModifiedAt"), parties.password_modified_at)
        _purge(work, SHAPES[listing.of].table)
        id, expires_at = new_id(), work.now + _milliseconds(parties.lifetime)
        records.make(work, listing.of, id, {}, **links, expires_at=expires_at)
        return records.load(work, Resource(listing.of, id))


def validate(context: Context, target: TokenCheck, wanted: Sequence[Wanted]) -> Wire:
    """The token that *target* names, if it is good. One statement; a second one for an access token.

    Raises 10010, 10011, 10013 to 10016.
    """
    with context.read() as work:
        for kind in (RefreshToken, AccessToken):  # sessions first
            parameters = {"id": target.token_id, "tenant_id": work.tenant_id}
            row = work.connection.execute(_whole(SHAPES[kind]), parameters).first()
            if row is not None:
                return _validated(work, target, kind, row, wanted)
    raise fault(10013)


def remove(context: Context, target: Resource) -> None:
    """Signs one place out."""
    with context.write() as work:
        records.load(work, target)
        records.remove(work, target.kind, target.id)


def end_all(work: Work, account_id: str) -> None:
    """Signs the account out everywhere."""
    for table in (schema.access_tokens, schema.refresh_tokens):
        work.connection.execute(delete(table).where(table.c.account_id == account_id))


def _validated(
    work: Work, target: TokenCheck, kind: type[Kind], row: Row[*tuple[Any, ...]], wanted: Sequence[Wanted]
) -> Wire:
    if row.token_application_id != target.application_id:
        raise fault(10014)
    if row.token_expires_at <= work.now:
        raise fault(10011)
    _check(row.account_status, row.application_status, row.is_reachable)
    split = len(SHAPES[kind].columns)
    token = records.wire(work, Resource(kind, target.token_id), row)
    account = records.wire(work, Resource(Account, row[split]), row[split:])
    expansion.apply(work, [token], wanted, account=account)
    return token


def _check(account_status: str, application_status: str, is_reachable: bool) -> None:
    if application_status != ENABLED:
        raise fault(10015)
    if account_status != ENABLED:
        raise fault(10010)
    if not is_reachable:
        raise fault(10016)


def _check_password(known: Any, modified_at: int | None) -> None:
    if known is None:
        return
    try:
        moment = parse_instant(known)
    except (TypeError, ValueError, OverflowError):
        raise fault(2006, "passwordModifiedAt must be a timestamp as the account has it.") from None
    if modified_at is None or moment != parse_instant(format_instant(modified_at)):
        raise fault(7100, "The password of the account was changed meanwhile.")


def _milliseconds(lifetime: str) -> int:
    span = parse_duration(lifetime)
    if not span:
        raise fault(2002, "The application's OAuth policy issues no such tokens: their lifetime is zero.")
    return span // dt.timedelta(milliseconds=1)


def _purge(work: Work, table: Table) -> None:
    """Removes some of the expired tokens, so that they do not pile up. Nobody waits for those of another purge."""
    expired = (
        select(table.c.id)
        .where(table.c.expires_at <= work.now)
        .order_by(table.c.expires_at)
        .limit(_PURGED)
        .with_for_update(skip_locked=True)
    )
    work.connection.execute(delete(table).where(table.c.id.in_(expired)))


def _verdict() -> Iterator[ColumnElement[Any]]:
    """What :func:`_check` looks at."""
    yield _accounts.c.status.label("account_status")
    yield _applications.c.status.label("application_status")
    yield reachable(_applications.c.id, _accounts).label("is_reachable")


@cache
def _parties(token: Shape) -> Select[Any]:
    """What decides whether a token may be made, and for how long.

    The account is locked, so that a change of its password, which removes all tokens, misses none.
    """
    lifetime = _policies.c.access_token_ttl if token.kind is AccessToken else _policies.c.refresh_token_ttl
    return (
        select(*_verdict(), lifetime.label("lifetime"), _accounts.c.password_modified_at)
        .select_from(_accounts)
        .join(_applications, _applications.c.tenant_id == _accounts.c.tenant_id)
        .join(_policies, _policies.c.id == _applications.c.id)
        .where(
            _accounts.c.id == bindparam("account_id"),
            _accounts.c.tenant_id == bindparam("tenant_id"),
            _applications.c.id == bindparam("application_id"),
        )
        .with_for_update(read=True, of=_accounts)
    )


@cache
def _whole(token: Shape) -> Select[Any]:
    """A token, its account, and all that decides whether it is good."""
    return (
        select(
            *token.columns,
            *SHAPES[Account].columns,
            token.table.c.application_id.label("token_application_id"),
            token.table.c.expires_at.label("token_expires_at"),
            *_verdict(),
        )
        .select_from(token.table)
        .join(_accounts, _accounts.c.id == token.table.c.account_id)
        .join(_applications, _applications.c.id == token.table.c.application_id)
        .where(token.table.c.id == bindparam("id"), token.table.c.tenant_id == bindparam("tenant_id"))
    )
