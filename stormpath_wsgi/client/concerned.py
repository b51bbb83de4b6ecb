"""Whom a change concerns that goes through a client, as far as its request shows that; and what has moved by it.

Of a request the path says it, and for a new membership the body. A caller that knows more says it itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from stormpath_wsgi.kinds import ID, KINDS, Account, GroupMembership
from stormpath_wsgi.slots import ANY, EVERYBODY, slot_of

#: The names in paths, which are no ids.
_NAMES = frozenset(kind.path for kind in KINDS.values())


def concerned(base_url: str, href: str, properties: Mapping[str, Any] | None = None, about: str | None = None) -> int:
    """The slot of the account that alone is concerned by a change at *href*; :data:`.EVERYBODY` where none is known.

    *properties*: what a new resource is made of. *about*: the id of the account, where the caller knows it.
    """
    if about is None and href == f"{base_url}/{GroupMembership.path}":
        account = (properties or {}).get(GroupMembership.account.wire)
        href = account["href"] if isinstance(account, Mapping) and isinstance(account.get("href"), str) else href
    if about is None:
        about = _account_in(href.removeprefix(f"{base_url}/").split("/"))
    return EVERYBODY if about is None else slot_of(about)


def _account_in(path: Sequence[str]) -> str | None:
    """The id of the account that *path* leads to, or to a part or a collection of which; None: it leads elsewhere.

    A token in a mail has a path below ``accounts/`` too, which does not say whose it is.
    """
    kind, id, name = (*path, "", "")[:3]
    is_account = kind == Account.path and ID.match(id) and id not in _NAMES
    return id if is_account and (not name or name in _NAMES or name in Account.members) else None


class Moved:
    """The numbers of slots, as far as one process moves them. Threads may share it."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._last = 0
        self._moved: dict[int, int] = {}

    def move(self, slot: int) -> None:
        """Something has changed that concerns *slot*."""
        number = next(self._numbers)
        self._last = number  # first: who has read the slot's old number takes no newer answer for its own
        self._moved[slot] = number

    def read(self, slot: int = ANY) -> int:
        """The number of *slot*: that of the last move that concerned it."""
        if slot == ANY:
            return self._last
        return max(self._moved.get(EVERYBODY, 0), self._moved.get(slot, 0))
