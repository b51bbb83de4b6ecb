"""Reading the bodies of requests strictly: from bytes to the members of a JSON object, or to the fields of a form.

This module knows no class of requests and no texts for people. The caller passes the bytes and the limits, and turns
:class:`Unreadable` into an answer with a text of its own.

Source: RFC 8259; for forms the URL Standard, "application/x-www-form-urlencoded".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from stormpath_wsgi.kinds import is_storable

FORM, JSON = "application/x-www-form-urlencoded", "application/json"

T = TypeVar("T")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Unreadable(ValueError):
    """The body cannot be read."""


class TooLarge(Unreadable):
    """The body is longer than the limit."""


class EndedEarly(Unreadable):
    """The client hung up, or its chunks are malformed."""


class NotAnObject(Unreadable):
    """The body is JSON, but not an object."""


class TooDeep(Unreadable):
    """The body is nested more deeply than the limit."""


class GivenTwice(Unreadable):
    """A name comes twice in the body: two programs could read two different values."""


def read(stream: Callable[[int], bytes], limit: int, announced: int | None) -> bytes:
    """The whole body, of *limit* bytes at the most.

    *stream*: reads up to the given number of bytes, and returns none at the end. *announced*: the length that the
    request states, or None; the bytes are counted in any case. Raises :class:`TooLarge` and :class:`EndedEarly`.
    """
    if (announced or 0) > limit:
        raise TooLarge(f"{announced} bytes were announced")
    chunks, left = [], limit + 1
    try:
        while left > 0 and (chunk := stream(left)):
            chunks.append(chunk)
            left -= len(chunk)
    except Exception as error:  # servers raise errors of their own here
        raise EndedEarly("the body ended early") from error
    if left <= 0:
        raise TooLarge(f"there are more than {limit} bytes")
    return b"".join(chunks)


def document(raw: bytes, *, deepest: int) -> dict[str, Any]:
    """The JSON object in *raw*, nested *deepest* levels at the most. Its texts may contain any characters.

    Raises :class:`NotAnObject`, :class:`TooDeep`, :class:`GivenTwice`; and :class:`Unreadable` if it is not UTF-8 or
    not JSON, or has NaN or infinities in it.
    """
    try:
        found = json.loads(raw.decode(), object_pairs_hook=unique, parse_constant=_refused, parse_float=_finite)
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        raise Unreadable("no well-formed JSON") from None
    if not isinstance(found, dict):
        raise NotAnObject("no JSON object")
    _check_depth(found, deepest)
    return found


def form(raw: bytes, *, most: int, exact: bool = True) -> list[tuple[str, str]]:
    """The names and values of the form in *raw*, in their order. *most*: the highest number of them.

    *exact*: whether a ``%`` that escapes nothing is refused; otherwise it stands for itself, as it does for browsers.
    Raises :class:`Unreadable` if it is not UTF-8, has too many fields, or characters that cannot be stored.
    """
    try:
        text = raw.decode()
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=most)
    except ValueError:
        raise Unreadable("no well-formed form") from None
    if exact and _BAD_ESCAPE.search(text):
        raise Unreadable("a % that escapes nothing")
    for pair in pairs:
        check_storable(pair)
    return pairs


def unique(pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    """The *pairs* as a dictionary. Raises :class:`GivenTwice`."""
    pairs = list(pairs)
    members = dict(pairs)
    if len(members) != len(pairs):
        raise GivenTwice("a name is given twice")
    return members


def check_storable(value: Any) -> None:
    """Raises :class:`Unreadable` if a name or a text in *value* has characters that cannot be stored."""
    # A list and no recursive generator: with a generator, each text would pass through all levels above it.
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            if not is_storable(each):
                raise Unreadable("characters that cannot be stored")
        elif isinstance(each, dict):
            waiting.extend(each)
            waiting.extend(each.values())
        elif isinstance(each, list | tuple):
            waiting.extend(each)


def _refused(name: str) -> Any:
    raise Unreadable(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Unreadable("a number beyond every float")
    return number


def _check_depth(found: Any, deepest: int) -> None:
    """Raises when *found* has too many levels. It goes level by level, because recursion could exhaust the stack."""
    level = [found]
    for _ in range(deepest):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise TooDeep(f"nested deeper than {deepest} levels")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
