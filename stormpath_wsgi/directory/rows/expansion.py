"""Expansion: links in an answer are replaced by their resources, for example for
``directory,groups(offset:0,limit:10)``.

Names may be nested, as in ``groupMemberships(group,limit:100)``. The number of resources of all names together is
limited. Source: the expansion chapter of the REST API v1, which knows no nesting.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Text, bindparam, cast, func, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import UnitOfWork
from stormpath_wsgi.directory.rows import query, records
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.wire.paths import Listing, Resource, below
from stormpath_wsgi.directory.wire.shapes import SHAPES
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.kinds import KINDS, Collection, CustomData, Kind, Link, Member, Part

_MOST_NAMES = 16  # in one parameter
_MOST_RESOURCES = 20_000  # of all names together; one name can add 100 resources to each of the 100 items of a page
_MOST_DATA = 20_000_000  # characters of custom data, as JSON, for one name
_TOKEN = re.compile(r"([A-Za-z]+|[0-9]+|[(),:])|\s+")  # blanks come last: in front, a long run of them would be slow


@dataclass(slots=True)
class Wanted:
    """One name to expand. *window*: for a collection, ``offset`` and ``limit``. *inside*: the names to expand in it."""

    name: str
    window: dict[str, Any] = field(default_factory=dict)
    inside: list[Wanted] = field(default_factory=list)


def parse(expand: Any, kind: type[Kind], *, resources: int = 1) -> list[Wanted]:
    """The names that *expand* asks for: a text, or None. *resources*: how many resources of *kind* will be expanded.

    Raises 2103 for a text that cannot be read, 2107 when too many resources would be answered.
    """
    if not expand:
        return []
    wanted = _Parser(expand).parse()
    if _most(wanted, [kind], resources) > _MOST_RESOURCES:
        text = f"expand could bring more than {_MOST_RESOURCES} resources; set smaller limits, or name less."
        raise fault(Code.NOT_EXPANDABLE, text)
    return wanted


def apply(
    work: UnitOfWork, items: Sequence[dict[str, Any]], wanted: Iterable[Wanted], account: dict[str, Any] | None = None
) -> None:
    """Replaces the *wanted* links in *items* by their resources. A link whose resource was removed stays a link.

    *account*: the resource that ``account`` leads to, if the caller has it, so that it is not read again.
    """
    for one in wanted:
        places = [item for item in items if item.get(one.name)]
        if account is not None and one.name == "account":
            found = {account["href"]: account}
        else:
            found = _found(work, {place[one.name]["href"] for place in places}, one)
        apply(work, [part for whole in found.values() for part in whole.get("items", [whole])], one.inside)
        for place in places:
            href = place[one.name]["href"]
            place[one.name] = dict(found.get(href, place[one.name]))


def _found(work: UnitOfWork, hrefs: Iterable[str], one: Wanted) -> dict[str, dict[str, Any]]:
    """The resources that *hrefs* name, by href. One statement for each kind, and one for each collection."""
    pages: dict[str, dict[str, Any]] = {}
    ids: defaultdict[tuple[type[Kind], type[Kind] | None], list[str]] = defaultdict(list)
    for href in hrefs:
        match below(work.base_url, href):
            case Listing() as listing:
                pages[href] = query.page(work, listing, one.window, owner_exists=True).wire(work)
            case Resource(kind, id, owner):
                ids[kind, owner].append(id)
    _check_data(work, [id for kind, owner in ids if kind is CustomData for id in ids[kind, owner]])
    resources = [records.load_all(work, kind, owner, ids[kind, owner]) for kind, owner in ids]
    return pages | {resource["href"]: resource for found in resources for resource in found.values()}


def _check_data(work: UnitOfWork, ids: list[str]) -> None:
    """Raises 2107 when the custom data of the resources with these *ids* is too much for one answer, and for our
    memory.
    """
    if ids and (work.connection.execute(_SIZE, {"ids": ids}).scalar() or 0) > _MOST_DATA:
        text = f"expand would bring more than {_MOST_DATA} characters of custom data; set smaller limits."
        raise fault(Code.NOT_EXPANDABLE, text)


def _most(wanted: Iterable[Wanted], kinds: Iterable[type[Kind]], resources: int) -> int:
    """The highest possible number of resources, with all pages full.

    Raises 2107 for a name that none of *kinds* has.
    """
    most = 0
    for one in wanted:
        members = [kind.members[one.name] for kind in kinds if one.name in kind.members]
        targets = [target for member in members for target in _targets(member)]
        if not targets:
            raise fault(Code.NOT_EXPANDABLE, f"{one.name!r:.80} cannot be expanded here.")
        brings = resources
        if isinstance(members[0], Collection):
            one.window = query.parse_window(**one.window)
            brings *= one.window["limit"]
        elif one.window:
            raise fault(Code.NOT_EXPANDABLE, f"{one.name} is no collection and has neither offset nor limit.")
        most += brings + _most(one.inside, targets, brings)
    return most


def _targets(member: Member[Any]) -> list[type[Kind]]:
    """The kinds that *member* may lead to and that can be read."""
    match member:
        case Collection():
            titles: tuple[str | None, ...] = (member.of,)
        case Link():
            titles = member.to
        case Part():
            titles = (member.to,)
        case _:
            titles = ()
    return [KINDS[title] for title in titles if title and KINDS[title] in SHAPES]


_SIZE = select(func.sum(func.length(cast(schema.custom_data.c.data, Text)))).where(
    schema.custom_data.c.owner_id.in_(bindparam("ids", expanding=True))
)


class _Parser:
    """Reads ``name(offset:0,limit:10,name,…),…``."""

    def __init__(self, text: Any) -> None:
        if not isinstance(text, str):
            raise self._malformed()
        self._tokens = [token for token in _TOKEN.split(text) if token]
        self._names = 0

    def parse(self) -> list[Wanted]:
        whole = Wanted("")
        self._fill(whole)
        if self._tokens or whole.window:
            raise self._malformed()
        return whole.inside

    def _fill(self, outer: Wanted) -> None:
        """Reads what is between two parentheses."""
        while True:
            name = self._take()
            if name in ("offset", "limit") and self._next(":"):
                outer.window[name] = self._take()
            else:
                outer.inside.append(self._name(name))
            if not self._next(","):
                return

    def _name(self, name: str) -> Wanted:
        self._names += 1
        if not name.isalpha() or self._names > _MOST_NAMES:
            raise self._malformed()
        one = Wanted(name)
        if self._next("("):
            self._fill(one)
            if not self._next(")"):
                raise self._malformed()
        return one

    def _take(self) -> str:
        if not self._tokens:
            raise self._malformed()
        return self._tokens.pop(0)

    def _next(self, token: str) -> bool:
        """Reads *token*, if it is the next one. Returns whether it was."""
        found = self._tokens[:1] == [token]
        del self._tokens[: int(found)]
        return found

    def _malformed(self) -> Error:
        return fault(
            Code.NOT_EXPANDABLE, f"expand is spelled name,name(offset:0,limit:10), with at most {_MOST_NAMES} names."
        )
