"""What all kinds have in common, and all their members.

A kind is a class of members, and a member knows the kind that it is of: so the two are in one module.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Generic, Self, TypeVar, cast, overload

T = TypeVar("T")
M = TypeVar("M", bound="Member[Any]")


def wire_name(name: str) -> str:
    """``given_name`` to ``givenName``. ``o_auth_policy`` becomes ``oAuthPolicy``."""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


class Member(Generic[T]):
    """One name of a kind. Knows its names (``name`` in Python, ``wire`` in JSON) and its owner's title."""

    name: str
    wire: str
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
    """The declaration of one kind, and the interface its objects have in the client."""

    #: The path segment of its hrefs, ``accounts`` in ``<base>/accounts/<id>``.
    path: ClassVar[str]
    #: Whether a POST to ``<base>/<path>`` makes one.
    creatable: ClassVar[bool] = False
    #: Every declared member by its name on the wire, in order.
    members: ClassVar[dict[str, Member[Any]]] = {}
    #: Whether a DELETE of one that is not there is a success, as old clients expect. Never of what lets somebody in:
    #: a revocation that named the wrong one must not look done.
    gone_is_deleted: ClassVar[bool] = False
    #: Whether a search may name ``customData.<key>``.
    searches_custom_data: ClassVar[bool] = False
    #: Names in the bodies of old clients that mean nothing, and are not refused as unknown ones are.
    ignored: ClassVar[frozenset[str]] = frozenset()
    #: The media type of one that is a document. If it has members too, it is JSON for those who ask for that.
    media: ClassVar[str | None] = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        declared = (value for base in reversed(cls.__mro__) for value in vars(base).values())
        cls.members = {member.wire: member for member in declared if isinstance(member, Member)}

    @classmethod
    def title(cls) -> str:
        """Its name in documents and error texts: ``Account``."""
        return cls.__name__

    @classmethod
    def declared(cls, kind: type[M]) -> Iterator[M]:
        """The members of one sort: ``Account.declared(Link)``."""
        return (member for member in cls.members.values() if isinstance(member, kind))

    def read(self, member: Member[Any]) -> Any:
        raise TypeError(f"{type(self).__name__} declares a kind; objects are made by a client")

    def write(self, member: Member[Any], value: Any) -> None:
        raise TypeError(f"{type(self).__name__} declares a kind; objects are made by a client")
