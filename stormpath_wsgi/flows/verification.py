"""An e-mail address that is verified: a link is mailed, and whoever has it shows that mail to the address arrives."""

from __future__ import annotations

from http import HTTPStatus

from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import MAIL, VERIFICATION_TOKEN, StatusChanged
from stormpath_wsgi.flows.mailed import VERIFICATION, AccountStore, answered, asking, checked, mailing, within
from stormpath_wsgi.flows.refusals import TokenRefused, VerificationRefused
from stormpath_wsgi.flows.sign_in import Entered, SignIn
from stormpath_wsgi.kinds import ENABLED, UNVERIFIED
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.tickets import holding


class Verification:
    """The addresses of new accounts. Lives with the process; threads may share it."""

    def __init__(self, client: Client, application: Application, sign_in: SignIn) -> None:
        self._client, self._application, self._sign_in = client, application, sign_in

    def mail(self, login: str, *, account_store: AccountStore | None = None, ticket: str | None = None) -> None:
        """Mail the link once more, if an account of the application has this *login* and is not verified yet.

        *login*: an e-mail address or a username. *account_store*: look for it only there. *ticket*: as for
        :meth:`.PasswordReset.mail`. Nothing tells the caller
        whether there is such an account, nor the time that it takes: tell visitors the same in any case. Raises
        :class:`VerificationRefused` with the code ``TOO_MANY_TRIES`` where it was asked for too often, for a name that
        nobody has as well; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        with mailing(VerificationRefused), holding(ticket):
            self._application.verification_emails.create({"login": login, **within(account_store)})

    def account(self, token: object) -> Account | None:
        """The account that a mailed *token*, which may be anything, is for. The token stays good. None: a directory of
        an older version, on another machine, does not say.

        Raises :class:`TokenRefused` for one that is unknown, used or too old; :class:`~stormpath_wsgi.Error` when the
        directory fails.
        """
        text = checked(token)
        try:
            with asking():
                account = self._client.accounts.account_of_email_token(text)
                account.refresh()
        except Error as error:
            if error.status != HTTPStatus.METHOD_NOT_ALLOWED:
                raise
            return None
        return account

    def verify(
        self, session: CurrentSession, token: object, *, signs_in: bool = False, ticket: str | None = None
    ) -> Entered:
        """Use *token* up: the address of its account is verified, which may sign in from now on.

        *signs_in*: whether the visitor is signed in at once. Who is asked for more is not (the ``unfinished`` of the
        answer), nor anybody where that fails. Of several calls with one token one succeeds, and any with the same
        *ticket* within two minutes: a double click.

        Raises :class:`TokenRefused` as :meth:`account` does; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        text = checked(token)
        waited = self._client.limits is None and self._waits(text)
        with asking(), holding(ticket):
            account = self._client.accounts.verify_email_token(text)
        if waited:
            self._tell(account)
        return self._sign_in.enter_after(session, account, credential=MAIL, wanted=signs_in)

    def answer(self, session: CurrentSession, ticket: str, code: object, *, signs_in: bool = False) -> Entered:
        """Verify an address as :meth:`verify`, by the *code* of a mail that was asked for with *ticket*.

        Raises :class:`CodeRefused`; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        made = answered(self._application, VERIFICATION, ticket, code)
        account = Account(self._client, made["href"])
        if self._client.limits is None:
            self._tell(account)
        return self._sign_in.enter_after(session, account, credential=MAIL, wanted=signs_in)

    def _waits(self, token: str) -> bool:
        """Whether the account of *token* waits for its address to be verified, as far as another machine tells."""
        try:
            account = self.account(token)
        except TokenRefused:
            return False  # used already: it may be a double click
        return account is not None and account.status == UNVERIFIED

    def _tell(self, account: Account) -> None:
        """Tells listeners here what a directory on another machine tells its own only."""
        account.refresh()
        if account.status == ENABLED:
            told = StatusChanged(account=account.href, old=UNVERIFIED, new=ENABLED, credential=VERIFICATION_TOKEN)
            self._client.events.emit(told)
