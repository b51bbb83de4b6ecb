"""References: what may be given where a group or an account is asked for, an object, an href, a name or a search.

Source: the documented rules of the Stormpath SDK. Names are compared exactly, because a search folds spellings
that names keep apart: whoever is in ``x2`` must not pass for a member of ``x²``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from stormpath_wsgi.client.collection import Collection
from stormpath_wsgi.client.resource import Resource
from stormpath_wsgi.errors import Error

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True)
class Reference:
    """How one kind is referred to."""

    #: Attributes that a text which is no href may be the value of, in turn.
    names: tuple[str, ...]
    #: What to say of a text that names nothing, and of something that is no reference at all.
    unknown: str
    unsupported: str

    def resolve(self, given: object, own: Collection[R], container: Callable[[], Collection[R]]) -> R:
        """The resource that *given* refers to: as it is, by href, or by name or search in the *container*.

        *own* tells the kind. Raises ValueError when there is none and TypeError for what cannot be a reference.
        """
        found: R | None
        if isinstance(given, own.kind):
            return given
        if isinstance(given, Mapping):
            found, fault = self.find(given, container()), "Invalid search criteria specified."
        elif isinstance(given, str) and own.is_href(given):
            found, fault = at(given, own), f"Invalid {own.kind.title()} href specified."
        elif isinstance(given, str):
            found, fault = self.find(given, container()), self.unknown
        else:
            raise TypeError(self.unsupported)
        if found is None:
            raise ValueError(fault)
        return found

    def holds(self, given: object, own: Collection[R], tied: Callable[[R], bool]) -> bool:
        """Whether *own* has the resource that *given* refers to: *tied* tells it of an object, a look of the rest.

        What does not exist is not in it. Raises TypeError for what cannot be a reference.
        """
        if isinstance(given, own.kind):
            return tied(given)
        if isinstance(given, str) and own.is_href(given):
            found = at(given, own)
            return found is not None and tied(found)
        if isinstance(given, str | Mapping):
            return self.find(given, own) is not None
        raise TypeError(self.unsupported)

    def find(self, given: str | Mapping[str, Any], among: Collection[R]) -> R | None:
        """The one that has the name *given*, or the first that matches the search *given*."""
        if isinstance(given, Mapping):
            return next(iter(among.search(given)), None)
        for name in self.names if given else ():  # to search for nothing is a mistake
            for resource in among.search({name: given}):
                if resource[name] == given:
                    return resource
        return None


def at(href: str, among: Collection[R]) -> R | None:
    """The resource at *href*, loaded, or None when there is none."""
    resource = among.get(href)
    try:
        resource.refresh()
    except Error as error:
        if error.status != 404:
            raise
        return None
    return resource


GROUP = Reference(
    names=("name",),
    unknown="Invalid Group name specified.",
    unsupported="Unsupported type. Group object, href, name, or search query required.",
)
ACCOUNT = Reference(
    names=("username", "email"),
    unknown="Invalid Account specified.",
    unsupported="Unsupported type. Account object, href, username, or email required.",
)
