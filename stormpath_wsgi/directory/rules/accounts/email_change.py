"""Another address for an account: the new one counts once a mail to it was read, and the old one can take it back.

The answers, and the address that waits, are the same whether another account has that address or not. Then a mail goes
to its owner instead, and the token that would change it is mailed to nobody. A token has 128 random bits: it cannot be
guessed, so how often that is tried needs no limit. Only its digest is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail import RESET, VERIFICATION
from stormpath_wsgi.directory.mail.addresses import is_address, mailbox
from stormpath_wsgi.directory.mail.purposes import EMAIL_CHANGE, EMAIL_CHANGED, EMAIL_TAKEN
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts import creation_policy, login_names
from stormpath_wsgi.directory.rules.factors import second_factor
from stormpath_wsgi.directory.rules.mails import mailed_tokens, notices
from stormpath_wsgi.directory.rules.providers import providers
from stormpath_wsgi.directory.rules.tokens import tokens
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.canonical import canonical_email, canonical_username
from stormpath_wsgi.directory.wire.paths import AddressChange, AddressToken, Resource
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import EmailChanged
from stormpath_wsgi.kinds import VERIFIED, Account, EmailChange, EmailChangeToken, format_instant, id_of

#: The path of the page to which the links lead.
PAGE = "/account/email"

#: Milliseconds for which the address of before can take a change back.
WAY_BACK = 7 * 86_400_000

_MOST = 5  # tokens for a new address that an account may have at once: each mail has one
_PURGED = 5  # the number of expired rows that are removed for each new one

_table, _names = schema.email_changes, schema.login_names


def get(context: Context, target: AddressChange) -> Wire:
    """The address that waits. Raises a 404 when none does."""
    with context.read() as work:
        account = records.load(work, Resource(Account, target.account_id))
        return _told(work, account, _waiting(work, target.account_id))


def begin(context: Context, target: AddressChange, properties: Any) -> Wire:
    """Mails a token to the address ``email``, which waits from now on in the place of another one.

    Raises a 404; 2006 for what is no address, 2002 for the one that the account has, and 7202 where the provider of its
    directory tells the address; and
    :class:`~stormpath_wsgi.errors.TooManyTries`, before anything is stored, when too many mails were asked for.
    """
    sent = {"email": None, **properties} if isinstance(properties, Mapping) else properties
    email = bodies.of_update(EmailChange, sent, {}).values["email"]
    if not is_address(email):
        raise fault(Code.WRONG_FORMAT, "EmailChange email must be an address such as ada@example.org.")
    with context.read() as work:
        account = records.load(work, Resource(Account, target.account_id))
        providers.refuse_change(work, account, {"email": email})
        policy = creation_policy.of_directory(work, id_of(account["directory"]["href"]))
    policy.check(email)
    if mailbox(email) == mailbox(account["email"]):
        raise fault(Code.INVALID, "EmailChange email is the address of the account already.")
    name = canonical_username(email)
    mail = context.limits.mail(EMAIL_CHANGE, work.tenant_id, name, target.account_id, to=name)
    with mail, context.write(moves_generation=False) as work:
        mailed_tokens.hold(work, target.account_id)
        account = records.load(work, Resource(Account, target.account_id))
        token = _wait(work, target.account_id, email)
        owner = _owner(work, account, email)
        if owner is None:
            link, lasts = work.mail.at(PAGE, sptoken=token), work.mail.verification_ttl
            notices.tell(work, EMAIL_CHANGE, target.account_id, to=email, link=link, lasts=lasts)
        else:
            notices.tell(work, EMAIL_TAKEN, owner, link=work.mail.at("/login"))
        _purge(work)
        return _told(work, account, _waiting(work, target.account_id))


def cancel(context: Context, target: AddressChange) -> None:
    """Forgets the address that waits, if one does. Raises a 404 for an account that is not there."""
    with context.write(moves_generation=False) as work:
        mailed_tokens.hold(work, target.account_id)
        records.load(work, Resource(Account, target.account_id))
        _forget(work, target.account_id)


def token(context: Context, target: AddressToken) -> Wire:
    """What the token would do. It stays valid. Raises a 404 for a token that is not valid."""
    with context.read() as work:
        row = _held(work, target)
        account = {"href": work.href(Resource(Account, row.account_id))}
        href = f"{work.base_url}/{Account.path}/{EmailChangeToken.path}/{target.token}"
        return {"href": href, "email": row.email, "back": row.back, "account": account}


def spend(context: Context, target: AddressToken) -> Wire:
    """Uses the token up, and returns the href of its account, which has the address of the token from now on.

    A token of the way back ends all sessions as well. Raises a 404 for a token that is not valid, and 2001 when another
    account has got the address meanwhile: then the token stays valid.
    """
    with context.write(about=()) as work:
        row = _held(work, target)
        mailed_tokens.hold(work, row.account_id)
        row = _held(work, target)  # of several requests with one token, one comes first
        account = records.load(work, Resource(Account, row.account_id))
        _move(work, account, row.account_id, row.email)
        if row.back:
            _end(work, row)
            tokens.end_all(work, row.account_id)
            second_factor.forget(work, row.account_id)
        else:
            _forget(work, row.account_id)
            _tell_old(work, row.account_id, account["email"], row.email)
        return {"href": account["href"]}


def _move(work: UnitOfWork, account: Wire, account_id: str, email: str) -> None:
    """Gives the account the address, which was verified. A username that is the old address becomes the new one."""
    values = {"email": email, "email_verification_status": VERIFIED}
    if canonical_username(account["username"]) == canonical_email(account["email"]):
        values["username"] = email
    records.change(work, Account, account_id, values)
    login_names.claim(work, account_id)
    mailed_tokens.end(work, account_id, RESET, VERIFICATION)
    work.tell(EmailChanged, account_id, old=account["email"], new=email)


def _tell_old(work: UnitOfWork, account_id: str, old: str, new: str) -> None:
    token = _store(work, account_id, old, back=True, lasts=WAY_BACK)
    link = work.mail.at(PAGE, sptoken=token)
    notices.tell(work, EMAIL_CHANGED, account_id, to=old, address=new, link=link, lasts=WAY_BACK)


def _wait(work: UnitOfWork, account_id: str, email: str) -> str:
    """Has *email* wait, and returns a new token for it. Those that were mailed there before stay valid."""
    mine = (_table.c.account_id == account_id, _table.c.back.is_(False))
    newest = select(_table.c.digest).where(*mine).order_by(_table.c.created_at.desc(), _table.c.digest)
    kept = newest.where(_table.c.email == email).limit(_MOST - 1)
    work.connection.execute(delete(_table).where(*mine, _table.c.digest.not_in(kept)))
    return _store(work, account_id, email, back=False, lasts=work.mail.verification_ttl)


def _store(work: UnitOfWork, account_id: str, email: str, *, back: bool, lasts: int) -> str:
    token = new_id()
    row = {
        "digest": mailed_tokens.digest(token),
        "tenant_id": work.tenant_id,
        "account_id": account_id,
        "email": email,
        "back": back,
        "created_at": work.now,
        "expires_at": work.now + lasts,
    }
    work.connection.execute(insert(_table), row)
    return token


def _forget(work: UnitOfWork, account_id: str) -> None:
    work.connection.execute(delete(_table).where(_table.c.account_id == account_id, _table.c.back.is_(False)))


def _end(work: UnitOfWork, row: Row[Any]) -> None:
    """Forgets the address that waits, and the ways back to addresses that came later than that of *row*."""
    later = (_table.c.account_id == row.account_id, _table.c.created_at >= row.created_at)
    work.connection.execute(delete(_table).where(*later))
    _forget(work, row.account_id)


def _waiting(work: UnitOfWork, account_id: str) -> Row[Any]:
    row = work.connection.execute(_WAITING, {"account": account_id, "now": work.now}).first()
    if row is None:
        raise fault(Code.NOT_FOUND)
    return row


def _held(work: UnitOfWork, target: AddressToken) -> Row[Any]:
    key = {"digest": mailed_tokens.digest(target.token), "tenant": work.tenant_id, "now": work.now}
    row = work.connection.execute(_FIND, key).first()
    if row is None:
        raise fault(Code.NOT_FOUND)
    return row


def _owner(work: UnitOfWork, account: Wire, email: str) -> str | None:
    """The id of another account of the same directory whose login name *email* is."""
    key = {
        "directory": id_of(account["directory"]["href"]),
        "key": canonical_email(email),
        "me": id_of(account["href"]),
    }
    return work.connection.execute(_OWNER, key).scalar()


def _told(work: UnitOfWork, account: Wire, row: Row[Any]) -> Wire:
    return {
        "href": f"{account['href']}/{EmailChange.path}",
        "email": row.email,
        "createdAt": format_instant(row.created_at),
        "expiresAt": format_instant(row.expires_at),
        "account": {"href": account["href"]},
    }


def _purge(work: UnitOfWork) -> None:
    """Removes some rows that have expired, of whatever account. To be called last: it waits for no lock."""
    expired = (
        select(_table.c.digest)
        .where(_table.c.expires_at <= work.now)
        .order_by(_table.c.expires_at)
        .limit(_PURGED)
        .with_for_update(skip_locked=True)
    )
    work.connection.execute(delete(_table).where(_table.c.digest.in_(expired)))


_WAITING = (
    select(_table)
    .where(
        _table.c.account_id == bindparam("account"), _table.c.back.is_(False), _table.c.expires_at > bindparam("now")
    )
    .order_by(_table.c.created_at.desc(), _table.c.digest)
    .limit(1)
)
_FIND = select(_table).where(
    _table.c.digest == bindparam("digest"),
    _table.c.tenant_id == bindparam("tenant"),
    _table.c.expires_at > bindparam("now"),
)
_OWNER = select(_names.c.account_id).where(
    _names.c.directory_id == bindparam("directory"),
    _names.c.key == bindparam("key"),
    _names.c.account_id != bindparam("me"),
)
