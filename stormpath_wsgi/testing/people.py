"""Persons for a test: accounts that are there before it begins, without a password hashed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple, TypeAlias

from stormpath_wsgi import events, kinds
from stormpath_wsgi.client import Account, Application, Client, Group
from stormpath_wsgi.directory.crypto import totp
from stormpath_wsgi.errors import Error
from stormpath_wsgi.testing.mailbox import Mailbox

#: What every person of a test has as the password, unless it gives another one.
PASSWORD = "Correct-Horse-7"  # noqa: S105 - nobody's
#: Its hash, which was computed once, with the lowest costs there are.
_HASH = "$argon2id$v=19$m=8,t=1,p=1$9vSmho1Apn5wC1Z6EGcEBw$dhITf4Pi1iT56TSnzpAegkpLGYjC+LFmSyRjdYvm7ow"

#: A second factor: an authenticator app, or codes that come in text messages.
FactorName: TypeAlias = Literal["totp", "sms"]

_NUMBER = "+15555550123"
_NAMES = frozenset(
    member.name
    for member in kinds.Account.members.values()
    if "c" in getattr(member, "writable", "") or member.name == "custom_data"
)


class Facts(NamedTuple):
    """What is kept of a person between tests: plain values."""

    href: str
    secret: str | None
    password: str


class Person:
    """Somebody who has an account. *name*: what the test calls her."""

    def __init__(self, client: Client, name: str, facts: Facts, seconds: Callable[[], float]) -> None:
        self._client, self._facts, self._seconds = client, facts, seconds
        self.name = name

    @property
    def href(self) -> str:
        """The href of the account."""
        return self._facts.href

    @property
    def account(self) -> Account:
        """A new object of the client for the account."""
        return self._client.accounts.get(self._facts.href)

    @property
    def password(self) -> str:
        """The password, with which she can sign in on the login page."""
        return self._facts.password

    @property
    def code(self) -> str:
        """What her authenticator app shows now. Raises LookupError where she has none."""
        if self._facts.secret is None:
            raise LookupError(f"{self.name} has no authenticator app: make her with factor='totp'.")
        return totp.code_at(self._facts.secret, int(self._seconds()))

    def __repr__(self) -> str:
        return f"<Person {self.name} ({self.href})>"


class People:
    """Makes persons at *application*. *known_groups*: the names of groups that the site speaks of."""

    def __init__(
        self,
        client: Client,
        application: Application,
        mailbox: Mailbox,
        seconds: Callable[[], float],
        known_groups: frozenset[str],
    ) -> None:
        self._client, self._application, self._mailbox, self._seconds = client, application, mailbox, seconds
        self._known_groups = known_groups

    def make(
        self, name: str, groups: Sequence[str | Group], factor: FactorName | None, attributes: Mapping[str, Any]
    ) -> Facts:
        """A new account for somebody called *name*. Raises TypeError for unknown *attributes*, LookupError for groups
        that look like a mistake, and :class:`~stormpath_wsgi.Error` for what the directory refuses.
        """
        _check(attributes, factor)
        members = [self.group(group) for group in groups]
        password = attributes.get("password")
        hashed = {"password_format": "mcf"} if password is None else {}
        with unheard():
            account = self._application.accounts.create(
                {**_usual(name), "password": _HASH, **attributes}, registration_workflow_enabled=False, **hashed
            )
            account.add_groups(members)
            secret = None if factor is None else self._prove_factor(account, factor)
        return Facts(account.href, secret, PASSWORD if password is None else str(password))

    def find(self, name: str) -> Account | None:
        """The account that has *name* as its username or its e-mail address."""
        attribute = "email" if "@" in name else "username"
        found = self._application.accounts.search({attribute: name})
        return next((each for each in found if str(each[attribute]).casefold() == name.casefold()), None)

    def join(self, account: Account, groups: Sequence[str | Group]) -> None:
        """Add *account* to those of *groups* that it is not in yet."""
        with unheard():
            for group in map(self.group, groups):
                if not account.has_group(group):
                    account.add_group(group)

    def group(self, group: str | Group, *, exactly: bool = False) -> Group:
        """The group of that name, which is made where there is none. Raises LookupError for a name that is nearly one
        that is known, unless it is meant *exactly* so, and for an href that leads to none.
        """
        if isinstance(group, Group):
            return group
        if self._application.groups.is_href(group):
            return self._group_at(group)
        there = {each.name: each for each in self._application.groups}
        if group not in there:
            known = self._known_groups | there.keys()
            close = difflib.get_close_matches(group, known - {group}, n=1, cutoff=0.8)
            if close and group not in known and not exactly:
                raise LookupError(
                    f"There is no group {group!r}; did you mean {close[0]!r}? If not, make it first: "
                    f"site.group({group!r})."
                )
            with unheard():
                there[group] = self._application.groups.create({"name": group})
        return there[group]

    def _group_at(self, href: str) -> Group:
        found = self._client.groups.get(href)
        try:
            found.refresh()
        except Error as error:
            raise LookupError(f"There is no group at {href} in this directory.") from error
        return found

    def _prove_factor(self, account: Account, factor: FactorName) -> str | None:
        """Give *account* a second factor of which a right code was given. Answers the secret of an app."""
        if factor == "sms":
            made = account.factors.create({"type": kinds.SMS, "phone": {"number": _NUMBER}})
            challenge = made.challenge_factor()
            challenge.submit(self._mailbox.take_back().code)
            return None
        made = account.factors.create({"type": kinds.GOOGLE_AUTHENTICATOR})
        # The code before: the one that the app shows now is for the test.
        made.challenge_factor(code=totp.code_at(made.secret, int(self._seconds()) - totp.PERIOD))
        return made.secret


def unheard() -> AbstractContextManager[object]:
    """A block in which no event is told and none is asked about: what is made in it was there before."""
    return events.reserved(*_kinds_of(events.Event))


def _kinds_of(kind: type[events.Event]) -> list[type[events.Event]]:
    below = kind.__subclasses__()
    return below + [each for child in below for each in _kinds_of(child)]


def _usual(name: str) -> dict[str, str]:
    if "@" in name:
        return {"email": name, "given_name": name.partition("@")[0].title(), "surname": "Example"}
    return {"username": name, "email": f"{name}@example.org", "given_name": name.title(), "surname": "Example"}


def _check(attributes: Mapping[str, Any], factor: object) -> None:
    for unknown in sorted(attributes.keys() - _NAMES):
        known = ", ".join(sorted(_NAMES))
        raise TypeError(f"An account has no attribute {unknown!r} that can be given; there are {known}.")
    if factor not in (None, "totp", "sms"):
        raise ValueError(f"There is no second factor {factor!r}: write 'totp' for an authenticator app, or 'sms'.")
