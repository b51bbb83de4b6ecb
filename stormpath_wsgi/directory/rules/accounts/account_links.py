"""Account links: two accounts in different directories belong to one person; a login may answer with the other account.

A link has no direction. An account is linked to at most one account of each other directory.
Source: the account linking chapter of the REST API v1, which gives no figure for the most links of an account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail.addresses import mailbox
from stormpath_wsgi.directory.mail.purposes import WAY_ADDED, WAY_REMOVED
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.reach import linked_to
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.mails import notices
from stormpath_wsgi.directory.rules.stores import mappings, stores
from stormpath_wsgi.directory.rules.stores.mappings import Store
from stormpath_wsgi.directory.rules.stores.stores import Scope
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.events import AccountLinked, AccountUnlinked
from stormpath_wsgi.kinds import VERIFIED, Account, AccountLink, id_of

#: The highest number of links of an account.
MOST = 100

_links, _accounts, _memberships = schema.account_links, schema.accounts, schema.group_memberships
_OF_PROVIDERS = (
    select(_accounts.c.id)
    .join(schema.providers, schema.providers.c.id == _accounts.c.directory_id)
    .where(_accounts.c.id.in_(bindparam("ids", expanding=True)), stores.is_social())
)


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Links two accounts, and returns the link. Raises 7500, which names the existing link, to 7505.

    Where one of them is of a social provider, the owner of the other is told by mail that there is another way in.
    """
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
        return records.load(work, Resource(AccountLink, tie(work, left.id, right.id)))


def remove(context: Context, target: Resource) -> None:
    """Removes the link. Both accounts stay."""
    with context.write() as work:
        link = records.load(work, target)
        records.remove(work, AccountLink, target.id)
        _tell(
            work, AccountUnlinked, WAY_REMOVED, *(id_of(link[f"{side}Account"]["href"]) for side in ("left", "right"))
        )


def tie(work: UnitOfWork, left_id: str, right_id: str, *, is_new: bool = False) -> str:
    """Links two accounts, which exist. Returns the id of the link. *is_new*: the owner has no other way in yet, so
    there is nothing to tell him. Raises as :func:`create` does.
    """
    _check(work, left_id, right_id)
    id = _make(work, left_id, right_id)
    _tell(work, AccountLinked, None if is_new else WAY_ADDED, left_id, right_id)
    return id


def end_unproved(work: UnitOfWork, account_id: str) -> None:
    """Ends the links with accounts of providers that are not proved to be of the same person. Called where the owner of
    the address of an account has proved it for the first time: until then anybody may have made the account with that
    address, and would keep a way in. A link stays where both sides have the same address, and the provider has proved
    it.
    """
    account = records.load(work, Resource(Account, account_id))
    others = work.connection.execute(linked_to(account_id)).scalars().all()
    for id in work.connection.execute(_OF_PROVIDERS, {"ids": others}).scalars().all():
        other = records.load(work, Resource(Account, id))
        if other["emailVerificationStatus"] == VERIFIED and mailbox(other["email"]) == mailbox(account["email"]):
            continue
        lesser, greater = sorted((account_id, id))
        link = select(_links.c.id).where(_links.c.lesser_id == lesser, _links.c.greater_id == greater)
        records.remove(work, AccountLink, work.connection.execute(link).scalar_one())
        _tell(work, AccountUnlinked, WAY_REMOVED, account_id, id)


def owner_of(scope: Scope) -> Resource:
    """Whose policy and whose default account store decide: the organization that the request names, or else the
    application.
    """
    if scope.organization_id is not None:
        return Resource(kinds.Organization, scope.organization_id)
    return Resource(kinds.Application, scope.application_id)


def default_store(work: UnitOfWork, scope: Scope) -> Store | None:
    """The default account store. None: there is none, or a disabled one, which lets nobody sign in."""
    try:
        return mappings.default_account_store(work, owner_of(scope))
    except Error:
        return None


def inside(store: Store) -> Select[Any]:
    """A SELECT of the ids of the accounts in *store*."""
    found = select(_accounts.c.id).where(_accounts.c.directory_id == store.directory_id)
    if store.group_id is None:
        return found
    members = select(_memberships.c.account_id).where(_memberships.c.group_id == store.group_id)
    return found.where(_accounts.c.id.in_(members))


def holds(work: UnitOfWork, store: Store, account_id: str) -> bool:
    """Whether the account is in *store*."""
    return work.connection.execute(inside(store).where(_accounts.c.id == account_id)).first() is not None


def counterpart(work: UnitOfWork, scope: Scope, account_id: str) -> str | None:
    """The id of the account that the account is linked to, in the default account store.

    None if it is in that store itself. The store is the application's, or that of the organization which the request
    names.
    """
    store = default_store(work, scope)
    if store is None or holds(work, store, account_id):
        return None
    return linked_in(work, store, account_id)


def linked_in(work: UnitOfWork, store: Store, account_id: str) -> str | None:
    """The id of the account in *store* that the account is linked to."""
    id: str | None = work.connection.execute(inside(store).where(_accounts.c.id.in_(linked_to(account_id)))).scalar()
    return id


def _tell(
    work: UnitOfWork, kind: type[AccountLinked | AccountUnlinked], notice: str | None, left: str, right: str
) -> None:
    """Has listeners told, and by mail who has another way in, or one less."""
    social = set(work.connection.execute(_OF_PROVIDERS, {"ids": [left, right]}).scalars())
    account, other = (right, left) if social == {left} else (left, right)
    work.tell(kind, account, other=work.href(Resource(Account, other)))
    if notice is not None and social == {other}:
        notices.warn(work, notice, account)


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
