"""The values that a data store accepts: JSON in bodies, texts in parameters.

Every data store checks them here first. So both data stores refuse the same values, with the same errors, and store the
accepted ones as the same JSON.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from stormpath_wsgi.codes import Code
from stormpath_wsgi.errors import Error, fault
from stormpath_wsgi.kinds import is_storable

#: The highest number of levels of objects and arrays in one body, as in the REST API.
DEEPEST = 128
#: The highest number of values in one body. With more it would be larger than any body may be, or it contains itself.
MOST = 5_000_000

_TOKEN_ENDPOINT = "/oauth/token"  # noqa: S105  (a path)


def is_form(href: str) -> bool:
    """Whether a body for *href* is sent as a form. Only the token endpoint takes a form (RFC 6749, section 4)."""
    return href.endswith(_TOKEN_ENDPOINT)


def body(href: str, properties: Any) -> dict[str, Any]:
    """A copy of *properties*, which are to be sent to *href*, of plain JSON types only. In a form, None is left out.

    Subclasses of strings, numbers, lists and dictionaries become plain ones. Raises :class:`~stormpath_wsgi.Error`,
    which names the place: 2004 for a value that JSON does not have, such as a tuple, a set, a datetime or a key that is
    no string; 2002 for NaN, infinities and numbers beyond a double; 400 for too many levels, and 413 for too many
    values.
    """
    if not isinstance(properties, Mapping):
        raise fault(Code.MALFORMED_REQUEST, f"The properties must be a dictionary, not a {type(properties).__name__}.")
    try:
        document: dict[str, Any] = _Copy().of(dict(properties), 0)
    except _Unfit as unfit:
        raise unfit.fault() from None
    return _fields(document) if is_form(href) else document


def parameters(given: Mapping[str, Any] | None) -> dict[str, str]:
    """The query parameters *given*, as texts. True and False become ``true`` and ``false``. Raises 2103."""
    return {name: _parameter(name, value) for name, value in (given or {}).items()}


def matches(given: Mapping[str, Any] | None) -> dict[str, str]:
    """The query parameters *given* for a collection, as texts.

    There a parameter must have a value. Raises 2101 and 2103.
    """
    asked = parameters(given)
    for name, value in asked.items():
        if not value:
            raise fault(Code.PARAMETER_WITHOUT_VALUE, f"{name!r:.80} has no value.")
    return asked


def expansion(expand: Any) -> str | None:
    """The parameter ``expand`` as a text; None when there is none. Raises 2103."""
    return _parameter("expand", expand) if expand else None


class _Unfit(Exception):
    """A value is not JSON. *place*: where it was found, with the outermost name first."""

    def __init__(self, code: Code, says: str) -> None:
        super().__init__(says)
        self.code, self.says, self.place = code, says, ""

    def inside(self, step: str) -> _Unfit:
        self.place = f"{step}{self.place}"
        return self

    def fault(self) -> Error:
        return fault(self.code, f"{self.place.lstrip('.')[:200] or 'The body'} {self.says}")


class _Copy:
    """Copies one body, and counts its values."""

    def __init__(self) -> None:
        self._left = MOST

    def of(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _Unfit(Code.TOO_LARGE, f"holds more than {MOST} values.")
        match value:
            case None | bool():
                return value
            case str():
                return _text(value)
            case int() | float():
                return _number(value)
            case dict() | list() if depth == DEEPEST - 1 and value:
                raise _Unfit(Code.MALFORMED_REQUEST, f"is nested deeper than {DEEPEST} levels.")
            case dict():
                return {_key(key): self._inside(inner, f".{key}", depth) for key, inner in value.items()}
            case list():
                return [self._inside(inner, f"[{index}]", depth) for index, inner in enumerate(value)]
        raise _Unfit(Code.WRONG_TYPE, f"is a {type(value).__name__}, which JSON does not have.")

    def _inside(self, value: Any, step: str, depth: int) -> Any:
        try:
            return self.of(value, depth + 1)
        except _Unfit as unfit:
            raise unfit.inside(step) from None


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise _Unfit(Code.WRONG_TYPE, f"has a key that is a {type(key).__name__}; keys of a JSON object are text.")
    return _text(key)


def _text(value: str) -> str:
    return value if type(value) is str else str.__str__(value)


def _number(value: float) -> float:
    """*value* as a plain number. Raises for a number that JSON does not have, or that other programs could not read."""
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise _Unfit(Code.INVALID, "is NaN, an infinity or a number beyond them, which JSON does not have.")
    return int.__int__(value) if isinstance(value, int) else float.__float__(value)


def _fields(document: Mapping[str, Any]) -> dict[str, str]:
    for name, value in document.items():
        if value is not None and not isinstance(value, str):
            raise fault(Code.WRONG_TYPE, f"{name:.80} parameter is an invalid type.")
        if value is not None and not is_storable(value):
            raise fault(Code.NOT_STORABLE, f"{name:.80} parameter holds characters that cannot be stored.")
    return {name: value for name, value in document.items() if value is not None}


def _parameter(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str) or not is_storable(value):
        raise fault(Code.PARAMETER_INVALID, f"{name!r:.80} must be text, without characters that cannot be stored.")
    return _text(value)
