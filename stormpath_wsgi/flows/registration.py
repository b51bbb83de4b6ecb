"""Registration: somebody makes an account, and may be signed in by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from stormpath_wsgi import kinds
from stormpath_wsgi.client import Account, Application, Client, Organization
from stormpath_wsgi.client.choice import find_organization
from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, TooManyTries
from stormpath_wsgi.events import REGISTRATION, Registered, RegistrationStarts, reserved
from stormpath_wsgi.flows.browser import Browsers
from stormpath_wsgi.flows.new_passwords import NewPasswords
from stormpath_wsgi.flows.refusals import RegistrationRefused, field_of
from stormpath_wsgi.flows.sign_in import Entered, SignIn
from stormpath_wsgi.kinds import ENABLED, id_of
from stormpath_wsgi.limits import Limits
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.tickets import holding

#: The field of a refusal for the key of an organization.
ORGANIZATION = "organization_name_key"

#: What people may say of themselves. Their status is not among it: who registers does not choose it.
GIVEN = frozenset({"username", "email", "password", "given_name", "middle_name", "surname", "custom_data"})

#: What a directory says with an account that it has not made now: its address is taken, or the first of two clicks has
#: made it.
NOT_MADE = frozenset({"taken", "repeated"})

#: What people may say, by their names in JSON: the directory blames these.
WIRE_NAMES = {wire: member.name for wire, member in kinds.Account.members.items() if member.name in GIVEN}


class Registration:
    """Registrations at one application. Lives with the process; threads may share it."""

    def __init__(
        self,
        client: Client,
        application: Application,
        sign_in: SignIn,
        browsers: Browsers,
        limits: Limits,
        new_passwords: NewPasswords,
    ) -> None:
        self._client, self._application, self._sign_in = client, application, sign_in
        self._browsers, self._limits, self._new_passwords = browsers, limits, new_passwords
        self._events = client.events

    def __call__(
        self,
        session: CurrentSession,
        data: Mapping[str, Any],
        *,
        organization_name_key: str | None = None,
        signs_in: bool = False,
        remember: bool | None = None,
        ticket: str | None = None,
        mails_code: bool = True,
        hides_taken: bool = False,
    ) -> Entered:
        """Make an account of *data*, by the names in :data:`GIVEN`, in the default account store of the application, or
        of the organization with that key.

        *ticket*: as for :meth:`.PasswordReset.mail`, for the code of the mail that verifies the address, unless
        *mails_code* is False. Who sends the same twice with one ticket, by a double click, is answered twice, and has
        one account. *hides_taken*: where addresses are verified, answer for an address that somebody has as for a new
        one; then its owner gets a mail, and the account of the answer exists nowhere.
        *signs_in*: whether the visitor is signed in with it at once. Who has to verify an address first is not, nor is
        who is asked for more than the password (the ``unfinished`` of the answer), nor anybody where that fails: the
        account is made by then, and whoever got an error would make another one. *remember*: for how long, as in
        :meth:`SignIn.enter_after`.

        Raises :class:`RegistrationRefused`, with the name of the value as its ``field`` where the directory names one,
        and with the code ``TOO_MANY_TRIES`` where too many accounts were asked for from one address;
        :class:`~stormpath_wsgi.events.Declined` when a listener refuses, and
        :class:`~stormpath_wsgi.Error` when the directory fails. No account is made then.
        """
        for name in data:
            if name not in GIVEN:
                raise RegistrationRefused(Code.UNKNOWN_PROPERTY, field=name)
        with self._trying(session), holding(ticket):
            asked = {"hides_taken": hides_taken or None, "mails_code": None if mails_code else False}
            account = self._make(self._owner(organization_name_key), data, asked)
        enters = signs_in and account.status == ENABLED
        return self._sign_in.enter_after(session, account, credential=REGISTRATION, wanted=enters, remember=remember)

    @contextmanager
    def _trying(self, session: CurrentSession) -> Iterator[None]:
        """Registrations are limited here, and not in the directory: whoever runs it may make any number of accounts."""
        try:
            with self._browsers.trying(session), self._limits.registration(id_of(self._application.href)):
                yield
        except TooManyTries as error:
            raise RegistrationRefused.of(error) from error

    def _owner(self, name_key: Any) -> Application | Organization:
        if name_key is None:
            return self._application
        # People type it, perhaps with a blank at its end. Another caller may pass anything.
        typed = name_key.strip() if isinstance(name_key, str) else name_key
        found = find_organization(self._client, self._application, typed)
        if found is None:
            raise RegistrationRefused(Code.UNKNOWN_RESOURCE, field=ORGANIZATION)
        return found

    def _make(self, owner: Application | Organization, data: Mapping[str, Any], asked: Mapping[str, Any]) -> Account:
        try:
            wish = self._events.before(RegistrationStarts(data=typed(data)))
            self._new_passwords.check(wish.data["password"], wish.data)
            with reserved(RegistrationStarts, Registered) as kept:
                account = owner.accounts.create(dict(wish.data), **asked)
        except Error as error:
            raise RegistrationRefused.of(error, field=WIRE_NAMES.get(field_of(error, WIRE_NAMES) or "")) from error
        if account.document().keys() & NOT_MADE:
            return account
        # The directory in this program says when; of another one we know no more than that it has happened.
        known = next((event for event in kept if isinstance(event, Registered)), None)
        self._events.emit(known or Registered(account=account.href))
        return account


def typed(data: Mapping[str, Any]) -> dict[str, Any]:
    """*data* with what an account cannot be without, and text where an account has text: listeners rely on that.
    Whatever else is wrong the directory says.

    Raises :class:`~stormpath_wsgi.Error`: a browser may post a list as an address.
    """
    texts = {member.name: member for member in kinds.Account.declared(kinds.Text)}
    for name, member in texts.items():
        if member.required:
            member.check(data.get(name))
    is_text = {name: value is None or isinstance(value, str) or name not in texts for name, value in data.items()}
    return {name: value if is_text[name] else texts[name].check(value) for name, value in data.items()}
