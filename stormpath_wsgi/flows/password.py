"""A password that was forgotten: a link is mailed, and whoever has it chooses a new password, once."""

from __future__ import annotations

from stormpath_wsgi import kinds
from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import MAIL, RESET_TOKEN, PasswordChanged, PasswordChangeStarts, at, reserved
from stormpath_wsgi.flows.browser import Browsers
from stormpath_wsgi.flows.mailed import RESET, AccountStore, answered, asking, checked, mailed_to, mailing, within
from stormpath_wsgi.flows.new_passwords import NewPasswords
from stormpath_wsgi.flows.refusals import PasswordRefused, TokenRefused
from stormpath_wsgi.flows.sign_in import Entered, SignIn
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.tickets import holding


class PasswordReset:
    """New passwords for those who have forgotten theirs. Lives with the process; threads may share it."""

    def __init__(
        self,
        client: Client,
        application: Application,
        sign_in: SignIn,
        browsers: Browsers,
        new_passwords: NewPasswords,
    ) -> None:
        self._client, self._application, self._sign_in = client, application, sign_in
        self._browsers, self._new_passwords = browsers, new_passwords
        self._events = client.events

    def mail(self, email: str, *, account_store: AccountStore | None = None, ticket: str | None = None) -> None:
        """Mail a link for a new password to *email*, if an account of the application has that address.

        *account_store*: look for it only there. *ticket*: text that only the browser of the visitor has
        (:func:`stormpath_wsgi.tickets.new`): then the mail has a code as well, for :meth:`answer`, and what is asked
        for twice with one ticket within a minute is mailed once.

        Nothing tells the caller whether one has, nor the time that it takes: tell visitors the same in any case. Raises
        :class:`PasswordRefused` with the code ``TOO_MANY_TRIES`` where it was asked for too often, for an address that
        nobody has as well; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        with mailing(PasswordRefused), holding(ticket):
            self._application.password_reset_tokens.create({"email": email, **within(account_store)})

    def mail_to(self, account: Account) -> bool:
        """Mail a link for a new password to *account*, and to no other one of that address.

        Returns whether a link is on its way: it is not where its directory mails none.

        Raises :class:`PasswordRefused` where it was asked for too often; :class:`~stormpath_wsgi.Error` when the
        directory fails.
        """
        return mailed_to(self._application, account, PasswordRefused)

    def account(self, token: object) -> Account:
        """The account that a mailed *token*, which may be anything, is for. The token stays good.

        Raises :class:`TokenRefused` for one that is unknown, used, too old, or of another application;
        :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        text = checked(token)
        with asking():
            account = self._application.verify_password_reset_token(text)
            account.refresh()
        return account

    def answer(self, ticket: str, code: object) -> str:
        """A token for a new password, for who has typed the *code* of the mail that was asked for with *ticket*.

        Raises :class:`CodeRefused`; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        made = answered(self._application, RESET, ticket, code)
        return str(made["href"]).rpartition("/")[2]

    def change(
        self,
        session: CurrentSession,
        token: object,
        password: str,
        *,
        signs_in: bool = False,
        ticket: str | None = None,
    ) -> Entered:
        """Use *token* up to give its account a new *password*. All sessions of the account end, and it is mailed.

        *signs_in*: whether the visitor is signed in at once. Who is asked for more than the password is not (the
        ``unfinished`` of the answer), nor anybody where that fails: the password is changed by then. Of several calls
        with one token one succeeds, and any that says the same with the same *ticket* within two minutes: a double
        click.

        Raises :class:`TokenRefused` as :meth:`account` does; :class:`PasswordRefused` for a password that will not do,
        and :class:`~stormpath_wsgi.events.Declined` when a listener refuses: the token stays good then. Raises
        :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        with self._browsers.trying(session), holding(ticket):  # whose waits end with it
            try:
                owner = self.account(token)
            except TokenRefused:
                if ticket is None:
                    raise
                href = self._repeat(checked(token), password)
            else:
                href = owner.href
                self._set(owner, checked(token), password)
        account = Account(self._client, href)  # as it is now: a session belongs to a password
        return self._sign_in.enter_after(session, account, credential=MAIL, wanted=signs_in)

    def _repeat(self, token: str, password: str) -> str:
        """The account whose *token* this browser has just used up to set the same *password*. Raises TokenRefused."""
        try:
            with asking():
                return self._application.reset_account_password(token, password).href
        except Error as error:
            raise TokenRefused(Code.NOT_FOUND, error=error) from error

    def _set(self, owner: Account, token: str, password: str) -> None:
        with at(credential=RESET_TOKEN):
            try:
                wanted = kinds.Account.password.check(password)  # a browser may post a list, and listeners expect text
                wish = self._events.before(PasswordChangeStarts(account=owner.href, password=wanted))
                self._new_passwords.check(wish.password, owner)
                with asking(), reserved(PasswordChangeStarts, PasswordChanged) as kept:
                    self._application.reset_account_password(token, wish.password)
            except Error as error:
                raise PasswordRefused.of(error, field="password") from error
            known = next((event for event in kept if isinstance(event, PasswordChanged)), None)
            if known is not None or self._client.limits is None:  # a directory in this process has told it, or repeats
                self._events.emit(known or PasswordChanged(account=owner.href))
