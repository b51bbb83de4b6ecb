"""The user of a request: an account, or an anonymous visitor."""

from __future__ import annotations

import builtins
import copy
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, Self, TypeAlias, TypeVar, cast, overload

from stormpath_wsgi import kinds
from stormpath_wsgi.client import Account, Client, Group
from stormpath_wsgi.client.live import Live
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import Serving, serving

T = TypeVar("T")
A = TypeVar("A", bound=Account)

#: How a group is named: by a Group of the client, by its href, or by its name in the account's own directory.
GroupName: TypeAlias = Group | str

#: Groups are read in one page of this size, the largest there is. For accounts with more groups, each further group is
#: asked for by itself.
PAGE = 100


def group_key(group: GroupName) -> str:
    """The href of *group*, or its name. Raises TypeError for anything else."""
    if isinstance(group, str):
        return group
    if isinstance(group, Group):
        return group.href
    raise TypeError("Unsupported type. Group object, href, or name required.")


class HasUser(Serving, Protocol):
    """The value of the context variable: a request, with its user."""

    user: User | AnonymousUser


class Groups(NamedTuple):
    """The ENABLED groups of an account. Only these count."""

    hrefs: frozenset[str]
    names: frozenset[str]
    complete: bool
    items: tuple[Mapping[str, Any], ...]
    #: The first page of groups as the directory has answered it, with the DISABLED ones.
    page: Mapping[str, Any]


class RememberedAccount:
    """An account as it was read, and its groups after they were asked for.

    Requests share it. The code that remembers it decides how long it is used.
    """

    __slots__ = ("_answers", "_client", "_group_url", "_groups", "account", "naming", "told")

    def __init__(self, client: Client, account: Mapping[str, Any]) -> None:
        self.account = account
        #: The variables of the environ that tell the app about the account.
        self.told: Mapping[str, str] = {}
        #: What the directory has answered about the name of the account at the application, off the wire.
        self.naming: Any = None
        self._client = client
        self._group_url = f"{client.base_url}/{kinds.Group.path}/"
        self._groups: Groups | None = None
        self._answers: dict[str, bool] = {}

    @property
    def href(self) -> str:
        """The href of the account."""
        return cast(str, self.account["href"])

    def groups(self) -> Groups:
        """The ENABLED ones of the first :data:`PAGE` groups. They are read once."""
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
        """See :meth:`User.has_group`."""
        key = group_key(group)
        groups = self._groups or self.groups()
        # An href is not compared with names: the name of a group may look like the href of another one.
        found = key in (groups.hrefs if key.startswith(self._group_url) else groups.names)
        return found or (not groups.complete and self._ask(key))

    def resource(self, kind: type[A]) -> A:
        """A new object of the client for the account, with the attributes that were read."""
        return kind(self._client, properties=self.account)

    def group_resources(self) -> list[Group]:
        """New objects of the client for the groups in :meth:`groups`."""
        return [Group(self._client, properties=item) for item in self.groups().items]

    def _ask(self, key: str) -> bool:
        """Whether the account is in a group that is not on the first page. The answer is remembered."""
        answer = self._answers.get(key)
        if answer is None:
            try:
                answer = self._search(key)
            except Error as error:
                if error.status not in (400, 404):
                    raise
                answer = False  # there is no such group
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
        # The search ignores upper and lower case and knows wildcards, so the results are compared exactly.
        page = store.list(f"{self.href}/groups", {"name": name, "limit": str(PAGE)})
        return any(item[part] == key and item["status"] == kinds.ENABLED for item in page["items"])


class Looked(property, Generic[T]):
    """An attribute of a user. Reading it is noted, because the response then depends on the user."""

    if TYPE_CHECKING:

        @overload
        def __get__(self, user: None, owner: type[Any] | None = None) -> Self: ...
        @overload
        def __get__(self, user: object, owner: type[Any] | None = None) -> T: ...
        def __get__(self, user: object, owner: type[Any] | None = None) -> Self | T: ...


class Stored(Looked[T]):
    """An attribute with a value of the account. *wire*: its name in JSON. *doc*: what it is."""

    def __init__(self, wire: str, doc: str) -> None:
        def read(user: User) -> T:
            user.looked_at = True
            return cast(T, user._remembered.account[wire])

        super().__init__(read, doc=doc)


class Always(Looked[T]):
    """An attribute with the same value for every user of a class. *doc*: what it is."""

    def __init__(self, constant: T, doc: str) -> None:
        def read(user: User | AnonymousUser) -> T:
            user.looked_at = True
            return constant

        super().__init__(read, doc=doc)


class User(Live):
    """The account that is signed in during one request. Reading an attribute makes the response vary by cookie.

    A user equals the :class:`~stormpath_wsgi.client.Account` with the same href, and every other user with that href.
    Printing, comparing and hashing a user asks the directory for nothing. Copying counts as reading. A user cannot be
    pickled.

    Reading an attribute asks the directory for nothing. Questions about groups need one query at the most while the
    account is remembered. Everything else is in :attr:`account`.
    """

    __slots__ = ("_remembered", "looked_at")

    href = Stored[str]("href", "The stable address of the account.")
    username = Stored[str]("username", "The username; the e-mail address, where none was chosen.")
    email = Stored[str]("email", "The e-mail address.")
    given_name = Stored["str | None"]("givenName", "The given name; None where there is none.")
    middle_name = Stored["str | None"]("middleName", "The middle name; None where there is none.")
    surname = Stored["str | None"]("surname", "The surname; None where there is none.")
    full_name = Stored[str]("fullName", "The names of the account, joined by blanks.")
    status = Stored[str]("status", "The status: ``ENABLED``, as long as the user is signed in.")
    is_authenticated = Always(True, "True for every user.")
    is_anonymous = Always(False, "False for every user.")

    def __init__(self, remembered: RememberedAccount) -> None:
        self._remembered = remembered
        #: Whether anything but the identity of this object was read.
        self.looked_at = False

    @property
    def is_active(self) -> bool:
        """Whether the status is ENABLED, under the name that Flask-Login asks for."""
        return self.status == kinds.ENABLED

    @property
    def account(self) -> Account:
        """The object of the client for this account, for custom data, memberships and changes."""
        return self.account_as(Account)

    def account_as(self, kind: type[A]) -> A:
        """The same as :attr:`account`, as an object of the class *kind*."""
        self.looked_at = True
        return self._remembered.resource(kind)

    @property
    def custom_data(self) -> Any:
        """The custom data of the account, an object of the client."""
        return self.account.custom_data

    @property
    def groups(self) -> list[Group]:
        """The ENABLED groups among the first 100 groups of the account. ``account.groups`` has all groups."""
        self.looked_at = True
        return self._remembered.group_resources()

    def get_id(self) -> str:
        """The href. Flask-Login calls this method."""
        return self.href

    def has_group(self, group: GroupName) -> bool:
        """Whether the account is in *group*: a Group object, its href, or its exact name in the account's own
        directory.

        False for a group that is DISABLED or does not exist.
        """
        self.looked_at = True
        return self._remembered.has_group(group)

    def has_groups(self, groups: Iterable[GroupName], all: bool = True) -> bool:
        """Whether the account is in all of *groups*, or with ``all=False`` in one of them. False for an empty list."""
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
    """A visitor who is not signed in. The attributes are those of :class:`User`: None, False or empty."""

    __slots__ = ("looked_at",)

    href = username = email = given_name = middle_name = surname = full_name = status = Always(
        None, "None: the visitor has no account."
    )
    account = custom_data = Always(None, "None: the visitor has no account.")
    is_authenticated = is_active = Always(False, "False: nobody is signed in.")
    is_anonymous = Always(True, "True: nobody is signed in.")

    def __init__(self) -> None:
        #: Whether anything but the identity of this object was read.
        self.looked_at = False

    @property
    def groups(self) -> list[Group]:
        """An empty list."""
        self.looked_at = True
        return []

    def account_as(self, kind: type[Account]) -> None:
        """None: the visitor has no account."""
        self.looked_at = True

    def get_id(self) -> str | None:
        """None: the visitor has no account."""
        return self.href

    def has_group(self, group: GroupName) -> bool:
        """False: the visitor is in no group."""
        return self.is_authenticated

    def has_groups(self, groups: Iterable[GroupName], all: bool = True) -> bool:
        """False: the visitor is in no group."""
        return self.is_authenticated

    def __copy__(self) -> Self:
        self.looked_at = True
        return type(self)()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return copy.copy(self)

    def __repr__(self) -> str:
        self.looked_at = True
        return "<AnonymousUser>"


#: The request that is being served in this context. The middleware binds it while code of the application runs.
current = cast("ContextVar[HasUser]", serving)
