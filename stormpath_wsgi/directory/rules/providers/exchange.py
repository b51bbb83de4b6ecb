"""Signing in through a provider: where a visitor is sent, and which account belongs to what the visitor brings back.

The provider is asked while no transaction is open. Then the account of the person is found, or made, in one
transaction. That is done again when another request has made the same account meanwhile, so that two requests of one
new person find one account.
Source: the social chapter of the REST API v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail import WELCOME
from stormpath_wsgi.directory.providers import Asked, Person, Proof, Registration
from stormpath_wsgi.directory.rows import counts, records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules.accounts import accounts, creation_policy, deletions
from stormpath_wsgi.directory.rules.accounts.login import check_account
from stormpath_wsgi.directory.rules.accounts.sign_ins import Attempt, tried
from stormpath_wsgi.directory.rules.mails import hosts, mailed_tokens
from stormpath_wsgi.directory.rules.mails.outbox import put
from stormpath_wsgi.directory.rules.providers import linking, mapping_rules, providers
from stormpath_wsgi.directory.rules.providers.mapping_rules import Told
from stormpath_wsgi.directory.rules.providers.people import People, Planned
from stormpath_wsgi.directory.rules.stores import stores
from stormpath_wsgi.directory.rules.stores.stores import Scope
from stormpath_wsgi.directory.wire import bodies
from stormpath_wsgi.directory.wire.paths import Listing, Resource
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.events import PROVIDER, Registered, SignedIn
from stormpath_wsgi.kinds import (
    DISABLED,
    IS_NEW_ACCOUNT,
    Account,
    AuthorizationRequest,
    Directory,
    Provider,
    ProviderData,
    UserInfoMappingRules,
    brings_proof,
    id_of,
)

#: How often it is tried to find or make an account. Another request of the same person may be first, and an account
#: that is to be deleted is kept in between.
_TRIES = 4


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a request has the accounts of a provider: a directory, in the account stores that it names."""

    scope: Scope
    tenant_id: str
    directory_id: str
    registration: Registration
    #: The mapping rules, in JSON.
    rules: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The account of a person whom a provider has proved, in wire form. *is_new*: whether it was made now.
    *organization_id*: of the organization that the request names.
    """

    account: Wire
    is_new: bool
    organization_id: str | None


def authorize(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Where a visitor is sent to sign in at a provider: ``{"location": …}``.

    Raises 5201 where the application has no directory of that provider; 7106 and 7107 where that directory, or the
    organization through which it is reached, is disabled; 7104 at a disabled application; 5114 and 2016 for the
    ``accountStore``; 7200 where the provider cannot be used as it is set up; and
    :class:`~stormpath_wsgi.errors.Unavailable` when it cannot be reached.
    """
    properties, store = stores.taken_out(properties)
    values = bodies.of_creation(AuthorizationRequest, properties, context.base_url).values
    with context.read() as work:
        place = _place(work, listing.id, values.pop("provider_id"), store, None)
    return {AuthorizationRequest.location.wire: context.providers.location(place.registration, Asked(**values))}


def create(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    """Makes an account from attributes (:func:`.accounts.create`), or finds or makes the one of a person whom a
    provider knows: with ``providerData``, at an application.

    The answer to the latter has ``isNewAccount``, which crosses the REST API as the status 201 or 200. In *params*:
    ``keeps=true``: a person signs in, who by that keeps an account that is to be deleted; ``links=false``: no link is
    made. Raises the errors of :func:`find`.
    """
    if brings_proof(properties):
        return _signed_in(context, listing, properties, params)
    return accounts.create(context, listing, properties, params)


@hosts.leading_there
def _signed_in(context: Context, listing: Listing, properties: Any, params: Mapping[str, Any]) -> Wire:
    if listing.owner is not kinds.Application:
        raise fault(Code.UNKNOWN_PROPERTY, "Account providerData can only be set on creation through an Application.")
    _, store = stores.taken_out(properties)
    data, inner = stores.taken_out(properties["providerData"])
    with tried(context, PROVIDER) as sign_in:
        keeps, ties = params.get("keeps") == "true", params.get("links") != "false"
        found = find(context, listing.id, sign_in, data, store or inner, keeps=keeps, ties=ties)
    context.tell(SignedIn, found.account["href"], credential=sign_in.credential)
    return {**found.account, IS_NEW_ACCOUNT: found.is_new}


def find(
    context: Context,
    application_id: str,
    sign_in: Attempt,
    data: Any,
    account_store: Any = None,
    name_key: Any = None,
    *,
    keeps: bool = False,
    ties: bool = True,
) -> Found:
    """The account of the person who has brought *data* (JSON of :class:`.ProviderData`) from a provider. It is made if
    there is none. Where the policy says so, the account that is linked to it.

    *account_store* and *name_key*: see :func:`.stores.scope`. *keeps*: whether an account that is to be deleted is kept
    by this. *ties*: whether it may be linked with another account. Raises what :func:`authorize` raises; 2000 to 2015
    for wrong *data*; 7200 where the provider refuses; 7201 where it does not tell what an account must have; 2001 where
    another account of that directory has the address; 7101 to 7103 for an account that may not sign in; 7110 where a
    listener refuses; 7205 and 7206 for an address that the directory takes no account with; and
    :class:`~stormpath_wsgi.errors.TooManyTries`.
    """
    provider_id, proof = _read(context, data)
    with context.read() as work:
        place = _place(work, application_id, provider_id, account_store, name_key)
    if (proof.code is None) == (proof.access_token is None):
        raise fault(Code.REQUIRED, "Either ProviderData code or ProviderData accessToken is required.")
    with context.limits.provider(place.tenant_id) as made:
        person = context.providers.prove(place.registration, proof)
        made.succeeded()
    return _Arrival(context, place, person, sign_in, keeps=keeps, ties=ties).let_in()


class _Arrival:
    """A *person* whom a provider has proved, and who wants to be let in at a *place*. *keeps*, *ties*: see
    :func:`find`.
    """

    def __init__(
        self, context: Context, place: _Place, person: Person, sign_in: Attempt, *, keeps: bool, ties: bool
    ) -> None:
        self._context, self._place, self._person, self._sign_in = context, place, person, sign_in
        self._keeps, self._ties = keeps, ties
        self._people = People(place.directory_id, place.registration.provider_id)
        self._told: Told = mapping_rules.told_of(person, place.rules)
        self._planned: Planned | None = None

    def let_in(self) -> Found:
        """Finds or makes the account, and finds the one that answers for it."""
        for _ in range(_TRIES):
            try:
                return self._settle()
            except Error as error:
                if error.code != Code.NOT_UNIQUE and not self._is_kept(error):
                    raise
        raise fault(
            Code.NOT_UNIQUE,
            f"Another account of the Directory of {self._place.registration.provider_id} has the e-mail address or the "
            "user name of this person.",
        )

    def _is_kept(self, error: Error) -> bool:
        """Whether the account that was refused was to be deleted, and is kept by this sign-in."""
        id = self._sign_in.account_id
        if not self._keeps or error.code != Code.ACCOUNT_DISABLED or id is None:
            return False
        return deletions.keep(self._context, id)

    def _settle(self) -> Found:
        """Does it in one transaction. Raises 2001 where another request was first, or another account has the address.

        What a new account is to be is asked of the listeners once.
        """
        with self._context.read() as work:
            is_known = self._people.find(work, self._person) is not None
        if not is_known and self._planned is None:
            self._planned = self._people.planned(self._context, self._person, self._told)
        with self._context.write(moves_generation=False) as work:
            made: dict[str, str] = {}
            if is_known or self._planned is None:
                id = self._known(work)
            else:
                id = self._people.make(work, self._person, self._planned)
                made[id] = self._place.directory_id
            answering = linking.answering(
                work, self._place.scope, records.load(work, Resource(Account, id)), ties=self._ties
            )
            account = records.load(work, Resource(Account, answering.account_id))
            self._sign_in.account_id = answering.account_id
            check_account(account["status"])
            if answering.made_in is not None:
                made = {answering.account_id: answering.made_in, **made}
            self._tell(work, made, answering.account_id)
        return Found(account, answering.account_id in made, self._place.scope.organization_id)

    def _known(self, work: UnitOfWork) -> str:
        """The id of the account that the person has. Its row is locked, and what the provider tells is written down."""
        id = self._people.find(work, self._person)
        if id is None:  # it was removed at this moment
            raise fault(Code.NO_SUCH_ACCOUNT)
        mailed_tokens.hold(work, id)
        self._sign_in.account_id = id
        check_account(records.load(work, Resource(Account, id))["status"])
        self._people.refresh(work, id, self._person, self._told)
        return id

    def _tell(self, work: UnitOfWork, made: Mapping[str, str], answering_id: str) -> None:
        """Has listeners told of the accounts that were *made*, each with its directory, and counts them."""
        for id, directory_id in made.items():
            work.tell(Registered, id)
            if id == answering_id and creation_policy.of_directory(work, directory_id).welcomes:
                put(work, WELCOME, id, application_id=self._place.scope.application_id)
        for id, directory_id in sorted(made.items(), key=lambda item: item[1]):
            counts.change(work, directory_id, id, +1)


def _read(context: Context, data: Any) -> tuple[str, Proof]:
    """The id of the provider, and what was brought from it. Raises 2000 to 2015."""
    if not isinstance(data, Mapping):
        raise fault(Code.WRONG_TYPE, "Account providerData is an invalid type.")
    if data.get(ProviderData.provider_id.wire) in (None, ""):
        raise fault(Code.REQUIRED, "ProviderData providerId is required; it cannot be null, empty, or blank.")
    values = bodies.of_creation(ProviderData, data, context.base_url).values
    return values.pop("provider_id"), Proof(**values)


def _place(work: UnitOfWork, application_id: str, provider_id: str, account_store: Any, name_key: Any) -> _Place:
    """Where the request has the accounts of that provider. Raises 404, 5114, 5201, 7104, 7106, 7107."""
    scope = stores.scope(work, application_id, account_store, name_key)
    if not scope.is_open:
        raise fault(Code.NO_SUCH_ACCOUNT)
    found = stores.of_provider(work, scope, providers.known(provider_id))
    if found is None:
        raise fault(Code.PROVIDER_NOT_MAPPED)
    if found.directory_status == DISABLED:
        raise fault(Code.DIRECTORY_DISABLED)
    if found.organization_status == DISABLED:
        raise fault(Code.ORGANIZATION_DISABLED)
    provider = records.load(work, Resource(Provider, found.directory_id, Directory))
    rules = records.load(work, Resource(UserInfoMappingRules, id_of(provider["userInfoMappingRules"]["href"])))
    return _Place(scope, work.tenant_id, found.directory_id, Registration.of(provider), tuple(rules["items"]))
