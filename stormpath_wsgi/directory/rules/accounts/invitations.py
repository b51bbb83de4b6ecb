"""Invitations: an administrator has a link mailed to an address, and whoever has the link makes the account, once.

That works where nobody may register. The mail shows that the address is the visitor's, so that the account is verified
from the beginning. A token has 128 random bits: it cannot be guessed, so how often that is tried needs no limit. How
often one address is mailed is limited.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail.addresses import is_address
from stormpath_wsgi.directory.mail.purposes import INVITATION
from stormpath_wsgi.directory.mail.template import link_model
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts import accounts, creation_policy, login_names
from stormpath_wsgi.directory.rules.mails import mailed_tokens, notices
from stormpath_wsgi.directory.rules.providers import providers
from stormpath_wsgi.directory.rules.stores import mappings, stores
from stormpath_wsgi.directory.rules.stores.mappings import Store
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.canonical import canonical_email, canonical_name
from stormpath_wsgi.directory.wire.paths import InvitationToken, Listing, Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import INVITATION_TOKEN, Invited, at
from stormpath_wsgi.kinds import Account, Application, Invitation, id_of

_table, _groups_of, _groups, _applications = (
    schema.invitations,
    schema.invitation_groups,
    schema.groups,
    schema.applications,
)

#: What a visitor may say of the new account, by the names in JSON. Its address and its groups are the invitation's.
GIVEN = frozenset({"username", "password", "givenName", "middleName", "surname", "customData"})

#: The highest number of groups of an invitation.
MOST_GROUPS = 100

_LONGEST = 1000  # characters of the name or the href of a group
_PURGED = 5  # the number of expired invitations that are removed for each new one; more than one, so that none pile up


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Invites an address to the application, and mails it. Who is invited already is mailed once more: the link stays
    the same, and is good from now on for as long as a new one.

    ``groups`` in *properties*: names or hrefs of groups of the directory, which the account joins; left out when it is
    mailed once more, they stay as they were. ``directory``: where the account is made; not sent: in the default account
    store of the application.

    Raises 2001 where an account of the application has that name already, 2006 for what is no address, 2016 for a group
    that the directory does not have, 5114 for a directory that is not mapped to the application, 7205 and 7206 for an
    address that the directory takes no account with, and :class:`~stormpath_wsgi.errors.TooManyTries` when the address
    was mailed too often.
    """
    properties, named = _groups_taken_out(properties)
    body = bodies.of_creation(Invitation, properties, context.base_url)
    email = body.values["email"]
    if not is_address(email):
        raise fault(Code.WRONG_FORMAT, "Invitation email must be an address such as ada@example.org, without a colon.")
    with context.read() as work:
        store = _store(work, listing, body.links.get("directory"))
        providers.refuse_new(work, Account, listing, store.directory_id, store.group_id)
        creation_policy.of_directory(work, store.directory_id).check(email)
        joined = None if named is None else _found(work, store.directory_id, named)
        _refuse_known(work, listing.id, email)
        tenant_id = work.tenant_id
    with context.limits.invitation(tenant_id, canonical_email(email)), context.write(moves_generation=False) as work:
        id, token = _keep(work, listing.id, store, email, joined)
        url = link_model(work.mail.links[INVITATION], token)["url"]
        lasts = work.mail.invitation_ttl
        notices.tell(work, INVITATION, None, to=email, link=url, lasts=lasts, application_id=listing.id)
        work.tell(Invited, None, email=email, invitation=work.href(Resource(Invitation, id)))
        _purge(work)
        return records.load(work, Resource(Invitation, id))


def get(context: Context, target: InvitationToken) -> Wire:
    """What a visitor with the token may know: the invited address, until when the token is good, and the directory.

    The token stays good. Raises a 404 for a token that is unknown, used, revoked or expired.
    """
    with context.read() as work:
        found = _held(work, target)
        whole = records.load(work, Resource(Invitation, found.id))
        application = work.href(Resource(Application, target.application_id))
        known = {name: whole[name] for name in ("email", "expiresAt", "application", "directory")}
        return {"href": f"{application}/{kinds.InvitationToken.path}/{target.token}", **known}


def accept(context: Context, target: InvitationToken, properties: Any) -> Wire:
    """Uses the token up: the account is made, with the invited address, ENABLED, VERIFIED and in its groups. Returns
    its href.

    Of several requests with one token one succeeds. Raises the errors of :func:`get`, and those of a registration: the
    token stays good then.
    """
    if not isinstance(properties, Mapping):
        raise fault(Code.MALFORMED_REQUEST, "Account must be a JSON object.")
    for name in properties:
        if name not in GIVEN:
            raise fault(Code.UNKNOWN_PROPERTY, f"An invited Account has no property {name!r:.80}.")
    with context.read() as work:
        found = _held(work, target)
    store, application = Store(found.directory_id), Resource(Application, target.application_id)
    wanted = {**properties, "email": found.email}
    with at(credential=INVITATION_TOKEN):
        account_id = accounts.create_invited(context, store, application, wanted, lambda work: _spend(work, target))
    return {"href": context.href(Resource(Account, account_id))}


def _groups_taken_out(properties: Any) -> tuple[Any, list[str] | None]:
    """*properties* without the groups in them, and these as they were sent; None: they were not. Raises 2004, 2008."""
    if not isinstance(properties, Mapping):
        return properties, None
    rest = {name: value for name, value in properties.items() if name != "groups"}
    groups = properties.get("groups")
    if groups is None:
        return rest, None
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise fault(Code.WRONG_TYPE, "Invitation groups must be an array of names or hrefs.")
    if len(groups) > MOST_GROUPS or any(len(group) > _LONGEST for group in groups):
        raise fault(Code.TOO_LONG, f"Invitation groups may be {MOST_GROUPS} of {_LONGEST} characters at the most.")
    return rest, groups


def _store(work: UnitOfWork, listing: Listing, directory: Resource | None) -> Store:
    """Where the account is going to be made. Raises a 404, 2016, 5100 to 5119."""
    records.require_owner(work, listing)
    if directory is None:
        return mappings.default_account_store(work, Resource(Application, listing.id))
    records.require(work, directory, "Invitation directory")
    stores.scope(work, listing.id, {"href": work.href(directory)})  # raises 5114
    return Store(directory.id)


def _found(work: UnitOfWork, directory_id: str, named: Iterable[str]) -> list[str]:
    """The ids of the groups of the directory with these names or hrefs. Raises 2016."""
    found = []
    for name in named:
        href = name.startswith(f"{work.base_url}/{kinds.Group.path}/")
        mine = _groups.c.id == id_of(name) if href else _groups.c.name_folded == canonical_name(name)
        alive = records.is_alive(_groups)
        statement = select(_groups.c.id).where(mine, _groups.c.directory_id == directory_id, *alive)
        id = work.connection.execute(statement).scalar()
        if id is None:
            raise fault(Code.UNKNOWN_RESOURCE, f"Invitation groups: the directory has no group {name!r:.80}.")
        found.append(id)
    return found


def _refuse_known(work: UnitOfWork, application_id: str, email: str) -> None:
    """Raises 2001 where an account of the application has the address, or that text as its username."""
    found = stores.find(work, stores.scope(work, application_id), email)
    if found is not None:
        href = work.href(Resource(Account, found.account_id))
        raise fault(Code.NOT_UNIQUE, f"Invitation email: an account with this name exists already, {href}.")
    if login_names.is_taken(work, email, application_id):  # by somebody who signs in elsewhere
        raise fault(Code.NOT_UNIQUE, "Invitation email: an account with this name exists already.")


def _keep(work: UnitOfWork, application_id: str, store: Store, email: str, joined: list[str] | None) -> tuple[str, str]:
    """Stores the invitation, or keeps the one that there is for longer. Returns its id and its token."""
    # Two administrators who invite the same address wait for each other here.
    work.connection.execute(_HOLD, {"id": application_id})
    key, expires_at = canonical_email(email), work.now + work.mail.invitation_ttl
    same = (_table.c.application_id == application_id, _table.c.email_folded == key)
    row = work.connection.execute(select(_table).where(*same)).first()
    if row is not None and (row.expires_at <= work.now or row.directory_id != store.directory_id):
        work.connection.execute(delete(_table).where(_table.c.id == row.id))
        row = None
    if row is None:
        token, id = new_id(), new_id()
        place = schema.place(_table.c.token, id)
        more = {"digest": mailed_tokens.digest(token), "token": work.secrets.encrypt(token, place)}
        links = {"application_id": application_id, "directory_id": store.directory_id}
        values = {"email": email, "expires_at": expires_at}
        records.make(work, Invitation, id, {**values}, **links, **more, email_folded=key)
    else:
        id, token = row.id, work.secrets.decrypt(row.token, schema.place(_table.c.token, row.id))
        later = {"expires_at": expires_at, "modified_at": records.later(_table.c.modified_at, work.now)}
        work.connection.execute(update(_table).where(_table.c.id == id).values(later))
    if joined is not None:
        work.connection.execute(delete(_groups_of).where(_groups_of.c.invitation_id == id))
    of_store = () if store.group_id is None else (store.group_id,)
    _put_into(work, id, {*(joined or ()), *(of_store if row is None or joined is not None else ())})
    return id, token


def _put_into(work: UnitOfWork, id: str, groups: Collection[str]) -> None:
    if groups:
        rows = [{"invitation_id": id, "group_id": group} for group in sorted(groups)]
        with records.taken(None):  # a group may have been removed meanwhile
            work.connection.execute(insert(_groups_of), rows)


def _held(work: UnitOfWork, target: InvitationToken) -> Row[*tuple[Any, ...]]:
    """The row of the invitation that has the token. Raises a 404."""
    found = work.connection.execute(_FIND, _key(work, target)).first()
    if found is None:
        raise fault(Code.NOT_FOUND)
    return found


def _spend(work: UnitOfWork, target: InvitationToken) -> list[str]:
    """Removes the invitation, and returns the ids of its groups. Of several at once, one finds it. Raises a 404."""
    found = work.connection.execute(_FIND.with_for_update(), _key(work, target)).first()
    if found is None:
        raise fault(Code.NOT_FOUND)
    alive = select(_groups.c.id).where(*records.is_alive(_groups))
    of_it = (
        select(_groups_of.c.group_id)
        .where(_groups_of.c.invitation_id == found.id, _groups_of.c.group_id.in_(alive))
        .order_by(_groups_of.c.group_id)
    )
    groups = list(work.connection.execute(of_it).scalars())
    work.connection.execute(delete(_table).where(_table.c.id == found.id))
    return groups


def _key(work: UnitOfWork, target: InvitationToken) -> dict[str, Any]:
    return {
        "digest": mailed_tokens.digest(target.token),
        "application": target.application_id,
        "tenant": work.tenant_id,
        "now": work.now,
    }


def _purge(work: UnitOfWork) -> None:
    """Removes some of the expired invitations, so that they do not pile up. It skips those that another one removes."""
    expired = (
        select(_table.c.id)
        .where(_table.c.expires_at <= work.now)
        .order_by(_table.c.expires_at)
        .limit(_PURGED)
        .with_for_update(skip_locked=True)
    )
    work.connection.execute(delete(_table).where(_table.c.id.in_(expired)))


_FIND = select(_table.c.id, _table.c.email, _table.c.directory_id).where(
    _table.c.digest == bindparam("digest"),
    _table.c.application_id == bindparam("application"),
    _table.c.tenant_id == bindparam("tenant"),
    *records.is_alive(_table),
)
_HOLD = select(_applications.c.id).where(_applications.c.id == bindparam("id")).with_for_update(key_share=True)
