"""Every resource kind, declared once: its attributes, links, collections, limits and defaults.

The wire form, the checks, the tables, the Python objects of :mod:`stormpath_wsgi.client` and the
documentation of the REST API all follow from the classes below. An attribute is a descriptor: on the
class it is its own declaration (``Account.email.unique``), on an object of the client it is the value.

Source: the resource reference of the Stormpath REST API v1.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar, cast, overload

from stormpath_wsgi.errors import fault

T = TypeVar("T")
Writable = Literal["", "c", "u", "cu"]
ENABLED, DISABLED, UNVERIFIED, VERIFIED = "ENABLED", "DISABLED", "UNVERIFIED", "VERIFIED"

ID = re.compile(r"[0-9A-Za-z]{1,64}\Z")
#: A web origin: scheme and host, perhaps a port.
ORIGIN = re.compile(r"https?://[^\s/?#@]+/?", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")
_EPOCH = dt.datetime(1970, 1, 1)  # UTC, naive so that isoformat() prints no offset


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


class Attribute(Member[T]):
    """A value. *writable*: on create (``c``), on update (``u``), both, or never.

    *default* is what the directory stores when the attribute is not sent; *unique* names the scope in
    which the canonical value is unique (``"tenant"``, ``"directory"``); *search* and *sort* say whether a
    collection can be filtered or ordered by it; *secret*: accepted, never answered, in no ``repr``;
    *derived*: answered, but computed from the others and never stored.
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
        derived: bool = False,
    ) -> None:
        self.writable, self.required, self.nullable, self.default = writable, required, nullable, default
        self.unique, self.search, self.sort, self.secret, self.derived = unique, search, sort, secret, derived

    def check(self, value: Any) -> Any:
        """The canonical stored value of a *value* off the wire. Odd spellings are coerced.

        Raises :class:`~stormpath_wsgi.errors.Error` with the documented code (2000, 2003, 2004, 2007 to 2010).
        """
        if value is None or (isinstance(value, str) and not value.strip()):
            if self.nullable and not self.required:
                return None
            raise fault(2000, f"{self.kind.title()} {self.wire} is required; it cannot be null, empty, or blank.")
        return self.coerce(value)

    def coerce(self, value: Any) -> Any:
        return value

    def from_wire(self, value: Any) -> Any:
        """The Python value, for objects of the client, of a JSON *value* that is not null."""
        return value

    def to_wire(self, value: Any) -> Any:
        """The JSON of a Python *value*. What is no such value goes as it is: the directory judges it."""
        return value

    def invalid_type(self) -> Exception:
        return fault(2004, f"{self.kind.title()} {self.wire} is an invalid type.")


class Text(Attribute[T]):
    """A string of *length* characters. A JSON number is taken as its spelling (REST API, coercion rule)."""

    def __init__(self, *, length: tuple[int, int] = (0, 255), **rest: Any) -> None:
        super().__init__(**rest)
        self.length = length

    def coerce(self, value: Any) -> str:
        # Python refuses to spell integers of thousands of digits; no text of ours is so long.
        if isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) > 10**300:
            value = str(value)
        if not isinstance(value, str):
            raise self.invalid_type()
        if not is_storable(value):
            raise fault(2005, f"{self.kind.title()} {self.wire} holds characters that cannot be stored.")
        low, high = self.length
        if len(value) < low:
            raise fault(2007, f"{self.kind.title()} {self.wire} minimum length not satisfied.")
        if len(value) > high:
            raise fault(2008, f"{self.kind.title()} {self.wire} exceeds the maximum length of {high} characters.")
        return value


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
            raise fault(2009, f"{self.kind.title()} {self.wire} must be at least {self.minimum}.")
        if value > self.maximum:
            raise fault(2010, f"{self.kind.title()} {self.wire} must be at most {self.maximum}.")
        return value


class Boolean(Attribute[bool]):
    """``true`` or ``false``; their spellings as text are accepted in any case."""

    def coerce(self, value: Any) -> bool:
        if isinstance(value, str):
            value = {"true": True, "false": False}.get(value.strip().lower(), value)
        if not isinstance(value, bool):
            raise self.invalid_type()
        return value


class Choice(Attribute[str]):
    """One of *values*. Accepted in any case, answered as declared."""

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
            2003, f"{self.kind.title()} {self.wire} is not one of the supported values: {', '.join(self.values)}."
        )


class Instant(Attribute[T]):
    """A moment in UTC with milliseconds. Stored as milliseconds since the epoch; ISO 8601 on the wire."""

    def from_wire(self, value: str) -> dt.datetime:
        return parse_instant(value)


class Duration(Attribute[dt.timedelta]):
    """An ISO 8601 duration between *minimum* and *maximum*; zero is allowed where *zero* says so.

    Stored as the text that was sent, so that ``PT5H`` comes back as ``PT5H``.
    """

    def __init__(self, *, minimum: dt.timedelta, maximum: dt.timedelta, zero: bool = False, **rest: Any) -> None:
        super().__init__(**rest)
        self.minimum, self.maximum, self.zero = minimum, maximum, zero

    def coerce(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.invalid_type()
        span = parse_duration(value)
        if span is None:
            raise fault(2006, f"{self.kind.title()} {self.wire} must be an ISO 8601 duration such as PT1H or P60D.")
        if not span and self.zero:
            return value
        if span < self.minimum:
            raise fault(2009, f"{self.kind.title()} {self.wire} is below the minimum.")
        if span > self.maximum:
            raise fault(2010, f"{self.kind.title()} {self.wire} is above the maximum.")
        return value

    def from_wire(self, value: str) -> dt.timedelta | None:
        return parse_duration(value)

    def to_wire(self, value: Any) -> Any:
        return format_duration(value) if isinstance(value, dt.timedelta) else value


class Array(Attribute[list[str]]):
    """A list of strings, kept in order, replaced as a whole; *total* characters together at the most.

    *item*: what each must look like.
    """

    def __init__(self, *, total: int = 4000, item: re.Pattern[str] | None = None, **rest: Any) -> None:
        super().__init__(**rest)
        self.total, self.item = total, item

    def check(self, value: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.invalid_type()
        if sum(map(len, value)) > self.total:
            raise fault(2008, f"{self.kind.title()} {self.wire} exceeds {self.total} characters in all.")
        if not all(map(is_storable, value)):
            raise fault(2005, f"{self.kind.title()} {self.wire} holds characters that cannot be stored.")
        if self.item is not None and not all(map(self.item.fullmatch, value)):
            raise fault(2006, f"{self.kind.title()} {self.wire} has an entry of invalid format.")
        return value


class Document(Attribute[Any]):
    """Any JSON object."""


class Link(Member[T]):
    """A reference to one other resource, by id: ``{"href": …}`` on the wire, ``null`` when *nullable*.

    *to*: titles of the kinds it may name. *derived*: not stored with the resource but computed.
    """

    def __init__(
        self,
        *to: str,
        writable: Writable = "",
        required: bool = False,
        nullable: bool = False,
        derived: bool = False,
    ) -> None:
        self.to, self.writable, self.required = to, writable, required
        self.nullable, self.derived = nullable, derived


class Part(Member[T]):
    """A resource that lives and dies with its owner. *at*: its path; ``{self}`` is the owner's, ``{id}`` its id."""

    def __init__(self, to: str | None, at: str | None = None) -> None:
        self.to, self.at = to, at

    def __set__(self, instance: Kind, value: T | Mapping[str, Any]) -> None:
        instance.write(self, value)

    def path(self, owner: str, id: str) -> str:
        """Its path below the base URL, given the *owner*'s path and the owner's *id*."""
        return (self.at or "{self}/" + self.wire).format(self=owner, id=id)


class Collection(Member[T]):
    """A paged list of other resources at ``<self>/<name>``. *create*: whether a POST to it makes one."""

    def __init__(self, of: str, *, create: bool = False) -> None:
        self.of, self.create = of, create


class Kind:
    """The declaration of one kind, and the interface its objects have in the client."""

    #: The path segment of its hrefs, ``accounts`` in ``<base>/accounts/<id>``.
    path: ClassVar[str]
    #: Whether a POST to ``<base>/<path>`` makes one.
    creatable: ClassVar[bool] = False
    #: Every declared member by its name on the wire, in order.
    members: ClassVar[dict[str, Member[Any]]] = {}
    #: Whether a search may name ``customData.<key>``.
    searches_custom_data: ClassVar[bool] = False

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


M = TypeVar("M", bound=Member[Any])


class Timestamped(Kind):
    """Has the two common moments. ``modifiedAt`` grows with every accepted update."""

    created_at = Instant[dt.datetime](search=True, sort=True)
    modified_at = Instant[dt.datetime](search=True, sort=True)


class Tenant(Timestamped):
    """The owner of everything below; one private space of names."""

    path = "tenants"
    name = Text[str](length=(1, 255), writable="u")
    key = Text[str](length=(1, 63))
    custom_data = Part[Any]("CustomData")
    applications = Collection[Any]("Application")
    directories = Collection[Any]("Directory")
    accounts = Collection[Any]("Account")
    groups = Collection[Any]("Group")


class Application(Timestamped):
    """What people sign in to; it maps account stores in an order."""

    path = "applications"
    creatable = True
    name = Text[str](length=(1, 255), required=True, writable="cu", unique="tenant", search=True, sort=True)
    description = Text["str | None"](length=(0, 4000), writable="cu", nullable=True, search=True, sort=True)
    status = Choice(ENABLED, DISABLED, default=ENABLED, writable="cu", search=True, sort=True)
    authorized_callback_uris = Array(default=[], writable="cu")
    authorized_origin_uris = Array(default=[], writable="cu", item=ORIGIN)
    tenant = Link[Any]("Tenant")
    default_account_store_mapping = Link[Any]("AccountStoreMapping", nullable=True, derived=True)
    default_group_store_mapping = Link[Any]("AccountStoreMapping", nullable=True, derived=True)
    custom_data = Part[Any]("CustomData")
    o_auth_policy = Part[Any]("OAuthPolicy", at="oAuthPolicies/{id}")
    accounts = Collection[Any]("Account", create=True)
    groups = Collection[Any]("Group", create=True)
    account_store_mappings = Collection[Any]("AccountStoreMapping")
    login_attempts = Collection[Any]("LoginAttempt", create=True)


class AccountStoreMapping(Timestamped):
    """Says that an application looks for accounts in an account store, and when."""

    path = "accountStoreMappings"
    creatable = True
    list_index = Integer(writable="cu", sort=True)
    is_default_account_store = Boolean(default=False, writable="cu")
    is_default_group_store = Boolean(default=False, writable="cu")
    application = Link[Any]("Application", writable="c", required=True)
    account_store = Link[Any]("Directory", "Group", writable="c", required=True)


class Directory(Timestamped):
    """A container of accounts and groups, with its own password policy."""

    path = "directories"
    creatable = True
    name = Text[str](length=(1, 255), required=True, writable="cu", unique="tenant", search=True, sort=True)
    description = Text["str | None"](length=(0, 1000), writable="cu", nullable=True, search=True, sort=True)
    status = Choice(ENABLED, DISABLED, default=ENABLED, writable="cu", search=True, sort=True)
    tenant = Link[Any]("Tenant")
    custom_data = Part[Any]("CustomData")
    password_policy = Part[Any]("PasswordPolicy", at="passwordPolicies/{id}")
    accounts = Collection[Any]("Account", create=True)
    groups = Collection[Any]("Group", create=True)
    applications = Collection[Any]("Application")
    application_mappings = Collection[Any]("AccountStoreMapping")


class PasswordPolicy(Timestamped):
    """How passwords of one directory are reset. Its id is the directory's."""

    path = "passwordPolicies"
    reset_token_ttl = Integer(minimum=1, maximum=168, default=24, writable="u")  # hours
    reset_email_status = Choice(ENABLED, DISABLED, default=ENABLED, writable="u")
    reset_success_email_status = Choice(ENABLED, DISABLED, default=ENABLED, writable="u")
    strength = Part[Any]("PasswordStrength")


class PasswordStrength(Timestamped):
    """What a new password of one directory must hold; counts of characters."""

    path = "strength"
    #: What each minimum counts: the word for it in error texts, and the characters. Source: the resource reference.
    counted: ClassVar[Mapping[str, tuple[str, re.Pattern[str]]]] = {
        "min_lower_case": ("lowercase", re.compile(r"[a-z]")),
        "min_upper_case": ("uppercase", re.compile(r"[A-Z]")),
        "min_numeric": ("numeric", re.compile(r"[0-9]")),
        "min_symbol": ("symbol", re.compile(r"[ -/:-@\[-`{-~¡¦§©«¬®±µ¶·»½¿\u00d7÷]")),
        "min_diacritic": ("diacritic", re.compile(r"[À-ÖØ-öø-ÿ]")),
    }
    min_length = Integer(minimum=0, maximum=255, default=8, writable="u")
    max_length = Integer(minimum=1, maximum=255, default=100, writable="u")
    min_lower_case = Integer(minimum=0, maximum=255, default=1, writable="u")
    min_upper_case = Integer(minimum=0, maximum=255, default=1, writable="u")
    min_numeric = Integer(minimum=0, maximum=255, default=1, writable="u")
    min_symbol = Integer(minimum=0, maximum=255, default=0, writable="u")
    min_diacritic = Integer(minimum=0, maximum=255, default=0, writable="u")
    prevent_reuse = Integer(minimum=0, maximum=25, default=0, writable="u")  # passwords, the current one included


class Group(Timestamped):
    """A named set of accounts in a directory."""

    path = "groups"
    name = Text[str](length=(1, 255), required=True, writable="cu", unique="directory", search=True, sort=True)
    description = Text["str | None"](length=(0, 1000), writable="cu", nullable=True, search=True, sort=True)
    status = Choice(ENABLED, DISABLED, default=ENABLED, writable="cu", search=True, sort=True)
    custom_data = Part[Any]("CustomData")
    directory = Link[Any]("Directory")
    tenant = Link[Any]("Tenant")
    accounts = Collection[Any]("Account")
    account_memberships = Collection[Any]("GroupMembership")
    applications = Collection[Any]("Application")


class GroupMembership(Kind):
    """The link between one account and one group of the same directory."""

    path = "groupMemberships"
    creatable = True
    account = Link[Any]("Account", writable="c", required=True)
    group = Link[Any]("Group", writable="c", required=True)


class Account(Timestamped):
    """The stored record of one person or machine."""

    path = "accounts"
    searches_custom_data = True
    # Not sent, the username is the e-mail address.
    username = Text[str](length=(1, 255), writable="cu", unique="directory", search=True, sort=True)
    email = Text[str](length=(1, 255), required=True, writable="cu", unique="directory", search=True, sort=True)
    password = Text[str](length=(0, 1024), writable="cu", secret=True)
    given_name = Text["str | None"](length=(1, 255), writable="cu", nullable=True, search=True, sort=True)
    middle_name = Text["str | None"](length=(1, 255), writable="cu", nullable=True, search=True, sort=True)
    surname = Text["str | None"](length=(1, 255), writable="cu", nullable=True, search=True, sort=True)
    full_name = Text[str](derived=True)  # the three names that are there, joined by one blank
    status = Choice(ENABLED, DISABLED, UNVERIFIED, default=ENABLED, writable="cu", search=True, sort=True)
    email_verification_status = Choice(VERIFIED, UNVERIFIED, "UNKNOWN", default=UNVERIFIED, writable="u")
    password_modified_at = Instant["dt.datetime | None"](nullable=True, search=True, sort=True)
    custom_data = Part[Any]("CustomData")
    directory = Link[Any]("Directory")
    tenant = Link[Any]("Tenant")
    groups = Collection[Any]("Group")
    group_memberships = Collection[Any]("GroupMembership")
    applications = Collection[Any]("Application")
    access_tokens = Collection[Any]("AccessToken", create=True)
    refresh_tokens = Collection[Any]("RefreshToken", create=True)


class CustomData(Timestamped):
    """The owner's own JSON beside a resource; never read by us. Its members are what was stored."""

    path = "customData"
    #: Keys that are the directory's own.
    reserved: ClassVar[frozenset[str]] = frozenset(
        {"href", "createdAt", "modifiedAt", "meta", "spMeta", "spmeta", "ionmeta", "ionMeta"}
    )
    #: What a key may look like.
    key: ClassVar[re.Pattern[str]] = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_-]{0,254}")


class OAuthPolicy(Timestamped):
    """How long the tokens of one application live. Its id is the application's."""

    path = "oAuthPolicies"
    access_token_ttl = Duration(
        minimum=dt.timedelta(seconds=1), maximum=dt.timedelta(days=3660), default="PT1H", writable="u"
    )
    refresh_token_ttl = Duration(
        minimum=dt.timedelta(seconds=1), maximum=dt.timedelta(days=3660), zero=True, default="P60D", writable="u"
    )
    token_endpoint = Part[Any](None, at="applications/{id}/oauth/token")
    application = Link[Any]("Application")
    tenant = Link[Any]("Tenant")


class AccessToken(Kind):
    """A token that opens an application's own API for an account. Its id is the ``jti`` claim."""

    path = "accessTokens"
    created_at = Instant[dt.datetime](search=True, sort=True)
    account = Link[Any]("Account")
    application = Link[Any]("Application", writable="c", required=True)
    tenant = Link[Any]("Tenant")


class RefreshToken(Kind):
    """A place where an account is signed in; deleting it signs that place out. A session is one of these."""

    path = "refreshTokens"
    created_at = Instant[dt.datetime](search=True, sort=True)
    account = Link[Any]("Account")
    application = Link[Any]("Application", writable="c", required=True)
    tenant = Link[Any]("Tenant")


class LoginAttempt(Kind):
    """A login and a password put to an application. Answers with the account."""

    path = "loginAttempts"
    type = Choice("basic", default="basic", writable="c")
    value = Text[str](length=(0, 8192), required=True, writable="c", secret=True)  # base64 of login:password
    account = Link[Any]("Account")
    account_store = Link[Any]("Directory", "Group", writable="c")


#: Every kind by its title, as links name them.
KINDS: Mapping[str, type[Kind]] = {
    kind.title(): kind
    for kind in (
        Tenant,
        Application,
        AccountStoreMapping,
        Directory,
        PasswordPolicy,
        PasswordStrength,
        Group,
        GroupMembership,
        Account,
        CustomData,
        OAuthPolicy,
        AccessToken,
        RefreshToken,
        LoginAttempt,
    )
}

_DURATION = re.compile(
    r"P(?!\Z)(?:(?P<years>\d{1,5})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,6})W)?(?:(?P<days>\d{1,7})D)?"
    r"(?:T(?!\Z)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?\Z"
)


def parse_duration(text: str) -> dt.timedelta | None:
    """The span of an ISO 8601 duration, or None. A year counts 365 days and a month 30 (no calendar is meant)."""
    found = _DURATION.match(text)
    if not found:
        return None
    n = {name: float(value or 0) for name, value in found.groupdict().items()}
    days = 365 * n["years"] + 30 * n["months"] + 7 * n["weeks"] + n["days"]
    return dt.timedelta(days=days, hours=n["hours"], minutes=n["minutes"], seconds=n["seconds"])


def format_duration(span: dt.timedelta) -> str:
    """``PT1H30M`` or ``P60DT0.5S``: days, hours, minutes and seconds. *span* is not negative."""
    minutes, seconds = divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes)
    if span.microseconds:
        clock += f"{seconds}.{span.microseconds:06d}".rstrip("0") + "S"
    elif seconds or not (span.days or clock):
        clock += f"{seconds}S"
    return "P" + f"{span.days}D" * bool(span.days) + ("T" + clock) * bool(clock)


def format_instant(milliseconds: int) -> str:
    """``2015-08-25T19:57:05.976Z``, always with three digits (REST API, timestamps)."""
    moment = _EPOCH + dt.timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds") + "Z"


def parse_instant(text: str) -> dt.datetime:
    """The aware UTC datetime of a timestamp off the wire. Raises ValueError."""
    moment = dt.datetime.fromisoformat(text)
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def is_storable(text: str) -> bool:
    """False for a NUL, at which C libraries stop and PostgreSQL balks, and a lone surrogate, which is no character."""
    return "\0" not in text and (text.isascii() or not _SURROGATE.search(text))
