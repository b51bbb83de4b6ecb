"""Password resets: a token for whoever forgot a password, mailed to them, which sets a new one, once.

Whether somebody has an account is told by the answer, which only the tenant's own programs see, but not by its time:
for a stranger the same statements run. What those programs tell a visitor is theirs to keep the same.
Source: the password reset chapter of the REST API v1.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, bindparam, select

from stormpath_wsgi import jwt
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail import RESET, RESET_SUCCESS
from stormpath_wsgi.directory.rows import expansion, records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts import accounts, password_policy
from stormpath_wsgi.directory.rules.mails import mailed_tokens
from stormpath_wsgi.directory.rules.mails.outbox import put
from stormpath_wsgi.directory.rules.stores import stores
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.canonical import canonical_email, canonical_username
from stormpath_wsgi.directory.wire.paths import Listing, ResetToken, Resource
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.events import at
from stormpath_wsgi.kinds import Account, PasswordPolicy, PasswordResetToken, id_of

_accounts, _policies = schema.accounts, schema.password_policies
_HOUR = 3600  # seconds


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """A token, which is mailed if the directory's policy says so. Raises 2016 where nobody has that e-mail address."""
    properties, store = stores.taken_out(properties)
    email = bodies.of_creation(PasswordResetToken, properties, context.base_url).values["email"]
    wanted = expansion.parse(params.get("expand"), PasswordResetToken)
    with context.read() as work:
        owner = _owner(work, listing.id, email, store)
    account_id, hours = (owner.id, owner.reset_token_ttl) if owner else (None, PasswordPolicy.reset_token_ttl.default)
    with context.write(moves_generation=False) as work:
        token = _token(work, hours)
        mailed_tokens.make_reset(work, token, account_id, listing.id, work.now + hours * _HOUR * 1000)
        put(work, RESET, account_id, application_id=listing.id, token=token)
    if owner is None:
        raise fault(Code.UNKNOWN_RESOURCE, "PasswordResetToken email does not match a known resource.")
    answer = _answer(work, ResetToken(listing.id, token), owner.id, owner.email)
    if wanted:
        with context.read() as work:
            expansion.apply(work, [answer], wanted)
    return answer


def get(context: Context, target: ResetToken, expand: str | None) -> Wire:
    """Whose token it is; it stays good. Raises the 404 for a token that is none, was used, or has expired."""
    wanted = expansion.parse(expand, PasswordResetToken)
    with context.read() as work:
        answer = _held(work, target)
        expansion.apply(work, [answer], wanted)
    return answer


def reset(context: Context, target: ResetToken, properties: Any) -> Wire:
    """Spends the token on a new ``password``, which signs the account out everywhere. Raises as :func:`get` does, and
    2000 to 2008 for the password: then the token stays good.
    """
    with context.read() as work:
        current = _held(work, target)
    account_id = id_of(current["account"]["href"])
    sent = {"password": None, **properties} if isinstance(properties, Mapping) else properties
    body = bodies.of_update(PasswordResetToken, sent, current)
    with at(credential="reset token"):
        new = password_policy.of_account(context, account_id, body.values["password"])
        with context.write() as work:
            mailed_tokens.spend(work, RESET, target.token, target.application_id)
            accounts.set_password(work, account_id, new)
            put(work, RESET_SUCCESS, account_id, application_id=target.application_id)
    return current


def _owner(work: UnitOfWork, application_id: str, email: str, store: Any) -> Row[*tuple[Any, ...]] | None:
    """The account with that address in the application's stores: its id, email and reset_token_ttl, in hours."""
    try:
        found = stores.find(work, stores.scope(work, application_id, store), email)
    except Error as error:
        if error.code != Code.STORE_NOT_MAPPED:
            raise
        found = None  # clients of old expect 2016 for a store that is not the application's
    owner = work.connection.execute(_OWNER, {"account_id": found.account_id if found else ""}).first()
    return owner if owner and canonical_email(owner.email) == canonical_username(email) else None


def _token(work: UnitOfWork, hours: int) -> str:
    """A JWT, as the REST API has it. The key is thrown away: that we issued this very text is told by its digest."""
    claims = {"exp": work.now // 1000 + hours * _HOUR, "jti": new_id()}
    return jwt.write({"kid": work.tenant_id}, claims, secrets.token_hex())


def _held(work: UnitOfWork, target: ResetToken) -> Wire:
    """The resource that *target* names. Raises the 404 for a token that is no good."""
    account_id = mailed_tokens.holder(work, RESET, target.token, target.application_id)
    return _answer(work, target, account_id, records.load(work, Resource(Account, account_id))["email"])


def _answer(work: UnitOfWork, target: ResetToken, account_id: str, email: str) -> Wire:
    at = f"{work.base_url}/applications/{target.application_id}/{PasswordResetToken.path}"
    return {
        "href": f"{at}/{target.token}",
        "email": email,
        "account": {"href": work.href(Resource(Account, account_id))},
    }


_OWNER = (
    select(_accounts.c.id, _accounts.c.email, _policies.c.reset_token_ttl)
    .join(_policies, _policies.c.id == _accounts.c.directory_id)
    .where(_accounts.c.id == bindparam("account_id"))
)
