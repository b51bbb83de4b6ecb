"""What somebody who is signed in may say of himself: names, and the language in which he is spoken to."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.client import Account, Client
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import AccountUpdated, PasswordChanged, PasswordChangeStarts, reserved
from stormpath_wsgi.flows.fresh import Fresh
from stormpath_wsgi.flows.new_passwords import NewPasswords
from stormpath_wsgi.flows.own import signed_in
from stormpath_wsgi.flows.refusals import PasswordRefused, ProfileRefused, field_of
from stormpath_wsgi.session import CurrentSession

log = logging.getLogger(__name__)

#: The names of a person, by their names in JSON.
NAMES: Mapping[str, kinds.Name[Any]] = {
    member.wire: member for member in (kinds.Account.given_name, kinds.Account.middle_name, kinds.Account.surname)
}

#: The key of the custom data that holds the language of an account, a tag of BCP 47. Accounts have no attribute for it
#: on the wire; the key is that of SCIM (RFC 7643, section 4.1.1).
LANGUAGE = "preferredLanguage"


class Profile:
    """Changes of one's own account. Lives with the process; threads may share it."""

    def __init__(self, client: Client, fresh: Fresh, new_passwords: NewPasswords) -> None:
        self._client, self._events, self._fresh = client, client.events, fresh
        self._new_passwords = new_passwords

    def rename(self, session: CurrentSession, names: Mapping[str, Any]) -> None:
        """Give who is signed in these *names*, by the keys of :data:`NAMES`. A blank one is taken away.

        Raises :class:`ProfileRefused` for a name that will not do, and when nobody is signed in;
        :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        account = signed_in(session, ProfileRefused)
        before = dict(account)
        try:
            for wire, value in names.items():
                member = NAMES[wire]
                setattr(account, member.name, member.check(value) if _is_given(value) else None)
            with reserved(AccountUpdated) as kept:
                account.save()
        except Error as error:
            raise ProfileRefused.of(error, field=field_of(error, NAMES)) from error
        changed = tuple(wire for wire, member in NAMES.items() if account[member.name] != before[member.name])
        known = next((event for event in kept if isinstance(event, AccountUpdated)), None)
        if changed:
            self._events.emit(known or AccountUpdated(account=account.href, changed=changed))

    def speak(self, session: CurrentSession, language: str | None) -> None:
        """Speak *language*, a tag of BCP 47, to who is signed in, from the next request on.

        None: that which the browser asks for.

        Raises :class:`ProfileRefused` when nobody is signed in; :class:`~stormpath_wsgi.Error` when the directory
        fails.
        """
        data = signed_in(session, ProfileRefused).custom_data
        try:
            if language is not None:
                data[LANGUAGE] = language
            elif LANGUAGE in data:
                del data[LANGUAGE]
            data.save()
        except Error as error:
            raise ProfileRefused.of(error) from error

    def change_password(self, session: CurrentSession, present: object, password: object) -> None:
        """Give who is signed in a new *password*, if *present* is the one that he has; both may be anything.

        All other sessions of the account end. This browser gets a new one, and the account is told by mail.

        Raises :class:`SignInRefused` as :meth:`.Fresh.confirm` does; :class:`PasswordRefused` for a new password that
        will not do, and :class:`~stormpath_wsgi.events.Declined` when a listener refuses; nothing has changed then.
        Raises :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        owner = self._fresh.confirm(session, present)
        href = owner.href
        try:
            wanted = kinds.Account.password.check(password)
            wish = self._events.before(PasswordChangeStarts(account=href, password=wanted))
            self._new_passwords.check(wish.password, owner)
            with reserved(PasswordChangeStarts, PasswordChanged) as kept:
                Account(self._client, href).change_own_password(wish.password)
        except Error as error:
            raise PasswordRefused.of(error, field="password") from error
        known = next((event for event in kept if isinstance(event, PasswordChanged)), None)
        self._events.emit(known or PasswordChanged(account=href))
        try:
            account = Account(self._client, href)
            account.refresh()  # as it is now: a session belongs to a password
            session.sign_in(account, remember=session.remember, factor=self._fresh.factor(session, account))
        except Error as error:  # the password is changed: whoever got an error would do it once more
            log.warning("The account %s could not be kept signed in after its password changed: %s", href, error)


def _is_given(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())
