"""Whether it is still the same person: a risky change needs a sign-in that is not old.

Who has left a browser open is signed in for days. So before a change that could take the account away, the password is
asked for once more when the sign-in is older than the setting ``session.fresh``. Who gives it gets a new session, with
a new id: when it began stands in its signed cookie, so to ask whether it is fresh asks no directory.
"""

from __future__ import annotations

from stormpath_wsgi.client import Account, Client
from stormpath_wsgi.codes import Code
from stormpath_wsgi.cookie import WAIVED
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import PASSWORD, ProvedAgain
from stormpath_wsgi.flows.refusals import SignInRefused
from stormpath_wsgi.flows.second_factor import SecondFactors
from stormpath_wsgi.flows.sign_in import SignIn
from stormpath_wsgi.session import CurrentSession


class FreshRequired(Exception):
    """The sign-in is too old for this: ask for the password once more, see :meth:`Fresh.renew`. Nothing has changed."""


class Fresh:
    """Lives with the process; threads may share it."""

    def __init__(self, client: Client, sign_in: SignIn, second: SecondFactors) -> None:
        self._sign_in, self._second, self._events = sign_in, second, client.events

    def check(self, session: CurrentSession) -> None:
        """Raises :class:`FreshRequired` unless the *session* is fresh. Call it before a risky change."""
        if not session.is_fresh:
            raise FreshRequired

    def confirm(self, session: CurrentSession, password: object) -> Account:
        """The account that is signed in, if *password*, which may be anything, is its password. Changes nothing.

        It counts as a sign-in against the limits. Raises :class:`SignInRefused`, with the field ``password``, also when
        nobody is signed in; :class:`~stormpath_wsgi.events.Declined` when a listener refuses the sign-in;
        :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        account = session.user.account
        if account is None:
            raise SignInRefused(Code.NO_SUCH_ACCOUNT, field="password")
        if not isinstance(password, str) or not password:
            raise SignInRefused(Code.WRONG_PASSWORD, field="password")
        proved = self._proved(session, account, password)
        if proved.href != account.href:  # another one of that name, in a store that comes first
            raise SignInRefused(Code.WRONG_PASSWORD, field="password")
        return proved

    def renew(self, session: CurrentSession, password: object) -> Account:
        """Begin a new session of the account that is signed in, in the place of this one, by its *password*.

        Nothing else is asked here; a second factor that was not proved lately is due for what needs a fresh sign-in.
        Raises as :meth:`confirm` does, and :class:`SignInRefused` when the account may not have a session any more.
        """
        account = self.confirm(session, password)
        try:
            session.sign_in(account, remember=session.remember, factor=self.factor(session, account))
        except Error as error:
            raise SignInRefused.of(error) from error
        self._events.emit(ProvedAgain(account=account.href, credential=PASSWORD))
        return account

    def factor(self, session: CurrentSession, account: Account) -> int | None:
        """What a session of *account* says of a second factor that takes the place of *session* after a password.

        What was proved within the setting ``session.fresh`` stays so. Otherwise it is due, where the account has a
        second factor: a fresh sign-in is all of a sign-in (ASVS 5.0, 7.5.1).
        """
        proved = session.second_factor
        if proved is not None and session.now - proved < session.settings.session.fresh.total_seconds():
            return proved
        return WAIVED if self._second.owes(account) else proved

    def _proved(self, session: CurrentSession, account: Account, password: str) -> Account:
        """Whose password that is: in the directory of *account*, for a name may be there in several directories."""
        login, prove = account.username, self._sign_in.prove
        try:
            return prove(login, password, session=session, account_store=account.directory.href)
        except SignInRefused as refused:
            if refused.code is not Code.STORE_NOT_MAPPED:
                raise
        return prove(login, password, session=session)  # only a group of that directory is mapped
