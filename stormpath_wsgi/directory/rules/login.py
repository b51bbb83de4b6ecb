"""Login: a username or e-mail address and a password, put to the account stores of an application in order.

Whatever is wrong, the answer takes as long as verifying a password: the clock tells nobody who has an account.
The password is verified outside of any transaction, so that logins never wait for each other.
"""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, Select, bindparam, exists, func, or_, select, update

from stormpath_wsgi.directory import bodies, expansion, records, schema
from stormpath_wsgi.directory.canonical import canonical_username
from stormpath_wsgi.directory.context import Context, Work
from stormpath_wsgi.directory.paths import Listing, Resource
from stormpath_wsgi.directory.records import Wire
from stormpath_wsgi.directory.wire import SHAPES
from stormpath_wsgi.errors import Unavailable, fault
from stormpath_wsgi.kinds import DISABLED, ENABLED, UNVERIFIED, Account, LoginAttempt, is_storable

log = logging.getLogger(__name__)

_accounts, _passwords, _names = schema.accounts, schema.passwords, schema.login_names
_groups, _directories, _memberships = schema.groups, schema.directories, schema.group_memberships
_mappings, _applications = schema.account_store_mappings, schema.applications


def attempt(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """The account of whoever proves to be it. Raises 5105, 5114, 2016 for the stores; 7100 to 7106 for the person.

    Its ``passwordModifiedAt`` is that of the password that was proved: a session made with it begins only while that
    password is in force (:mod:`.tokens`).
    """
    body = bodies.of_creation(LoginAttempt, properties, context.base_url)
    login, password = _credential(body.values["value"])
    with context.read() as work:
        found = _find(work, listing.id, login, body.links.get("account_store"))
    if found is None:
        context.passwords.verify_decoy(password)
        raise fault(7104)
    proved, new_hash = context.passwords.verify_and_update(password, found.hash)
    if not proved:
        raise fault(7100)
    _check(found)
    if new_hash is not None:
        _replace_hash(context, found, new_hash)
    with context.read() as work:
        account = _account_of(work, found)
        answer: Wire = {"account": {"href": account["href"]}}
        expansion.apply(work, [answer], expansion.parse(params.get("expand"), LoginAttempt), account=account)
    return answer


class _Found(NamedTuple):
    """The first account that the login names, and what decides whether it may come in."""

    account_id: str
    status: str
    directory_status: str
    group_status: str | None  # None: found in a directory, not through a group
    position: int | None
    hash: str | None

    def __repr__(self) -> str:
        return f"_Found({self.account_id!r})"


def _credential(value: str) -> tuple[str, str]:
    """Login and password from base64 of ``login:password``. Raises 2006."""
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8", "surrogatepass")
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    login, separator, password = text.partition(":")
    if not separator:
        raise fault(2006, "LoginAttempt value must be base64 of login:password in UTF-8.")
    return login, password


def _find(work: Work, application_id: str, login: str, store: Resource | None) -> _Found | None:
    """The first match counts, also when its password is wrong."""
    application = work.connection.execute(
        select(_applications.c.status, exists().where(_mappings.c.application_id == _applications.c.id)).where(
            _applications.c.id == application_id, _applications.c.tenant_id == work.tenant_id
        )
    ).first()
    if application is None:
        raise fault(404)
    status, has_stores = application
    if not has_stores:
        raise fault(5105)
    statement = _candidates() if store is None else _candidates().where(_is_mapped(work, application_id, store))
    # A disabled application knows nobody: the REST API has no code for it, and its accounts shall not be told apart.
    if status != ENABLED or not is_storable(login):
        return None
    parameters = {"application_id": application_id, "key": canonical_username(login)}
    row = work.connection.execute(statement, parameters).first()
    return None if row is None else _Found._make(row)


def _is_mapped(work: Work, application_id: str, store: Resource) -> ColumnElement[bool]:
    """The condition that restricts a login to one *store*. Raises 2016, 5114."""
    records.require(work, store, "LoginAttempt accountStore")
    this = _mappings.c[schema.link_column(LoginAttempt.account_store, store.kind.title())] == store.id
    mapped = select(_mappings.c.id).where(_mappings.c.application_id == application_id, this)
    if work.connection.execute(mapped).first() is None:
        raise fault(5114)
    return this


def _check(found: _Found) -> None:
    """Told only to who knew the password."""
    if found.status == DISABLED:
        raise fault(7101)
    if found.status == UNVERIFIED:
        raise fault(7102)
    if found.group_status == DISABLED:
        raise fault(7105)
    if found.directory_status == DISABLED:
        raise fault(7106)


def _account_of(work: Work, found: _Found) -> Wire:
    """The account as it is now. Raises 7100 if its password was changed while the old one was verified."""
    row = work.connection.execute(_proved(), {"id": found.account_id, "position": found.position}).first()
    if row is None:
        raise fault(7100)
    return records.wire(work, Resource(Account, found.account_id), row)


def _replace_hash(context: Context, found: _Found, hash: str) -> None:
    """The same password in today's format. Not a change of password, and not worth failing a login for."""
    try:
        with context.write(moves_epoch=False) as work:
            work.connection.execute(
                update(_passwords)
                .where(
                    _passwords.c.account_id == found.account_id,
                    _passwords.c.position == found.position,
                    _passwords.c.hash == found.hash,  # unless it was changed meanwhile
                )
                .values(hash=hash)
            )
    except Unavailable as error:
        log.warning("the password of account %s keeps its old format: %s", found.account_id, error)


def _newest() -> ScalarSelect[Any]:
    """The position of the password in force. It grows with each change, and stays when a hash is replaced."""
    every = _passwords.alias()
    return select(func.max(every.c.position)).where(every.c.account_id == _accounts.c.id).scalar_subquery()


@cache
def _proved() -> Select[Any]:
    """An account, as long as its newest password is the one at a position."""
    return select(*SHAPES[Account].columns).where(_accounts.c.id == bindparam("id"), _newest() == bindparam("position"))


@cache
def _candidates() -> Select[Any]:
    """The account behind a login name in the first store that has it; of a group's accounts only its members."""
    is_member = exists().where(
        _memberships.c.group_id == _mappings.c.account_store_group_id, _memberships.c.account_id == _accounts.c.id
    )
    directory_id = func.coalesce(_mappings.c.account_store_directory_id, _groups.c.directory_id)
    return (
        select(
            _accounts.c.id,
            _accounts.c.status,
            _directories.c.status,
            _groups.c.status,
            _passwords.c.position,
            _passwords.c.hash,
        )
        .select_from(_mappings)
        .outerjoin(_groups, _groups.c.id == _mappings.c.account_store_group_id)
        .join(_directories, _directories.c.id == directory_id)
        .join(_names, (_names.c.directory_id == _directories.c.id) & (_names.c.key == bindparam("key")))
        .join(_accounts, _accounts.c.id == _names.c.account_id)
        .outerjoin(_passwords, (_passwords.c.account_id == _accounts.c.id) & (_passwords.c.position == _newest()))
        .where(
            _mappings.c.application_id == bindparam("application_id"),
            or_(_mappings.c.account_store_group_id.is_(None), is_member),
        )
        .order_by(_mappings.c.list_index)
        .limit(1)
    )
