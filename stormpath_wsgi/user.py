"""The user: an account as seen during one request, or nobody; and ``user``, the name for whoever it is."""

from __future__ import annotations

import builtins
import copy
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Generic, NamedTuple, NoReturn, Protocol, Self, TypeAlias, TypeVar, cast, overload

from werkzeug.local import LocalProxy

from stormpath_wsgi import kinds
from stormpath_wsgi.client import Account, Client, Group
from stormpath_wsgi.client.live import Live
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import Serving, serving

T = TypeVar("T")

#: What names a group: a Group of the client, its href, or its name in the account's own directory.
GroupName: TypeAlias = Group | str

#: Groups are asked for in one page of this size, the largest there is; accounts with more are asked group by group.
PAGE = 100


def group_key(group: GroupName) -> str:
    """The href or the name in *group*. Raises TypeError."""
    if isinstance(group, str):
        return group
    if isinstance(group, Group):
        return group.href
    raise TypeError("Unsupported type. Group object, href, or name required.")


class HasUser(Serving, Protocol):
    """What the context variable holds: a request, with whoever is signed in now."""

    user: User | AnonymousUser


class Groups(NamedTuple):
    """The groups of an account that count, which are those that are ENABLED."""

    hrefs: frozenset[str]
    names: frozenset[str]
    complete: bool
    items: tuple[Mapping[str, Any], ...]
    #: The first page as the directory answered it, with those that do not count.
    page: Mapping[str, Any]


class RememberedAccount:
    """An account as it was read, and its groups once somebody asked.

    Shared by requests; whoever keeps it knows how long it holds.
    """

    __slots__ = ("_answers", "_client", "_group_url", "_groups", "account", "told")

    def __init__(self, client: Client, account: Mapping[str, Any]) -> None:
        self.account = account
        #: What the environ tells the app of it, by the name of the variable.
        self.told: Mapping[str, str] = {}
        self._client = client
        self._group_url = f"{client.base_url}/{kinds.Group.path}/"
        self._groups: Groups | None = None
        self._answers: dict[str, bool] = {}

    @property
    def href(self) -> str:
        return cast(str, self.account["href"])

    def groups(self) -> Groups:
        """The first :data:`PAGE` groups. One query, the first time."""
        groups = self._groups
        if groups is None:
            page = self._client.data_store.list(f"{self.href}/groups", {"limit": str(PAGE)})
            items = [item for item in page["items"] if item["status"] == kinds.ENABLED]
            groups = self._groups = Groups(
                hrefs=frozenset(item["href"] for item in items),
                names=frozenset(item["name"] for item in items),
                complete=page["size"] <= len(page["items"]),
                items=tuple(items),
                page=page,
            )
        return groups

    def has_group(self, group: GroupName) -> bool:
        key = group_key(group)
        groups = self._groups or self.groups()
        # An href is never compared with names: a group may be named like the href of another one.
        found = key in (groups.hrefs if key.startswith(self._group_url) else groups.names)
        return found or (not groups.complete and self._ask(key))

    def resource(self) -> Account:
        return Account(self._client, properties=self.account)

    def group_resources(self) -> list[Group]:
        return [Group(self._client, properties=item) for item in self.groups().items]

    def _ask(self, key: str) -> bool:
        """Membership in a group that is not among the first page; remembered."""
        answer = self._answers.get(key)
        if answer is None:
            try:
                answer = self._search(key)
            except Error as error:
                if error.status not in (400, 404):
                    raise
                answer = False  # there is no such group, or cannot be
            if len(self._answers) >= PAGE:
                self._answers.clear()
            self._answers[key] = answer
        return answer

    def _search(self, key: str) -> bool:
        store, part, name = self._client.data_store, "name", key
        if key.startswith(self._group_url):
            if not kinds.ID.match(key, len(self._group_url)):
                return False
            part, name = "href", store.get(key)["name"]
        # The search forgives case and knows wildcards; membership does not.
        page = store.list(f"{self.href}/groups", {"name": name, "limit": str(PAGE)})
        return any(item[part] == key and item["status"] == kinds.ENABLED for item in page["items"])


class Looked(Generic[T]):
    """An attribute of a user. Reading it leaves a mark: the answer may depend on who asks."""

    def value(self, user: Any) -> T:
        raise NotImplementedError

    @overload
    def __get__(self, user: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, user: User | AnonymousUser, owner: type[Any]) -> T: ...
    def __get__(self, user: User | AnonymousUser | None, owner: type[Any]) -> Self | T:
        if user is None:
            return self
        user.looked_at = True
        return self.value(user)


class Stored(Looked[T]):
    """What the account says under the name *wire*."""

    def __init__(self, wire: str) -> None:
        self.wire = wire

    def value(self, user: User) -> T:
        return cast(T, user._account[self.wire])


class Always(Looked[T]):
    """The same for every user of a class."""

    def __init__(self, constant: T) -> None:
        self.constant = constant

    def value(self, user: Any) -> T:
        return self.constant


class User(Live):
    """An account as seen during one request. Looking at it makes the response vary by cookie.

    It equals the :class:`~stormpath_wsgi.client.Account` that it is of, and every other user with its href. Printing,
    comparing and hashing it asks for nothing. A copy counts as a look; a user cannot be pickled.

    Attributes cost nothing; the questions about groups cost at most one query while the account stays remembered.
    For everything else there is :attr:`account`.
    """

    __slots__ = ("_account", "_remembered", "looked_at")

    href = Stored[str]("href")
    username = Stored[str]("username")
    email = Stored[str]("email")
    given_name = Stored["str | None"]("givenName")
    middle_name = Stored["str | None"]("middleName")
    surname = Stored["str | None"]("surname")
    full_name = Stored[str]("fullName")
    status = Stored[str]("status")
    is_authenticated = Always(constant=True)
    is_anonymous = Always(constant=False)

    def __init__(self, remembered: RememberedAccount) -> None:
        self._remembered = remembered
        self._account = remembered.account
        #: Whether anything but the identity of this object was read.
        self.looked_at = False

    @property
    def is_active(self) -> bool:
        return self.status == kinds.ENABLED

    @property
    def account(self) -> Account:
        """The client's object, for what is not here: custom data, memberships, changes."""
        self.looked_at = True
        return self._remembered.resource()

    @property
    def custom_data(self) -> Any:
        return self.account.custom_data

    @property
    def groups(self) -> list[Group]:
        """The ENABLED ones among the account's first 100 groups; ``account.groups`` pages through all."""
        self.looked_at = True
        return self._remembered.group_resources()

    def get_id(self) -> str:
        """The href, under the name that Flask-Login asks for."""
        return self.href

    def has_group(self, group: GroupName) -> bool:
        """Whether the account is in *group*, by identity: a Group object, its href, or its name as it is written.

        A name means the group of the account's own directory. A group that is DISABLED or does not exist: False.
        """
        self.looked_at = True
        return self._remembered.has_group(group)

    def has_groups(self, groups: Iterable[GroupName], all: bool = True) -> bool:
        """Whether the account is in all (or any) of *groups*. Nobody is in an empty list of groups."""
        self.looked_at = True
        answers = [self._remembered.has_group(group) for group in groups]
        return builtins.all(answers) and bool(answers) if all else any(answers)

    def __eq__(self, other: object) -> bool:
        return self.href == other.href if isinstance(other, User | Account) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.href)

    def __copy__(self) -> Self:
        self.looked_at = True
        return type(self)(self._remembered)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return copy.copy(self)

    def __repr__(self) -> str:
        return f"<User {self.username!r} ({self.href})>"


class AnonymousUser(Live):
    """Nobody: a visitor who is not signed in. Answers every question about a user with no, none or nothing."""

    __slots__ = ("looked_at",)

    href = username = email = given_name = middle_name = surname = full_name = status = Always(constant=None)
    account = custom_data = Always(constant=None)
    is_authenticated = is_active = Always(constant=False)
    is_anonymous = Always(constant=True)

    def __init__(self) -> None:
        self.looked_at = False

    @property
    def groups(self) -> list[Group]:
        self.looked_at = True
        return []

    def get_id(self) -> str | None:
        return self.href

    def has_group(self, group: GroupName) -> bool:
        return self.is_authenticated

    def has_groups(self, groups: Iterable[GroupName], all: bool = True) -> bool:
        return self.is_authenticated

    def __copy__(self) -> Self:
        self.looked_at = True
        return type(self)()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return copy.copy(self)

    def __repr__(self) -> str:
        self.looked_at = True
        return "<AnonymousUser>"


class UserProxy(LocalProxy[Any]):
    """A ``LocalProxy`` that can be printed, compared and hashed where no request is being served, too."""

    __slots__ = ()

    def __str__(self) -> str:
        return str(self._get_current_object()) if self._is_bound() else repr(self)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        return self._get_current_object() == other if self._is_bound() else self is other

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._get_current_object()) if self._is_bound() else object.__hash__(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("the user of a request cannot be pickled: pickle its href, and ask a client for the account")

    def _is_bound(self) -> bool:
        return current.get(None) is not None


#: The request that is being served in this context. Bound by the middleware while the application's code runs.
current = cast("ContextVar[HasUser]", serving)

user = cast(
    "User | AnonymousUser",
    UserProxy(
        current,
        "user",
        unbound_message="No request is being served here, so there is no user. StormpathMiddleware binds it while the "
        "wrapped application runs and while its body is produced; pass the user in to code that runs elsewhere.",
    ),
)
