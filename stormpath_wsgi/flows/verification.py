"""An e-mail address that is verified: a link is mailed, and whoever has it shows that mail to the address arrives."""

from __future__ import annotations

from http import HTTPStatus

from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import MAIL
from stormpath_wsgi.flows.mailed import AccountStore, asking, checked, mailing, within
from stormpath_wsgi.flows.refusals import VerificationRefused
from stormpath_wsgi.flows.sign_in import Entered, SignIn
from stormpath_wsgi.session import CurrentSession


class Verification:
    """The addresses of new accounts. Lives with the process; threads may share it."""

    def __init__(self, client: Client, application: Application, sign_in: SignIn) -> None:
        self._client, self._application, self._sign_in = client, application, sign_in

    def mail(self, login: str, *, account_store: AccountStore | None = None) -> None:
        """Mail the link once more, if an account of the application has this *login* and is not verified yet.

        *login*: an e-mail address or a username. *account_store*: look for it only there. Nothing tells the caller
        whether there is such an account, nor the time that it takes: tell visitors the same in any case. Raises
        :class:`VerificationRefused` with the code ``TOO_MANY_TRIES`` where it was asked for too often, for a name that
        nobody has as well; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        with mailing(VerificationRefused):
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

    def verify(self, session: CurrentSession, token: object, *, signs_in: bool = False) -> Entered:
        """Use *token* up: the address of its account is verified, which may sign in from now on.

        *signs_in*: whether the visitor is signed in at once. Who is asked for more is not (the ``unfinished`` of the
        answer), nor anybody where that fails. Of several calls with one token one succeeds.

        Raises :class:`TokenRefused` as :meth:`account` does; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        text = checked(token)
        with asking():
            account = self._client.accounts.verify_email_token(text)
        return self._sign_in.enter_after(session, account, credential=MAIL, wanted=signs_in)
