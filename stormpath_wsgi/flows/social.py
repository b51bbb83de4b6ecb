"""Signing in through another site, such as Google; connecting it with an account, and taking that back.

The directory speaks to the other site. A flow sends the visitor there and looks at who comes back: only the browser
that has set out (:mod:`.journeys`). Then the directory judges what that brings, wherever it is, and answers the
account.

Two accounts become one person's only where both sides have verified the address, which the directory looks at, or where
their owner has proved both (:mod:`.connections`): that is what the purpose :data:`.CONNECT` is for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from stormpath_wsgi.client import Account, Application, Client, Organization
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, TooManyTries, Unavailable
from stormpath_wsgi.events import (
    PROVIDER,
    ProvedAgain,
    Registered,
    SignedIn,
    SignInFailed,
    SignInStarts,
    reserved,
    told_of,
)
from stormpath_wsgi.flows.browser import Browsers
from stormpath_wsgi.flows.connections import Connections, has_password
from stormpath_wsgi.flows.fresh import Fresh
from stormpath_wsgi.flows.journeys import CONNECT, PROVE, SIGN_IN, Journey, Journeys
from stormpath_wsgi.flows.own import signed_in
from stormpath_wsgi.flows.refusals import SignInRefused, SocialRefused
from stormpath_wsgi.flows.sign_in import Finished, SignIn, Unfinished
from stormpath_wsgi.flows.social_stores import SocialStore, SocialStores
from stormpath_wsgi.kinds import IS_NEW_ACCOUNT, id_of
from stormpath_wsgi.session import CurrentSession

log = logging.getLogger(__name__)

#: Characters of the longest code and of the longest token that another site may give.
LONGEST_CODE, LONGEST_TOKEN = 4096, 16_384

#: What another site answers when the visitor has said no (RFC 6749, section 4.1.2.1; the others are Facebook's and
#: LinkedIn's words for it).
NO = frozenset({"access_denied", "user_denied", "user_cancelled_login", "user_cancelled_authorize"})

#: What a program may bring that has been at another site by itself, with the longest text of each.
_BROUGHT = {
    "code": LONGEST_CODE,
    "accessToken": LONGEST_TOKEN,
    "accessTokenSecret": LONGEST_CODE,
    "redirectUri": 2000,
    "codeVerifier": 128,
    "nonce": 255,
}


@dataclass(frozen=True, slots=True)
class Arrived:
    """Who has come back from another site.

    *account*: whose account that is. *result*: what came of signing in; None: it was no sign-in. *waits*: the address
    of the account is that of another one, whose owner has to sign in first; nobody is signed in by this. *is_new*:
    whether the account was made now. *purpose*, *onward*: what the journey was for, and where the visitor goes now.
    """

    account: Account
    result: Finished | Unfinished | None = None
    waits: bool = False
    is_new: bool = False
    purpose: str = SIGN_IN
    onward: str | None = None


class Social:
    """Lives with the process; threads may share it."""

    def __init__(
        self,
        client: Client,
        application: Application,
        sign_in: SignIn,
        fresh: Fresh,
        connections: Connections,
        journeys: Journeys,
        stores: SocialStores,
        browsers: Browsers,
    ) -> None:
        self._client, self._application, self._sign_in, self._fresh = client, application, sign_in, fresh
        self._connections, self._journeys, self._stores = connections, journeys, stores
        self._browsers = browsers
        self._store, self._events = client.data_store, client.events

    def offered(self, organization: str | None = None) -> Mapping[str, SocialStore]:
        """Through which other sites people can sign in, by the ids of the providers; at the host of an *organization*,
        by its href, to that. Asks the directory once in a while. Raises :class:`~stormpath_wsgi.Error` when it fails.
        """
        return self._stores.at(organization)

    def set_out(
        self,
        session: CurrentSession,
        provider_id: str,
        redirect_uri: str,
        *,
        purpose: str = SIGN_IN,
        organization: str | None = None,
        remember: bool | None = None,
        onward: str | None = None,
    ) -> str:
        """The address at another site to which the browser of *session* goes now.

        *redirect_uri*: the address of this site to which it comes back, in whole. *purpose*: :data:`.SIGN_IN`;
        :data:`.CONNECT`, for who is signed in; :data:`.PROVE`: that it is still the same person. *remember*: as in
        :meth:`.SignIn.enter`. *onward*: where the visitor goes at the end, an address of this site.

        Raises :class:`SocialRefused`; :class:`.FreshRequired` for connecting after a sign-in that is too old;
        :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        store = self._offered(provider_id, organization)
        account_id = None
        if purpose != SIGN_IN:
            account_id = id_of(signed_in(session, SocialRefused).href)
            if purpose == CONNECT:
                self._fresh.check(session)
        journey = self._journeys.begin(
            session,
            store.provider_id,
            purpose,
            account_id=account_id,
            organization_id=None if organization is None else id_of(organization),
            remember=remember,
            onward=onward,
        )
        wish: dict[str, Any] = {
            "providerId": store.provider_id,
            "redirectUri": redirect_uri,
            "state": journey.state,
            "nonce": journey.nonce,
            "codeChallenge": journey.challenge,
        }
        if purpose == PROVE:
            wish["prompt"] = "login"
        if organization is not None:
            wish["accountStore"] = {"href": organization}
        try:
            location = self._store.create(f"{self._application.href}/authorizationRequests", wish)["location"]
        except Error as error:
            raise _refusal(error, journey) from error
        return str(location)

    def come_back(
        self,
        session: CurrentSession,
        provider_id: str,
        redirect_uri: str,
        parameters: Mapping[str, str],
        *,
        organization: str | None = None,
    ) -> Arrived:
        """What comes of a journey whose end the provider has told with these *parameters*, which may be anything.

        The other arguments are those of :meth:`set_out`; without *organization* it is the one of the journey.

        Raises :class:`SocialRefused`: tell visitors the same whatever its code, but for one that is *cancelled*,
        ``TOO_MANY_TRIES`` and ``NOT_UNIQUE``. Raises :class:`~stormpath_wsgi.events.Declined` when a listener refuses;
        :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        # One that was not begun here is no try. It is told to nobody, so strangers cannot fill the audit with it.
        journey = self._journeys.end(session, provider_id, parameters.get("state"))
        with _of(journey):
            organization = self._organization(journey, organization)
            store = self._offered(provider_id, organization)
            proof = self._proof(journey, redirect_uri, parameters)
            ties = journey.purpose == SIGN_IN
            account, is_new = self._ask_directory(session, provider_id, proof, organization, ties=ties)
            if journey.purpose == SIGN_IN:
                arrived = self._enter(session, journey, store, account, organization)
            else:
                arrive = self._connect if journey.purpose == CONNECT else self._prove
                arrived = arrive(session, journey, store, account)
        return replace(arrived, is_new=is_new, purpose=journey.purpose, onward=journey.onward)

    def is_under_way(self, session: CurrentSession, state: object) -> bool:
        """Whether the browser of *session* waits for another site to bring *state* back, which may be anything."""
        return self._journeys.is_under_way(session, state)

    def with_proof(
        self,
        session: CurrentSession,
        data: object,
        *,
        organization: str | None = None,
        remember: bool | None = None,
    ) -> Finished | Unfinished:
        """Sign in whoever a program has been given a code or a token for, at another site that it has spoken to itself.

        *data*: ``providerId`` and ``accessToken`` or ``code``, as in JSON; it may be anything. *organization*,
        *remember*: as in :meth:`set_out`. Raises as :meth:`come_back` does.
        """
        provider_id, proof = _brought(data)
        store = self._offered(provider_id, organization)
        account, _ = self._ask_directory(session, provider_id, proof, organization)
        if self._connections.owner_of(store, account, organization) is not None:
            raise SocialRefused(Code.NOT_UNIQUE)
        return self._sign_in.enter(session, account, credential=PROVIDER, remember=remember)

    def _offered(self, provider_id: str, organization: str | None) -> SocialStore:
        store = self.offered(organization).get(provider_id)
        if store is None:
            raise SocialRefused(Code.PROVIDER_NOT_MAPPED)
        return store

    def _organization(self, journey: Journey, here: str | None) -> str | None:
        """The href of the organization of *journey*. *here*: of the one at whose host it ends. Raises
        :class:`SocialRefused` where that is another one.
        """
        wanted = None
        if journey.organization_id is not None:
            wanted = f"{self._client.base_url}/{Organization.path}/{journey.organization_id}"
        if here not in (None, wanted):
            raise SocialRefused(Code.TOKEN_SIGNATURE_WRONG)
        return wanted

    def _proof(self, journey: Journey, redirect_uri: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """What the directory is told of what the visitor brings. Raises :class:`SocialRefused`."""
        said = parameters.get("error") or parameters.get("error_reason")
        if said is not None:
            log.info("%s has sent a visitor back: %.100r", journey.provider_id, said)
            raise SocialRefused(Code.PROVIDER_REFUSED, cancelled=said in NO)
        code, iss = parameters.get("code", ""), parameters.get("iss")
        if not 0 < len(code) <= LONGEST_CODE or (iss is not None and len(iss) > LONGEST_CODE):
            raise SocialRefused(Code.PROVIDER_REFUSED)
        proof = {
            "code": code,
            "redirectUri": redirect_uri,
            "codeVerifier": journey.verifier,
            "nonce": journey.nonce,
        }
        told = {"iss": iss, "user": parameters.get("user") or None}
        return proof | {name: value for name, value in told.items() if value is not None}

    def _ask_directory(
        self,
        session: CurrentSession,
        provider_id: str,
        proof: Mapping[str, str],
        organization: str | None,
        *,
        ties: bool = True,
    ) -> tuple[Account, bool]:
        """The account of who has brought *proof*, and whether it was made now. Raises :class:`SocialRefused`.

        *ties*: whether the directory may link it with another account.
        """
        params = {"keeps": "true"} if ties else {"keeps": "true", "links": "false"}
        wish: dict[str, Any] = {"providerData": {"providerId": provider_id, **proof}}
        if organization is not None:
            wish["accountStore"] = {"href": organization}
        kinds = (SignInStarts, SignedIn, SignInFailed, Registered)
        with reserved(*kinds) as kept:
            try:
                with self._browsers.trying(session):
                    answer = dict(self._store.create(f"{self._application.href}/accounts", wish, params))
            except Error as error:
                refused = error
                answer = {}
        if not answer:
            if not isinstance(refused, TooManyTries):  # then nothing was looked at
                self._tell_failure(refused, next((event.account for event in kept if event.account), None))
            raise _refusal(refused) from refused
        is_new = bool(answer.pop(IS_NEW_ACCOUNT, False))
        account = Account(self._client, properties=answer)
        if is_new:
            self._events.emit(told_of(kept, Registered) or Registered(account=account.href))
        return account, is_new

    def _tell_failure(self, error: Error, account: str | None) -> None:
        code = Code.of(error.code)
        reason = f"ERROR_{error.code}" if code is None else code.name
        self._events.emit(SignInFailed(reason=reason, account=account, credential=PROVIDER))

    def _enter(
        self,
        session: CurrentSession,
        journey: Journey,
        store: SocialStore,
        account: Account,
        organization: str | None,
    ) -> Arrived:
        owner = self._connections.owner_of(store, account, organization)
        if owner is not None:
            self._connections.wait(session, store, account, owner)
            return Arrived(account, waits=True)
        result = self._sign_in.enter(
            session, account, credential=PROVIDER, remember=journey.remember, nonce=journey.use
        )
        return Arrived(account, result)

    def _connect(self, session: CurrentSession, journey: Journey, store: SocialStore, account: Account) -> Arrived:
        own = self._still_signed_in(session, journey)
        if account.href == own.href:
            return Arrived(own)
        if account.directory.href != store.href:
            raise SocialRefused(Code.NOT_UNIQUE)  # the directory has answered the account that it is connected with
        self._connections.make(own, account.href)
        return Arrived(own)

    def _prove(self, session: CurrentSession, journey: Journey, store: SocialStore, account: Account) -> Arrived:
        """Begins a new session in the place of this one, as :meth:`.Fresh.renew` does by a password.

        The other site may have asked nothing, so who has a password proves it by that.
        """
        own = self._still_signed_in(session, journey)
        if account.href != own.href or has_password(own):
            raise SocialRefused(Code.NO_SUCH_ACCOUNT)
        factor = self._fresh.factor(session, own)
        try:
            session.sign_in(own, nonce=journey.use, remember=session.remember, factor=factor)
        except Error as error:
            raise SocialRefused.of(error) from error
        self._events.emit(ProvedAgain(account=own.href, credential=PROVIDER))
        return Arrived(own)

    def _still_signed_in(self, session: CurrentSession, journey: Journey) -> Account:
        own = signed_in(session, SocialRefused)
        if id_of(own.href) != journey.account_id:
            raise SocialRefused(Code.TOKEN_SIGNATURE_WRONG)
        return own


def _brought(data: object) -> tuple[str, dict[str, str]]:
    """The id of the provider, and the proof, that a program brings. Raises :class:`SocialRefused`."""
    if not isinstance(data, Mapping) or not isinstance(data.get("providerId"), str):
        raise SocialRefused(Code.PROVIDER_NOT_MAPPED)
    proof = {name: data[name] for name in _BROUGHT if data.get(name) is not None}
    if not all(isinstance(value, str) and 0 < len(value) <= _BROUGHT[name] for name, value in proof.items()):
        raise SocialRefused(Code.PROVIDER_REFUSED)
    if not proof.keys() & {"code", "accessToken"}:
        raise SocialRefused(Code.PROVIDER_REFUSED)
    return data["providerId"], proof


@contextmanager
def _of(journey: Journey) -> Iterator[None]:
    """Has what is refused in the block say which journey it ends."""
    try:
        yield
    except SignInRefused as refused:
        cancelled = isinstance(refused, SocialRefused) and refused.cancelled
        raise SocialRefused(
            refused.code,
            field=refused.field,
            error=refused.error,
            cancelled=cancelled,
            purpose=journey.purpose,
            onward=journey.onward,
        ) from refused


def _refusal(error: Error, journey: Journey | None = None) -> SocialRefused:
    """What the directory has refused; or that the other site, or the directory, cannot be reached."""
    if isinstance(error, Unavailable):
        refused = SocialRefused(Code.UNAVAILABLE, error=error)
    elif error.status == HTTPStatus.NOT_FOUND:  # of an older version, which speaks to no other site
        refused = SocialRefused(Code.PROVIDER_REFUSED, error=error)
    else:
        refused = SocialRefused.of(error)
    if journey is not None:
        refused.purpose, refused.onward = journey.purpose, journey.onward
    return refused
