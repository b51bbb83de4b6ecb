"""E-mail verification: before a new account can sign in, its owner must show that mail to the address arrives.

A token has 128 random bits: it cannot be guessed, so how often that is tried needs no limit. Source: the e-mail chapter
of the REST API v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail import VERIFICATION, VERIFICATION_SUCCESS, WELCOME
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts.creation_policy import CreationPolicy
from stormpath_wsgi.directory.rules.mails import hosts, mailed_codes, mailed_tokens, messages, spent_tokens
from stormpath_wsgi.directory.rules.mails.outbox import put
from stormpath_wsgi.directory.rules.stores import stores
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.canonical import canonical_username
from stormpath_wsgi.directory.wire.paths import Listing, Resource, VerificationToken
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import VERIFICATION_TOKEN, StatusChanged
from stormpath_wsgi.kinds import ENABLED, UNVERIFIED, VERIFIED, Account, EmailVerificationToken, VerificationEmail


def wanted(params: Mapping[str, Any]) -> bool:
    """Whether a new account goes through the workflow: not with ``registrationWorkflowEnabled=false`` in *params*."""
    return str(params.get("registrationWorkflowEnabled", "true")).strip().lower() != "false"


def status(policy: CreationPolicy, status: str) -> str:
    """The status of a new account in the workflow, for which *status* was asked.

    DISABLED and LOCKED stay as they are.
    """
    return UNVERIFIED if policy.verifies and status == ENABLED else status


def begin(work: UnitOfWork, policy: CreationPolicy, account_id: str) -> str | None:
    """A token to verify the address of a new account; None where the directory verifies none."""
    return mailed_tokens.verification(work, account_id) if policy.verifies else None


def mail(
    work: UnitOfWork,
    policy: CreationPolicy,
    account_id: str,
    application_id: str | None,
    token: str | None,
    *,
    mails_code: bool = True,
) -> None:
    """Puts the first mail to a new account into the outbox: the one with the *token* of :func:`begin`, or the welcome
    mail. *mails_code*: whether a code is in it where the browser has a ticket.
    """
    if token is not None:
        _put(work, account_id, application_id, token, mails_code=mails_code)
    elif policy.welcomes:
        put(work, WELCOME, account_id, application_id=application_id)


@hosts.leading_there
def resend(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Sends the verification mail again, with the same token if it is still valid. Verified accounts get no mail.

    Raises 2016 where no account has that login, 6101 where the directory does not verify addresses, and
    :class:`~stormpath_wsgi.errors.TooManyTries` instead of either, before anything is stored, when too many mails were
    asked for.
    """
    properties, store = stores.taken_out(properties)
    login = bodies.of_creation(VerificationEmail, properties, context.base_url).values["login"]
    with context.read() as work:
        found = stores.find(work, stores.scope(work, listing.id, store), login)
        account_id, tenant_id = found.account_id if found else None, work.tenant_id
        is_off = not messages.is_sent(work, VERIFICATION, account_id or "") and account_id is not None
    with context.limits.mail(VERIFICATION, tenant_id, canonical_username(login), account_id):
        _send(context, listing.id, None if is_off else account_id)
    if is_off:
        raise fault(Code.VERIFICATION_DISABLED)
    if account_id is None:
        raise fault(Code.UNKNOWN_RESOURCE, "VerificationEmail login does not match a known resource.")
    return {}


def _send(context: Context, application_id: str, account_id: str | None) -> None:
    """Puts the mail into the outbox, or does the same work for no account, or for one that is verified."""
    # Of the account only the link to its token changes, and no cached answer depends on that.
    with context.write(moves_generation=False) as work:
        mailed_tokens.hold(work, account_id or "")  # so that the address cannot change before the mail is stored
        proved = work.connection.execute(_PROVED, {"id": account_id or ""}).scalar()
        unproved = None if proved == VERIFIED else account_id
        token = mailed_tokens.verification(work, unproved) if unproved else mailed_tokens.no_verification(work)
        _put(work, unproved, application_id, token)


def _put(
    work: UnitOfWork, account_id: str | None, application_id: str | None, token: str, *, mails_code: bool = True
) -> None:
    """Puts the mail with the *token* into the outbox, and a code into the mail where one is asked for."""
    code = mailed_codes.make(work, VERIFICATION, account_id, application_id) if application_id and mails_code else {}
    if code is not None:
        details = {"lasts": work.mail.verification_ttl, **code}
        put(work, VERIFICATION, account_id, application_id=application_id, token=token, details=details)


def get(context: Context, target: VerificationToken) -> Wire:
    """The token and the account that it is for. It stays valid. Raises a 404 for a token that is not valid."""
    with context.read() as work:
        account_id = mailed_tokens.holder(work, VERIFICATION, target.token)
        account = {"href": work.href(Resource(Account, account_id))}
        path = f"{Account.path}/{EmailVerificationToken.path}"
        return {"href": f"{work.base_url}/{path}/{target.token}", "account": account}


def verify(context: Context, target: VerificationToken) -> Wire:
    """Uses the token up, and returns the href of its account. Raises a 404 for a token that is not valid.

    An UNVERIFIED account becomes ENABLED and can sign in. A DISABLED or LOCKED account keeps its status.
    """
    with context.write(about=()) as work:
        done = spent_tokens.owner(work, VERIFICATION, target.token)
        if done is not None:
            work.concern(done)
            return _answer(work, done, repeated=True)
        account_id = mailed_tokens.spend(work, VERIFICATION, target.token)
        _prove(work, account_id)
        spent_tokens.note(work, VERIFICATION, target.token, account_id)
        return _answer(work, account_id)


def redeem(context: Context, application_id: str, held: str, code: str) -> Wire:
    """Verifies the address to which the *code* for the ticket *held* was mailed, as :func:`verify` does by a token.

    Raises 7120 for a wrong code, which counts, and 7121 where there is none to answer any more.
    """
    with context.write(about=()) as work:
        account_id = mailed_codes.redeem(work, VERIFICATION, application_id, held, code)
        if account_id is not None:
            _prove(work, account_id)
    if account_id is None:
        raise fault(Code.MAILED_CODE_WRONG)
    return _answer(work, account_id)


def _answer(work: UnitOfWork, account_id: str, *, repeated: bool = False) -> Wire:
    """The href of the account. *repeated*: whether the same browser has done the same a moment ago."""
    href = {"href": work.href(Resource(Account, account_id))}
    return {**href, "repeated": True} if repeated else href


def _prove(work: UnitOfWork, account_id: str) -> None:
    """The address of the account, whose row is locked, is verified from now on."""
    account = records.load(work, Resource(Account, account_id))
    values = {"email_verification_status": VERIFIED}
    if account["status"] == UNVERIFIED:
        values["status"] = ENABLED
        work.tell(StatusChanged, account_id, old=UNVERIFIED, new=ENABLED, credential=VERIFICATION_TOKEN)
    records.change(work, Account, account_id, values)
    mailed_tokens.end(work, account_id, VERIFICATION)
    for purpose in (VERIFICATION_SUCCESS, WELCOME):
        put(work, purpose, account_id)


_PROVED = select(schema.accounts.c.email_verification_status).where(schema.accounts.c.id == bindparam("id"))
