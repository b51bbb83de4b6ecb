"""Securing an account: somebody says that what a notice told him was not his doing."""

from __future__ import annotations

from stormpath_wsgi.client import Account, Client
from stormpath_wsgi.events import AccountSecured, reserved
from stormpath_wsgi.flows.mailed import asking, checked
from stormpath_wsgi.flows.password import PasswordReset
from stormpath_wsgi.flows.refusals import PasswordRefused
from stormpath_wsgi.session import CurrentSession


class Securing:
    """What the button of a notice does. Lives with the process; threads may share it."""

    def __init__(self, client: Client, password: PasswordReset) -> None:
        self._client, self._events, self._password = client, client.events, password

    def account(self, token: object) -> Account:
        """The account that the *token* of a notice, which may be anything, was mailed to. It stays good.

        Raises :class:`TokenRefused` for one that is unknown, used or too old; :class:`~stormpath_wsgi.Error` when the
        directory fails.
        """
        text = checked(token)
        with asking():
            account = self._client.accounts.account_of_notice(text)
            account.refresh()
        return account

    def secure(self, session: CurrentSession, token: object) -> bool:
        """Use *token* up: all sessions of its account end, that of this browser too, and a link for a new password is
        mailed to the address that the account has. Of several calls with one token one succeeds.

        Returns whether a link is on its way: it is not where mails were asked for too often, or the directory mails
        none. Raises as :meth:`account`.
        """
        account = self.account(token)
        with asking(), reserved(AccountSecured) as kept:
            self._client.accounts.secure_account(checked(token))
        known = next((event for event in kept if isinstance(event, AccountSecured)), None)
        self._events.emit(known or AccountSecured(account=account.href))
        if session.user.href == account.href:
            session.sign_out()
        try:
            return self._password.mail_to(account)
        except PasswordRefused:
            return False
