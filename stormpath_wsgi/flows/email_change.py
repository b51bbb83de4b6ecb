"""Another address for an account: it waits until a mail to it was read, and the address of before can take it back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from stormpath_wsgi.client import Account, Client
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import EmailChanged, reserved
from stormpath_wsgi.flows.fresh import Fresh
from stormpath_wsgi.flows.mailed import asking, checked
from stormpath_wsgi.flows.own import signed_in
from stormpath_wsgi.flows.password import PasswordReset
from stormpath_wsgi.flows.refusals import PasswordRefused, ProfileRefused
from stormpath_wsgi.kinds import Account as AccountKind
from stormpath_wsgi.session import CurrentSession


@dataclass(frozen=True, slots=True)
class AddressToken:
    """What a mailed token does: *account* gets the address *email*. *back*: that is the one that it had before, and all
    its sessions end. *mailed*: whether, after that, a link for a new password is on its way there.
    """

    account: Account
    email: str
    back: bool
    mailed: bool = False


class EmailChanges:
    """The addresses of accounts that are signed in. Lives with the process; threads may share it."""

    def __init__(self, client: Client, fresh: Fresh, password: PasswordReset) -> None:
        self._client, self._events, self._fresh, self._password = client, client.events, fresh, password

    def waiting(self, account: Account) -> str | None:
        """The address that waits to be verified; None: none does. Raises :class:`~stormpath_wsgi.Error`."""
        change = account.waiting_email()
        return None if change is None else change.email

    def begin(self, session: CurrentSession, email: Any) -> None:
        """Mail a link to *email*, which may be anything; the address counts once that was opened.

        Nothing tells the caller whether another account has the address: tell visitors the same in any case. Raises
        :class:`FreshRequired` where the sign-in is old; :class:`ProfileRefused`, with the field ``email``, for what is
        no address or the one that the account has, and with the code ``TOO_MANY_TRIES`` when mails were asked for too
        often; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        self._fresh.check(session)
        self._mail(signed_in(session, ProfileRefused), email)

    def again(self, session: CurrentSession) -> None:
        """Mail the link to the address that waits once more. Does nothing when none does. Raises as :meth:`begin`."""
        account = signed_in(session, ProfileRefused)
        email = self.waiting(account)
        if email is not None:
            self._mail(account, email)

    def cancel(self, session: CurrentSession) -> None:
        """Forget the address that waits. Does no harm when none does. Raises :class:`~stormpath_wsgi.Error`."""
        signed_in(session, ProfileRefused).cancel_email()

    def token(self, token: object) -> AddressToken:
        """What a mailed *token*, which may be anything, would do. It stays good.

        Raises :class:`TokenRefused` for one that is unknown, used or too old; :class:`~stormpath_wsgi.Error` when the
        directory fails.
        """
        text = checked(token)
        with asking():
            found = self._client.accounts.email_change_of(text)
        return AddressToken(found.account, found.email, found.back)

    def use(self, session: CurrentSession, token: object) -> AddressToken:
        """Use *token* up: do what :meth:`token` says. Of several calls with one token one succeeds.

        The sessions of the account go on, unless the change is taken back: then all end, that of this browser too, and
        a link for a new password is mailed, since whoever changed the address may know the present one.
        Raises :class:`TokenRefused` as :meth:`token` does; :class:`ProfileRefused` when another account has got the
        address meanwhile; :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        found = self.token(token)
        found.account.refresh()
        old = found.account.email
        try:
            with asking(), reserved(EmailChanged) as kept:
                self._client.accounts.use_email_change(checked(token))
        except Error as error:
            raise ProfileRefused.of(error, field="email") from error
        known = next((event for event in kept if isinstance(event, EmailChanged)), None)
        self._events.emit(known or EmailChanged(account=found.account.href, old=old, new=found.email))
        if not found.back:
            return found
        if session.user.href == found.account.href:
            session.sign_out()
        return replace(found, mailed=self._mail_password(found.account))

    def _mail_password(self, account: Account) -> bool:
        account.refresh()  # it has its old address again
        try:
            return self._password.mail_to(account)
        except PasswordRefused:
            return False

    def _mail(self, account: Account, email: Any) -> None:
        try:
            account.change_email(AccountKind.email.check(email))
        except Error as error:
            raise ProfileRefused.of(error, field="email") from error
