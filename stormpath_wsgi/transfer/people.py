"""Accounts out of systems that know none of our ids: each person becomes an account, unless its names are taken.

An account is known again by its username, which is its e-mail address where it has no other. So the same import can be
run again, and makes nobody twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.crypto import foreign_hashes
from stormpath_wsgi.directory.mail.addresses import is_address
from stormpath_wsgi.directory.rules import custom_data
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.ids import new_id
from stormpath_wsgi.directory.wire.canonical import canonical_email, canonical_name, canonical_username
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.kinds import COLON, ENABLED, UNVERIFIED, VERIFIED, Account, Group
from stormpath_wsgi.transfer.problems import BadRecord, reason
from stormpath_wsgi.transfer.targets import Target
from stormpath_wsgi.transfer.writing import Item, Mistake, Record, There, batches

#: People in one transaction.
_AT_ONCE = 250

#: Of an address for who has none: no mail can be sent there (RFC 2606, section 2).
NO_ADDRESS = "missing.invalid"

UNKNOWN_HASH = "its password cannot be checked here; its owner has to ask for a new one."


class Person(NamedTuple):
    """Somebody who had an account elsewhere. *where*: for people who read of a mistake.

    *hash*: of the password, in the words of the other system; None: there is none that could be taken over.
    *created_at*: milliseconds. *groups*: names. *data*: custom data.
    """

    where: str
    email: Any = None
    username: Any = None
    given_name: Any = None
    middle_name: Any = None
    surname: Any = None
    status: Any = ENABLED
    is_verified: bool = False
    hash: str | None = None
    created_at: int | None = None
    groups: tuple[str, ...] = ()
    data: Mapping[str, Any] = {}

    @property
    def size(self) -> int:
        """Bytes, about."""
        return 1000 + sum(len(str(value)) for value in self.data.values())


class People:
    """Makes rows of persons, for the directory *directory_id* of the tenant."""

    def __init__(self, target: Target, tenant_id: str, directory_id: str) -> None:
        self._target, self._tenant_id, self._directory_id = target, tenant_id, directory_id
        self._groups: dict[str, str] = {}  # ids, by the folded name

    def batches(self, persons: Iterable[Person | Mistake]) -> Iterator[list[Item]]:
        """What is to be written of *persons*, in batches that each hold all that belongs to an account."""
        for chunk in batches(persons, _AT_ONCE):
            yield self._batch(chunk)

    def _batch(self, chunk: list[Person | Mistake]) -> list[Item]:
        rest: list[Item] = []
        checked = []
        for person in chunk:
            if isinstance(person, Mistake):
                rest.append(person)
                continue
            try:
                checked.append((person, _account(person)))
            except (Error, BadRecord) as error:
                rest.append(Mistake(person.where, "accounts", reason(error)))
        owners = self._owners(checked)
        made = _Made()
        for person, values in checked:
            self._add(person, values, owners, made, rest)
        return [*rest, *made.groups, *made.accounts, *made.passwords, *made.provider_data, *made.data, *made.members]

    def _add(
        self, person: Person, values: dict[str, Any], owners: dict[str, str], made: _Made, rest: list[Item]
    ) -> None:
        """Adds the rows of *person* to what is *made*, and its names to *owners*; or says in *rest* why it does not."""
        username = canonical_username(values["username"])
        if username in owners:
            rest.append(There(person.where, "accounts"))
            return
        email = None if values["email"] is None else canonical_email(values["email"])
        if email in owners:
            rest.append(Mistake(person.where, "accounts", "another account has its e-mail address."))
            return
        id = new_id()
        values["email"] = values["email"] or f"{id.lower()}@{NO_ADDRESS}"
        owners[username] = id
        if email is not None:
            owners[email] = id
        of_account = {"id": id, "directory_id": self._directory_id, "created_at": person.created_at}
        made.accounts.append(Record(person.where, schema.accounts, {**values, **of_account}))
        if person.hash is not None:
            hash = foreign_hashes.find(person.hash)
            if hash is not None and hash.is_bearable:
                row = {"account_id": id, "position": 0, "hash": person.hash}
                made.passwords.append(Record(person.where, schema.passwords, row, may_dangle=True))
            else:
                rest.append(Mistake(person.where, "passwords", UNKNOWN_HASH, is_none=True))
        made.provider_data.append(
            Record(person.where, schema.provider_data, {"id": id, "provider_id": "stormpath"}, may_dangle=True)
        )
        made.data.append(Record(person.where, schema.custom_data, {"owner_id": id, "data": dict(person.data)}))
        for name in dict.fromkeys(person.groups):
            row = {"id": new_id(), "account_id": id, "group_id": self._group(person.where, name, made)}
            made.members.append(Record(person.where, schema.group_memberships, row, may_dangle=True))

    def _group(self, where: str, name: str, made: _Made) -> str:
        """The id of the group called *name*, which is added to what is *made* if the directory has it not."""
        key = canonical_name(name)
        if key not in self._groups:
            table = schema.groups
            mine = select(table.c.id).where(table.c.directory_id == self._directory_id, table.c.name_folded == key)
            with self._target.reading() as connection:
                there = connection.execute(mine).scalar()
            self._groups[key] = there or new_id()
            if there is None:
                id = self._groups[key]
                row = {"id": id, "name": name, "status": ENABLED, "directory_id": self._directory_id}
                made.groups.append(Record(where, table, row))
                made.groups.append(Record(where, schema.custom_data, {"owner_id": id, "data": {}}))
        return self._groups[key]

    def _owners(self, checked: Iterable[tuple[Person, Mapping[str, Any]]]) -> dict[str, str]:
        """The ids of the accounts in the directory that have one of the names, by its folded form."""
        wanted = set()
        for _, values in checked:
            wanted.add(canonical_username(values["username"]))
            if values["email"] is not None:
                wanted.add(canonical_email(values["email"]))
        table = schema.login_names
        mine = select(table.c.key, table.c.account_id).where(table.c.directory_id == self._directory_id)
        with self._target.reading() as connection:
            return {row.key: row.account_id for row in connection.execute(mine.where(table.c.key.in_(wanted)))}


class _Made:
    """Records of one batch, by what they are of."""

    def __init__(self) -> None:
        self.groups: list[Item] = []
        self.accounts: list[Item] = []
        self.passwords: list[Item] = []
        self.provider_data: list[Item] = []
        self.data: list[Item] = []
        self.members: list[Item] = []


def _account(person: Person) -> dict[str, Any]:
    """The attributes of the account of *person*, checked as those of a new account are. The address may be None.

    Raises Error, or :class:`BadRecord`.
    """
    values = checked_names(
        email=person.email or None,
        username=person.username or person.email or None,
        given_name=person.given_name,
        middle_name=person.middle_name,
        surname=person.surname,
    )
    custom_data.embedded({"customData": person.data})
    for name in person.groups:
        if canonical_name(Group.name.check(name)) == "":
            raise fault(Code.REQUIRED, "Group name is required; it cannot be null, empty, or blank.")
    return {
        **values,
        "status": Account.status.check(person.status),
        "email_verification_status": VERIFIED if person.is_verified else UNVERIFIED,
    }


def checked_names(*, email: Any, username: Any, given_name: Any, middle_name: Any, surname: Any) -> dict[str, Any]:
    """How an account is called, checked as the names of a new account are. None of *email*: it has no address.

    Raises Error, or :class:`BadRecord`.
    """
    if email is not None:
        email = Account.email.check(email)
        if not is_address(email):
            raise BadRecord("its e-mail address is none.")
    username = Account.username.check(username)
    if any(character in username for character in COLON):
        raise BadRecord("its username has a colon, which ends a name where people sign in.")
    return {
        "email": email,
        "username": username,
        "given_name": Account.given_name.check(given_name or None),
        "middle_name": Account.middle_name.check(middle_name or None),
        "surname": Account.surname.check(surname or None),
    }
