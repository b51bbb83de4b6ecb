"""Access and refresh tokens: how they are made, when they are valid, and what ends them.

A refresh token stands for a place where somebody is signed in. It is valid as long as its row exists, it has not
expired, its application and account are ENABLED, and the account is in an ENABLED account store that is mapped to the
application. If it names an organization, that must be a store of the organization. When a refresh token ends, the
access tokens that were made with it end too. Lifetimes are whole seconds, from the beginning of the second in which a
token is made.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, exists, select

from stormpath_wsgi import jwt
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.crypto.token_jwt import ROTATION, STT
from stormpath_wsgi.directory.rows import expansion, records
from stormpath_wsgi.directory.rows.expansion import Wanted
from stormpath_wsgi.directory.rows.reach import reachable
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.stores import stores
from stormpath_wsgi.directory.rules.stores.stores import Scope
from stormpath_wsgi.directory.rules.tokens import api_keys, nonces
from stormpath_wsgi.directory.rules.tokens.signing import signing_key
from stormpath_wsgi.directory.storage import schema, uses
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource, TokenCheck
from stormpath_wsgi.directory.wire.shapes import SHAPES, Shape
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import SessionEnded, here
from stormpath_wsgi.kinds import (
    ENABLED,
    ID,
    AccessToken,
    Account,
    Kind,
    RefreshToken,
    format_instant,
    id_of,
    parse_duration,
    parse_instant,
)

#: Seconds that a nonce is remembered. What it marks must be good for less, by the clocks of all machines.
NONCE_LIFETIME = 3600
_NONCE = re.compile("[A-Za-z0-9_-]{16,128}")

#: The lifetime that a caller may wish for, in seconds, and the highest one.
_WISH, _LONGEST_WISH = re.compile("[1-9][0-9]{0,8}"), 10**9

_PURGED = 5  # the number of expired tokens that are removed for each new one; more than one, so that none pile up

_access, _accounts, _applications, _policies = (
    schema.access_tokens,
    schema.accounts,
    schema.applications,
    schema.o_auth_policies,
)


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes a token of an account for ``application``. Raises the errors of :func:`validate`; 2002 if the policy has
    none.

    ``passwordModifiedAt`` in *params*: when the password was set that the caller has verified. Raises 7100 when the
    account has another password by now. ``nonce``: marks the proof that the token is made for. Raises 11005
    when a token was made for it before, in the last :data:`NONCE_LIFETIME` seconds. ``signed=true``: the token gets a
    JWT, as one of the token endpoint has. ``organizationNameKey``: of the organization that it names. Raises 10016 when
    the account is in no store of it. ``lifetime``: seconds for which the token is wanted; it never lives longer than
    the policy says.
    """
    application = bodies.of_creation(listing.of, properties, context.base_url).links["application"]
    columns = signature(context, params)
    with context.write(moves_generation=False) as work:
        id = new(work, listing.of, listing, application, params, **columns)
        return records.load(work, Resource(listing.of, id))


def signature(context: Context, params: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a token that is to have a JWT, as *params* may ask: with which key that is signed."""
    return {"api_key_id": signing_key(context).id} if params.get("signed") == "true" else {}


def new(
    work: UnitOfWork,
    kind: type[Kind],
    listing: Listing,
    application: Resource,
    params: Mapping[str, Any],
    **columns: Any,
) -> str:
    """Makes a token of *kind* for the account that owns *listing*, and returns its id. The rest as :func:`create`.

    *columns*: what else is stored of it.
    """
    nonce, most = _nonce(params.get("nonce")), _lifetime(params.get("lifetime"))
    links = {"account_id": listing.id, "application_id": application.id}
    lifetimes = begin(work, **links, password_modified_at=params.get("passwordModifiedAt"))
    if lifetimes is None:
        records.require_owner(work, listing)
        records.require(work, application, f"{listing.of.title()} application")
        raise fault(Code.REFERENCE_NOT_FOUND)
    if not lifetimes[kind]:
        raise fault(Code.INVALID, "The application's OAuth policy issues no such tokens: their lifetime is zero.")
    if nonce is not None:
        with records.taken("This proof of who somebody is was used before.", Code.TOKEN_USED):
            nonces.OF_ACCOUNTS.add(work, listing.id, nonce, work.now + NONCE_LIFETIME * 1000)
    named = _organization(work, params.get("organizationNameKey"), **links)
    return _make(work, kind, min(lifetimes[kind], most), **links, **columns, **named)


def begin(
    work: UnitOfWork, *, account_id: str, application_id: str, password_modified_at: Any = None
) -> Mapping[type[Kind], int] | None:
    """Begins to make tokens. Returns their lifetimes in seconds, by kind; 0: the policy has no such tokens.

    None: the account or the application does not exist. The row of the account is locked until the transaction ends. So
    a change that ends its tokens waits, and then also ends the new ones. *password_modified_at*: see :func:`create`.
    Raises 10010, 10015, 10016, 7100.
    """
    parameters = {"account_id": account_id, "application_id": application_id, "tenant_id": work.tenant_id}
    found = work.connection.execute(_parties(), parameters).first()
    if found is None:
        return None
    _check(found.account_status, found.application_status, found.is_reachable)
    _check_password(password_modified_at, found.password_modified_at)
    return {AccessToken: seconds(found.access_token_ttl), RefreshToken: seconds(found.refresh_token_ttl)}


def make(work: UnitOfWork, kind: type[Kind], lifetime: int, **columns: Any) -> Wire:
    """Makes a token.

    *lifetime*: seconds, counted from the beginning of the current one: times in a JWT are whole seconds.
    """
    return records.load(work, Resource(kind, _make(work, kind, lifetime, **columns)))


def _make(work: UnitOfWork, kind: type[Kind], lifetime: int, **columns: Any) -> str:
    _purge(work, kind)
    id, expires_at = new_id(), (work.now // 1000 + lifetime) * 1000
    records.make(work, kind, id, {}, **columns, expires_at=expires_at)
    return id


def validate(context: Context, target: TokenCheck, wanted: Sequence[Wanted]) -> Wire:
    """The token that *target* names, if it is valid. It takes one statement for the id of a refresh token, otherwise
    two.

    *wanted*: the links to expand. Raises 10010 to 10017.
    """
    with context.read() as work:
        if "." in target.token:
            signed = read(work, target.token)
            if signed.kind is not AccessToken:  # a refresh token, valid for weeks, is no proof for an application's API
                raise fault(Code.TOKEN_SIGNATURE_WRONG, "Token is invalid because it is no access token.")
            return _validated(work, target.application_id, signed.kind, find(work, signed), wanted)
        for kind in (RefreshToken, AccessToken):  # refresh tokens first: sessions are checked most often
            row = _row(work, kind, target.token)
            if row is not None:
                return _validated(work, target.application_id, kind, row, wanted)
    raise fault(Code.TOKEN_NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Signed:
    """The content of a JWT of ours: it is the token *id*, signed with an API key."""

    kind: type[Kind]
    id: str
    api_key_id: str | None
    #: Of a refresh token: how often it has rotated.
    rotation: int = 0


def read(work: UnitOfWork, text: str) -> Signed:
    """Checks the signature of the JWT *text*, and returns what it says. Raises 10011, 10012, 10017, 11004.

    The token may have been removed. Only API keys of administrators sign tokens: a JWT that an account has signed with
    a key of its own is refused.
    """
    token = jwt.read(text, lambda kid: _secret(work, kid))
    token.check_times(work.now / 1000)
    if "aud" in token.claims and not token.is_for(token.text("iss")):
        raise fault(Code.TOKEN_OF_OTHER_APPLICATION)
    for kind, stt in STT.items():
        if token.header.get("stt") == stt:
            return Signed(kind, token.text("jti"), token.header.get("kid"), _rotation(token))
    raise fault(
        Code.TOKEN_SIGNATURE_WRONG, "Token is invalid because it is neither an access token nor a refresh token."
    )


def find(work: UnitOfWork, signed: Signed) -> Row[*tuple[Any, ...]]:
    """The row of a token. Raises 10013 when it was revoked, 10017 when it was issued with another API key."""
    row = _row(work, signed.kind, signed.id) if ID.match(signed.id) else None
    if row is None:
        raise fault(Code.TOKEN_NOT_FOUND)
    if row.token_api_key_id != signed.api_key_id:
        raise fault(Code.TOKEN_SIGNATURE_WRONG)
    return row


def hold(work: UnitOfWork, refresh_token_id: str) -> None:
    """Locks the refresh token until the transaction ends, so that removing it also ends tokens that are made meanwhile.

    Raises 10013 if it does not exist any more.
    """
    if work.connection.execute(_HELD, {"id": refresh_token_id}).first() is None:
        raise fault(Code.TOKEN_NOT_FOUND)


def text(work: UnitOfWork, refresh_token_id: str) -> str:
    """The JWT of a refresh token that has one."""
    token: str = records.load(work, Resource(RefreshToken, refresh_token_id))["jwt"]
    return token


def remove(context: Context, target: Resource) -> None:
    """Removes a token. With a refresh token, which signs one place out, its access tokens end."""
    with context.write(about=()) as work:
        owner = records.load_own(work, target)["account"]["href"]
        records.remove(work, target.kind, target.id)
        if target.kind is RefreshToken and here().actor != owner:
            work.tell(SessionEnded, id_of(owner))


def end_all(work: UnitOfWork, account_id: str) -> None:
    """Removes all tokens of the account, which signs it out everywhere.

    Refresh tokens are removed first. A purge takes its locks in the same order, so that there is no deadlock.
    """
    for table in (schema.refresh_tokens, schema.access_tokens):
        work.connection.execute(delete(table).where(table.c.account_id == account_id))


def check(work: UnitOfWork, application_id: str, row: Row[*tuple[Any, ...]]) -> None:
    """Raises 10010, 10011, 10014 to 10016 unless the token of *row* is valid at the application."""
    if row.token_application_id != application_id:
        raise fault(Code.TOKEN_OF_OTHER_APPLICATION)
    if row.token_expires_at <= work.now:
        raise fault(Code.TOKEN_EXPIRED)
    _check(row.account_status, row.application_status, row.is_reachable)
    if row.token_organization_id is not None:  # the account must still be in a store of the organization
        scope = Scope(application_id, is_open=True, is_empty=False, organization_id=row.token_organization_id)
        if not stores.holds(work, scope, row.token_account_id):
            raise fault(Code.TOKEN_ACCOUNT_NOT_MAPPED)


def _validated(
    work: UnitOfWork, application_id: str, kind: type[Kind], row: Row[*tuple[Any, ...]], wanted: Sequence[Wanted]
) -> Wire:
    check(work, application_id, row)
    if kind is RefreshToken:
        work.used.extend(uses.of_session(row[0], row.session_used_at, work.now))
    split = len(SHAPES[kind].columns)
    token = records.wire(work, Resource(kind, row[0]), row)
    account = records.wire(work, Resource(Account, row[split]), row[split:])
    expansion.apply(work, [token], wanted, account=account)
    return token


def _check(account_status: str, application_status: str, is_reachable: bool) -> None:
    if application_status != ENABLED:
        raise fault(Code.TOKEN_APPLICATION_DISABLED)
    if account_status != ENABLED:
        raise fault(Code.TOKEN_ACCOUNT_DISABLED)
    if not is_reachable:
        raise fault(Code.TOKEN_ACCOUNT_NOT_MAPPED)


def _check_password(known: Any, modified_at: int | None) -> None:
    if known is None:
        return
    try:
        moment = parse_instant(known)
    except (TypeError, ValueError, OverflowError):
        raise fault(Code.WRONG_FORMAT, "passwordModifiedAt must be a timestamp as the account has it.") from None
    if modified_at is None or moment != parse_instant(format_instant(modified_at)):
        raise fault(Code.WRONG_PASSWORD, "The password of the account was changed meanwhile.")


def _nonce(given: Any) -> str | None:
    if given is None or (isinstance(given, str) and _NONCE.fullmatch(given)):
        return given
    raise fault(Code.WRONG_FORMAT, "nonce must be 16 to 128 characters of A-Z a-z 0-9 _ -.")


def _rotation(token: jwt.Jwt) -> int:
    """How often a refresh token had rotated when its JWT was written. Raises 11004."""
    if ROTATION not in token.claims:
        return 0
    return int(token.seconds(ROTATION))


def _organization(work: UnitOfWork, name_key: Any, *, account_id: str, application_id: str) -> Mapping[str, str]:
    """The column for the organization with that key, if one is named. Raises 2016, 5114, 10016."""
    if not name_key:
        return {}
    scope = stores.scope(work, application_id, None, name_key)
    if not stores.holds(work, scope, account_id):
        raise fault(Code.TOKEN_ACCOUNT_NOT_MAPPED)
    return {"organization_id": scope.organization_id or ""}


def _lifetime(given: Any) -> int:
    """The seconds for which a token is wanted; without a wish more than any policy allows."""
    if given is None:
        return _LONGEST_WISH
    if not isinstance(given, str) or not _WISH.fullmatch(given):
        raise fault(Code.WRONG_FORMAT, "lifetime must be a number of seconds, such as 3600.")
    return int(given)


def seconds(lifetime: str) -> int:
    """The whole seconds of a duration in ISO 8601."""
    return (parse_duration(lifetime) or dt.timedelta()) // dt.timedelta(seconds=1)


def _secret(work: UnitOfWork, api_key_id: str | None) -> str | None:
    found = api_keys.find(work, api_key_id, administrator=True) if api_key_id and ID.match(api_key_id) else None
    return found.secret if found else None


def _row(work: UnitOfWork, kind: type[Kind], id: str) -> Row[*tuple[Any, ...]] | None:
    return work.connection.execute(_whole(SHAPES[kind]), {"id": id, "tenant_id": work.tenant_id}).first()


def _purge(work: UnitOfWork, kind: type[Kind]) -> None:
    """Removes some of the expired tokens, so that they do not pile up.

    It skips tokens that another purge has locked.
    """
    table = SHAPES[kind].table
    expired = select(table.c.id).where(table.c.expires_at <= work.now)
    if kind is RefreshToken:  # only without a valid access token, which would be removed with it
        expired = expired.where(
            ~exists().where(_access.c.refresh_token_id == table.c.id, _access.c.expires_at > work.now)
        )
    some = expired.order_by(table.c.expires_at).limit(_PURGED).with_for_update(skip_locked=True)
    work.connection.execute(delete(table).where(table.c.id.in_(some)))


_HELD = (
    select(schema.refresh_tokens.c.id)
    .where(schema.refresh_tokens.c.id == bindparam("id"))
    .with_for_update(read=True, key_share=True)
)


def _verdict() -> Iterator[ColumnElement[Any]]:
    """The columns that :func:`_check` needs."""
    yield _accounts.c.status.label("account_status")
    yield _applications.c.status.label("application_status")
    yield reachable(_applications.c.id, _accounts).label("is_reachable")


@cache
def _parties() -> Select[Any]:
    """The statement for all that decides whether a token may be made, and for how long.

    It locks the account, so that a change of its password, which removes all tokens, also removes the new one.
    """
    lifetimes = (_policies.c.access_token_ttl, _policies.c.refresh_token_ttl)
    return (
        select(*_verdict(), *lifetimes, _accounts.c.password_modified_at)
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
    """The statement for a token, its account, and all that decides whether the token is valid."""
    known = schema.sessions
    used_at = select(known.c.last_used_at).where(known.c.refresh_token_id == token.table.c.id).scalar_subquery()
    return (
        select(
            *token.columns,
            *SHAPES[Account].columns,
            used_at.label("session_used_at"),
            token.table.c.application_id.label("token_application_id"),
            token.table.c.expires_at.label("token_expires_at"),
            token.table.c.api_key_id.label("token_api_key_id"),
            token.table.c.account_id.label("token_account_id"),
            token.table.c.organization_id.label("token_organization_id"),
            *_verdict(),
        )
        .select_from(token.table)
        .join(_accounts, _accounts.c.id == token.table.c.account_id)
        .join(_applications, _applications.c.id == token.table.c.application_id)
        .where(token.table.c.id == bindparam("id"), token.table.c.tenant_id == bindparam("tenant_id"))
    )
