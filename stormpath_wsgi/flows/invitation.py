"""An invitation is accepted: whoever has the link that was mailed makes the account, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stormpath_wsgi.client import Account, Application, Client
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import (
    INVITATION_TOKEN,
    MAIL,
    InvitationAccepted,
    Registered,
    RegistrationStarts,
    at,
    reserved,
)
from stormpath_wsgi.flows.mailed import asking, checked
from stormpath_wsgi.flows.new_passwords import NewPasswords
from stormpath_wsgi.flows.refusals import InvitationRefused, field_of
from stormpath_wsgi.flows.registration import WIRE_NAMES, typed
from stormpath_wsgi.flows.sign_in import Entered, SignIn
from stormpath_wsgi.session import CurrentSession

#: What who is invited may say of himself. The address is that of the invitation.
GIVEN = frozenset({"username", "password", "given_name", "middle_name", "surname", "custom_data"})


@dataclass(frozen=True, slots=True)
class Invitee:
    """Who is invited: the address, and the href of the directory in which the account is going to be made."""

    email: str
    directory: str


class Invitation:
    """Invitations to one application. Lives with the process; threads may share it."""

    def __init__(self, client: Client, application: Application, sign_in: SignIn, new_passwords: NewPasswords) -> None:
        self._new_passwords = new_passwords
        self._application, self._sign_in, self._events = application, sign_in, client.events

    def invitee(self, token: object) -> Invitee:
        """Who is invited by a mailed *token*, which may be anything. The token stays good.

        Raises :class:`TokenRefused` for one that is unknown, used, revoked or too old; :class:`~stormpath_wsgi.Error`
        when the directory fails.
        """
        text = checked(token)
        with asking():
            found = self._application.verify_invitation_token(text)
        return Invitee(found.email, found.directory.href)

    def accept(
        self,
        session: CurrentSession,
        token: object,
        data: Mapping[str, Any],
        *,
        signs_in: bool = False,
        remember: bool | None = None,
    ) -> Entered:
        """Use *token* up: make the account of *data*, by the names in :data:`GIVEN`. It is verified, for the mail has
        reached its reader, and it is in the groups of the invitation.

        *signs_in*: whether the visitor is signed in with it at once, and *remember* for how long, as in
        :meth:`SignIn.enter_after`. Who is asked for more is not (the ``unfinished`` of the answer), nor anybody where
        that fails. Of several calls with one token one succeeds.

        Raises :class:`TokenRefused` as :meth:`invitee` does; :class:`InvitationRefused` for what will not do, with the
        name of the value as its ``field``, and :class:`~stormpath_wsgi.events.Declined` when a listener refuses: the
        token stays good then. Raises :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        for name in data:
            if name not in GIVEN:
                raise InvitationRefused(Code.UNKNOWN_PROPERTY, field=name)
        invitee, text = self.invitee(token), checked(token)
        with at(credential=INVITATION_TOKEN):
            account = self._make(text, {**data, "email": invitee.email})
        return self._sign_in.enter_after(session, account, credential=MAIL, wanted=signs_in, remember=remember)

    def _make(self, token: str, data: Mapping[str, Any]) -> Account:
        try:
            wish = self._events.before(RegistrationStarts(data=typed(data)))
            self._new_passwords.check(wish.data["password"], wish.data)
            given = {name: value for name, value in wish.data.items() if name != "email"}
            with reserved(RegistrationStarts, Registered, InvitationAccepted) as kept, asking():
                account = self._application.accept_invitation(token, given)
        except Error as error:
            raise InvitationRefused.of(error, field=WIRE_NAMES.get(field_of(error, WIRE_NAMES) or "")) from error
        # The directory in this program says when; of another one we know no more than that it has happened.
        told = [event for event in kept if isinstance(event, Registered | InvitationAccepted)]
        for event in told or (Registered(account=account.href), InvitationAccepted(account=account.href)):
            self._events.emit(event)
        return account
