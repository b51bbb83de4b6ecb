"""Account links: two accounts in different directories belong to one person; a login may answer with the other account.

A link has no direction. An account is linked to at most one account of each other directory.
Source: the account linking chapter of the REST API v1, which gives no figure for the most links of an account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.reach import linked_to
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.stores import mappings
from stormpath_wsgi.directory.rules.stores.stores import Candidate, Scope
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.kinds import AccountLink

#: The highest number of links of an account.
MOST = 100

_links, _accounts, _memberships = schema.account_links, schema.accounts, schema.group_memberships


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Links two accounts, and returns the link. Raises 7500, which names the existing link, to 7505."""
    if not isinstance(properties, Mapping) or not all(
        isinstance(properties.get(name), Mapping) and "href" in properties[name]
        for name in (AccountLink.left_account.wire, AccountLink.right_account.wire)
    ):
        raise fault(Code.LINK_WITHOUT_ACCOUNTS)
    body = bodies.of_creation(AccountLink, properties, context.base_url)
    left, right = body.links["left_account"], body.links["right_account"]
    with context.write() as work:
        for account in (left, right):
            records.require(work, account, "AccountLink account")
        _check(work, left.id, right.id)
        return records.load(work, Resource(AccountLink, _make(work, left.id, right.id)))


def remove(context: Context, target: Resource) -> None:
    """Removes the link. Both accounts stay."""
    with context.write() as work:
        records.load(work, target)
        records.remove(work, AccountLink, target.id)


def counterpart(work: UnitOfWork, scope: Scope, found: Candidate) -> str | None:
    """The id of the account that the account *found* is linked to, in the default account store.

    None if *found* is in that store itself. The store is the application's, or that of the organization which the
    request names.
    """
    owner = Resource(kinds.Application, scope.application_id)
    if scope.organization_id is not None:
        owner = Resource(kinds.Organization, scope.organization_id)
    try:
        store = mappings.default_account_store(work, owner)
    except Error:  # there is no default account store, or a disabled one, which lets nobody sign in
        return None
    inside = select(_accounts.c.id).where(_accounts.c.directory_id == store.directory_id)
    if store.group_id is not None:
        members = select(_memberships.c.account_id).where(_memberships.c.group_id == store.group_id)
        inside = inside.where(_accounts.c.id.in_(members))
    if work.connection.execute(inside.where(_accounts.c.id == found.account_id)).first() is not None:
        return None
    id: str | None = work.connection.execute(inside.where(_accounts.c.id.in_(linked_to(found.account_id)))).scalar()
    return id


def _check(work: UnitOfWork, left_id: str, right_id: str) -> None:
    if left_id == right_id:
        raise fault(Code.LINKED_TO_ITSELF)
    directories = select(_accounts.c.id, _accounts.c.directory_id).where(_accounts.c.id.in_([left_id, right_id]))
    of = {row.id: row.directory_id for row in work.connection.execute(directories)}
    if of[left_id] == of[right_id]:
        raise fault(Code.LINK_WITHIN_DIRECTORY)
    lesser, greater = sorted((left_id, right_id))
    same = select(_links.c.id).where(_links.c.lesser_id == lesser, _links.c.greater_id == greater)
    if (id := work.connection.execute(same).scalar()) is not None:
        error = fault(Code.ALREADY_LINKED)
        error.existing = work.href(Resource(AccountLink, id))
        raise error
    for mine, other in ((left_id, right_id), (right_id, left_id)):
        _check_links(work, mine, of[other])


def _check_links(work: UnitOfWork, account_id: str, directory_id: str) -> None:
    """Raises 7505 when the account has a link into the directory, 7503 when it has :data:`MOST` links."""
    linked = _accounts.c.id.in_(linked_to(account_id))
    inside = select(_accounts.c.id).where(linked, _accounts.c.directory_id == directory_id)
    if work.connection.execute(inside).first() is not None:
        raise fault(Code.DIRECTORY_ALREADY_LINKED)
    if work.connection.execute(select(func.count()).select_from(_accounts).where(linked)).scalar_one() >= MOST:
        raise fault(Code.TOO_MANY_LINKS)


def _make(work: UnitOfWork, left_id: str, right_id: str) -> str:
    id = new_id()
    lesser, greater = sorted((left_id, right_id))
    columns = {"left_account_id": left_id, "right_account_id": right_id, "lesser_id": lesser, "greater_id": greater}
    records.make(work, AccountLink, id, {}, **columns)
    return id
