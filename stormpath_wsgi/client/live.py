"""Objects that belong to an open client. They can be printed without a request, and cannot be pickled."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Self


class Live:
    """An object that belongs to an open client, or to a request.

    It is formatted like its text, and cannot be pickled.
    """

    __slots__ = ()

    #: Why it cannot be pickled, and what to do instead.
    _instead: ClassVar[str] = (
        "it belongs to an open client. Pickle its href, and ask the client of the other process for it"
    )

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled: {self._instead}")


class Shared(Live):
    """An object that is open, such as a client. Copying it returns the object itself."""

    __slots__ = ()

    _instead = "it holds open connections. Open another one in the other process, with the same arguments"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self
