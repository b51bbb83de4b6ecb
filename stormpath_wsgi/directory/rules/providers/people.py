"""The accounts of the people that a social provider has told of: one for each, in the directory of the provider.

An account is found by what the provider calls its owner, which no other person gets, and by nothing else: an address
may be another person's by now. Its names are those at the provider whenever its owner signs in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.mail.addresses import mailbox
from stormpath_wsgi.directory.providers import Person
from stormpath_wsgi.directory.rows import records
from stormpath_wsgi.directory.rows.records import Wire
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.rules.accounts import account_schema, accounts, creation_policy, login_names
from stormpath_wsgi.directory.rules.providers import mapping_rules
from stormpath_wsgi.directory.rules.providers.mapping_rules import Told
from stormpath_wsgi.directory.rules.stores.mappings import Store
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire.paths import Resource
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.kinds import UNVERIFIED, VERIFIED, Account, CustomData, ProviderData, wire_name

_data = schema.provider_data

#: What of an account is only shown: nobody signs in with it.
_SHOWN = (Account.given_name, Account.middle_name, Account.surname)


class People:
    """Those of one directory. *provider_id*: who knows them there."""

    def __init__(self, directory_id: str, provider_id: str) -> None:
        self.directory_id, self._provider_id = directory_id, provider_id

    def find(self, work: UnitOfWork, person: Person) -> str | None:
        """The id of the account of *person*; None: there is none yet."""
        asked = {"directory": self.directory_id, "subject": person.subject}
        found: str | None = work.connection.execute(_FIND, asked).scalar()
        return found

    def planned(self, context: Context, person: Person, told: Told) -> Planned:
        """What a new account of *person* is to be, once the listeners have had their say. No transaction is open.

        Raises 7110 when one refuses; 7201 when the provider has not told what an account must have; 7205 and 7206 for
        the domain of the address.
        """
        email = told.values.get("email")
        if email is None:
            raise fault(
                Code.PROVIDER_LACKS,
                f"{self._provider_id} did not tell an e-mail address, and an account cannot be without one.",
            )
        sent = {"username": email, **told.values, "customData": told.laid_over({})}
        body, data = accounts.as_listeners_want(context, sent)
        values = {**body.values, "email": email, "email_verification_status": _proof(told)}
        values.pop("password", None)
        with context.read() as work:
            creation_policy.of_directory(work, self.directory_id).check(email)
            try:
                account_schema.check_new(work, self.directory_id, values)
            except Error as error:
                raise fault(
                    Code.PROVIDER_LACKS, f"{self._provider_id} did not tell all of it: {error.developer_message}"
                ) from error
        return values, data

    def make(self, work: UnitOfWork, person: Person, planned: Planned) -> str:
        """Makes the account of *person*, and returns its id. Raises 2001 where another one has one of its names, or was
        made for the same person meanwhile.
        """
        id, (values, data) = new_id(), planned
        accounts.make_proved(work, id, Store(self.directory_id), values, data)
        columns = {"directory_id": self.directory_id, "subject": person.subject}
        known = {"provider_id": self._provider_id, **_kept(person)}
        records.make(work, ProviderData, id, known, **columns)
        return id

    def refresh(self, work: UnitOfWork, id: str, person: Person, told: Told) -> None:
        """Writes down what the provider tells now. The row of the account is locked.

        A name that another account has meanwhile is not taken over: the account keeps the one it has.
        """
        records.change(work, ProviderData, id, _kept(person))
        current = records.load(work, Resource(Account, id))
        shown = {each.name: told.values[each.wire] for each in _SHOWN if each.wire in told.values}
        changed = {**shown, **self._renamed(work, id, told, current)}
        if told.proves_email and mailbox(str(changed.get("email", current["email"]))) == mailbox(told.values["email"]):
            changed["email_verification_status"] = VERIFIED
        if changed := {name: value for name, value in changed.items() if value != current[wire_name(name)]}:
            records.change(work, Account, id, changed)
            login_names.claim(work, id)
            accounts.tell_changes(work, id, changed, current)
            work.outdated.add(id)
        if told.data:
            stored = records.load(work, Resource(CustomData, id, Account))
            if laid := told.laid_over(stored):
                custom_data.merge(work, id, laid)
                work.outdated.add(id)

    def _renamed(self, work: UnitOfWork, id: str, told: Told, current: Wire) -> dict[str, Any]:
        """The login names that are other ones now, which nobody else has, and what that says of the address."""
        wanted = {name: told.values[name] for name in ("email", "username") if name in told.values}
        if current["username"] == current["email"] and "email" in wanted:
            wanted.setdefault("username", wanted["email"])
        changed = {name: value for name, value in wanted.items() if value != current[name]}
        if not changed or not login_names.are_free(work, id, self.directory_id, **changed):
            return {}
        if "email" in changed and mailbox(changed["email"]) != mailbox(current["email"]):
            return {**changed, "email_verification_status": _proof(told)}
        return changed


#: The values of a new account, by their names in Python, and its custom data.
Planned = tuple[Mapping[str, Any], Mapping[str, Any] | None]


def _kept(person: Person) -> dict[str, Any]:
    """What is stored of *person*. A token that is not given this time stays: providers give some only once."""
    tokens = {"access_token": person.access_token, "refresh_token": person.refresh_token}
    given = {name: text for name, text in tokens.items() if text is not None}
    return {**given, "user_info": mapping_rules.kept_of(person)}


def _proof(told: Told) -> str:
    return VERIFIED if told.proves_email else UNVERIFIED


_FIND = select(_data.c.id).where(
    _data.c.directory_id == bindparam("directory"), _data.c.subject == bindparam("subject")
)
