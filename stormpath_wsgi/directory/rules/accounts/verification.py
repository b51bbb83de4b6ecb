"""E-mail verification: a new account proves that mail reaches it before anybody may sign in.

Source: the e-mail chapter of the REST API v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail import VERIFICATION, VERIFICATION_SUCCESS, WELCOME
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts.creation_policy import CreationPolicy
from stormpath_wsgi.directory.rules.mails import mailed_tokens, messages
from stormpath_wsgi.directory.rules.mails.outbox import put
from stormpath_wsgi.directory.rules.stores import stores
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource, VerificationToken
from stormpath_wsgi.errors import fault
from stormpath_wsgi.events import StatusChanged
from stormpath_wsgi.kinds import ENABLED, UNVERIFIED, VERIFIED, Account, VerificationEmail


def wanted(params: Mapping[str, Any]) -> bool:
    """Whether a new account goes through the workflow: ``registrationWorkflowEnabled=false`` says no."""
    return str(params.get("registrationWorkflowEnabled", "true")).strip().lower() != "false"


def status(policy: CreationPolicy, status: str) -> str:
    """The status of a new account in the workflow that was to have *status*. A disabled or locked one stays so."""
    return UNVERIFIED if policy.verifies and status == ENABLED else status


def begin(work: UnitOfWork, policy: CreationPolicy, account_id: str, application_id: str | None) -> None:
    """The first mail to a new account: it has to prove its address, or is welcome at once."""
    if policy.verifies:
        token = mailed_tokens.verification(work, account_id)
        put(work, VERIFICATION, account_id, application_id=application_id, token=token)
    elif policy.welcomes:
        put(work, WELCOME, account_id, application_id=application_id)


def resend(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """The mail once more, with the same token if it is good still; nothing to whom has proved the address.

    Raises 2016 where nobody has that login, 6101 where the directory does not verify.
    """
    properties, store = stores.taken_out(properties)
    login = bodies.of_creation(VerificationEmail, properties, context.base_url).values["login"]
    with context.read() as work:
        found = stores.find(work, stores.scope(work, listing.id, store), login)
        account_id = found.account_id if found else None
        if account_id is not None and not messages.is_sent(work, VERIFICATION, account_id):
            raise fault(Code.VERIFICATION_DISABLED)
    # All that changes of an account is where its link leads, and no cache decides anything by that.
    with context.write(moves_generation=False) as work:
        if account_id is not None:
            mailed_tokens.hold(work, account_id)  # an address that changes meanwhile is no longer the one to prove
        asks = account_id is not None and _is_unproved(work, account_id)
        token = mailed_tokens.verification(work, account_id) if account_id is not None and asks else new_id()
        put(work, VERIFICATION, account_id if asks else None, application_id=listing.id, token=token)
    if account_id is None:
        raise fault(Code.UNKNOWN_RESOURCE, "VerificationEmail login does not match a known resource.")
    return {}


def verify(context: Context, target: VerificationToken) -> Wire:
    """The href of the account whose address is proved. Raises the 404 for a token that is no good.

    Who has not been verified may sign in from now on. Who was disabled or locked may not.
    """
    with context.write() as work:
        account_id = mailed_tokens.spend(work, VERIFICATION, target.token)
        account = records.load(work, Resource(Account, account_id))
        values = {"email_verification_status": VERIFIED}
        if account["status"] == UNVERIFIED:
            values["status"] = ENABLED
            work.tell(StatusChanged, account_id, old=UNVERIFIED, new=ENABLED, credential="verification token")
        records.change(work, Account, account_id, values)
        mailed_tokens.end(work, account_id, VERIFICATION)
        for purpose in (VERIFICATION_SUCCESS, WELCOME):
            put(work, purpose, account_id)
        return {"href": account["href"]}


def _is_unproved(work: UnitOfWork, account_id: str) -> bool:
    account = records.load(work, Resource(Account, account_id))
    return bool(account["emailVerificationStatus"] != VERIFIED)
