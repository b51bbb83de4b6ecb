"""Collections: lists of resources in pages. The directory searches, sorts and slices them."""

from __future__ import annotations

import copy
import datetime as dt
import json
import logging
import math
import operator
from collections.abc import Iterator, Mapping
from typing import Any, Generic, NoReturn, Self, TypeVar, overload
from urllib.parse import parse_qsl, urlsplit

from stormpath_wsgi import kinds
from stormpath_wsgi.client.custom_data import of_new_owner
from stormpath_wsgi.client.expansion import Expand, wire_expand
from stormpath_wsgi.client.live import Live
from stormpath_wsgi.client.resource import Opened, Resource, sent
from stormpath_wsgi.kinds import wire_name

R = TypeVar("R", bound=Resource)

#: The number of items that are asked for at once. A directory answers no more.
PAGE = 100

_log = logging.getLogger(__name__)


class Collection(Live, Generic[R]):
    """A list of resources in the directory. Its pages are read when they are needed.

    It behaves like a sequence: ``len``, indices and slices from both ends, iteration. Slices and searches are new
    collections, and do not change this one. The first page is kept after it was read, until :meth:`refresh`; later
    pages are not. Deleting resources during an iteration moves the later pages, so make a list first.

    Like a list, it is true if it is not empty: ``bool`` and ``len`` ask the directory, unless the first page is known.
    Printing, comparing and hashing it asks the directory for nothing. A copy has the same client. A collection cannot
    be pickled.
    """

    def __init__(
        self,
        client: Opened,
        kind: type[R],
        href: str,
        *,
        create_at: str | None = None,
        page: Mapping[str, Any] | None = None,
    ) -> None:
        """The resources of *kind* at *href*.

        *create_at*: the href at which new ones are made. *page*: the first page, if known.
        """
        self.href = href
        self.kind = kind
        self._client = client
        self._create_at = create_at
        self._query: Mapping[str, str] = {}
        self._expand: str | None = None
        self._start = 0  # the number of matches before the first item
        self._count: int | None = None  # the highest number of items; None: no limit
        self._page: Mapping[str, Any] | None = None
        self._items: list[R] = []
        if page is not None:
            self._start = page["offset"]
            self._keep(page)

    def create(self, properties: Mapping[str, Any] | None = None, expand: Expand = None, **params: Any) -> R:
        """Makes a resource from *properties*, and returns it.

        Names are in snake_case. Only attributes that may be set on creation are sent. The others are left out, so that
        the attributes of one resource can be used to make another one. Names that the kind does not know are logged.
        *params*: the parameters of the request: ``create_directory=True``, ``password_format="mcf"``,
        ``registration_workflow_enabled=False``.

        Raises ValueError for a collection in which nothing can be made, such as those of a tenant or an account.
        """
        if self._create_at is None:
            raise ValueError(f"no {self.kind.title()} can be created here: use the collection of its container")
        asked = {wire_name(name): _text(name, value) for name, value in params.items() if value is not None}
        if names := wire_expand(expand):
            asked["expand"] = names
        answer = self._client.data_store.create(self._create_at, self._creation(properties or {}), asked)
        self._page = None
        return self.kind(self._client, properties=answer)

    def get(self, href: str, expand: Expand = None) -> R:
        """The resource with this href or id.

        The directory is asked when it is first read, and a wrong href fails only then.
        """
        if not isinstance(href, str):
            raise TypeError(f"get() takes an href or an id as text, not {type(href).__name__}")
        if "/" not in href:
            href = f"{self._client.base_url}/{self.kind.path}/{href}"
        return self.kind(self._client, href, expand=expand)

    def is_href(self, text: str) -> bool:
        """Whether *text* is an href of the directory, and not a name."""
        return text.startswith(self._client.base_url + "/")

    def search(self, query: str | Mapping[str, Any]) -> Self:
        """The resources with *query* in any searchable text, or with matching attributes: ``{"surname": "lov*"}``.

        Upper and lower case make no difference. A ``*`` at either end of a value stands for any characters. Times match
        ranges: ``{"created_at": "[2015,2016)"}``. A value is a string, a number, True or False, a date or datetime, or
        for a link a resource.

        Raises ValueError for None and for any other value, which nothing could match.
        """
        match query:
            case str():
                return self.query(q=query)
            case Mapping() if {type(name) for name in query} <= {str}:
                return self.query(**query)
        raise ValueError("search() takes text, or a dictionary of names and values")

    def order(self, order_by: str) -> Self:
        """The same resources sorted by attributes: ``"surname,given_name desc"``.

        Raises ValueError if it is no string.
        """
        if not isinstance(order_by, str):
            raise ValueError(f"order() takes names of attributes as text, not {type(order_by).__name__}")
        terms = (term.strip().partition(" ") for term in order_by.split(","))
        return self.query(order_by=",".join(_path(name) + blank + way for name, blank, way in terms))

    def query(
        self, *, limit: int | None = None, offset: int | None = None, expand: Expand = None, **matches: Any
    ) -> Self:
        """The resources that also match *matches*. *offset*: how many to skip. *limit*: the highest number, in several
        pages.

        Values, and errors for them, are those of :meth:`search`.
        """
        found = self._window(
            self._start if offset is None else _not_negative(offset),
            self._count if limit is None else _not_negative(limit),
        )
        found._query = {**self._query, **{_path(name): _text(name, value) for name, value in matches.items()}}
        found._expand = wire_expand(expand) or self._expand
        return found

    def refresh(self) -> None:
        """Reads the first page again."""
        self._keep(self._fetch(self._start, self._span()))

    @property
    def items(self) -> list[R]:
        """The resources of the first page."""
        self._first()
        return list(self._items)

    @property
    def size(self) -> int:
        """The number of all matches, also if this collection is a part of them.

        Of very many accounts the directory counts those that a search finds only when this is asked for.
        """
        page = self._first()
        if page.get("sizeIsExact") is False:
            query = {**self._query, "exactSize": "true", "limit": "1"}
            size = self._client.data_store.list(self.href, query)["size"]
            self._page = page = {**page, "size": size, "sizeIsExact": True}
        return int(page["size"])

    @property
    def offset(self) -> int:
        """The number of matches before the first item of this collection."""
        return int(self._first()["offset"])

    @property
    def limit(self) -> int:
        """The number of items that the first page was asked for."""
        return int(self._first()["limit"])

    def to_json(self) -> str:
        """JSON text of the first page: href, offset, limit, size and items."""
        page = {"offset": self.offset, "limit": self.limit, "size": self.size}
        return json.dumps({"href": self.href, **page, "items": [item._plain() for item in self._items]})

    def __copy__(self) -> Self:
        other = type(self).__new__(type(self))
        vars(other).update(vars(self))
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        other = copy.copy(self)
        other._items = copy.deepcopy(self._items, memo)
        return other

    def __len__(self) -> int:
        """The number of items; for a slice, the number in the slice."""
        return self._length(self.size)

    def __bool__(self) -> bool:
        return self._length(self._first()["size"]) > 0

    def __iter__(self) -> Iterator[R]:
        page, items, seen = self._first(), self._items, 0
        while items:
            yield from items
            seen += len(items)
            left = self._length(page["size"]) - seen
            if left <= 0:
                break
            page = self._following(page, self._start + seen, min(left, PAGE))
            items = self._made(page)

    def __reversed__(self) -> Iterator[R]:
        for stop in range(len(self), 0, -PAGE):
            yield from reversed(self[max(0, stop - PAGE) : stop].items)

    @overload
    def __getitem__(self, index: int | str) -> R: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | str | slice) -> R | Self:
        if isinstance(index, str):
            return self.get(index)
        if isinstance(index, slice):
            return self._slice(index)
        index = operator.index(index)
        return self._at(index if index >= 0 else index + len(self))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.kind.title()} href={self.href}>"

    def _at(self, index: int) -> R:
        if self._page is not None and 0 <= index < len(self._items):
            return self._items[index]
        if index >= 0 and (self._count is None or index < self._count):
            for item in self._made(self._fetch(self._start + index, 1)):
                return item
        raise IndexError(f"{self!r} has no item {index}")

    def _slice(self, index: slice) -> Self:
        if index.step not in (None, 1):
            raise ValueError("a slice of a collection has no step")
        start, stop = index.start or 0, index.stop
        if start < 0 or (stop is not None and stop < 0):
            start, stop, _ = index.indices(len(self))
        ends = [end for end in (stop, self._count) if end is not None]
        return self._window(self._start + start, max(0, min(ends) - start) if ends else None)

    def _window(self, start: int, count: int | None) -> Self:
        """A copy with other items, of which nothing was read yet."""
        other = copy.copy(self)
        other._start, other._count, other._page = start, count, None
        return other

    def _length(self, size: int) -> int:
        found = max(0, size - self._start)
        return found if self._count is None else min(found, self._count)

    def _span(self) -> int:
        # Also for an empty window one item is asked for, to get the size.
        return PAGE if self._count is None else max(1, min(PAGE, self._count))

    def _first(self) -> Mapping[str, Any]:
        if self._page is None:
            self.refresh()
        return self._page or {}

    def _keep(self, page: Mapping[str, Any]) -> None:
        self._page, self._items = page, self._made(page)[: self._count]

    def _made(self, page: Mapping[str, Any]) -> list[R]:
        return [self.kind(self._client, properties=item, expand=self._expand) for item in page["items"]]

    def _fetch(self, offset: int, limit: int) -> Mapping[str, Any]:
        query = {**self._query, "offset": str(offset), "limit": str(limit)}
        return self._client.data_store.list(self.href, query, self._expand)

    def _following(self, page: Mapping[str, Any], offset: int, limit: int) -> Mapping[str, Any]:
        """The page after *page*, behind *offset* matches. Its href costs the same however far it is."""
        if "next" not in page:
            return self._fetch(offset, limit)
        query = dict(parse_qsl(urlsplit(page["next"]["href"]).query, keep_blank_values=True))
        query.pop("expand", None)
        return self._client.data_store.list(self.href, {**query, "limit": str(limit)}, self._expand)

    def body_of(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """What :meth:`create` would send of *properties*."""
        return self._creation(properties)

    def _creation(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        body = {}
        for name, value in properties.items():
            member = self.kind.members.get(wire_name(name))
            if member is None:
                _log.warning("%s has no attribute %r: it is not sent", self.kind.title(), name)
            elif "c" in getattr(member, "writable", ""):
                body[member.wire] = sent(member, value)
            elif isinstance(member, kinds.Part) and member.to == "CustomData" and value:
                body[member.wire] = of_new_owner(value)
        return body


class Unlisted(Collection[R]):
    """A collection that the directory does not list: resources can be made in it and found by their href."""

    @classmethod
    def of(cls, client: Opened, kind: type[R]) -> Self:
        """The collection of all resources of *kind*. One can be made in it if the kind allows that."""
        href = f"{client.base_url}/{kind.path}"
        return cls(client, kind, href, create_at=href if kind.creatable else None)

    def _fetch(self, offset: int, limit: int) -> NoReturn:
        raise ValueError(f"{self.kind.title()} resources are not listed here: use a collection of their owner")


def _path(name: str) -> str:
    """``customData.Favourite_Colour`` for ``custom_data.Favourite_Colour``: keys of custom data are not changed."""
    head, dot, key = name.partition(".")
    return wire_name(head) + dot + key


def _text(name: str, value: Any) -> str:
    """*value* as a text for the query parameter *name*. Raises ValueError for a value without such a text."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return str.__str__(value)  # str() of an enumeration would be its name
        case int():
            return int.__repr__(value)
        case float() if math.isfinite(value):
            return float.__repr__(value)
        case dt.datetime():
            return (value if value.tzinfo is None else value.astimezone(dt.UTC)).isoformat()
        case dt.date():
            return value.isoformat()
        case Resource() if not value.is_new():
            return value.href
        case None:
            raise ValueError(f"{name} is None, which nothing matches: leave it out, or write the text to look for")
    raise ValueError(
        f"{name} cannot be a {type(value).__name__}: write text, a number, True or False, a date or datetime, or a "
        "resource that the directory knows"
    )


def _not_negative(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool):
        raise ValueError(f"limit and offset are whole numbers, not {type(number).__name__}")
    if number < 0:
        raise ValueError(f"{number} is below zero")
    return number
