"""What all kinds have in common, and all their members.

A kind is a class of members, and a member knows the kind that it is of: so the two are in one module.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Generic, Self, TypeVar, cast, overload

T = TypeVar("T")
M = TypeVar("M", bound="Member[Any]")


def wire_name(name: str) -> str:
    """The name in JSON of a *name* in Python: ``givenName`` for ``given_name``."""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


class Member(Generic[T]):
    """One member of a kind. It knows its names and its kind."""

    #: The name in Python: ``given_name``.
    name: str
    #: The name in JSON: ``givenName``.
    wire: str
    #: The kind that declares the member.
    kind: type[Kind]

    def __set_name__(self, owner: type[Kind], name: str) -> None:
        self.name, self.wire, self.kind = name, wire_name(name), owner

    @overload
    def __get__(self, instance: None, owner: type[Kind]) -> Self: ...
    @overload
    def __get__(self, instance: Kind, owner: type[Kind]) -> T: ...
    def __get__(self, instance: Kind | None, owner: type[Kind]) -> Self | T:
        return self if instance is None else cast(T, instance.read(self))

    def __set__(self, instance: Kind, value: T) -> None:
        instance.write(self, value)


class Kind:
    """The declaration of one kind of resource. The objects of the client inherit it."""

    #: The first segment of the paths of its hrefs: ``accounts`` in ``<base>/accounts/<id>``.
    path: ClassVar[str]
    #: Whether a POST to ``<base>/<path>`` makes a resource of this kind.
    creatable: ClassVar[bool] = False
    #: Every declared member by its name in JSON, in the order of the declaration.
    members: ClassVar[dict[str, Member[Any]]] = {}
    #: Whether the DELETE of a resource that does not exist succeeds, as old clients expect. It never does for kinds
    #: that let somebody sign in: when the wrong one was named, the revocation must not look successful.
    gone_is_deleted: ClassVar[bool] = False
    #: Whether a collection can be searched by ``customData.<key>``.
    searches_custom_data: ClassVar[bool] = False
    #: Names that old clients send in bodies, and that have no meaning. They are ignored; other unknown names are
    #: refused.
    ignored: ClassVar[frozenset[str]] = frozenset()
    #: The media type, if the resource is a document. If it has members as well, it is JSON for clients that ask for
    #: JSON.
    media: ClassVar[str | None] = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        declared = (value for base in reversed(cls.__mro__) for value in vars(base).values())
        cls.members = {member.wire: member for member in declared if isinstance(member, Member)}

    @classmethod
    def title(cls) -> str:
        """The name of the kind in documentation and error texts: ``Account``."""
        return cls.__name__

    @classmethod
    def declared(cls, kind: type[M]) -> Iterator[M]:
        """The members of one type, in order: ``Account.declared(Link)``."""
        return (member for member in cls.members.values() if isinstance(member, kind))

    def read(self, member: Member[Any]) -> Any:
        """The value of *member*. Objects of the client override it; a declaration alone has no values."""
        raise TypeError(f"{type(self).__name__} declares a kind; objects are made by a client")

    def write(self, member: Member[Any], value: Any) -> None:
        """Sets *member* to *value*. Objects of the client override it."""
        raise TypeError(f"{type(self).__name__} declares a kind; objects are made by a client")
