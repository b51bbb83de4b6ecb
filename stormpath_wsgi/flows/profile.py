"""What somebody who is signed in may say of himself: names, and the language in which he is spoken to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.client import Account, Client
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import AccountUpdated, reserved
from stormpath_wsgi.flows.refusals import ProfileRefused, field_of
from stormpath_wsgi.session import CurrentSession

#: The names of a person, by their names in JSON.
NAMES: Mapping[str, kinds.Name[Any]] = {
    member.wire: member for member in (kinds.Account.given_name, kinds.Account.middle_name, kinds.Account.surname)
}

#: The key of the custom data that holds the language of an account, a tag of BCP 47. Accounts have no attribute for it
#: on the wire; the key is that of SCIM (RFC 7643, section 4.1.1).
LANGUAGE = "preferredLanguage"


class Profile:
    """Changes of one's own account. Lives with the process; threads may share it."""

    def __init__(self, client: Client) -> None:
        self._events = client.events

    def rename(self, session: CurrentSession, names: Mapping[str, Any]) -> None:
        """Give who is signed in these *names*, by the keys of :data:`NAMES`. A blank one is taken away.

        Raises :class:`ProfileRefused` for a name that will not do, and when nobody is signed in;
        :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        account = signed_in(session)
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
        data = signed_in(session).custom_data
        try:
            if language is not None:
                data[LANGUAGE] = language
            elif LANGUAGE in data:
                del data[LANGUAGE]
            data.save()
        except Error as error:
            raise ProfileRefused.of(error) from error


def signed_in(session: CurrentSession) -> Account:
    """The account of *session*. Raises :class:`ProfileRefused` when nobody is signed in."""
    account = session.user.account
    if account is None:
        raise ProfileRefused(Code.NO_SUCH_ACCOUNT)
    return account


def _is_given(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())
