"""Passkeys and security keys: how an account gets one, and what is proved by using it.

A challenge is good once for each account: the digest of what was answered is kept beside the nonces of sign-ins, in the
same transaction as what it was for. How old it may be the site knows that made it.

A device may count what it signs. A count that has not risen says that two devices have the key, or that somebody sends
what was sent before: it is refused, whoever listens is told, and the owner's own device goes on to work (Web
Authentication, Level 3, section 6.1.1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, exists, func, or_, select, update

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.crypto import authenticators
from stormpath_wsgi.directory.crypto.authenticators import AnswerRefused, Asked, Proof
from stormpath_wsgi.directory.mail.purposes import WAY_ADDED, WAY_REMOVED
from stormpath_wsgi.directory.rows import expansion, records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts import deletions
from stormpath_wsgi.directory.rules.accounts.login import check_account
from stormpath_wsgi.directory.rules.accounts.sign_ins import Attempt, tried
from stormpath_wsgi.directory.rules.factors import second_factor
from stormpath_wsgi.directory.rules.mails import mailed_tokens, notices
from stormpath_wsgi.directory.rules.stores import qualifiers, stores
from stormpath_wsgi.directory.rules.tokens import nonces
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.bodies import Body
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.errors import ConfigurationError, fault
from stormpath_wsgi.events import PASSKEY, PasskeyAdded, PasskeyRemoved, SignedIn
from stormpath_wsgi.extras import PASSKEYS
from stormpath_wsgi.kinds import DISABLED, ENABLED, MOST_PASSKEYS, Account, Passkey, PasskeyAttempt, Provider, id_of

#: Milliseconds for which it is remembered that a challenge was answered: longer than any site lets one be answered.
_REMEMBERED = 3_600_000

_table, _accounts = schema.passkeys, schema.accounts


class _Found(NamedTuple):
    """A passkey that has answered, and the status of its account."""

    id: str
    account_id: str
    rp_id: str
    public_key: str
    status: str


def check_library(database: Database) -> None:
    """Raises ConfigurationError where accounts have passkeys, and the library is missing that judges their answers.

    Otherwise their owners would learn it, each at a sign-in.
    """
    if PASSKEYS.is_installed():
        return
    with database.read() as connection:
        found = connection.execute(select(_table.c.id).limit(1)).first()
    if found is not None:
        raise ConfigurationError(f"Accounts of this directory have passkeys. {PASSKEYS.advice}")


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes a passkey of an account from what its browser has answered.

    Raises 7130 for an answer that is not accepted, which says the same where the key is another account's already; and
    409 for an account that has :data:`.MOST_PASSKEYS`.
    """
    body = bodies.of_creation(Passkey, properties, context.base_url)
    with _judged():
        new = authenticators.registered(body.values["answer"], _asked(body, verification=False))
    values = {
        "name": body.values["name"],
        "rp_id": body.values["rp_id"],
        "credential_id": new.id,
        "transports": new.transports,
        "verifies_user": new.user_verified,
        "backed_up": new.backed_up,
    }
    with context.write(about=(listing.id,)) as work:
        records.require_owner(work, listing)
        mailed_tokens.hold(work, listing.id)
        _spend(work, listing.id, body.values["challenge"])
        if work.connection.execute(_COUNT, {"account": listing.id}).scalar_one() >= MOST_PASSKEYS:
            raise fault(Code.CONFLICT, f"An account has {MOST_PASSKEYS} passkeys at the most.")
        id, columns = new_id(), {"public_key": new.public_key, "sign_count": new.sign_count}
        records.make(work, Passkey, id, values, account_id=listing.id, **columns)
        second_factor.forget(work, listing.id)  # a security key is a second factor
        work.tell(PasskeyAdded, listing.id, passkey=id)
        notices.warn(work, WAY_ADDED, listing.id)
        return records.load(work, Resource(Passkey, id))


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Gives a passkey another name."""
    with context.write(about=()) as work:
        body = bodies.of_update(Passkey, properties, records.load_own(work, target))
        records.change(work, Passkey, target.id, body.values)
        return records.load(work, target)


def remove(context: Context, target: Resource) -> None:
    """Removes a passkey. Raises 7133 where nobody could sign in to its account any more."""
    with context.write(about=()) as work:
        account_id = id_of(records.load(work, target)["account"]["href"])
        mailed_tokens.hold(work, account_id)  # of two that are removed at once, one is the last
        records.load(work, target)
        if work.connection.execute(_IS_LAST_WAY_IN, {"id": target.id}).first() is not None:
            raise fault(Code.LAST_WAY_IN)
        records.remove(work, Passkey, target.id)
        second_factor.forget(work, account_id)
        work.tell(PasskeyRemoved, account_id, passkey=target.id)
        notices.warn(work, WAY_REMOVED, account_id)


def end_all(work: UnitOfWork, account_id: str) -> None:
    """Removes all passkeys of an account. Called where the owner of its address has proved it for the first time: until
    then anybody may have made the account with that address, and would keep a way in.
    """
    held = work.connection.execute(select(_table.c.id).where(_table.c.account_id == account_id)).scalars().all()
    for id in held:
        records.remove(work, Passkey, id)
        work.tell(PasskeyRemoved, account_id, passkey=id)
    if held:
        second_factor.forget(work, account_id)
        notices.warn(work, WAY_REMOVED, account_id)


def attempt(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """A sign-in with a passkey: returns the account, and the passkey that has proved it.

    ``naming=true`` and ``keeps=true`` in *params* are as at a login attempt. Raises 7130 for an answer that is not
    accepted, 7131 for an unknown passkey, 7132 for one that counts backwards, 7101 to 7104 for an account that may not
    sign in here, and the errors of a login attempt for account stores. Strangers should be told the same in any case.
    """
    properties, store = stores.taken_out(properties)
    body = bodies.of_creation(PasskeyAttempt, properties, context.base_url)
    with tried(context, PASSKEY) as sign_in:
        row, proof = _proved(context, listing.id, body, store, sign_in, keeps=params.get("keeps") == "true")
        answer: Wire = {
            "account": {"href": context.href(Resource(Account, row.account_id))},
            "passkey": {"href": context.href(Resource(Passkey, row.id))},
            PasskeyAttempt.user_verified.wire: proof.user_verified,
        }
        with context.write(moves_generation=False) as work:
            _use(work, row, proof, body.values["challenge"])
            if params.get("naming") == "true":
                answer[PasskeyAttempt.naming.wire] = _naming(work, listing.id, row.account_id)
            expansion.apply(work, [answer], expansion.parse(params.get("expand"), PasskeyAttempt))
    context.tell(SignedIn, answer["account"]["href"], credential=PASSKEY)
    return answer


def _proved(
    context: Context, application_id: str, body: Body, store: Any, sign_in: Attempt, *, keeps: bool
) -> tuple[_Found, Proof]:
    """The row of the passkey that has answered, and what it has proved. Nothing is stored yet."""
    wanted = body.links.get(PasskeyAttempt.account.name)
    verification = wanted is None or body.values["verification"]
    with _judged():
        claim = authenticators.claim(body.values["answer"])
    with context.read() as work:
        scope = stores.scope(work, application_id, store)
        key = {"tenant": work.tenant_id, "credential": claim.credential_id}
        found = work.connection.execute(_FIND, key).first()
        if found is None:
            raise fault(Code.PASSKEY_UNKNOWN)
        row = _Found._make(found)
        sign_in.account_id = row.account_id
        is_held = stores.holds(work, scope, row.account_id)
    with _judged():
        _check_owner(row, claim.user, None if wanted is None else wanted.id)
        if row.rp_id != body.values["rp_id"]:
            raise AnswerRefused("the passkey is of another site")
        proof = authenticators.proved(body.values["answer"], _asked(body, verification=verification), row.public_key)
    status = row.status
    if keeps and is_held and status == DISABLED and deletions.keep(context, row.account_id):
        status = ENABLED
    check_account(status)
    if not is_held:
        raise fault(Code.NO_SUCH_ACCOUNT)
    return row, proof


def _check_owner(row: _Found, told: str | None, wanted: str | None) -> None:
    """Whose passkey it is, the directory knows. The device tells it too, where it was not asked for one account."""
    if told is None and wanted is None:
        raise AnswerRefused("it does not say of which account it is")
    for id in (told, wanted):
        if id is not None and id != row.account_id:
            raise AnswerRefused("it is the passkey of another account")


def _use(work: UnitOfWork, row: _Found, proof: Proof, challenge: str) -> None:
    """Notes that the passkey was used. Of several processes that are sent one answer, one comes first."""
    seen = {"passkey": row.id, "count": proof.sign_count, "is_backed_up": proof.backed_up, "now": work.now}
    if not work.connection.execute(_USE, seen).rowcount:
        raise fault(Code.PASSKEY_COUNT)
    _spend(work, row.account_id, challenge)


def _spend(work: UnitOfWork, account_id: str, challenge: str) -> None:
    """Uses up the *challenge* for the account. Raises 7130 when it was before."""
    nonce = f"passkey:{hashlib.sha256(challenge.encode()).hexdigest()}"
    with records.taken("The challenge was answered before.", Code.PASSKEY_REFUSED):
        nonces.OF_ACCOUNTS.add(work, account_id, nonce, work.now + _REMEMBERED)


def _naming(work: UnitOfWork, application_id: str, account_id: str) -> Wire:
    row = work.connection.execute(_NAMING, {"id": account_id, "application_id": application_id}).one()
    return qualifiers.naming(row.is_home, row.qualifier)


def _asked(body: Body, *, verification: bool) -> Asked:
    values = body.values
    return Asked(values["challenge"], values["rp_id"], values["origins"], verification)


@contextmanager
def _judged() -> Iterator[None]:
    """An answer that is refused in this block is one of the errors of the REST API."""
    PASSKEYS.check()
    try:
        yield
    except AnswerRefused as refused:
        raise fault(Code.PASSKEY_REFUSED, f"What the passkey has answered is not accepted: {refused}.") from refused


_others, _passwords = _table.alias(), schema.passwords
_providers = schema.providers
_FIND = (
    select(_table.c.id, _table.c.account_id, _table.c.rp_id, _table.c.public_key, _accounts.c.status)
    .join(_accounts, _accounts.c.id == _table.c.account_id)
    .where(_table.c.tenant_id == bindparam("tenant"), _table.c.credential_id == bindparam("credential"))
)
_COUNT = select(func.count()).where(_table.c.account_id == bindparam("account"))
_rises = or_(_table.c.sign_count < bindparam("count"), and_(_table.c.sign_count == 0, bindparam("count") == 0))
_USE = (
    update(_table)
    .where(_table.c.id == bindparam("passkey"), _rises)
    .values(
        sign_count=bindparam("count"),
        backed_up=bindparam("is_backed_up"),
        last_used_at=bindparam("now"),
    )
)
_NAMING = select(*qualifiers.naming_columns(_accounts.c.directory_id)).where(_accounts.c.id == bindparam("id"))
#: A passkey with which somebody signs in to an account that has no password, no other such passkey, and no other site
#: that signs it in.
_IS_LAST_WAY_IN = (
    select(_table.c.id)
    .join(_accounts, _accounts.c.id == _table.c.account_id)
    .join(_providers, _providers.c.id == _accounts.c.directory_id)
    .where(
        _table.c.id == bindparam("id"),
        _table.c.verifies_user,
        _providers.c.provider_id == Provider.STORMPATH,
        ~exists().where(_passwords.c.account_id == _accounts.c.id),
        ~exists().where(_others.c.account_id == _accounts.c.id, _others.c.id != _table.c.id, _others.c.verifies_user),
    )
)
