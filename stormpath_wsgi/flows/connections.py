"""Which accounts of other sites are connected with an account of ours: seen, made, ended, and those that wait for it.

A connection is a link between two accounts. It is one person's only where both sides have verified the address, which
the directory looks at, or where the owner has proved both accounts here.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from http import HTTPStatus

from stormpath_wsgi.client import Account, AccountLink, Application, Client, Organization
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import PASSKEY, PASSWORD, AccountLinked, AccountUnlinked, reserved, told_of
from stormpath_wsgi.flows.fresh import Fresh
from stormpath_wsgi.flows.own import signed_in
from stormpath_wsgi.flows.passkeys import Passkeys
from stormpath_wsgi.flows.refusals import SocialRefused
from stormpath_wsgi.flows.sign_in import SignIn, Unfinished
from stormpath_wsgi.flows.social_stores import SocialStore, SocialStores
from stormpath_wsgi.flows.waiting import WaitingConnections
from stormpath_wsgi.kinds import ENABLED, id_of
from stormpath_wsgi.session import CurrentSession

log = logging.getLogger(__name__)

#: Codes of a directory for two accounts that cannot be connected, because one of them is connected already.
_TAKEN = frozenset({Code.DIRECTORY_ALREADY_LINKED, Code.TOO_MANY_LINKS, Code.LINK_WITHIN_DIRECTORY})


@dataclass(frozen=True, slots=True)
class Connection:
    """Another site by which an account can be signed in to. *email*: the address there. *made*: when it was connected.
    *id*: of the link; None: the account itself is of that site, so nothing can be taken back.
    """

    provider_id: str
    email: str
    made: dt.datetime
    id: str | None = None


class Connections:
    """Those of the accounts of one application. Lives with the process; threads may share it."""

    def __init__(
        self,
        client: Client,
        application: Application,
        sign_in: SignIn,
        fresh: Fresh,
        passkeys: Passkeys,
        waiting: WaitingConnections,
        stores: SocialStores,
    ) -> None:
        self._client, self._application, self._fresh, self._passkeys = client, application, fresh, passkeys
        self._waiting, self._stores, self._events = waiting, stores, client.events
        sign_in.add_after(self.made_by_owner)

    def are_made(self, organization: str | None = None) -> bool:
        """Whether accounts are connected with other sites: the policy of the application, or of the *organization* with
        that href, has to allow it. Raises :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        return self._holder(organization).account_linking_policy.is_enabled()

    def of(self, account: Account, organization: str | None = None) -> list[Connection]:
        """By which other sites *account* is signed in to. None of them is asked. Raises :class:`~stormpath_wsgi.Error`
        when the directory fails.
        """
        offered = {store.href: store.provider_id for store in self._stores.at(organization).values()}
        if not offered:
            return []
        found = []
        own = offered.get(account.directory.href)
        if own is not None:
            found.append(Connection(own, account.email, account.created_at))
        for link in account.account_links:
            other = _other(link, account)
            provider_id = offered.get(other.directory.href)
            if provider_id is not None:
                found.append(Connection(provider_id, other.email, link.created_at, id_of(link.href)))
        return found

    def end(self, session: CurrentSession, id: object, organization: str | None = None) -> None:
        """Take the connection *id*, which may be anything, away from who is signed in.

        Raises :class:`SocialRefused`: ``NOT_FOUND`` for one of somebody else or that is gone, ``LAST_WAY_IN`` where its
        owner could not sign in any more; :class:`.FreshRequired` for a sign-in that is too old;
        :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        account = signed_in(session, SocialRefused)
        self._fresh.check(session)
        held = self.of(account, organization)
        found = next((each for each in held if each.id is not None and each.id == id), None)
        if found is None:
            raise SocialRefused(Code.NOT_FOUND)
        if len(held) == 1 and not self._has_other_way(account):
            raise SocialRefused(Code.LAST_WAY_IN)
        href = f"{self._client.base_url}/{AccountLink.path}/{found.id}"
        try:
            link = AccountLink(self._client, href)
            other = _other(link, account).href
            with reserved(AccountUnlinked) as kept:
                link.delete()
        except Error as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise SocialRefused(Code.NOT_FOUND, error=error) from error
            raise SocialRefused.of(error) from error
        self._events.emit(told_of(kept, AccountUnlinked) or AccountUnlinked(account=account.href, other=other))

    def make(self, own: Account, other: str) -> None:
        """Connect the account *own* with *other*, an href, which its owner has proved too.

        Raises :class:`SocialRefused`: ``NOT_UNIQUE`` where one of them is connected with another already.
        """
        wish = {"left_account": Account(self._client, other), "right_account": Account(self._client, own.href)}
        try:
            with reserved(AccountLinked) as kept:
                self._client.account_links.create(wish)
        except Error as error:
            if error.code == Code.ALREADY_LINKED:
                return
            if error.code in _TAKEN:
                raise SocialRefused(Code.NOT_UNIQUE, error=error) from error
            raise SocialRefused.of(error) from error
        self._events.emit(told_of(kept, AccountLinked) or AccountLinked(account=own.href, other=other))

    def owner_of(self, store: SocialStore, account: Account, organization: str | None) -> str | None:
        """The href of the account whose owner has to sign in before *account*, of another site, may be taken for hers:
        it has the same address, and the policy wants such accounts connected. The directory has connected them where
        both addresses are verified. None: there is none.
        """
        if account.directory.href != store.href or not account.email:
            return None
        holder = self._holder(organization)
        policy, mapping = holder.account_linking_policy, holder.default_account_store_mapping
        if not policy.is_enabled() or policy.matching_property != "email" or mapping is None:
            return None
        for found in mapping.account_store.accounts.search({"email": account.email, "status": ENABLED}):
            is_other = found.email.lower() == account.email.lower() and found.directory.href != store.href
            if is_other and not self._is_taken(found, store):
                return found.href
        return None

    def wait(self, session: CurrentSession, store: SocialStore, other: Account, owner: str) -> None:
        """Have *other*, an account at *store*, wait in the browser of *session* for the account *owner*, an href."""
        self._waiting.begin(session, store.provider_id, id_of(other.href), id_of(owner))

    def agree(self, session: CurrentSession, unfinished: Unfinished | None = None) -> None:
        """Who signs in by the request of *session* has read on the page that another site is connected by that. A page
        that does not say so does not call this, and connects nothing.

        *unfinished*: what the sign-in came to, where something else is asked first.
        """
        if unfinished is None:
            self._waiting.agree(session)
        else:
            self._waiting.keep(session, id_of(unfinished.account.href))

    def forget(self, session: CurrentSession) -> None:
        """Forget what waits in the browser of *session*."""
        self._waiting.forget(session)

    def made_by_owner(self, session: CurrentSession, account: Account, credential: str) -> None:
        """Connect what waits in the browser of *session* for *account*, which was just signed in to by *credential*.

        Only a password or a passkey proves the owner. Whatever goes wrong is for the log: the sign-in is done.
        """
        waiting = self._waiting.take(session, id_of(account.href)) if credential in (PASSWORD, PASSKEY) else None
        if waiting is None:
            return
        try:
            self.make(account, f"{self._client.base_url}/{Account.path}/{waiting.other_id}")
        except (SocialRefused, Error) as error:
            log.warning("The account %s could not be connected with %s: %s", account.href, waiting.provider_id, error)

    def _has_other_way(self, account: Account) -> bool:
        """Whether *account* can be signed in to without another site."""
        return has_password(account) or any(key.verifies for key in self._passkeys.held(account))

    def _is_taken(self, account: Account, store: SocialStore) -> bool:
        """Whether *account* is connected with another one of that site already."""
        return any(each.directory.href == store.href for each in account.linked_accounts)

    def _holder(self, organization: str | None) -> Application | Organization:
        """What has the policy. An object of its own: that of the application is shared by all requests."""
        if organization is not None:
            return Organization(self._client, organization)
        return Application(self._client, self._application.href)


def has_password(account: Account) -> bool:
    """Whether *account* has one now: it is asked for anew."""
    account.refresh()
    return account.password_modified_at is not None


def _other(link: AccountLink, account: Account) -> Account:
    """The account that *link* connects with *account*."""
    return link.right_account if link.left_account.href == account.href else link.left_account
