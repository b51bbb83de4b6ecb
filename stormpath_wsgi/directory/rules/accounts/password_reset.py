"""Password resets: a token is mailed to a person who has forgotten the password, and sets a new password once.

The answer tells whether an account exists, but only programs of the tenant see it; they must show a visitor the same in
both cases. The time of the answer does not tell it: for an unknown address the same statements are run. Nor does how
often it may be asked: that is limited alike for every address. A token has more than 128 random bits: it cannot be
guessed, so how often that is tried needs no limit.
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
from stormpath_wsgi.directory.mail.purposes import PASSWORD_CHANGED
from stormpath_wsgi.directory.rows import expansion, records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts import account_links, accounts, password_policy
from stormpath_wsgi.directory.rules.factors import passkeys
from stormpath_wsgi.directory.rules.mails import hosts, mailed_codes, mailed_tokens, messages, notices, spent_tokens
from stormpath_wsgi.directory.rules.mails.outbox import put
from stormpath_wsgi.directory.rules.stores import stores
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.canonical import canonical_email, canonical_username
from stormpath_wsgi.directory.wire.paths import Listing, ResetToken, Resource
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.events import RESET_TOKEN, at
from stormpath_wsgi.kinds import VERIFIED, Account, PasswordPolicy, PasswordResetToken, id_of

_accounts, _policies = schema.accounts, schema.password_policies
_HOUR = 3600  # seconds


@hosts.leading_there
def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes a token, and mails it if the policy of the directory says so.

    Raises 2016 where no account has that address, and :class:`~stormpath_wsgi.errors.TooManyTries` before anything is
    stored when too many mails were asked for.
    """
    properties, store = stores.taken_out(properties)
    email = bodies.of_creation(PasswordResetToken, properties, context.base_url).values["email"]
    wanted = expansion.parse(params.get("expand"), PasswordResetToken)
    with context.read() as work:
        owner, tenant_id = _owner(work, listing.id, email, store), work.tenant_id
    account_id, hours = (owner.id, owner.reset_token_ttl) if owner else (None, PasswordPolicy.reset_token_ttl.default)
    mail = context.limits.mail(RESET, tenant_id, canonical_username(email), account_id)
    with mail, context.write(moves_generation=False) as work:
        token = _token(work, hours * _HOUR)
        lasts = hours * _HOUR * 1000
        mailed_tokens.make_reset(work, token, account_id, listing.id, work.now + lasts)
        code = mailed_codes.make(work, RESET, account_id, listing.id)
        if code is not None:
            details = {"lasts": lasts, **code}
            put(work, RESET, account_id, application_id=listing.id, token=token, details=details)
    if owner is None:
        raise fault(Code.UNKNOWN_RESOURCE, "PasswordResetToken email does not match a known resource.")
    answer = _answer(work, ResetToken(listing.id, token), owner.id, owner.email)
    if wanted:
        with context.read() as work:
            expansion.apply(work, [answer], wanted)
    return answer


def get(context: Context, target: ResetToken, expand: str | None) -> Wire:
    """The token and its account. It stays valid. Raises a 404 for a token that is unknown, used or expired."""
    wanted = expansion.parse(expand, PasswordResetToken)
    with context.read() as work:
        answer = _held(work, target)
        expansion.apply(work, [answer], wanted)
    return answer


def reset(context: Context, target: ResetToken, properties: Any) -> Wire:
    """Uses the token up to set a new ``password``, which ends all sessions of the account, and its waits at sign-in.

    Raises the errors of :func:`get`, and 2000 to 2008 for the password. Then the token stays valid.
    """
    asked = str(properties.get("password")) if isinstance(properties, Mapping) else ""
    with context.read() as work:
        done = spent_tokens.owner(work, RESET, target.token, asked)
        current = _held(work, target) if done is None else _repeated(work, target, done)
    if done is not None:
        return current
    account_id = id_of(current["account"]["href"])
    sent = {"password": None, **properties} if isinstance(properties, Mapping) else properties
    body = bodies.of_update(PasswordResetToken, sent, current)
    with at(credential=RESET_TOKEN):
        new = password_policy.of_account(context, account_id, body.values["password"])
        with context.write(about=(account_id,)) as work:
            try:
                mailed_tokens.spend(work, RESET, target.token, target.application_id)
            except Error:
                done = spent_tokens.owner(work, RESET, target.token, asked)  # in the meantime, by the same browser
                if done is None:
                    raise
                return _repeated(work, target, done)
            accounts.set_password(work, account_id, new)
            if records.load(work, Resource(Account, account_id))["emailVerificationStatus"] != VERIFIED:
                account_links.end_unproved(work, account_id)
                passkeys.end_all(work, account_id)
            spent_tokens.note(work, RESET, target.token, account_id, asked)
            if messages.is_sent(work, RESET_SUCCESS, account_id):
                details = notices.button(work, PASSWORD_CHANGED, account_id)
                put(work, RESET_SUCCESS, account_id, application_id=target.application_id, details=details)
            else:
                notices.warn(work, PASSWORD_CHANGED, account_id)
    context.limits.forgive(work.tenant_id, account_id)
    return current


def redeem(context: Context, application_id: str, held: str, code: str) -> Wire:
    """A new token, which is not mailed, for who has typed the *code* for the ticket *held*. It lasts as long as a code.

    Raises 7120 for a wrong code, which counts, and 7121 where there is none to answer any more.
    """
    with context.write(moves_generation=False) as work:
        account_id = mailed_codes.redeem(work, RESET, application_id, held, code)
        target = ResetToken(application_id, _token(work, work.mail.code_ttl // 1000))
        if account_id is not None:
            mailed_tokens.make_reset(work, target.token, account_id, application_id, work.now + work.mail.code_ttl)
            answer = _held(work, target)
    if account_id is None:
        raise fault(Code.MAILED_CODE_WRONG)
    return answer


def _repeated(work: UnitOfWork, target: ResetToken, account_id: str) -> Wire:
    """What :func:`reset` answers to who sends the same form twice."""
    email = records.load(work, Resource(Account, account_id))["email"]
    return {**_answer(work, target, account_id, email), "repeated": True}


def _owner(work: UnitOfWork, application_id: str, email: str, store: Any) -> Row[*tuple[Any, ...]] | None:
    """The account with that address in the application's stores: its id, email and reset_token_ttl, in hours."""
    try:
        found = stores.find(work, stores.scope(work, application_id, store), email)
    except Error as error:
        if error.code != Code.STORE_NOT_MAPPED:
            raise
        found = None  # old clients expect 2016 for a store that is not mapped to the application
    owner = work.connection.execute(_OWNER, {"account_id": found.account_id if found else ""}).first()
    return owner if owner and canonical_email(owner.email) == canonical_username(email) else None


def _token(work: UnitOfWork, seconds: int) -> str:
    """A JWT, as in the REST API. Its key is not kept: the stored digest is enough to know that we have issued this
    text.
    """
    claims = {"exp": work.now // 1000 + seconds, "jti": new_id()}
    return jwt.write({"kid": work.tenant_id}, claims, secrets.token_hex())


def _held(work: UnitOfWork, target: ResetToken) -> Wire:
    """The resource that *target* names. Raises a 404 for a token that is not valid."""
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
