"""The members of a kind: attributes, links, parts and collections.

They are descriptors. Read on the class, a member is its own declaration (``Account.email.unique``). Read on an object
of the client, it is the value.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Literal

from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds.kind import Kind, Member, T, wire_name
from stormpath_wsgi.kinds.moments import format_duration, parse_duration, parse_instant
from stormpath_wsgi.kinds.values import NAME, NO_NAME

Writable = Literal["", "c", "u", "cu"]
_SURROGATE = re.compile("[\ud800-\udfff]")


class Attribute(Member[T]):
    """A value. *writable*: when it can be sent: on create (``c``), on update (``u``), both, or never.

    *required*: a resource cannot be made without it. *nullable*: it may be null. *default*: what the directory stores
    when it is not sent. *unique*: the scope in which its canonical form is unique (``"tenant"``, ``"directory"``).
    *search* and *sort*: whether a collection can be filtered or sorted by it. *secret*: it is accepted, but never
    answered, and in no ``repr``. *encrypted*: it is encrypted in the database, answered only to API callers of the
    tenant, and shown by no page. *omitted*: it is left out of the answer while it is null. *derived*: it is answered,
    but computed from other members.
    """

    def __init__(
        self,
        *,
        writable: Writable = "",
        required: bool = False,
        nullable: bool = False,
        default: Any = None,
        unique: str | None = None,
        search: bool = False,
        sort: bool = False,
        secret: bool = False,
        encrypted: bool = False,
        omitted: bool = False,
        derived: bool = False,
    ) -> None:
        self.writable, self.required, self.default = writable, required, default
        self.nullable = nullable or omitted
        self.unique, self.search, self.sort, self.derived = unique, search, sort, derived
        self.secret, self.encrypted, self.omitted = secret, encrypted, omitted

    def check(self, value: Any) -> Any:
        """The canonical value to store for a *value* that was sent. Other accepted forms of it are converted.

        Raises :class:`~stormpath_wsgi.errors.Error` with the documented code (2000, 2003, 2004, 2007 to 2010).
        """
        if value is None or (isinstance(value, str) and not value.strip()):
            if self.nullable and not self.required:
                return None
            raise fault(
                Code.REQUIRED, f"{self.kind.title()} {self.wire} is required; it cannot be null, empty, or blank."
            )
        return self.coerce(value)

    def coerce(self, value: Any) -> Any:
        """The canonical form of a *value* that was sent and is not null.

        Raises :meth:`invalid_type`, or another documented error.
        """
        return value

    def from_wire(self, value: Any) -> Any:
        """The Python value, for objects of the client, of a JSON *value*, which is not null."""
        return value

    def to_wire(self, value: Any) -> Any:
        """The JSON of a Python *value*. Any other value is returned as it is, and the directory checks it."""
        return value

    def invalid_type(self) -> Exception:
        """The error for a value of the wrong JSON type."""
        return fault(Code.WRONG_TYPE, f"{self.kind.title()} {self.wire} is an invalid type.")


class Text(Attribute[T]):
    """A string. *length*: the lowest and the highest number of characters. *pattern*: the form of the whole string.

    *complaint*: the error text for a string of another form. *blank*: when there is no text, the value is an empty
    string and not null. A JSON number is accepted, as its text (REST API, coercion rule).
    """

    def __init__(
        self,
        *,
        length: tuple[int, int] = (0, 255),
        pattern: re.Pattern[str] | None = None,
        complaint: str = "has an invalid format.",
        blank: bool = False,
        **rest: Any,
    ) -> None:
        super().__init__(**rest)
        self.length, self.pattern, self.complaint, self.blank = length, pattern, complaint, blank

    def check(self, value: Any) -> Any:
        return self.coerce("" if value is None else value) if self.blank else super().check(value)

    def coerce(self, value: Any) -> str:
        # Python refuses to write integers of thousands of digits; no text may be so long.
        if isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) > 10**300:
            value = str(value)
        if not isinstance(value, str):
            raise self.invalid_type()
        if not is_storable(value):
            raise fault(Code.NOT_STORABLE, f"{self.kind.title()} {self.wire} holds characters that cannot be stored.")
        low, high = self.length
        if len(value) < low:
            raise fault(Code.TOO_SHORT, f"{self.kind.title()} {self.wire} minimum length not satisfied.")
        if len(value) > high:
            raise fault(
                Code.TOO_LONG, f"{self.kind.title()} {self.wire} exceeds the maximum length of {high} characters."
            )
        if self.pattern is not None and not self.pattern.fullmatch(value):
            raise fault(Code.WRONG_FORMAT, f"{self.kind.title()} {self.wire} {self.complaint}")
        return value


class Name(Text[T]):
    """The name of a person or a thing, which is shown to people: one line without invisible characters."""

    def __init__(self, *, pattern: re.Pattern[str] = NAME, **rest: Any) -> None:
        super().__init__(pattern=pattern, complaint=NO_NAME, **rest)


class Integer(Attribute[int]):
    """A whole number between *minimum* and *maximum*, both allowed. ``"10"`` is accepted."""

    def __init__(self, *, minimum: int = -(2**31), maximum: int = 2**31 - 1, **rest: Any) -> None:
        super().__init__(**rest)
        self.minimum, self.maximum = minimum, maximum

    def coerce(self, value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,12}", value.strip()):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.invalid_type()
        if value < self.minimum:
            raise fault(Code.TOO_LOW, f"{self.kind.title()} {self.wire} must be at least {self.minimum}.")
        if value > self.maximum:
            raise fault(Code.TOO_HIGH, f"{self.kind.title()} {self.wire} must be at most {self.maximum}.")
        return value


class Boolean(Attribute[bool]):
    """``true`` or ``false``. The texts "true" and "false" are accepted, in upper and lower case."""

    def coerce(self, value: Any) -> bool:
        if isinstance(value, str):
            value = {"true": True, "false": False}.get(value.strip().lower(), value)
        if not isinstance(value, bool):
            raise self.invalid_type()
        return value


class Choice(Attribute[str]):
    """One of *values*. It is accepted in upper and lower case, and stored as it is declared."""

    def __init__(self, *values: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.values = values

    def coerce(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.invalid_type()
        for known in self.values:
            if known.lower() == value.strip().lower():
                return known
        raise fault(
            Code.NOT_A_CHOICE,
            f"{self.kind.title()} {self.wire} is not one of the supported values: {', '.join(self.values)}.",
        )


class Instant(Attribute[T]):
    """A moment in UTC with milliseconds. It is stored as milliseconds since the epoch, and is ISO 8601 in JSON."""

    def from_wire(self, value: str) -> dt.datetime:
        return parse_instant(value)


class Duration(Attribute[dt.timedelta]):
    """An ISO 8601 duration between *minimum* and *maximum*. *zero*: whether zero is allowed as well.

    It is stored as the text that was sent, so that ``PT5H`` is answered as ``PT5H``.
    """

    def __init__(self, *, minimum: dt.timedelta, maximum: dt.timedelta, zero: bool = False, **rest: Any) -> None:
        super().__init__(**rest)
        self.minimum, self.maximum, self.zero = minimum, maximum, zero

    def coerce(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.invalid_type()
        span = parse_duration(value)
        if span is None:
            raise fault(
                Code.WRONG_FORMAT, f"{self.kind.title()} {self.wire} must be an ISO 8601 duration such as PT1H or P60D."
            )
        if not span and self.zero:
            return value
        if span < self.minimum:
            raise fault(Code.TOO_LOW, f"{self.kind.title()} {self.wire} is below the minimum.")
        if span > self.maximum:
            raise fault(Code.TOO_HIGH, f"{self.kind.title()} {self.wire} is above the maximum.")
        return value

    def from_wire(self, value: str) -> dt.timedelta | None:
        return parse_duration(value)

    def to_wire(self, value: Any) -> Any:
        return format_duration(value) if isinstance(value, dt.timedelta) else value


class Array(Attribute[list[str]]):
    """A list of strings, which keeps its order and is replaced as a whole. *total*: the highest number of characters in
    all.

    *item*: the form of each string. *complaint*: the error text for a string of another form.
    """

    def __init__(
        self,
        *,
        total: int = 4000,
        item: re.Pattern[str] | None = None,
        complaint: str = "has an entry of invalid format.",
        **rest: Any,
    ) -> None:
        super().__init__(**rest)
        self.total, self.item, self.complaint = total, item, complaint

    def check(self, value: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.invalid_type()
        if sum(map(len, value)) > self.total:
            raise fault(Code.TOO_LONG, f"{self.kind.title()} {self.wire} exceeds {self.total} characters in all.")
        if not all(map(is_storable, value)):
            raise fault(Code.NOT_STORABLE, f"{self.kind.title()} {self.wire} holds characters that cannot be stored.")
        if self.item is not None and not all(map(self.item.fullmatch, value)):
            raise fault(Code.WRONG_FORMAT, f"{self.kind.title()} {self.wire} {self.complaint}")
        return value


class Document(Attribute[Any]):
    """Any JSON object."""


class Struct(Attribute[Any]):
    """A JSON object of declared *members*, by their names in Python. An update changes only the members that it sends.

    Members that were never set have their defaults; nullable ones without a default are left out.
    """

    def __init__(self, members: Mapping[str, Attribute[Any]], **rest: Any) -> None:
        super().__init__(**rest)
        self.members = {wire_name(name): member for name, member in members.items()}
        self._names = {wire_name(name): name for name in members}

    @property
    def names(self) -> list[str]:
        """The names of the members, as in Python."""
        return list(self._names.values())

    def from_wire(self, value: Any) -> Any:
        return {
            self._names.get(wire, wire): None if inner is None else self._member(wire).from_wire(inner)
            for wire, inner in value.items()
        }

    def to_wire(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        named = ((wire_name(name), inner) for name, inner in value.items())
        return {wire: self._member(wire).to_wire(inner) for wire, inner in named}

    def _member(self, wire: str) -> Attribute[Any]:
        """The member with this name in JSON; for an unknown name, a member that accepts anything."""
        return self.members.get(wire) or Attribute()

    def __set_name__(self, owner: type[Kind], name: str) -> None:
        super().__set_name__(owner, name)
        for member_name, member in self.members.items():
            member.__set_name__(owner, name)
            member.wire = f"{self.wire}.{member_name}"
            if isinstance(member, Struct):
                member.rename()

    def rename(self) -> None:
        """Gives the inner members their full names, such as ``config.host``, once the outer name is known."""
        for name, member in self.members.items():
            member.wire = f"{self.wire}.{name}"
            if isinstance(member, Struct):
                member.rename()

    def coerce(self, value: Any) -> dict[str, Any]:
        """The members that were sent, in canonical form."""
        if not isinstance(value, Mapping):
            raise self.invalid_type()
        for name in value:
            if name not in self.members:
                raise fault(Code.UNKNOWN_PROPERTY, f"{self.kind.title()} {self.wire} has no property {name!r:.80}.")
        return {name: self.members[name].check(sent) for name, sent in value.items()}

    def merged(self, current: Mapping[str, Any] | None, sent: Mapping[str, Any]) -> dict[str, Any]:
        """*current* with the *sent* members, which are checked, in place of the old ones, and with defaults for the
        others.
        """
        current = current or {}
        merged = {**current, **sent}
        for name, member in self.members.items():
            if isinstance(member, Struct) and (not member.nullable or sent.get(name)):
                merged[name] = member.merged(current.get(name), sent.get(name) or {})
            elif name not in merged and (member.default is not None or not member.nullable):
                merged[name] = member.check(member.default)
        return merged


class Structs(Attribute[Any]):
    """A list of JSON objects of declared *members*, which is replaced as a whole. *most*: the highest number of
    objects.

    Members that were not set and have no default are null, unlike those of a :class:`Struct`.
    """

    def __init__(self, members: Mapping[str, Attribute[Any]], *, most: int = 200, **rest: Any) -> None:
        super().__init__(**rest)
        self.item, self.most = Struct(members), most

    def from_wire(self, value: Any) -> Any:
        return [self.item.from_wire(one) for one in value]

    def to_wire(self, value: Any) -> Any:
        return [self.item.to_wire(one) for one in value] if isinstance(value, list) else value

    def __set_name__(self, owner: type[Kind], name: str) -> None:
        super().__set_name__(owner, name)
        self.item.__set_name__(owner, name)

    def check(self, value: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            raise self.invalid_type()
        if len(value) > self.most:
            raise fault(Code.TOO_LONG, f"{self.kind.title()} {self.wire} exceeds {self.most} entries.")
        unset = dict.fromkeys(self.item.members)
        return [unset | self.item.merged(None, self.item.coerce(one)) for one in value]


class Link(Member[T]):
    """A reference to one other resource: ``{"href": …}`` in JSON, or ``null`` when *nullable*. Only the id is stored.

    *to*: the titles of the kinds that it may lead to. *writable* and *required*: see :class:`Attribute`. *derived*: it
    is not stored, but computed. *omitted*: it is left out of the answer while it is null. *weak*: it becomes null when
    the other resource is removed; without *weak*, this resource is removed as well.
    """

    def __init__(
        self,
        *to: str,
        writable: Writable = "",
        required: bool = False,
        nullable: bool = False,
        derived: bool = False,
        omitted: bool = False,
        weak: bool = False,
    ) -> None:
        self.to, self.writable, self.required, self.weak = to, writable, required, weak
        self.nullable, self.derived, self.omitted = nullable or omitted, derived, omitted


class Part(Member[T]):
    """A resource that is made and removed together with its owner. *to*: the title of its kind.

    *at*: its path, in which ``{self}`` stands for the owner's path and ``{id}`` for the owner's id. *writable*: ``c``
    when the body that makes the owner may contain it.
    """

    def __init__(self, to: str | None, at: str | None = None, *, writable: Writable = "") -> None:
        self.to, self.at, self.writable = to, at, writable

    def __set__(self, instance: Kind, value: T | Mapping[str, Any]) -> None:
        instance.write(self, value)

    def path(self, owner: str, id: str) -> str:
        """The path below the base URL, for the path of the *owner* and the owner's *id*."""
        return (self.at or "{self}/" + self.wire).format(self=owner, id=id)


class Collection(Member[T]):
    """A paged list of other resources at ``<self>/<name>``.

    *of*: the title of their kind. *create*: whether POST makes one. *named*: whether the resource that has it names it
    in its JSON. The documents that Stormpath knew stay as they were.
    """

    def __init__(self, of: str, *, create: bool = False, named: bool = True) -> None:
        self.of, self.create, self.named = of, create, named


def is_storable(text: str) -> bool:
    """Whether every engine can store *text*. It must hold no NUL, which PostgreSQL refuses, and no lone surrogate."""
    return "\0" not in text and (text.isascii() or not _SURROGATE.search(text))
