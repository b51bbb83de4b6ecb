"""Which account answers a sign-in through a social provider: the one that the provider has proved, or one that is
linked to it.

The account linking policy of the application decides, or that of the organization that the request names. Without it
nothing happens. With it an account that is linked in the default account store answers. Where there is no link, one may
be made: with an account of the same address, if both have proved it, or with a new account. No account is ever linked
because of an address that one side only says it has: else whoever can write an address into a profile elsewhere would
get the account of somebody else.
Source: the account linking chapter of the REST API v1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.mail.addresses import mailbox
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts import (
    account_links,
    account_schema,
    accounts,
    creation_policy,
    login_names,
)
from stormpath_wsgi.directory.rules.providers import providers
from stormpath_wsgi.directory.rules.stores.mappings import Store
from stormpath_wsgi.directory.rules.stores.stores import Scope
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire.canonical import canonical_email
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.errors import Error
from stormpath_wsgi.kinds import ENABLED, VERIFIED, Account, AccountLinkingPolicy, Provider, id_of

_accounts = schema.accounts

#: Why no link can be made: then there is none, and the account that the provider has proved answers.
_NO_LINK = (Code.DIRECTORY_ALREADY_LINKED, Code.TOO_MANY_LINKS, Code.LINK_WITHIN_DIRECTORY)
#: Why no account can be made in the default account store.
_NO_ACCOUNT = (Code.REQUIRED, Code.EMAIL_DOMAIN_NOT_ALLOWED, Code.EMAIL_DOMAIN_FORBIDDEN)


@dataclass(frozen=True, slots=True)
class Answering:
    """The id of the account that answers. *made_in*: the id of its directory, where it was made for this."""

    account_id: str
    made_in: str | None = None


def answering(work: UnitOfWork, scope: Scope, proved: Wire, *, ties: bool) -> Answering:
    """The account that answers where a provider has *proved* an account, in wire form, whose row is locked.

    *ties*: whether a link may be made where there is none. Who connects two accounts himself wants no other link.

    Raises 2001 where somebody does the same at this moment: then it is to be done again from the beginning.
    """
    id = id_of(proved["href"])
    policy = records.load(work, Resource(AccountLinkingPolicy, account_links.owner_of(scope).id))
    store = account_links.default_store(work, scope) if policy["status"] == ENABLED else None
    if store is None or account_links.holds(work, store, id):
        return Answering(id)
    linked = account_links.linked_in(work, store, id)
    if linked is None and not ties:
        return Answering(id)
    if linked is None and policy["matchingProperty"] == "email":
        linked = _matched(work, store, proved)
    if linked is not None:
        return Answering(linked)
    if policy["automaticProvisioning"] == ENABLED and _may_provision(work, scope.application_id, store, proved):
        return _provisioned(work, store, proved)
    return Answering(id)


def _matched(work: UnitOfWork, store: Store, proved: Wire) -> str | None:
    """The id of the account in *store* with the same address, which is linked from now on. None: there is none, or one
    of the two has not proved the address, or cannot be linked.
    """
    if proved["emailVerificationStatus"] != VERIFIED:
        return None
    found = work.connection.execute(
        account_links.inside(store)
        .add_columns(_accounts.c.email)
        .where(
            _accounts.c.email_folded == canonical_email(proved["email"]),
            _accounts.c.email_verification_status == VERIFIED,
        )
        .with_for_update(key_share=True, of=_accounts)
    ).first()
    # Two addresses may have one key, and belong to two people all the same.
    if found is None or mailbox(found.email) != mailbox(proved["email"]):
        return None
    try:
        account_links.tie(work, id_of(proved["href"]), found.id)
    except Error as error:
        if error.code not in _NO_LINK:
            raise
        return None
    return str(found.id)


def _may_provision(work: UnitOfWork, application_id: str, store: Store, proved: Wire) -> bool:
    """Whether a copy of *proved* can be made in *store*: nobody may have its address who could sign in with it."""
    if providers.of_directory(work, store.directory_id) != Provider.STORMPATH:
        return False
    if login_names.is_known(work, proved["email"], store.directory_id, application_id):
        return False
    try:
        creation_policy.of_directory(work, store.directory_id).check(proved["email"])
        account_schema.check_new(work, store.directory_id, _copied(proved))
    except Error as error:
        if error.code not in _NO_ACCOUNT:
            raise
        return False
    return True


def _provisioned(work: UnitOfWork, store: Store, proved: Wire) -> Answering:
    """A copy of *proved* in *store*, linked to it."""
    id = new_id()
    accounts.make_proved(work, id, store, _copied(proved), None)
    providers.make_data(work, id)
    account_links.tie(work, id_of(proved["href"]), id, is_new=True)
    return Answering(id, store.directory_id)


def _copied(proved: Wire) -> dict[str, Any]:
    """The values of a copy, by their names in Python. It has the address as its user name: the other one is only good
    at the provider.
    """
    copied = (Account.email, Account.given_name, Account.middle_name, Account.surname)
    values = {each.name: proved[each.wire] for each in (*copied, Account.email_verification_status)}
    return {**values, "username": proved["email"], "status": ENABLED}
