"""Accounts: made in a directory or through an application, changed, removed; and when their sessions end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.directory import bodies, records, schema
from stormpath_wsgi.directory.context import Context, Work
from stormpath_wsgi.directory.ids import new_id
from stormpath_wsgi.directory.paths import Listing, Resource
from stormpath_wsgi.directory.records import Wire
from stormpath_wsgi.directory.rules import custom_data, login_names, mappings, memberships, password_policy, tokens
from stormpath_wsgi.directory.rules.mappings import Store
from stormpath_wsgi.directory.rules.password_policy import NewPassword
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import ENABLED, UNVERIFIED, VERIFIED, Account

_accounts = schema.accounts

# No more than the REST API asks, and no blanks or control characters, which could forge headers of a mail.
# No colon either: at a login it ends the name (RFC 7617, section 2), so nobody could sign in with such an address.
_EMAIL = re.compile(r"[^\s\x00-\x1f\x7f-\x9f:]+@[^\s\x00-\x1f\x7f-\x9f@:]+")


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """A new account. ``passwordFormat=mcf``: the password is a hash of another system.

    Through an application a login name is refused that any of its account stores has: what the app calls
    ``REMOTE_USER`` would be two people otherwise. In a directory only its own names count.
    """
    body = bodies.of_creation(Account, properties, context.base_url)
    _check(body.values)
    data = custom_data.embedded(properties)
    body.values.setdefault("username", body.values["email"])
    password = body.values.pop("password", None)
    with context.read() as work:
        store = _store(work, listing)
    new = _new_password(context, store, password, params.get("passwordFormat"))
    id = new_id()
    with context.write(moves_epoch=False) as work:
        _make(work, id, store, body.values, new, listing.id if listing.owner is kinds.Application else None)
        custom_data.make(work, id, data)
        return records.load(work, Resource(Account, id))


def change(context: Context, target: Resource, properties: Any) -> Wire:
    """A new password, or a status other than ENABLED, ends every session of the account."""
    data, new = custom_data.embedded(properties), None
    if isinstance(properties, Mapping) and "password" in properties:
        new = password_policy.of_account(context, target.id, properties["password"])
    with context.write() as work:
        current = records.load(work, target)
        body = bodies.of_update(Account, properties, current)
        _check(body.values)
        if body.values.get("email_verification_status") == "UNKNOWN" != current["emailVerificationStatus"]:
            raise fault(2003, f"Account emailVerificationStatus can be set to {VERIFIED} and {UNVERIFIED} only.")
        body.values.pop("password", None)
        if new is not None:
            password_policy.store(work, target.id, new)
            # Growing strictly, so that it names this password and no other.
            body.values["password_modified_at"] = records.later(_accounts.c.password_modified_at, work.now)
        records.change(work, Account, target.id, body.values)
        login_names.claim(work, target.id)
        custom_data.merge(work, target.id, data)
        if new is not None or body.values.get("status", ENABLED) != ENABLED:
            tokens.end_all(work, target.id)
        return records.load(work, target)


def remove(context: Context, target: Resource) -> None:
    """Its memberships, passwords, custom data and tokens go with it."""
    with context.write() as work:
        records.load(work, target)
        custom_data.forget(work, [target.id])
        records.remove(work, Account, target.id)


def _store(work: Work, listing: Listing) -> Store:
    """Where the account goes: into the directory, or into the application's default account store."""
    records.require_owner(work, listing)
    if listing.owner is kinds.Application:
        return mappings.default_account_store(work, listing.id)
    return Store(listing.id)


def _new_password(context: Context, store: Store, password: Any, format: Any) -> NewPassword:
    if format is None:
        return password_policy.of_new_account(context, store.directory_id, password)
    if str(format).lower() != "mcf":
        raise fault(2003, "The imported password designates an algorithm that is an unsupported value.")
    return password_policy.imported(password)


def _make(
    work: Work, id: str, store: Store, values: Mapping[str, Any], new: NewPassword, application_id: str | None
) -> None:
    more = {"directory_id": store.directory_id, "password_modified_at": work.now}
    records.make(work, Account, id, values, **more)
    login_names.claim(work, id, application_id)
    password_policy.store(work, id, new)
    if store.group_id is not None:
        memberships.make(work, id, store.group_id)


def _check(values: Mapping[str, Any]) -> None:
    if "email" in values and not _EMAIL.fullmatch(values["email"]):
        raise fault(2006, "Account email must be an address such as ada@example.org, without a colon.")
    if ":" in values.get("username", ""):
        raise fault(2006, "Account username must not contain a colon, which ends the name at a login.")
