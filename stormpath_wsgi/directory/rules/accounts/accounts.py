"""Accounts: how they are made in a directory or through an application, changed and removed, and when their sessions
end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail import RESET, VERIFICATION, WELCOME
from stormpath_wsgi.directory.mail.addresses import is_address, mailbox
from stormpath_wsgi.directory.mail.purposes import EMAIL_CHANGED, PASSWORD_CHANGED
from stormpath_wsgi.directory.rows import counts, records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.rules.accounts import (
    account_schema,
    asked,
    creation_policy,
    deletions,
    login_names,
    password_policy,
    registration,
    verification,
)
from stormpath_wsgi.directory.rules.accounts.password_policy import NewPassword
from stormpath_wsgi.directory.rules.factors import second_factor
from stormpath_wsgi.directory.rules.mails import hosts, mailed_tokens, notices
from stormpath_wsgi.directory.rules.mails.outbox import put
from stormpath_wsgi.directory.rules.providers import providers
from stormpath_wsgi.directory.rules.stores import mappings, memberships
from stormpath_wsgi.directory.rules.stores.mappings import Store
from stormpath_wsgi.directory.rules.tenants import administrators
from stormpath_wsgi.directory.rules.tokens import tokens
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.bodies import Body
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.events import (
    AccountDeleted,
    AccountUpdated,
    EmailChanged,
    InvitationAccepted,
    PasswordChanged,
    Registered,
    StatusChanged,
)
from stormpath_wsgi.kinds import COLON, ENABLED, UNVERIFIED, VERIFIED, Account, id_of
from stormpath_wsgi.tickets import ticket

_accounts = schema.accounts

#: What a listener is told of by name alone.
_NAMES = (Account.username, Account.given_name, Account.middle_name, Account.surname)

_COLON = re.compile(f"[{COLON}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A new account. *asked*: what else of it was sent, for a double click. *policy*: None where it does not go through
    the workflow. *hides*: whether it is not told that its address is taken, and *may_tell* whether the owner of it may
    get a mail. *mails_code*: whether the mail that verifies the address may have a code.
    """

    store: Store
    values: Mapping[str, Any]
    data: Mapping[str, Any] | None
    asked: Any = field(repr=False)
    new: NewPassword
    among: Resource
    policy: creation_policy.CreationPolicy | None
    hides: bool
    may_tell: bool
    mails_code: bool


@hosts.leading_there
def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes an account. With ``passwordFormat=mcf`` in *params*, the password is a hash of another system.

    Through an application or organization, a login name is refused if an account in any of its account stores has it.
    Otherwise the order of the stores would decide which of them signs in. In a directory, only the names of that
    directory count. So an application may get two accounts with the same name, which :mod:`.stores.qualifiers`
    distinguishes. What ``hidesTaken`` in *params* changes, and a ticket of the caller's browser, tells
    :mod:`.accounts.registration`.
    """
    body, data = as_listeners_want(context, properties)
    body.values.setdefault("username", body.values["email"])
    password = body.values.pop("password", None)
    with context.read() as work:
        store = _store(work, listing)
        providers.refuse_new(work, Account, listing, store.directory_id, store.group_id)
        account_schema.check_new(work, store.directory_id, body.values)
        policy = creation_policy.of_directory(work, store.directory_id)
    policy.check(body.values["email"])
    in_workflow = verification.wanted(params)
    if in_workflow:
        body.values["status"] = verification.status(policy, body.values["status"])
    new = _new_password(context, store, password, body.values, params.get("passwordFormat"))
    hides = in_workflow and policy.verifies and registration.hides(params)
    wanted = _Wanted(
        store=store,
        values=body.values,
        data=data,
        asked=[data, password],
        new=new,
        among=Resource(listing.owner or kinds.Directory, listing.id),
        policy=policy if in_workflow else None,
        hides=hides,
        may_tell=hides and registration.may_tell(context, body.values["email"]),
        mails_code=registration.mails_code(params),
    )
    try:
        return _register(context, wanted)
    except Error as error:
        if error.code != Code.NOT_UNIQUE or not (hides or ticket()):
            raise
    # In the meantime somebody has got the name, perhaps the same browser by a double click. Now that can be seen.
    return _register(context, wanted)


def make_proved(
    work: UnitOfWork,
    id: str,
    store: Store,
    values: Mapping[str, Any],
    data: Mapping[str, Any] | None,
) -> None:
    """Makes an account without a password, for somebody who has signed in elsewhere. *values* and *data*: as
    :func:`as_listeners_want` returns them. Its names count in its directory only: nobody signs in with them before its
    owner has chosen a password.

    Who calls it makes the provider data, tells that the account was made, and counts it at the end of the transaction.
    Raises 2001, and 2020 where the directory is being removed.
    """
    _insert(work, id, store, values)
    login_names.claim(work, id)
    custom_data.make(work, id, data)
    if store.group_id is not None:
        memberships.make(work, id, store.group_id)


def create_invited(
    context: Context, store: Store, among: Resource, properties: Wire, begin: Callable[[UnitOfWork], Collection[str]]
) -> str:
    """Makes an account for somebody who has shown that mail to its address arrives: ENABLED and VERIFIED. Returns its
    id.

    *among*: the application whose accounts must not have its names. *properties*: off the wire; no listener changes the
    address in them. *begin*: is called at the start of the transaction, may raise, and returns the ids of the groups
    that the account joins. Raises the errors of :func:`create`.
    """
    body, data = as_listeners_want(context, properties)
    proved = {"email": properties["email"], "status": ENABLED, "email_verification_status": VERIFIED}
    values = {**body.values, **proved}
    values.setdefault("username", values["email"])
    password = values.pop("password", None)
    with context.read() as work:
        account_schema.check_new(work, store.directory_id, values)
        policy = creation_policy.of_directory(work, store.directory_id)
    policy.check(values["email"])
    new, id = _new_password(context, store, password, values, None), new_id()
    with context.write(moves_generation=False) as work:
        groups = begin(work)
        work.tell(Registered, id)
        _make(work, id, store, values, new, among)
        custom_data.make(work, id, data)
        for group in sorted(groups):  # in different orders, two transactions could wait for each other for ever
            memberships.make(work, id, group)
        if policy.welcomes:
            put(work, WELCOME, id, application_id=among.id)
        counts.change(work, store.directory_id, id, +1)
        work.tell(InvitationAccepted, id)
    return id


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """Changes an account. A new password, or a status other than ENABLED, ends every session of the account.

    Its owner is told of another password and another address by mail.
    """
    data, new = custom_data.embedded(properties), None
    if isinstance(properties, Mapping) and "password" in properties:
        new = password_policy.of_account(context, target.id, properties["password"])
    with context.write(about=(target.id,)) as work:
        mailed_tokens.hold(work, target.id)
        current = records.load(work, target)
        body = bodies.of_update(Account, properties, current)
        _check(body.values, current)
        providers.refuse_change(work, current, body.values)
        directory_id = _directory_of(current)
        account_schema.check_change(work, directory_id, body.values)
        if moves := _moves(body.values, current):
            creation_policy.of_directory(work, directory_id).check(body.values["email"])
            body.values.setdefault("email_verification_status", UNVERIFIED)  # their address was verified elsewhere
        if body.values.get("email_verification_status") == "UNKNOWN" != current["emailVerificationStatus"]:
            raise fault(
                Code.NOT_A_CHOICE, f"Account emailVerificationStatus can be set to {VERIFIED} and {UNVERIFIED} only."
            )
        if body.values.get("status", current["status"]) != current["status"]:
            administrators.keep_owner(work, target.id, Code.OWNER_STATUS_FIXED)
        body.values.pop("password", None)
        records.change(work, Account, target.id, body.values)
        tell_changes(work, target.id, body.values, current)
        if body.values.get("status", current["status"]) == ENABLED != current["status"]:
            deletions.enabled(work, target.id)
        if moves:
            mailed_tokens.end(work, target.id, RESET, VERIFICATION)
            mailed_tokens.end_changes(work, target.id, ways_back=True)  # the address of before may be the reason
            if current["emailVerificationStatus"] == VERIFIED:  # else it may be somebody's who has no account
                new_email = body.values["email"]
                notices.tell(work, EMAIL_CHANGED, target.id, to=current["email"], address=new_email)
        if any(body.values.get(name, current[name]) != current[name] for name in ("username", "email")):
            login_names.claim(work, target.id)
        custom_data.merge(work, target.id, data)
        if new is not None:
            set_password(work, target.id, new)
            notices.warn(work, PASSWORD_CHANGED, target.id)
        elif body.values.get("status", ENABLED) != ENABLED:
            tokens.end_all(work, target.id)
            second_factor.forget(work, target.id)
        return records.load(work, target)


def set_password(work: UnitOfWork, id: str, new: NewPassword) -> None:
    """Sets the password of the account, whose row is locked.

    Ends all its sessions, mailed tokens for a new password, and an address that waits to be verified: who had it wait
    may be the reason for the new password.
    """
    password_policy.store(work, id, new)
    # It always grows, so that the time identifies this password and no other.
    moment = records.later(_accounts.c.password_modified_at, work.now)
    records.change(work, Account, id, {"password_modified_at": moment})
    tokens.end_all(work, id)
    mailed_tokens.end(work, id, RESET)
    mailed_tokens.end_changes(work, id)
    work.tell(PasswordChanged, id)


def remove(context: Context, target: Resource) -> None:
    """Removes an account, with its memberships, passwords, custom data and tokens."""
    with context.write(about=(target.id,)) as work:
        current = records.load(work, target)
        administrators.keep_owner(work, target.id, Code.OWNER_NOT_DELETABLE)
        deletions.erase(work, current)
        work.tell(AccountDeleted, target.id)


def _register(context: Context, wanted: _Wanted) -> Wire:
    """Makes the account, if it is not to be hidden that its address is taken, and if it is no double click."""
    id, among, values = new_id(), wanted.among, wanted.values
    application_id = among.id if among.kind is kinds.Application else None
    with context.write(moves_generation=False) as work:
        done = registration.repeated(work, values, wanted.asked)
        if done is not None:
            return {**records.load(work, Resource(Account, done)), "repeated": True}
        found = registration.taken(work, id, wanted.store.directory_id, values, among) if wanted.hides else None
        with registration.undone(work, found is not None) if wanted.hides else nullcontext():
            made, token = _made(work, id, wanted, values if found is None else {**values, **found.names})
        code = {"mails_code": wanted.mails_code}
        if found is not None:
            registration.tell(work, found, application_id, may_tell=wanted.may_tell, **code)
            return registration.as_if_made(made, values)
        if wanted.policy is not None:
            verification.mail(work, wanted.policy, id, application_id, token, **code)
        return made


def _made(work: UnitOfWork, id: str, wanted: _Wanted, values: Mapping[str, Any]) -> tuple[Wire, str | None]:
    """The new account, and the token that verifies its address, where it is to be verified."""
    work.tell(Registered, id)
    _make(work, id, wanted.store, values, wanted.new, wanted.among)
    custom_data.make(work, id, wanted.data)
    token = None if wanted.policy is None else verification.begin(work, wanted.policy, id)
    registration.note(work, id, wanted.values, wanted.asked)
    made = records.load(work, Resource(Account, id))
    counts.change(work, wanted.store.directory_id, id, +1)
    return made, token


def as_listeners_want(context: Context, properties: Any) -> tuple[Body, Mapping[str, Any] | None]:
    """What :func:`_wanted` makes of *properties* once the listeners have had their say. Raises 7110 too."""
    body, data = _wanted(context, properties)
    changed = asked.registration(context, properties, body.values)
    return (body, data) if changed is properties else _wanted(context, changed)


def _wanted(context: Context, properties: Any) -> tuple[Body, Mapping[str, Any] | None]:
    """What a new account is to be, and its custom data, off the wire. Raises 400, 2000 to 2016, 3000 to 3004."""
    body = bodies.of_creation(Account, properties, context.base_url)
    _check(body.values)
    return body, custom_data.embedded(properties)


def _store(work: UnitOfWork, listing: Listing) -> Store:
    """The store of a new account: the directory, or the default account store of the application or organization."""
    records.require_owner(work, listing)
    if listing.owner in (kinds.Application, kinds.Organization):
        return mappings.default_account_store(work, Resource(listing.owner, listing.id))
    return Store(listing.id)


def _new_password(context: Context, store: Store, password: Any, about: Mapping[str, Any], format: Any) -> NewPassword:
    if format is None:
        return password_policy.of_new_account(context, store.directory_id, password, about)
    if str(format).lower() != "mcf":
        raise fault(Code.NOT_A_CHOICE, "The imported password designates an algorithm that is an unsupported value.")
    return password_policy.imported(password)


def _make(
    work: UnitOfWork, id: str, store: Store, values: Mapping[str, Any], new: NewPassword, among: Resource
) -> None:
    _insert(work, id, store, values, password_modified_at=work.now)
    login_names.claim(work, id, among)
    password_policy.store(work, id, new)
    providers.make_data(work, id)
    if store.group_id is not None:
        memberships.make(work, id, store.group_id)


def _insert(work: UnitOfWork, id: str, store: Store, values: Mapping[str, Any], **columns: Any) -> None:
    """Stores the row of a new account. Raises 2001, and 2020 where its directory is being removed.

    That is asked after the row was stored: on PostgreSQL this waits for a transaction that is about to mark the
    directory. A directory that is marked later takes the account with it.
    """
    records.make(work, Account, id, values, directory_id=store.directory_id, **columns)
    if not records.exist(work, kinds.Directory, store.directory_id):
        raise fault(Code.REFERENCE_NOT_FOUND)


def tell_changes(work: UnitOfWork, id: str, values: Mapping[str, Any], current: Wire) -> None:
    """Has listeners told what of the account is another now."""
    for name, kind in (("email", EmailChanged), ("status", StatusChanged)):
        if (new := values.get(name, current[name])) != current[name]:
            work.tell(kind, id, old=current[name], new=new)
    changed = tuple(each.wire for each in _NAMES if values.get(each.name, current[each.wire]) != current[each.wire])
    if changed:
        work.tell(AccountUpdated, id, changed=changed)


def _moves(values: Mapping[str, Any], current: Wire) -> bool:
    """Whether *values* have the address of another mailbox, and not another spelling of the same address."""
    return "email" in values and mailbox(values["email"]) != mailbox(current["email"])


def _directory_of(account: Wire) -> str:
    return id_of(account["directory"]["href"])


def _check(values: Mapping[str, Any], current: Mapping[str, Any] | None = None) -> None:
    """Checks the values that change: *current* ones may be older than a rule, and stay. Raises 2006."""
    new = {name: value for name, value in values.items() if current is None or value != current.get(name)}
    if "email" in new and not is_address(new["email"]):
        raise fault(Code.WRONG_FORMAT, "Account email must be an address such as ada@example.org, without a colon.")
    if _COLON.search(new.get("username", "")):
        raise fault(Code.WRONG_FORMAT, "Account username must not contain a colon, which ends the name at a login.")
