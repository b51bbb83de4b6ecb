"""The deletion of one's own account: asked for with the password, done when the time to change one's mind is over."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass

from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import AccountDeleted, DeletionAsked, StatusChanged, reserved, told_of
from stormpath_wsgi.flows.fresh import Fresh
from stormpath_wsgi.flows.refusals import DeletionRefused
from stormpath_wsgi.flows.sign_out import SignOut
from stormpath_wsgi.kinds import DISABLED, ENABLED, format_duration, parse_instant
from stormpath_wsgi.session import CurrentSession

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """The account is to be deleted when it is *due*; None: it is deleted."""

    due: dt.datetime | None


class AccountDeletion:
    """Lives with the process; threads may share it. *grace*: how long one may change one's mind; zero: not at all."""

    def __init__(
        self, client: Client, application: Application, fresh: Fresh, sign_out: SignOut, grace: dt.timedelta
    ) -> None:
        self._store, self._events = client.data_store, client.events
        self._application, self._fresh, self._sign_out = application, fresh, sign_out
        #: How long who has asked may change his mind, by signing in.
        self.grace = grace

    def ask(self, session: CurrentSession, password: object) -> Asked:
        """Have the account deleted that is signed in, if *password*, which may be anything, is its password.

        It is signed out everywhere, its API keys stop working, and its owner is told by mail. Until the grace is over
        signing in brings it back. Asked twice, it is asked once.

        Raises :class:`SignInRefused` for a wrong password, which counts as a sign-in; :class:`DeletionRefused` for an
        account that must not be deleted; :class:`~stormpath_wsgi.events.Declined` when a listener refuses the
        sign-in; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        account = self._fresh.confirm(session, password)
        due = None
        if self.grace:
            due = self._later(account)
        else:
            self._now(account)
        try:
            self._sign_out(session)
        except Error as error:
            log.info("The session of an account that is to be deleted could not be ended again: %s", error)
        return Asked(due)

    def _later(self, account: Account) -> dt.datetime:
        wish = {"grace": format_duration(self.grace), "application": {"href": self._application.href}}
        try:
            with reserved(DeletionAsked, StatusChanged) as kept:
                due = parse_instant(self._store.create(f"{account.href}/deletions", wish)["dueAt"])
        except Error as error:
            raise DeletionRefused.of(error) from error
        status = told_of(kept, StatusChanged)
        self._events.emit(status or StatusChanged(account=account.href, old=ENABLED, new=DISABLED))
        self._events.emit(told_of(kept, DeletionAsked) or DeletionAsked(account=account.href, due=due))
        return due

    def _now(self, account: Account) -> None:
        try:
            with reserved(AccountDeleted) as kept:
                account.delete()
        except Error as error:
            raise DeletionRefused.of(error) from error
        self._events.emit(told_of(kept, AccountDeleted) or AccountDeleted(account=account.href))
