"""The clock of a site under test, which a test may move."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from types import MemberDescriptorType, MethodType
from typing import Any

#: The packages whose objects are looked through for a clock.
_OURS = ("stormpath_wsgi.", "flask_stormpath.", "django_stormpath.", "pyramid_stormpath.")
_CONTAINERS = (list, tuple, set, frozenset)


class Clock:
    """The time that a site under test goes by: that of the machine, and what a test has added.

    It moves what is ours: sessions, tokens, links, limits. The clock of Python stays as it is; a library that moves
    that one, such as time-machine, moves ours with it.
    """

    def __init__(self, site: object, moved: Callable[[], object]) -> None:
        """*site*: whose objects go by it. *moved* is called whenever it was moved."""
        self._site, self._moved = site, moved
        self._offset = dt.timedelta()
        self._places: list[tuple[Any, str]] = []

    @property
    def offset(self) -> dt.timedelta:
        """By how much it is ahead of the machine."""
        return self._offset

    @property
    def now(self) -> dt.datetime:
        """The time, UTC."""
        return dt.datetime.fromtimestamp(self.seconds(), dt.UTC)

    def move(self, by: dt.timedelta | None = None, /, **parts: float) -> None:
        """Move it on *by* so much, or by ``days=…``, ``hours=…`` and so on, as :class:`datetime.timedelta` knows them.
        A negative time moves it back.
        """
        if not self._places:
            self._places = list(_places(self._site))
            for owner, name in self._places:
                object.__setattr__(owner, name, self.seconds)
        self._offset += dt.timedelta(**parts) if by is None else by
        self._moved()

    def reset(self) -> None:
        """Have the site go by the time of the machine again."""
        for owner, name in self._places:
            object.__setattr__(owner, name, time.time)
        self._places, self._offset = [], dt.timedelta()

    def seconds(self) -> float:
        """The time in seconds since the epoch, as :func:`time.time` tells it."""
        return time.time() + self._offset.total_seconds()


def _places(site: object) -> Iterator[tuple[Any, str]]:
    """Where, among all objects of ours that *site* refers to, the clock of the machine is kept."""
    waiting: list[Any] = [site]
    seen = set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, _CONTAINERS):
            waiting += each
        elif isinstance(each, MethodType | partial):
            waiting.append(each.__self__ if isinstance(each, MethodType) else each.func)
        elif not isinstance(each, type) and f"{type(each).__module__}.".startswith(_OURS):
            for name, value in _attributes(each):
                if value is time.time:
                    yield each, name
                else:
                    waiting.append(value)


def _attributes(thing: Any) -> Iterator[tuple[str, Any]]:
    """What *thing* holds. No code of it runs: an object of the client would ask the directory."""
    yield from dict(getattr(thing, "__dict__", {})).items()
    for kind in type(thing).__mro__:
        for name, slot in vars(kind).items():
            if isinstance(slot, MemberDescriptorType):
                with suppress(AttributeError):  # it is empty
                    yield name, slot.__get__(thing)
